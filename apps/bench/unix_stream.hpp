// AF_UNIX stream sockets with the system's default buffers.
#pragma once

#include "memory/descriptor.hpp"

#include <cstddef>
#include <filesystem>
#include <span>

namespace bench {

using arraywire::memory::Descriptor;

// Errors: they throw std::system_error; read_exactly also when the stream ends early.
std::size_t socket_buffer_bytes();  // of one, in one direction
Descriptor listen_at(const std::filesystem::path& path);
Descriptor accept_one(const Descriptor& listener);
Descriptor connect_to(const std::filesystem::path& path);
void write_exactly(const Descriptor& to, std::span<const std::byte> bytes);
void read_exactly(const Descriptor& from, std::span<std::byte> bytes);

}  // namespace bench
