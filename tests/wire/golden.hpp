// proto/golden/golden.json as values. It is ours and trusted: anything odd in it throws.
#pragma once

#include "wire/message.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace arraywire::wire::testing {

struct GoldenMessage : Message {
  std::string file{};
};

std::vector<GoldenMessage> golden_messages(const std::filesystem::path& folder);
std::vector<std::byte> read_file(const std::filesystem::path& path);
std::filesystem::path golden_folder();  // of this source tree

}  // namespace arraywire::wire::testing
