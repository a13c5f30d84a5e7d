// .npy files, published where they are mapped, or read straight into loans where they would be copied there.
#include "cli/npy_header.hpp"
#include "producer/file_list.hpp"
#include "producer/mapped_file.hpp"
#include "producer/source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace arraywire::producer {
namespace {

using cli::Failure;

// One file, as one array or as the arrays along its first axis.
class NpyFile {
 public:
  NpyFile(const std::string& path, bool split) : mapping_(MappedFile::open(path)) {
    try {
      const cli::NpyHeader header = cli::parse_npy_header(mapping_->bytes(), mapping_->bytes().size());
      spec_ = header.spec;
      data_ = mapping_->bytes().subspan(header.data_offset);
    } catch (const cli::NpyError& error) {
      throw Failure(fmt::format("{}: {}", path, error.what()));
    }
    if (split) split_first_axis(path);
    element_bytes_ = element_count(spec_) * size_bytes(spec_.dtype);
  }

  std::size_t size() const noexcept { return size_; }
  ConstArrayView array(std::size_t index) const { return {spec_, data_.subspan(index * step_bytes_)}; }
  // Most of the extent belongs to other arrays (Fortran order, split): sending it as it lies would send the whole file each time.
  bool scattered() const noexcept { return array(0).bytes().size() > 2 * element_bytes_; }
  const std::shared_ptr<const MappedFile>& mapping() const noexcept { return mapping_; }

 private:
  void split_first_axis(const std::string& path) {
    if (spec_.shape.empty()) throw Failure(path + ": an array without axes cannot be split");
    size_ = static_cast<std::size_t>(spec_.shape[0]);
    if (size_ == 0) return;  // no messages, of whatever size
    const bool strided = !spec_.stride_bytes.empty();
    const std::span<const std::int64_t> shape(spec_.shape);
    const std::span<const std::int64_t> strides(spec_.stride_bytes);
    ArraySpec part{.dtype = spec_.dtype, .shape = Extents(shape.subspan(1))};
    if (strided) part.stride_bytes = Extents(strides.subspan(1));
    step_bytes_ = strided ? static_cast<std::size_t>(strides[0]) : checked_extent_bytes(part);
    spec_ = part;
  }

  std::shared_ptr<const MappedFile> mapping_;
  ArraySpec spec_{};
  std::span<const std::byte> data_{};
  std::size_t size_ = 1;
  std::size_t step_bytes_ = 0;
  std::size_t element_bytes_ = 0;  // of one array, without gaps
};

class NpySource final : public Source {
 public:
  NpySource(std::vector<std::string> paths, bool split) : paths_(std::move(paths)), split_(split) {
    for (const std::string& path : paths_) NpyFile(path, split_);  // every header is checked before the first message
    rewind();
  }

  std::optional<Payload> next(const Slots& slots, Metadata&) override {
    while (!file_ || index_ == file_->size()) {
      if (path_ == paths_.size()) return std::nullopt;
      file_.emplace(paths_[path_++], split_);
      index_ = 0;
    }
    const ConstArrayView view = file_->array(index_++);
    if (file_->scattered()) return view;
    if (slots.wanted()) return read(view, slots);
    file_->mapping()->will_need(view.bytes());
    return keep(view, file_->mapping());
  }
  void rewind() override {
    path_ = 0;
    file_.reset();
  }

 private:
  std::optional<Payload> read(const ConstArrayView& view, const Slots& slots) const {
    std::optional<Loan> loan = slots.loan(view.spec());
    if (!loan) return std::nullopt;
    file_->mapping()->read(view.bytes(), loan->array().bytes());
    return std::move(*loan);
  }

  std::vector<std::string> paths_;
  bool split_;
  std::size_t path_ = 0;  // of the next file
  std::optional<NpyFile> file_{};
  std::size_t index_ = 0;  // of its next array
};

}  // namespace

std::unique_ptr<Source> open_npy_source(const std::string& pattern, bool split) {
  return std::make_unique<NpySource>(expand(pattern), split);
}

}  // namespace arraywire::producer
