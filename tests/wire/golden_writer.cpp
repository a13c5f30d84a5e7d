// Writes proto/golden/*.bin from golden.json. Usage: golden_writer FOLDER
#include "wire/golden.hpp"

#include <cstdio>
#include <fstream>

int main(int argc, char** argv) {
  namespace golden = arraywire::wire::testing;
  if (argc != 2) {
    std::fprintf(stderr, "usage: golden_writer FOLDER\n");
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  arraywire::wire::Encoder encoder;
  for (const auto& message : golden::golden_messages(folder)) {
    const auto bytes = golden::encode(encoder, message);
    std::ofstream file(folder / message.file, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!file.flush()) {
      std::fprintf(stderr, "cannot write %s\n", (folder / message.file).c_str());
      return 1;
    }
  }
  return 0;
}
