#include "producer/pattern.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numbers>
#include <utility>

namespace arraywire::producer {
namespace {

constexpr std::size_t kLeastHeight = 16;
constexpr std::size_t kLeastWidth = 32;
constexpr std::size_t kMostChannels = 4;
constexpr std::size_t kAlpha = 3;  // this channel is opaque
constexpr std::size_t kRampPeriod = 65536;
constexpr std::size_t kGlyphWidth = 5, kGlyphHeight = 7, kDigits = 8;

// Each digit: seven rows of five dots, the leftmost in bit 4.
constexpr std::array<std::array<std::uint8_t, kGlyphHeight>, 10> kGlyphs = {{
    {0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e},
    {0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e},
    {0x0e, 0x11, 0x01, 0x06, 0x08, 0x10, 0x1f},
    {0x0e, 0x11, 0x01, 0x06, 0x01, 0x11, 0x0e},
    {0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02},
    {0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e},
    {0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e},
    {0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08},
    {0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e},
    {0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c},
}};

// There and back again over 0..range.
std::size_t bounce(std::uint64_t way, std::size_t range) {
  if (range == 0) return 0;
  const auto at = static_cast<std::size_t>(way % (2 * range));
  return at < range ? at : 2 * range - at;
}

double bar(std::size_t index, std::size_t channel) {
  // White, yellow, cyan, green, magenta, red, blue, black.
  static constexpr std::array<std::uint8_t, 8> kBars = {7, 6, 3, 2, 5, 4, 1, 0};
  return (kBars[index] >> (2 - std::min<std::size_t>(channel, 2)) & 1) != 0 ? 1.0 : 0.0;
}

}  // namespace

Pattern::Pattern(const ArraySpec& spec) : spec_(spec), element_bytes_(size_bytes(spec.dtype)) {
  const std::size_t rank = spec.shape.size();
  const auto extent = [&](std::size_t i) { return static_cast<std::size_t>(spec.shape[i]); };
  const bool image = (rank == 2 || (rank == 3 && extent(2) >= 1 && extent(2) <= kMostChannels)) && extent(0) >= kLeastHeight &&
                     extent(1) >= kLeastWidth;
  if (!image) {
    prepare_ramp();
    return;
  }
  height_ = extent(0);
  width_ = extent(1);
  channels_ = rank == 2 ? 1 : extent(2);
  pixel_bytes_ = channels_ * element_bytes_;
  for (std::size_t c = 0; c < channels_; ++c) {
    black_.resize((c + 1) * element_bytes_);
    white_.resize((c + 1) * element_bytes_);
    encode_element(spec_.dtype, c == kAlpha ? 1 : 0, black_.data() + c * element_bytes_);
    encode_element(spec_.dtype, 1, white_.data() + c * element_bytes_);
  }
  prepare_bands();
  prepare_disc();
}

// value(variant, x, channel), x in pixels. Rows are two widths long, so that a scrolled row is one copy.
template <class Value> void Pattern::add_band(double end, Band band, Value value) {
  band.end_row = static_cast<std::size_t>(std::lround(end * static_cast<double>(height_)));
  band.pixels.resize(band.variants * 2 * width_ * pixel_bytes_);
  std::byte* target = band.pixels.data();
  for (std::size_t variant = 0; variant < band.variants; ++variant) {
    for (std::size_t x = 0; x < 2 * width_; ++x) {
      for (std::size_t c = 0; c < channels_; ++c, target += element_bytes_) {
        encode_element(spec_.dtype, c == kAlpha ? 1.0 : value(variant, x % width_, c), target);
      }
    }
  }
  bands_.push_back(std::move(band));
}

void Pattern::prepare_bands() {
  constexpr std::size_t kRampVariants = 16;  // together they show 16 times as many codes as there are columns
  const auto width = static_cast<double>(width_);
  const std::size_t drift = std::max<std::size_t>(1, width_ / 240);
  add_band(0.35, {.scroll_pixels = drift, .slant_pixels = 1}, [&](std::size_t, std::size_t x, std::size_t c) {
    const double turn = static_cast<double>(x) / width + static_cast<double>(c) / 3;
    return 0.5 + 0.5 * std::cos(2 * std::numbers::pi * turn);
  });
  add_band(0.5, {.variants = kRampVariants, .scroll_pixels = 2 * drift}, [&](std::size_t variant, std::size_t x, std::size_t) {
    return static_cast<double>(x * kRampVariants + variant) / static_cast<double>(width_ * kRampVariants - 1);
  });
  add_band(0.65, {}, [&](std::size_t, std::size_t x, std::size_t c) { return bar(x * 8 / width_, c); });
  add_band(0.78, {}, [&](std::size_t, std::size_t x, std::size_t) {
    const std::size_t step = x * 11 / width_;
    return static_cast<double>(step) / 10;
  });
  add_band(0.9, {.scroll_pixels = 1}, [&](std::size_t, std::size_t x, std::size_t) {
    return x / std::max<std::size_t>(1, 8 * x / width_ + 1) % 2 ? 0.75 : 0.0;
  });
  add_band(1.0, {}, [](std::size_t, std::size_t, std::size_t) { return 0.0; });
}

void Pattern::prepare_disc() {
  disc_size_ = std::max<std::size_t>(4, height_ / 5);
  disc_size_ = std::min(disc_size_, width_ / 2);
  disc_.resize(disc_size_ * disc_size_ * pixel_bytes_);
  const double radius = static_cast<double>(disc_size_) / 2;
  std::byte* target = disc_.data();
  for (std::size_t y = 0; y < disc_size_; ++y) {
    for (std::size_t x = 0; x < disc_size_; ++x) {
      const double dx = static_cast<double>(x) + 0.5 - radius;
      const double dy = static_cast<double>(y) + 0.5 - radius;
      const double glow = std::max(0.0, 1 - (dx * dx + dy * dy) / (radius * radius));
      for (std::size_t c = 0; c < channels_; ++c, target += element_bytes_) {
        // A white heart that goes over yellow to a red edge.
        const double value = c == kAlpha ? 1.0 : 0.25 + 0.75 * std::pow(glow, 0.3 + static_cast<double>(c));
        encode_element(spec_.dtype, value, target);
      }
    }
  }
}

void Pattern::prepare_ramp() {
  ramp_.resize(2 * kRampPeriod * element_bytes_);
  for (std::size_t i = 0; i < 2 * kRampPeriod; ++i) {
    encode_element(spec_.dtype, static_cast<double>(i % kRampPeriod) / (kRampPeriod - 1), ramp_.data() + i * element_bytes_);
  }
}

void Pattern::fill(std::uint64_t frame, const ArrayView& target) const {
  if (channels_ == 0) return fill_ramp(frame, target.bytes());
  fill_rows(frame, target.bytes().data());
  draw_disc(frame, target.bytes().data());
  draw_number(frame, target.bytes().data());
}

void Pattern::fill_rows(std::uint64_t frame, std::byte* target) const {
  const std::size_t row_bytes = width_ * pixel_bytes_;
  std::size_t row = 0;
  for (const Band& band : bands_) {
    for (; row < band.end_row; ++row) {
      const auto shift = static_cast<std::size_t>((frame * band.scroll_pixels + row * band.slant_pixels) % width_);
      const std::size_t start = (row % band.variants) * 2 * row_bytes + shift * pixel_bytes_;
      std::memcpy(target + row * row_bytes, band.pixels.data() + start, row_bytes);
    }
  }
}

void Pattern::draw_disc(std::uint64_t frame, std::byte* target) const {
  constexpr std::uint64_t kSpeed = 400;  // heights and widths take so many frames
  const std::size_t left = bounce(frame * std::max<std::size_t>(1, width_ / kSpeed), width_ - disc_size_);
  const std::size_t top = bounce(frame * std::max<std::size_t>(1, height_ / kSpeed), height_ - disc_size_);
  const double radius = static_cast<double>(disc_size_) / 2;
  for (std::size_t y = 0; y < disc_size_; ++y) {
    const double dy = static_cast<double>(y) + 0.5 - radius;
    const auto half = static_cast<std::size_t>(std::sqrt(radius * radius - dy * dy));
    const std::size_t begin = disc_size_ / 2 - std::min(half, disc_size_ / 2);
    const std::size_t count = std::min(2 * half, disc_size_ - begin);
    std::memcpy(target + ((top + y) * width_ + left + begin) * pixel_bytes_,
                disc_.data() + (y * disc_size_ + begin) * pixel_bytes_, count * pixel_bytes_);
  }
}

void Pattern::draw_number(std::uint64_t frame, std::byte* target) const {
  const std::size_t digits = std::min(kDigits, (width_ - 2) / (kGlyphWidth + 1));
  const std::size_t dot = std::max<std::size_t>(1, std::min(height_ / 90, width_ / 60));
  const std::size_t top = height_ - (kGlyphHeight + 1) * dot;
  std::uint64_t rest = frame;
  for (std::size_t digit = digits; digit-- > 0; rest /= 10) {
    const auto& glyph = kGlyphs[rest % 10];
    const std::size_t left = dot + digit * (kGlyphWidth + 1) * dot;
    for (std::size_t y = 0; y < kGlyphHeight * dot; ++y) {
      std::byte* out = target + ((top + y) * width_ + left) * pixel_bytes_;
      for (std::size_t x = 0; x < kGlyphWidth * dot; ++x, out += pixel_bytes_) {
        const bool lit = (glyph[y / dot] >> (kGlyphWidth - 1 - x / dot) & 1) != 0;
        std::memcpy(out, (lit ? white_ : black_).data(), pixel_bytes_);
      }
    }
  }
}

// Consecutive elements are neighbours in the ramp, which moves by 256 steps per frame.
void Pattern::fill_ramp(std::uint64_t frame, std::span<std::byte> target) const {
  const std::size_t start = static_cast<std::size_t>(frame * 256 % kRampPeriod) * element_bytes_;
  const std::size_t period = kRampPeriod * element_bytes_;
  for (std::size_t at = 0; at < target.size(); at += period) {
    std::memcpy(target.data() + at, ramp_.data() + start, std::min(period, target.size() - at));
  }
}

ArrayInfo Pattern::info() const {
  ArrayInfo info{.name = "pattern"};
  if (channels_ == 0) return info;
  info.dimension_names = {"y", "x"};
  if (spec_.shape.size() == 3) info.dimension_names.emplace_back("channel");
  static constexpr const char* kRgba[] = {"R", "G", "B", "A"};
  if (channels_ >= 3) info.channel_names.assign(kRgba, kRgba + channels_);
  if (channels_ >= 3 && spec_.dtype == DType::UInt16) info.colour = Colour{.primaries = 9, .transfer = 16, .matrix = 0};
  // Linear light with the primaries of BT.2020.
  const bool floating = spec_.dtype == DType::Float16 || spec_.dtype == DType::Float32;
  if (channels_ >= 3 && floating) info.colour = Colour{.primaries = 9, .transfer = 8, .matrix = 0};
  return info;
}

}  // namespace arraywire::producer
