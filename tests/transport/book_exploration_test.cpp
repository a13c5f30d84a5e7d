// Every order in which a few things can happen to a small delivery book, each beside the model.
#include "transport/book_model.hpp"

#include <gtest/gtest.h>

#include <random>
#include <stdexcept>
#include <unordered_set>

namespace arraywire::transport::testing {
namespace {

using Kind = Step::Kind;
using Path = std::vector<Step>;

std::vector<Step> alphabet(const BookSetup& setup) {
  std::vector<Step> steps{{Kind::Publish, 0, 0}, {Kind::Waive, 0, 0}, {Kind::BeginFinish, 0, 0}, {Kind::ForceEnds, 0, 0}};
  for (std::uint8_t seat = 0; seat < setup.seats.size(); ++seat) {
    for (const std::uint8_t flags :
         {kTakeOne, std::uint8_t(kTakeAll | kReleaseOldest), kReleaseOldest, kReleaseNewest, kNonsense}) {
      steps.push_back({Kind::Return, seat, flags});
    }
    if (setup.delivery == Delivery::Distribute) {
      steps.push_back({Kind::Return, seat, std::uint8_t(kTakeOne | kReject | kReleaseNewest)});
      steps.push_back({Kind::ReturnOld, seat, kReject});
    }
    if (setup.seats[seat].when_full == WhenFull::Latest)
      steps.push_back({Kind::Return, seat, std::uint8_t(kTakeAll | kReleaseOldest | kWant)});
    for (const Step step : {Step{Kind::Join, seat, 0}, Step{Kind::Leave, seat, kTakeOne}, Step{Kind::Close, seat, 0},
                            Step{Kind::Reconnect, seat, 0}, Step{Kind::Reconnect, seat, kLost}, Step{Kind::ReturnOld, seat, 0}}) {
      steps.push_back(step);
    }
  }
  return steps;
}

std::string to_string(const Path& path) {
  std::string s;
  for (const Step& step : path) s += testing::to_string(step) + " ";
  return s;
}

// The state after `path` and then `last`; nullopt: `last` cannot happen there. Only the last step is checked in full, those
// before it were when they were last.
std::optional<std::string> state_after(const BookSetup& setup, const Path& path, const Step& last, bool finish) {
  CheckedBook book(setup);
  for (const Step& step : path) book.apply(step);
  if (!book.can(last)) return std::nullopt;
  book.apply(last);
  book.check();
  std::string state = book.model().state();
  if (finish) book.finish();
  return state;
}

// Breadth first, without going on twice from states that are equal. Returns how many steps were checked.
std::size_t explore(const BookSetup& setup, std::size_t depth) {
  const std::vector<Step> steps = alphabet(setup);
  std::unordered_set<std::string> seen;
  std::vector<Path> frontier{{}};
  std::size_t checked = 0;
  for (std::size_t level = 1; level <= depth && !frontier.empty(); ++level) {
    std::vector<Path> next;
    for (const Path& path : frontier) {
      for (const Step& step : steps) {
        try {
          const auto state = state_after(setup, path, step, true);
          if (!state) continue;
          ++checked;
          if (!seen.insert(*state).second) continue;
        } catch (const std::logic_error& wrong) {
          ADD_FAILURE() << wrong.what() << "\nafter " << to_string(path) << testing::to_string(step);
          return checked;
        }
        next.push_back(path);
        next.back().push_back(step);
      }
    }
    frontier = std::move(next);
  }
  return checked;
}

constexpr std::size_t kDepth = 7;

Terms terms(WhenFull when_full, Lane lane, Grant grant = {1, 1}) {
  return {.grant = grant, .when_full = when_full, .lane = lane};
}

TEST(BookExploration, FanOutKeepsItsAccountsInEveryOrderOfEvents) {
  constexpr WhenFull kPolicies[] = {WhenFull::Block, WhenFull::DropNewest, WhenFull::Latest};
  std::size_t checked = 0;
  std::uint32_t history = 0;
  for (const WhenFull first : kPolicies) {
    for (const WhenFull second : kPolicies) {
      if (second < first) continue;
      const BookSetup setup{.history = history++ % 3,
                            .seats = {terms(first, Lane::SharedMemory), terms(second, Lane::Inline, {2, 1})}};
      checked += explore(setup, kDepth);
    }
  }
  EXPECT_GT(checked, 100'000U);
}

TEST(BookExploration, AHistoryOfTwoForTwoConsumersOfEveryPolicy) {
  for (const WhenFull policy : {WhenFull::Block, WhenFull::DropNewest, WhenFull::Latest}) {
    const BookSetup setup{.history = 2,
                          .seats = {terms(policy, Lane::SharedMemory, {2, 1}), terms(policy, Lane::Inline, {1, 2})}};
    EXPECT_GT(explore(setup, kDepth), 10'000U);
  }
}

TEST(BookExploration, DistributeLosesNothingInAnyOrderOfEvents) {
  for (const Grant grant : {Grant{1, 1}, Grant{2, 1}}) {
    const BookSetup setup{.delivery = Delivery::Distribute,
                          .seats = {terms(WhenFull::Block, Lane::Inline), terms(WhenFull::Block, Lane::SharedMemory, grant)}};
    EXPECT_GT(explore(setup, kDepth), 10'000U);
  }
}

// Longer lives, chosen at random: the same ones in every run.
TEST(BookExploration, RandomLivesOfAThousandSteps) {
  std::mt19937 random(20240229);
  const auto below = [&](std::size_t n) { return static_cast<std::uint32_t>(random() % n); };
  for (int life = 0; life < 60; ++life) {
    BookSetup setup{.delivery = life % 3 == 0 ? Delivery::Distribute : Delivery::FanOut};
    if (setup.delivery == Delivery::FanOut) setup.history = below(4);
    for (std::size_t seats = 1 + below(4); seats > 0; --seats) {
      setup.seats.push_back(terms(setup.delivery == Delivery::Distribute ? WhenFull::Block : WhenFull(1 + below(3)),
                                  Lane(below(2)), {1 + below(3), 1 + below(3)}));
    }
    CheckedBook book(setup);
    Path path;
    try {
      for (int i = 0; i < 1000; ++i) {
        Step step{Kind(below(10)), static_cast<std::uint8_t>(below(setup.seats.size())), static_cast<std::uint8_t>(below(256))};
        if (step.kind >= Kind::BeginFinish) {
          if (i < 950) step.kind = below(2) == 0 ? Kind::Publish : Kind::Return;
        }
        if (step.kind == Kind::Return && below(4) != 0) step.flags &= static_cast<std::uint8_t>(~kNonsense);
        if (!book.can(step)) continue;
        path.push_back(step);
        book.apply(step);
        book.check();
      }
      book.finish();
    } catch (const std::logic_error& wrong) {
      if (path.size() > 40) path.erase(path.begin(), path.end() - 40);
      FAIL() << wrong.what() << "\nin life " << life << " after ... " << to_string(path);
    }
  }
}

}  // namespace
}  // namespace arraywire::transport::testing
