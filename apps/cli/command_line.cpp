#include "cli/command_line.hpp"

#include "arraywire/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <utility>

namespace arraywire::cli {
namespace {

std::string environment_name(std::string option) {
  std::transform(option.begin(), option.end(), option.begin(),
                 [](unsigned char c) { return static_cast<char>(c == '-' ? '_' : std::toupper(c)); });
  return "ARRAYWIRE_" + option;
}

std::string one_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

CommandLine::CommandLine(std::string program, const std::string& description) : app_(description, std::move(program)) {
  app_.set_version_flag("--version", app_.get_name() + " " ARRAYWIRE_VERSION);
  app_.allow_config_extras(CLI::config_extras_mode::error);
  registered(app_.set_config("--config", "", "Read options from this file: lines of name=value"), "config");
  option("log-level", "LEVEL", "How much goes to stderr: debug, info, warn, error or off", "info",
         [this](const std::string& text) {
           constexpr std::string_view kLevels[] = {"debug", "info", "warn", "error", "off"};
           if (std::find(std::begin(kLevels), std::end(kLevels), text) == std::end(kLevels)) {
             throw UsageError(fmt::format("'{}' is none of debug, info, warn, error, off", text));
           }
           log_level_ = text;
         });
}

CLI::Option* CommandLine::registered(CLI::Option* option, const std::string& name) {
  names_.push_back(name);
  return option->envname(environment_name(name));  // for --help; add_environment has the say
}

void CommandLine::store(const std::string& name, const std::function<void(const std::string&)>& store,
                        const std::string& text) const {
  try {
    store(text);
  } catch (const UsageError& error) {
    const std::string origin = from_environment_.count(name) != 0 ? " (from " + environment_name(name) + ")" : "";
    throw UsageError(fmt::format("--{}{}: {}", name, origin, error.what()));
  }
}

void CommandLine::option(const std::string& name, const std::string& value_name, const std::string& help,
                         const std::string& usual, std::function<void(const std::string&)> store_text) {
  auto* added = app_.add_option_function<std::string>(
      "--" + name, [this, name, store_text = std::move(store_text)](const std::string& text) { store(name, store_text, text); },
      help);
  added->type_name(value_name)->default_str(usual);
  registered(added, name);
}

void CommandLine::repeatable(const std::string& name, const std::string& value_name, const std::string& help,
                             std::function<void(const std::string&)> store_text) {
  auto* added = app_.add_option_function<std::vector<std::string>>(
      "--" + name,
      [this, name, store_text = std::move(store_text)](const std::vector<std::string>& texts) {
        for (const std::string& text : texts) store(name, store_text, text);
      },
      help);
  added->type_name(value_name)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  repeatable_.insert(name);
  registered(added, name);
}

void CommandLine::flag(const std::string& name, const std::string& help, bool& target) {
  registered(app_.add_flag("--" + name, target, help), name);
}

// CLI11 would let a file override the environment. As arguments that stand nowhere on the command line, the variables come
// before the file.
void CommandLine::add_environment(std::vector<std::string>& arguments) {
  for (const std::string& name : names_) {
    const std::string option = "--" + name;
    const bool given = std::any_of(arguments.begin(), arguments.end(), [&](const std::string& argument) {
      return argument == option || argument.starts_with(option + "=");
    });
    if (given) on_command_line_.insert(name);
  }
  for (const std::string& name : names_) {
    const char* value = std::getenv(environment_name(name).c_str());
    if (value == nullptr || *value == '\0' || on_command_line_.count(name) != 0) continue;
    from_environment_.insert(name);
    std::istringstream words(value);
    if (repeatable_.count(name) == 0) arguments.push_back(fmt::format("--{}={}", name, value));
    for (std::string word; repeatable_.count(name) != 0 && words >> word;)
      arguments.push_back(fmt::format("--{}={}", name, word));
  }
}

void CommandLine::accounts(const std::string& what, Accounts& target) {
  repeatable("allow-user", "USER", what + " this user of this machine; a name or a number; repeatable",
             [&](const std::string& text) { target.users.push_back(text); });
  repeatable("allow-group", "GROUP", what + " the members of this group; repeatable",
             [&](const std::string& text) { target.groups.push_back(text); });
}

CommandLine::Outcome CommandLine::parse(int argc, const char* const* argv) {
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  add_environment(arguments);
  std::reverse(arguments.begin(), arguments.end());  // CLI11 wants them so
  try {
    app_.parse(std::move(arguments));
  } catch (const CLI::Success& wish) {
    app_.exit(wish);
    return Outcome::Done;
  } catch (const CLI::FileError& error) {
    throw Failure("--config: " + one_line(error.what()));
  } catch (const CLI::ParseError& error) {
    throw UsageError(one_line(error.what()));
  }
  return Outcome::Run;
}

bool CommandLine::given(const std::string& name) const { return app_.get_option("--" + name)->count() > 0; }

bool CommandLine::on_command_line(const std::string& name) const { return on_command_line_.count(name) != 0; }

void CommandLine::refuse(const std::string& name, std::string_view why) const {
  if (on_command_line(name)) throw UsageError(fmt::format("--{}: {}", name, why));
}

}  // namespace arraywire::cli
