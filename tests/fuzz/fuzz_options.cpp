// Any command line, arguments separated by newlines: options, UsageError or Failure. The first byte chooses the program.
#include "consumer/options.hpp"
#include "producer/options.hpp"

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace arraywire;

namespace {

// These print, or read files.
bool harmless(std::string_view argument) {
  return !argument.starts_with("-h") && !argument.starts_with("--help") && !argument.starts_with("--version") &&
         !argument.starts_with("--config");
}

void require(bool promise) {
  if (!promise) std::abort();
}

void check(const producer::Options& options) {
  require(extent_bytes(options.spec).has_value());
  require(options.rate_hz >= 0 && options.rate_hz <= 1e9);
  require(options.block_limit.count() >= 0 && options.linger.count() >= 0);
  require(!options.stream.empty() && options.stream.size() <= 64);
}

void check(const consumer::Options& options) {
  require(options.queue >= 1 && options.queue <= 1000 && options.hold >= 1 && options.hold <= 1000);
  require(options.work.count() >= 0 && options.timeout.count() >= 0);
  require(!options.source.empty());
}

template <class Parse> void run(Parse parse, const std::vector<std::string>& arguments) {
  std::vector<const char*> argv{"program"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  try {
    if (const auto options = parse(static_cast<int>(argv.size()), argv.data())) check(*options);
  } catch (const cli::UsageError& error) {
    require(std::string_view(error.what()).find('\n') == std::string_view::npos && *error.what() != '\0');
  } catch (const cli::Failure&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMostArguments = 64;
  if (size == 0) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<std::string> arguments;
  while (!rest.empty() && arguments.size() < kMostArguments) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (harmless(rest.substr(0, end))) arguments.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (data[0] % 2 == 0) {
    run(producer::parse_options, arguments);
  } else {
    run(consumer::parse_options, arguments);
  }
  return 0;
}
