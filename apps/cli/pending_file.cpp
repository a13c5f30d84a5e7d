#include "cli/pending_file.hpp"

#include "cli/values.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace arraywire::cli {

PendingFile::PendingFile(const std::filesystem::path& target)
    : target_(target), pending_(target.parent_path() / fmt::format(".{}.{}.part", target.filename().string(), getpid())) {
  file_ = Descriptor(open(pending_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file_) fail(errno);
}

PendingFile::~PendingFile() {
  if (!complete_) unlink(pending_.c_str());
}

void PendingFile::complete() {
  if (const int error = file_.close()) fail(error);
  if (std::rename(pending_.c_str(), target_.c_str()) != 0) fail(errno);
  complete_ = true;
}

void PendingFile::fail(int error) const {
  // From the constructor the destructor will not run.
  unlink(pending_.c_str());
  throw Failure(fmt::format("{}: {}", target_.string(), errno_text(error)));
}

}  // namespace arraywire::cli
