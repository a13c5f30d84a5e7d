#include "images/transfer.hpp"

#include <algorithm>
#include <cmath>

namespace arraywire::images {
namespace {

constexpr double kReferenceWhite = 203;  // cd/m2, ITU-R BT.2408

// SMPTE ST 2084, as in ITU-R BT.2100, table 4.
double pq_light(double code) noexcept {
  constexpr double kM1 = 2610.0 / 16384, kM2 = 2523.0 / 4096 * 128;
  constexpr double kC1 = 3424.0 / 4096, kC2 = 2413.0 / 4096 * 32, kC3 = 2392.0 / 4096 * 32;
  constexpr double kPeak = 10000;
  const double root = std::pow(std::clamp(code, 0.0, 1.0), 1 / kM2);
  return kPeak / kReferenceWhite * std::pow(std::max(root - kC1, 0.0) / (kC2 - kC3 * root), 1 / kM1);
}

// ITU-R BT.2100, table 5: the inverse OETF.
double hlg_light(double code) noexcept {
  constexpr double kA = 0.17883277, kB = 1 - 4 * kA;
  const double c = 0.5 - kA * std::log(4 * kA);
  const double within = std::clamp(code, 0.0, 1.0);
  return within <= 0.5 ? within * within / 3 : (std::exp((within - c) / kA) + kB) / 12;
}

// IEC 61966-2-1.
double srgb_light(double code) noexcept {
  const double positive = std::max(code, 0.0);
  return positive <= 0.04045 ? positive / 12.92 : std::pow((positive + 0.055) / 1.055, 2.4);
}

}  // namespace

double light_of(std::uint8_t transfer, double code) noexcept {
  switch (transfer) {
    case kTransferLinear: return code;
    case kTransferPq: return pq_light(code);
    case kTransferHlg: return hlg_light(code);
    case kTransferGamma22: return std::pow(std::max(code, 0.0), 2.2);
    case kTransferGamma28: return std::pow(std::max(code, 0.0), 2.8);
    default: return srgb_light(code);
  }
}

// BT.2100's OOTF for a display of 1000 cd/m2, whose gamma is 1.2.
double hlg_gain(double luminance) noexcept {
  constexpr double kPeak = 1000;
  return kPeak / kReferenceWhite * std::pow(std::max(luminance, 0.0), 0.2);
}

float srgb_code(float light) noexcept {
  const float within = std::clamp(light, 0.0F, 1.0F);
  return within <= 0.0031308F ? within * 12.92F : 1.055F * std::pow(within, 1 / 2.4F) - 0.055F;
}

}  // namespace arraywire::images
