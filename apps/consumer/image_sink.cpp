// One image file per message, or per array where a message has several.
#include "cli/descriptor.hpp"
#include "cli/values.hpp"
#include "consumer/numbered_path.hpp"
#include "consumer/sink.hpp"
#include "images/library.hpp"
#include "images/writer.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <set>

namespace arraywire::consumer {
namespace {

namespace fs = std::filesystem;

class ImageSink final : public Sink {
 public:
  ImageSink(const std::string& pattern, spdlog::logger& log) : pattern_(pattern), writer_(pattern_.extension()), log_(log) {
    images::prepare_library();
    make_folder(pattern_.path(0));
  }

  void consume(Sample& sample) override {
    const MessageInfo& info = sample.info();
    const ArrayInfo nothing_said;
    for (std::size_t i = 0; i < sample.size(); ++i) {
      const fs::path target = pattern_.path(messages_, sample.size() == 1 ? std::string() : fmt::format("-{}", i));
      if (target.parent_path() != folder_) make_folder(target);
      const ArrayInfo& array = i < info.arrays.size() ? info.arrays[i] : nothing_said;
      tell(target, writer_.write(target, sample.array(i), info.attributes, array));
    }
    ++messages_;
  }

 private:
  void make_folder(const fs::path& target) {
    folder_ = target.parent_path();
    std::error_code error;
    if (!folder_.empty()) fs::create_directories(folder_, error);
    if (error) throw cli::Failure(fmt::format("{}: {}", folder_.string(), error.message()));
    const fs::path written = folder_.empty() ? "." : folder_;
    if (access(written.c_str(), W_OK | X_OK) != 0)
      throw cli::Failure(fmt::format("{}: {}", written.string(), cli::errno_text(errno)));
  }

  // Once for each kind of thing: it will be missing from all files of the stream.
  void tell(const fs::path& target, const std::vector<std::string>& missing) {
    std::vector<std::string> news;
    for (const std::string& what : missing) {
      if (told_.insert(what).second) news.push_back(what);
    }
    if (!news.empty()) log_.warn("{}: this format does not keep: {} (said once)", target.string(), images::listed(news));
  }

  NumberedPath pattern_;
  images::Writer writer_;
  spdlog::logger& log_;
  fs::path folder_{};
  std::uint64_t messages_ = 0;
  std::set<std::string> told_{};
};

}  // namespace

std::unique_ptr<Sink> open_image_sink(const std::string& pattern, spdlog::logger& log) {
  return std::make_unique<ImageSink>(pattern, log);
}

}  // namespace arraywire::consumer
