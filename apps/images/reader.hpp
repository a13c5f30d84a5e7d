// One image file, read through OpenImageIO.
#pragma once

#include "arraywire/array_view.hpp"
#include "arraywire/metadata.hpp"

#include <OpenImageIO/imageio.h>

#include <memory>
#include <string>
#include <vector>

namespace arraywire::images {

// Threads: one. Errors: Failure, naming the file. Signals are blocked while OpenImageIO works.
class Reader {
 public:
  // Opens the file and reads its header; what kind it is, its first bytes say.
  explicit Reader(std::string path);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  const ArraySpec& spec() const noexcept { return spec_; }  // height x width x channels
  // Replaces attributes and the first array's info. Returns what does not travel, in words; usually nothing.
  std::vector<std::string> describe(Metadata& metadata);
  // Decodes into `target`, of spec().
  void read(const ArrayView& target);

 private:
  [[noreturn]] void fail(const std::string& why) const;
  void check_header() const;
  void open();
  std::string extra_parts();

  std::string path_;
  std::unique_ptr<OIIO::ImageInput> input_;
  OIIO::ImageSpec header_{};
  ArraySpec spec_{};
};

// Throws Failure, naming the file: it is not there, not readable or no regular file.
void check_readable(const std::string& path);

// What a file may do to who opens it, it does to a child (images/child.hpp) first. Both return false when `stop_descriptor`
// became readable, and throw Failure naming the file. Whether a Reader can be had of it and describe it.
bool check_in_child(const std::string& path, int stop_descriptor);
// Decodes with all processors into `target`, which must be memory mapped shared.
bool read_in_child(const std::string& path, const ArrayView& target, int stop_descriptor);

}  // namespace arraywire::images
