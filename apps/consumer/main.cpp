// arraywire-consumer: takes the messages of a stream and reads, stores or passes them on.
#include "arraywire/subscriber.hpp"
#include "cli/log.hpp"
#include "cli/program.hpp"
#include "cli/summary_file.hpp"
#include "cli/supervisor.hpp"
#include "consumer/options.hpp"
#include "consumer/session.hpp"
#include "consumer/stream_table.hpp"

#include <unistd.h>

#include <cerrno>

namespace arraywire::consumer {
namespace {

constexpr const char* kProgram = "arraywire-consumer";

int list(const Options& options) {
  const Context context({.trust = options.trust});
  const std::string table = stream_table(list_streams(context));
  if (const int error = write_fully(STDOUT_FILENO, std::as_bytes(std::span(table))))
    throw cli::Failure("stdout: " + cli::errno_text(error));
  return cli::kDone;
}

int consume(const Options& options) {
  cli::StopSignal stop;
  if (options.list) return list(options);
  const auto log = cli::make_log(kProgram, options.log_level);
  const auto sink = open_sink(options, stop, *log);
  cli::SummaryFile summary = options.json.empty() ? cli::SummaryFile() : cli::SummaryFile(options.json);
  Context context({.trust = options.trust, .on_event = [log, &options](const Event& event) {
                     // Unless we try again, a refusal is our complaint in the end: one line, not two.
                     if (event.kind != EventKind::Refused || may_be_refused(options)) cli::log_event(*log, event);
                   }});
  const cli::AttachedContext attached(stop, context);
  Subscriber subscriber(
      context, options.source,
      {.when_full = options.when_full, .queue = options.queue, .hold = options.hold, .lane = options.lane, .name = options.name});
  const cli::ReadyNotice ready("takes " + options.source);
  Session session(options, context, subscriber, *sink, stop, *log);
  session.run();
  if (!session.complaint().empty()) cli::complain(kProgram, session.complaint());
  log->info("{}", session.summary_text());
  if (summary) summary.write(session.summary_json());
  return session.exit_status();
}

}  // namespace
}  // namespace arraywire::consumer

int main(int argc, char** argv) {
  using namespace arraywire;
  keep_receive_memory();
  return cli::run_program(consumer::kProgram, [&] {
    const auto options = consumer::parse_options(argc, argv);
    return options ? consumer::consume(*options) : cli::kDone;
  });
}
