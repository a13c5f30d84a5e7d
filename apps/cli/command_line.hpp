// The options that both programs have, and how an option gets its value: command line, else ARRAYWIRE_<OPTION>, else --config.
#pragma once

#include "arraywire/accounts.hpp"
#include "cli/values.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace arraywire::cli {

class CommandLine {
 public:
  enum class Outcome : std::uint8_t { Run, Done };  // Done: help or version was printed

  CommandLine(std::string program, const std::string& description);

  // Adds `--name VALUE`; `store` parses the text and throws UsageError. `usual` is what --help shows as the default.
  void option(const std::string& name, const std::string& value_name, const std::string& help, const std::string& usual,
              std::function<void(const std::string&)> store);
  // As option(), but may be given several times; from the environment, blanks separate the values.
  void repeatable(const std::string& name, const std::string& value_name, const std::string& help,
                  std::function<void(const std::string&)> store);
  void flag(const std::string& name, const std::string& help, bool& target);
  // --allow-user and --allow-group; `what` begins their help, as in "Also serve".
  void accounts(const std::string& what, Accounts& target);

  // Throws UsageError, or Failure for a configuration file that is not there.
  Outcome parse(int argc, const char* const* argv);

  bool given(const std::string& name) const;            // from anywhere
  bool on_command_line(const std::string& name) const;  // there, and not from the environment or a file
  // Throws UsageError when the option stands on the command line.
  void refuse(const std::string& name, std::string_view why) const;
  const std::string& log_level() const noexcept { return log_level_; }

 private:
  CLI::Option* registered(CLI::Option* option, const std::string& name);
  void store(const std::string& name, const std::function<void(const std::string&)>& store, const std::string& text) const;
  void add_environment(std::vector<std::string>& arguments);

  CLI::App app_;
  std::vector<std::string> names_;
  std::set<std::string> repeatable_;
  std::set<std::string> on_command_line_;
  std::set<std::string> from_environment_;
  std::string log_level_ = "info";
};

}  // namespace arraywire::cli
