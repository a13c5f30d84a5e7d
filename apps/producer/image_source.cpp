// Image files, each decoded straight into a loan.
#include "images/library.hpp"
#include "images/reader.hpp"
#include "producer/file_list.hpp"
#include "producer/source.hpp"

#include <fmt/format.h>

#include <set>
#include <utility>

namespace arraywire::producer {
namespace {

using cli::Failure;

class ImageSource final : public Source {
 public:
  ImageSource(std::vector<std::string> paths, const Options& options, const cli::StopSignal& stop, spdlog::logger& log)
      : paths_(std::move(paths)), options_(options), stop_(stop), log_(log) {
    images::prepare_library(options.max_memory_bytes);
    if (options.on_error == OnError::Skip) return;
    // Headers are read when their turn comes: of a long sequence that would take minutes.
    for (const std::string& path : paths_) images::check_readable(path);
  }

  std::optional<Payload> next(const Slots& slots, Metadata& metadata) override {
    while (index_ < paths_.size()) {
      const std::string& path = paths_[index_++];
      try {
        auto payload = read(path, slots, metadata);
        read_any_ = true;  // or stopped
        return payload;
      } catch (const Failure& failure) {
        if (options_.on_error == OnError::Stop) throw;
        ++skipped_;
        log_.warn("skipped {}", failure.what());
      }
    }
    if (!read_any_) throw Failure(fmt::format("{}: none of these files can be read", options_.path));
    return std::nullopt;
  }
  void rewind() override { index_ = 0; }
  std::uint64_t skipped() const override { return skipped_; }

 private:
  std::optional<Payload> read(const std::string& path, const Slots& slots, Metadata& metadata) {
    if (!images::check_in_child(path, stop_.descriptor())) return std::nullopt;
    images::Reader reader(path);
    check_shape(path, reader.spec());
    tell(path, reader.describe(metadata));
    std::optional<Loan> loan = make_loan(path, slots, reader.spec());
    if (!loan || !images::read_in_child(path, loan->array(), stop_.descriptor())) return std::nullopt;
    return std::move(*loan);
  }

  std::optional<Loan> make_loan(const std::string& path, const Slots& slots, const ArraySpec& spec) const {
    try {
      return slots.loan(spec);
    } catch (const Failure& failure) {
      throw Failure(fmt::format("{}: {}", path, failure.what()));
    }
  }

  void check_shape(const std::string& path, const ArraySpec& spec) {
    if (!options_.same_shape) return;
    if (!first_) first_ = spec;
    if (spec != *first_) {
      throw Failure(fmt::format("{}: it is {}, but the first file was {}", path, to_string(spec), to_string(*first_)));
    }
  }

  // Once for each kind of thing: a sequence has it in all of its files.
  void tell(const std::string& path, const std::vector<std::string>& left_behind) {
    std::vector<std::string> news;
    for (const std::string& what : left_behind) {
      if (told_.insert(what).second) news.push_back(what);
    }
    if (!news.empty()) log_.warn("{}: not sent: {} (said once)", path, images::listed(news));
  }

  std::vector<std::string> paths_;
  const Options& options_;
  const cli::StopSignal& stop_;
  spdlog::logger& log_;
  std::size_t index_ = 0;  // of the next file
  std::uint64_t skipped_ = 0;
  bool read_any_ = false;
  std::optional<ArraySpec> first_{};
  std::set<std::string> told_{};
};

}  // namespace

std::unique_ptr<Source> open_image_source(const Options& options, const cli::StopSignal& stop, spdlog::logger& log) {
  return std::make_unique<ImageSource>(expand_list(options.path), options, stop, log);
}

}  // namespace arraywire::producer
