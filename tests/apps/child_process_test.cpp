#include "child_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <memory>

namespace bench {
namespace {

using testing::ElementsAre;

constexpr std::chrono::seconds kPatience{60};

std::unique_ptr<ChildProcess> shell(const std::string& script) {
  return std::make_unique<ChildProcess>("shell", std::vector<std::string>{"/bin/sh", "-c", script});
}

std::string next_line(ChildProcess& child) { return next_lines(std::array{&child}, kPatience).front(); }

std::string complaint(std::span<ChildProcess* const> children) {
  try {
    next_lines(children, kPatience);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "none";
}

TEST(ChildProcess, LinesThatComeTogetherAreAnswersOneByOne) {
  const auto child = shell(R"(printf 'one\ntwo\n'; read order; echo "$order"; read end; exit 0)");
  EXPECT_EQ(next_line(*child), "one");
  EXPECT_EQ(next_line(*child), "two");
  child->send("three");
  EXPECT_EQ(next_line(*child), "three");
  child->finish();
}

TEST(ChildProcess, AnErrorThatComesWithAnAnswerIsToldNext) {
  const auto child = shell("printf 'one\\nerror why\\n'");
  EXPECT_EQ(next_line(*child), "one");
  EXPECT_EQ(complaint(std::array{child.get()}), "shell: why");
}

TEST(ChildProcess, OneThatAnswersAndFailsIsNotWaitedForWithTheOthers) {
  const auto fails = shell("printf 'one\\nerror why\\n'");
  const auto silent = shell("read end");
  EXPECT_EQ(complaint(std::array{fails.get(), silent.get()}), "shell: why");
}

TEST(ChildProcess, HowOneEndedIsTold) {
  const auto exits = shell("exit 3");
  EXPECT_EQ(complaint(std::array{exits.get()}), "shell: exited with status 3");
  const auto killed = shell("kill -KILL $$");
  EXPECT_EQ(complaint(std::array{killed.get()}), "shell: was killed by SIGKILL");
}

TEST(ChildProcess, MeanwhileIsCalledAgainAndAgain) {
  const auto child = shell("read order; echo done");
  int calls = 0;
  const auto lines = next_lines(std::array{child.get()}, kPatience, [&] {
    if (++calls == 3) child->send("go");
  });
  EXPECT_THAT(lines, ElementsAre("done"));
}

TEST(ChildProcess, AllMayTidyUpBeforeTheyAreKilled) {
  const std::filesystem::path directory = testing::TempDir() + "tidy" + std::to_string(::getpid());
  std::filesystem::create_directory(directory);
  const auto in_order = shell("while read order; do :; done; sleep 0.1; touch " + (directory / "tidy").string());
  auto never = shell("echo ready; exec sleep 1000");
  next_line(*never);
  end_all(std::array{in_order.get()}, kPatience);
  EXPECT_TRUE(std::filesystem::exists(directory / "tidy"));
  end_all(std::array{never.get()}, std::chrono::seconds(0));
  never.reset();
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace bench
