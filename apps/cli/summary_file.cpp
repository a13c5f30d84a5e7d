#include "cli/summary_file.hpp"

#include "cli/values.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

namespace arraywire::cli {

SummaryFile::SummaryFile(const std::string& path) : path_(path) {
  if (path == "-") {
    file_ = Descriptor(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
  } else {
    file_ = Descriptor(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  }
  if (!file_) throw Failure(fmt::format("--json {}: {}", path, errno_text(errno)));
}

void SummaryFile::write(const std::string& json) {
  const std::string line = json + "\n";
  for (std::size_t done = 0; done < line.size();) {
    const ssize_t written = ::write(file_.get(), line.data() + done, line.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw Failure(fmt::format("--json {}: {}", path_, errno_text(errno)));
    done += static_cast<std::size_t>(written);
  }
  if (const int error = file_.close()) throw Failure(fmt::format("--json {}: {}", path_, errno_text(error)));
}

}  // namespace arraywire::cli
