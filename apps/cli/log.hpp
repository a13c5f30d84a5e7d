// The programs' log: one line per event, to stderr, with the program's name in front.
#pragma once

#include "arraywire/context.hpp"

#include <spdlog/logger.h>

#include <memory>
#include <string>

namespace arraywire::cli {

// Threads: any may log. `level` as CommandLine has checked it.
std::shared_ptr<spdlog::logger> make_log(const std::string& program, const std::string& level);

// What went wrong is a warning, what merely happened is information.
void log_event(spdlog::logger& log, const Event& event);

}  // namespace arraywire::cli
