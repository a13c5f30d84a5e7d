// Writes every frame into one .npy file, and says if any is missing.  recorder [NPY]
#include <arraywire/arraywire.hpp>
#include <fstream>
#include <iostream>
#include <string>

// A .npy file's header is 128 bytes here; it is written again when the number of frames is known.
std::string npy_header(const arraywire::Extents& frame, std::uint64_t frames) {
  std::string shape = std::to_string(frames) + ", ";
  for (const auto extent : frame) shape += std::to_string(extent) + ", ";
  std::string text = "{'descr': '<u2', 'fortran_order': False, 'shape': (" + shape + "), }";
  text.resize(117, ' ');
  return std::string("\x93NUMPY\x01\x00\x76\x00", 10) + text + "\n";
}

int main(int argc, char** argv) {
  arraywire::Context context;
  arraywire::Subscriber denoised(context, "denoised");
  std::ofstream file(argc > 1 ? argv[1] : "record.npy", std::ios::binary);
  arraywire::Extents shape;
  std::uint64_t frames = 0;
  while (auto sample = denoised.take()) {
    const auto image = sample->array();
    if (frames++ == 0) file << npy_header(shape = image.shape(), 0);
    file.write(reinterpret_cast<const char*>(image.bytes().data()), static_cast<std::streamsize>(image.bytes().size()));
  }
  file.seekp(0);
  file << npy_header(shape, frames);
  const auto missed = denoised.statistics().missed;
  std::cout << frames << " frames, " << missed << " missed\n";
  return file.flush() && missed == 0 ? 0 : 1;
}
