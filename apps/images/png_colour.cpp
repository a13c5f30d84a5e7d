#include "images/png_colour.hpp"

#include "cli/descriptor.hpp"
#include "images/colour.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <span>
#include <string_view>

namespace arraywire::images {
namespace {

constexpr std::size_t kMostData = 32;  // of the chunks that are looked into
using Bytes = std::array<std::uint8_t, 8 + kMostData>;

std::uint32_t number_at(const Bytes& bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24U | std::uint32_t{bytes[at + 1]} << 16U | std::uint32_t{bytes[at + 2]} << 8U |
         bytes[at + 3];
}

struct Chunks {
  std::optional<Colour> cicp{};
  bool profile = false, srgb = false;
  std::optional<double> gamma{};
  std::optional<Chromaticities> primaries{};
};

void take_chunk(std::string_view type, std::uint32_t size, const Bytes& bytes, Chunks& to) {
  if (type == "cICP" && size == 4) {
    to.cicp = {.primaries = bytes[8], .transfer = bytes[9], .matrix = bytes[10], .full_range = bytes[11] != 0};
  } else if (type == "iCCP") {
    to.profile = true;
  } else if (type == "sRGB") {
    to.srgb = true;
  } else if (type == "gAMA" && size == 4) {
    to.gamma = number_at(bytes, 8) / 100000.0;
  } else if (type == "cHRM" && size == 32) {
    Chromaticities values{};
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[(i + 6) % values.size()] = static_cast<float>(number_at(bytes, 8 + 4 * i) / 100000.0);  // white comes first
    }
    to.primaries = values;
  }
}

Chunks chunks_of(const std::string& path) {
  constexpr int kMostChunks = 10000;
  constexpr off_t kSignature = 8, kAround = 12;  // around a chunk's data: size, type, checksum
  const cli::Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  Chunks chunks;
  off_t at = kSignature;
  for (int i = 0; i < kMostChunks; ++i) {
    Bytes bytes{};
    const ssize_t got = pread(file.get(), bytes.data(), bytes.size(), at);
    if (got < kAround) break;
    const std::string_view type(reinterpret_cast<const char*>(&bytes[4]), 4);
    if (type == "IDAT") break;
    const std::uint32_t size = number_at(bytes, 0);
    if (size + std::size_t{8} <= static_cast<std::size_t>(got) || size > kMostData) take_chunk(type, size, bytes, chunks);
    at += kAround + off_t{size};
  }
  return chunks;
}

// Of chunks: ISO 3309, as in annex D of the PNG specification.
std::uint32_t checksum(std::span<const std::uint8_t> bytes) {
  std::uint32_t sum = ~0U;
  for (const std::uint8_t byte : bytes) {
    sum ^= byte;
    for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1U) ^ ((sum & 1U) != 0 ? 0xedb88320U : 0U);
  }
  return ~sum;
}

}  // namespace

PngColour png_colour(const std::string& path) {
  const Chunks chunks = chunks_of(path);
  if (chunks.cicp) return {.colour = chunks.cicp, .from_cicp = true};
  if (chunks.profile) return {};
  if (chunks.srgb) return {.colour = kSrgbColour};
  if (!chunks.gamma) return {.lost = chunks.primaries.has_value()};
  if (std::abs(*chunks.gamma - 1) > 0.005) return {.gamma_only = true, .lost = chunks.primaries.has_value()};
  const std::uint8_t primaries = chunks.primaries ? primaries_code(*chunks.primaries) : kUnspecified;
  return {.colour = Colour{.primaries = primaries, .transfer = kLinear, .matrix = 0},
          .lost = chunks.primaries && primaries == kUnspecified};
}

std::vector<std::byte> cicp_chunk(const Colour& colour) {
  std::array<std::uint8_t, 16> bytes = {0,
                                        0,
                                        0,
                                        4,
                                        'c',
                                        'I',
                                        'C',
                                        'P',
                                        colour.primaries,
                                        colour.transfer,
                                        colour.matrix,
                                        colour.full_range ? std::uint8_t{1} : std::uint8_t{0}};
  const auto sum = checksum(std::span(bytes).subspan(4, 8));
  for (std::size_t i = 0; i < 4; ++i) bytes[12 + i] = static_cast<std::uint8_t>(sum >> (24 - 8 * i));
  const auto whole = std::as_bytes(std::span(bytes));
  return {whole.begin(), whole.end()};
}

}  // namespace arraywire::images
