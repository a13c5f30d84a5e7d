#include "cli/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

namespace arraywire::cli {

std::shared_ptr<spdlog::logger> make_log(const std::string& program, const std::string& level) {
  auto log = std::make_shared<spdlog::logger>(program, std::make_shared<spdlog::sinks::stderr_sink_mt>());
  log->set_level(level == "warn" ? spdlog::level::warn : level == "error" ? spdlog::level::err : spdlog::level::from_str(level));
  log->flush_on(spdlog::level::debug);
  // On a terminal the live status line stands where the log line goes: wipe it first.
  log->set_pattern(isatty(STDERR_FILENO) != 0 ? "\r\033[K%n: %v" : "%n: %v");
  return log;
}

void log_event(spdlog::logger& log, const Event& event) {
  auto level = spdlog::level::info;
  switch (event.kind) {
    case EventKind::Refused:
    case EventKind::Waived:
    case EventKind::Abandoned:
    case EventKind::Malformed:
    case EventKind::Silent:
    case EventKind::Gap: level = spdlog::level::warn; break;
    case EventKind::Joined:
    case EventKind::Left:
    case EventKind::Connected:
    case EventKind::Resumed:
    case EventKind::Ended: break;
  }
  log.log(level, "{}{}{}{}{}", name(event.kind), event.peer.empty() ? "" : " ", event.peer, event.detail.empty() ? "" : ": ",
          event.detail);
}

}  // namespace arraywire::cli
