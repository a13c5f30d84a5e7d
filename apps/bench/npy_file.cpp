#include "npy_file.hpp"

#include "frame.hpp"
#include "memory/descriptor.hpp"
#include "peer.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace bench {

using arraywire::memory::Descriptor;

namespace {

constexpr std::size_t kWordBytes = sizeof(std::uint64_t);
constexpr std::size_t kFixedHeaderBytes = 10;  // magic, version, length of the text
constexpr std::size_t kHeaderBytes = 128;      // a multiple of 64, as the format wants it
constexpr std::string_view kMagic = "\x93NUMPY\x01";

[[noreturn]] void throw_errno(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

std::string npy_header() {
  std::string header(kMagic);
  header += '\0';
  header += static_cast<char>(kHeaderBytes - kFixedHeaderBytes);
  header += '\0';
  header += "{'descr': '<u8', 'fortran_order': False, 'shape': (" + std::to_string(kNpyPayloadBytes / kWordBytes) + ",), }";
  header.resize(kHeaderBytes - 1, ' ');
  header += '\n';
  return header;
}

void write_npy(const std::filesystem::path& path) {
  std::ofstream file(path, std::ios::binary);
  file << npy_header();
  std::vector<std::uint64_t> words(std::size_t{1} << 17);
  for (std::uint64_t offset = 0; offset < kNpyPayloadBytes;) {
    for (std::uint64_t& word : words) {
      word = offset;
      offset += kWordBytes;
    }
    file.write(reinterpret_cast<const char*>(words.data()), static_cast<std::streamsize>(words.size() * kWordBytes));
  }
  file.close();
  if (!file) throw std::runtime_error("write " + path.string() + ": is the disk full?");
}

std::size_t payload_offset_in(std::span<const std::byte> file) {
  if (file.size() < kFixedHeaderBytes || std::memcmp(file.data(), kMagic.data(), kMagic.size()) != 0) {
    throw std::runtime_error("not a .npy file of version 1");
  }
  const auto length = std::to_integer<std::size_t>(file[8]) | std::to_integer<std::size_t>(file[9]) << 8;
  return kFixedHeaderBytes + length;
}

}  // namespace

std::filesystem::path big_npy_file(const Peer& peer) {
  std::filesystem::path path = peer.directory.parent_path() / "array.npy";
  if (std::filesystem::exists(path)) return path;
  const std::filesystem::path unfinished = path.string() + ".unfinished";
  write_npy(unfinished);
  // To the disk now, so that write-back does not run during the measurement.
  const Descriptor file(::open(unfinished.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file || ::fdatasync(file.get()) != 0) throw_errno("sync " + unfinished.string());
  std::filesystem::rename(unfinished, path);
  return path;
}

std::size_t npy_offset(std::uint64_t frame, std::size_t frame_bytes) noexcept {
  return frame % (kNpyPayloadBytes / frame_bytes) * frame_bytes;
}

void check_npy_frame(std::span<const std::byte> bytes, std::size_t frame_bytes, std::uint64_t frame) {
  const std::size_t offset = npy_offset(frame, frame_bytes);
  check_words(bytes, frame_bytes, offset, offset + frame_bytes - kWordBytes);
}

MappedNpy::MappedNpy(const std::filesystem::path& path) {
  const std::size_t bytes = std::filesystem::file_size(path);
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throw_errno("open " + path.string());
  void* memory = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, file.get(), 0);
  if (memory == MAP_FAILED) throw_errno("map " + path.string());
  file_ = {static_cast<const std::byte*>(memory), bytes};
  payload_offset_ = payload_offset_in(file_);
}

MappedNpy::~MappedNpy() { ::munmap(const_cast<std::byte*>(file_.data()), file_.size()); }

}  // namespace bench
