// A camera: 16-bit grey frames of a moving gradient, with dead and hot pixels.  camera [FRAMES]
#include <arraywire/adapt/xtensor.hpp>
#include <arraywire/arraywire.hpp>
#include <random>
#include <string>
#include <xtensor/xbuilder.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xview.hpp>

int main(int argc, char** argv) {
  const int frames = argc > 1 ? std::stoi(argv[1]) : 300;
  constexpr std::size_t kHeight = 480, kWidth = 640, kFaults = 2000;
  std::mt19937 random;
  arraywire::Context context;
  arraywire::Publisher camera(context, "camera", {.block_limit = arraywire::kForever, .linger = arraywire::kForever});
  camera.wait_for_subscribers(1);
  for (int frame = 0; frame < frames; ++frame) {
    auto loan = camera.loan({.dtype = arraywire::DType::UInt16, .shape = {kHeight, kWidth}}, arraywire::kForever);
    if (!loan) return 1;
    auto image = arraywire::as_xtensor<std::uint16_t, 2>(loan->array());
    const auto y = xt::view(xt::arange<std::uint32_t>(kHeight), xt::all(), xt::newaxis());
    xt::noalias(image) = 8000 + 20 * (y + xt::arange<std::uint32_t>(kWidth)) + 50 * static_cast<unsigned>(frame % 100);
    for (std::size_t i = 0; i < kFaults; ++i) image(random() % kHeight, random() % kWidth) = i % 2 == 0 ? 65535 : 0;
    if (!camera.publish(std::move(*loan), {.frame_id = static_cast<std::uint64_t>(frame)})) return 1;
  }
}
