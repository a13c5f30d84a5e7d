// The .npy file that file/npy and floor/sendfile send: 2 GiB of uint64, each its own offset in bytes, so that every chunk of it
// can be recognised.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace bench {

struct Peer;

inline constexpr std::size_t kNpyPayloadBytes = std::size_t{1} << 31;

// Writes it if it is not there yet: once for all measurements of a run. Call before serving.
std::filesystem::path big_npy_file(const Peer& peer);

// Where in the payload frame number `frame` starts when the file is sent over and over in whole frames.
std::size_t npy_offset(std::uint64_t frame, std::size_t frame_bytes) noexcept;
// Throws unless these bytes are that frame.
void check_npy_frame(std::span<const std::byte> bytes, std::size_t frame_bytes, std::uint64_t frame);

// Ownership: unmapped by the destructor. Read-only, every page of the payload mapped.
class MappedNpy {
 public:
  // Throws when it is not a .npy file of version 1.
  explicit MappedNpy(const std::filesystem::path& path);
  ~MappedNpy();
  MappedNpy(const MappedNpy&) = delete;
  MappedNpy& operator=(const MappedNpy&) = delete;
  std::size_t payload_offset() const noexcept { return payload_offset_; }  // in the file
  std::span<const std::byte> payload() const noexcept { return file_.subspan(payload_offset_); }

 private:
  std::span<const std::byte> file_{};
  std::size_t payload_offset_ = 0;
};

}  // namespace bench
