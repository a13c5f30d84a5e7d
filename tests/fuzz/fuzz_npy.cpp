// Any bytes as the start of a .npy file: a header whose data lie within the file, or NpyError.
#include "cli/npy_header.hpp"

#include <cstdlib>

using namespace arraywire;

namespace {

void require(bool promise) {
  if (!promise) std::abort();
}

void parse(std::span<const std::byte> bytes, std::uint64_t file_bytes) {
  try {
    const cli::NpyHeader header = cli::parse_npy_header(bytes, file_bytes);
    const auto extent = extent_bytes(header.spec);
    require(extent.has_value() && header.data_offset <= bytes.size());
    require(header.data_offset <= file_bytes && *extent <= file_bytes - header.data_offset);
    const bool fortran = !header.spec.stride_bytes.empty();
    const std::string written = cli::format_npy_header(header.spec.dtype, header.spec.shape, fortran);
    require(cli::parse_npy_header(std::as_bytes(std::span(written)), written.size() + *extent).spec == header.spec);
  } catch (const cli::NpyError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  parse(bytes, size);
  parse(bytes, ~std::uint64_t{0});  // as if the file went on: shapes that do not fit the input are looked at, too
  return 0;
}
