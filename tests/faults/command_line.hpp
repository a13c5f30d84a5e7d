// The other end of Child: commands from standard input, answers to standard output, settings as key=value arguments.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace faults {

class Settings {
 public:
  Settings(int argc, char** argv, int first);
  std::string text(std::string_view key, std::string_view otherwise) const;
  std::uint64_t number(std::string_view key, std::uint64_t otherwise) const;

 private:
  std::map<std::string, std::string, std::less<>> values_{};
};

struct Command {
  std::string word{};
  std::uint64_t number = 0;  // its argument; 0 = none
};

class CommandLine {
 public:
  CommandLine();                  // and dies with the process that started us
  std::optional<Command> next();  // waits; nothing: standard input was closed
  bool waiting();                 // a command is there
  static void say(const std::string& line);
  static constexpr unsigned kChildSeconds = 120;  // of life, for a fork that nobody reaps if the test is gone
  // True in the child, which ends when nobody else ends it; the parent waits for it and says its status.
  static bool fork_and_wait();
  static std::size_t refused(std::span<const std::function<void()>> calls);  // how many threw Error{InvalidArgument}

 private:
  bool whole_line() const { return received_.find('\n') != std::string::npos; }
  bool read_more();

  std::string received_{};
};

}  // namespace faults
