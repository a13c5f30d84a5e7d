// Sealed memory that other processes may map read-only and nobody can shrink.
#pragma once

#include "arraywire/result.hpp"
#include "memory/descriptor.hpp"

#include <cstddef>
#include <span>
#include <utility>

namespace arraywire::memory {

std::size_t page_bytes() noexcept;

// A mapped range, unmapped when its owner goes.
class Mapping {
 public:
  Mapping() noexcept = default;
  Mapping(void* start, std::size_t size) noexcept : bytes_(static_cast<std::byte*>(start), size) {}
  Mapping(Mapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Mapping();
  std::span<std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::span<std::byte> bytes_{};
};

// A memfd, allocated in full, sealed SHRINK, GROW, FUTURE_WRITE and SEAL, and the only writable mapping that it will ever have.
struct Memfd {
  Descriptor descriptor{};
  Mapping mapping{};
};

struct MemfdFailure {
  enum class Kind : unsigned char {
    Memory,  // not enough of it: found out before it was allocated, or refused by the kernel
    System,  // anything else: descriptors, RLIMIT_FSIZE, a kernel without seals
  };
  Kind kind = Kind::System;
  const char* step = "";  // what was attempted
  int error = 0;          // errno
};

// `bytes`: a multiple of page_bytes(), not 0. Costs a fault per page: never on the hot path. Leaves nothing behind when it fails.
// `name` is what /proc/PID/maps shows. What is little, and needed at once, need not ask the machine first whether it has room.
enum class AskForRoom : unsigned char { Yes, No };
Result<Memfd, MemfdFailure> create_memfd(const char* name, std::size_t bytes, AskForRoom ask = AskForRoom::Yes) noexcept;

}  // namespace arraywire::memory
