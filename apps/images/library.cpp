#include "images/library.hpp"

#include "images/attribute_types.hpp"

#include <OpenImageIO/imageio.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace arraywire::images {
namespace {

using OIIO::TypeDesc;

constexpr std::array<std::pair<TypeDesc::BASETYPE, DType>, 9> kTypes = {{{TypeDesc::UINT8, DType::UInt8},
                                                                         {TypeDesc::INT8, DType::Int8},
                                                                         {TypeDesc::UINT16, DType::UInt16},
                                                                         {TypeDesc::INT16, DType::Int16},
                                                                         {TypeDesc::UINT32, DType::UInt32},
                                                                         {TypeDesc::INT32, DType::Int32},
                                                                         {TypeDesc::HALF, DType::Float16},
                                                                         {TypeDesc::FLOAT, DType::Float32},
                                                                         {TypeDesc::DOUBLE, DType::Float64}}};

}  // namespace

SignalsBlocked::SignalsBlocked() noexcept {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before_);
}

SignalsBlocked::~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

void prepare_library(std::size_t limit_bytes) {
  const SignalsBlocked blocked;
  constexpr std::size_t kMegabyte = std::size_t{1} << 20U;
  constexpr std::size_t kMostMegabytes = 32768;
  // Debian's build writes to stderr what it does not understand unless it is told not to.
  OIIO::attribute("debug", 0);
  OIIO::attribute("try_all_readers", 0);
  // A forked child has no threads but its own, and would wait for those that it has lost.
  OIIO::attribute("threads", 1);
  OIIO::attribute("exr_threads", -1);
  // Finds the formats that there are; every child would have to again.
  OIIO::ImageInput::create("openexr");
  const std::size_t megabytes =
      limit_bytes == 0 ? kMostMegabytes : std::clamp(limit_bytes / kMegabyte, std::size_t{1}, kMostMegabytes);
  OIIO::attribute("limits:imagesize_MB", static_cast<int>(megabytes));
}

void use_all_processors() {
  const SignalsBlocked blocked;    // for the threads
#if !defined(__SANITIZE_THREAD__)  // it lets no child of a process with threads have threads
  OIIO::attribute("threads", 0);
  OIIO::attribute("exr_threads", 0);
#endif
}

std::optional<DType> dtype_of(const TypeDesc& type) noexcept {
  for (const auto& [base, dtype] : kTypes) {
    if (type == TypeDesc(base)) return dtype;
  }
  return std::nullopt;
}

std::optional<TypeDesc> type_of(DType dtype) noexcept {
  for (const auto& [base, known] : kTypes) {
    if (known == dtype) return TypeDesc(base);
  }
  return std::nullopt;
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 20;
  const auto shown = std::span(names).first(std::min(names.size(), kMost));
  return fmt::format("{}{}", fmt::join(shown, ", "),
                     names.size() > kMost ? fmt::format(" and {} more", names.size() - kMost) : "");
}

std::string one_line(std::string text) {
  const bool readable = is_text(text);
  for (char& c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || code == 0x7f) c = ' ';
    if (code >= 0x80 && !readable) c = '?';
  }
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

}  // namespace arraywire::images
