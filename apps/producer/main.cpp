// arraywire-producer: publishes a test picture, .npy files, raw frames or images.
#include "arraywire/publisher.hpp"
#include "cli/log.hpp"
#include "cli/program.hpp"
#include "cli/summary_file.hpp"
#include "cli/supervisor.hpp"
#include "producer/options.hpp"
#include "producer/session.hpp"

#include <fmt/ranges.h>

namespace arraywire::producer {
namespace {

constexpr const char* kProgram = "arraywire-producer";

PublisherOptions publisher_options(const Options& options) {
  return {.listen = options.listen,
          .delivery = options.delivery,
          .history = options.history,
          .block_limit = options.block_limit,
          .max_memory_bytes = options.max_memory_bytes,
          .lane = options.lane,
          .allow = options.allow,
          .checksum = options.checksum,
          .linger = std::chrono::seconds{1}};
}

int produce(const Options& options) {
  cli::StopSignal stop;
  const auto log = cli::make_log(kProgram, options.log_level);
  const auto source = open_source(options, stop, *log);
  cli::SummaryFile summary = options.json.empty() ? cli::SummaryFile() : cli::SummaryFile(options.json);
  Progress progress;
  Context context({.on_event = [&progress, log](const Event& event) {
    if (event.kind == EventKind::Joined) ++progress.consumers;
    if (event.kind == EventKind::Left) --progress.consumers;
    cli::log_event(*log, event);
  }});
  const cli::AttachedContext attached(stop, context);
  Publisher publisher(context, options.stream, publisher_options(options));
  const std::string where = fmt::format("stream '{}' on {}", options.stream, fmt::join(publisher.endpoints(), " "));
  log->info("{}", where);
  const cli::ReadyNotice ready(where);
  Session session(options, publisher, *source, stop, *log, progress);
  int status = cli::kDone;
  try {
    session.run();
  } catch (const std::exception& error) {
    cli::complain(kProgram, error.what());
    status = cli::kFailed;
  }
  log->info("{}", session.summary_text());
  if (summary) summary.write(session.summary_json());
  return status;
}

}  // namespace
}  // namespace arraywire::producer

int main(int argc, char** argv) {
  using namespace arraywire;
  return cli::run_program(producer::kProgram, [&] {
    const auto options = producer::parse_options(argc, argv);
    return options ? producer::produce(*options) : cli::kDone;
  });
}
