// Image files that hold an array bit for bit, written through OpenImageIO.
#pragma once

#include "arraywire/array_view.hpp"
#include "arraywire/metadata.hpp"
#include "cli/pending_file.hpp"

#include <OpenImageIO/imageio.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace arraywire::images {

// Threads: one. Errors: Failure, naming the file. OpenImageIO works in a child (images/child.hpp): some
// attributes and channel counts abort it.
class Writer {
 public:
  // Throws UsageError when files of this extension (".exr") are not written here.
  explicit Writer(const std::string& extension);

  // The file gets its name when it is complete. Pixels come back exactly, or Failure says why not and there is no file.
  // Returns what of the metadata is not in it, in words; looked for only where that may differ from the last time.
  std::vector<std::string> write(const std::filesystem::path& target, const ConstArrayView& array, const Attributes& attributes,
                                 const ArrayInfo& info);

 private:
  OIIO::ImageSpec header(const ConstArrayView& array, const Attributes& attributes, const ArrayInfo& info) const;
  ConstArrayView in_order(const ConstArrayView& array, ArrayInfo& info);
  [[noreturn]] void refuse(DType dtype) const;
  bool comes_back(const std::string& path, const ConstArrayView& array) const;
  bool may_change(const OIIO::ImageSpec& spec) const;
  void encode_exactly(const cli::PendingFile& file, const OIIO::ImageSpec& spec, const ConstArrayView& array) const;
  std::string not_in(const std::string& path, const Attributes& attributes, const ArrayInfo& info) const;  // in lines
  bool is_new(const Attributes& attributes);  // other names than the last time

  std::string format_;
  std::vector<std::byte> packed_{};                       // of arrays that do not lie as OpenImageIO wants them
  std::optional<std::vector<std::string>> looked_for_{};  // the attributes of the file that was looked into
};

}  // namespace arraywire::images
