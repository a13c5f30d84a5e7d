// Which processors threads run on and what those are worth, and memory in pieces.
#include "processors.hpp"

#include "host_state.hpp"
#include "memory_pieces.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sched.h>
#include <unistd.h>
#include <algorithm>
#include <fstream>
#include <string>
#include <thread>

namespace bench {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::UnorderedElementsAreArray;

Processors usable() {
  cpu_set_t set{};
  EXPECT_EQ(::sched_getaffinity(0, sizeof set, &set), 0);
  Processors all;
  for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
    if (CPU_ISSET(processor, &set)) all.push_back(processor);
  }
  return all;
}

// Kilobytes.
std::size_t resident() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("RssAnon:")) return std::stoull(line.substr(line.find_first_of("0123456789")));
  }
  return 0;
}

TEST(Processors, OfAllCoresAreThoseThatThisThreadMayUseEachOnce) {
  Processors all;
  for (const Processors& core : cores()) all.insert(all.end(), core.begin(), core.end());
  EXPECT_THAT(all, UnorderedElementsAreArray(usable()));
}

TEST(Processors, AShareIsACoreInTurnAndAllOthersOrNothing) {
  const auto all = cores();
  for (std::size_t turn = 0; turn < 2 * all.size(); ++turn) {
    Share share = share_of(turn);
    EXPECT_EQ(share.own, all.size() < 2 ? Processors() : all[turn % all.size()]);
    if (all.size() < 2) continue;
    share.own.insert(share.own.end(), share.others.begin(), share.others.end());
    EXPECT_THAT(share.own, UnorderedElementsAreArray(usable()));
  }
}

TEST(HostState, IsMeasuredOnTwoCoresWhereThereAreTwoAndMovesNobody) {
  const Processors before = usable();
  const HostState state = host_state();
  EXPECT_EQ(state.line_ns > 0, cores().size() > 1);
  EXPECT_GT(state.steps_per_ns, 0);
  EXPECT_EQ(usable(), before);
}

TEST(Processors, AThreadRunsWhereItIsKeptToAndOthersWhereTheyDid) {
  const Processors before = usable();
  std::thread([&] {
    keep_to({before.back()}, 0);
    EXPECT_THAT(usable(), testing::ElementsAre(before.back()));
    EXPECT_EQ(::sched_getcpu(), before.back());
    keep_to(before, ::gettid());
    EXPECT_EQ(usable(), before);
  }).join();
  EXPECT_EQ(usable(), before);
}

TEST(Processors, ThreadsAreThoseOfTheProcessAndNoneOfOneThatIsGone) {
  EXPECT_THAT(threads_of(::getpid()), Contains(::getpid()));
  std::thread([] { EXPECT_THAT(threads_of(::getpid()), Contains(::gettid())); }).join();
  constexpr pid_t kNobody = 1 << 22;  // beyond the largest that there can be
  EXPECT_THAT(threads_of(kNobody), IsEmpty());
  keep_to({0}, kNobody);
}

TEST(MemoryPieces, AreGivenBack) {
  const std::size_t before = resident();
  {
    const MemoryPieces pieces;
    EXPECT_LT(resident(), before + (std::size_t{2} << 20) + 10'000);  // two gigabytes at most
  }
  EXPECT_LT(resident(), before + 10'000);
}

}  // namespace
}  // namespace bench
