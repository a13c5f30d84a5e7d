// AF_UNIX stream sockets whose buffers are as wide as the system grants, up to 1 MiB.
#pragma once

#include "memory/descriptor.hpp"

#include <cstddef>
#include <filesystem>
#include <span>

namespace bench {

using arraywire::memory::Descriptor;

// Errors: they throw std::system_error; read_exactly also when the stream ends early.
std::size_t socket_buffer_bytes();  // of a socket that nobody has widened, in one direction
Descriptor listen_at(const std::filesystem::path& path);
Descriptor accept_one(const Descriptor& listener);
Descriptor connect_to(const std::filesystem::path& path);
void write_exactly(const Descriptor& to, std::span<const std::byte> bytes);
void read_exactly(const Descriptor& from, std::span<std::byte> bytes);

}  // namespace bench
