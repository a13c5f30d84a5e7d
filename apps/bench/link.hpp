// One way of moving frames between processes, in one direction: what each transport implements. What is sent through it and what
// is measured is the same for all (workloads.hpp).
#pragma once

#include <sys/types.h>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace bench {

// So many frames are on their way at most, from being filled until they have been read, both included. Where each side has memory
// of its own, one half is the sender's and the other half a receiver's.
inline constexpr std::size_t kBuffers = 4;

struct LinkSetup {
  std::string channel{};              // links of one measurement are told apart by it: "frames", "answers"
  std::size_t frame_bytes = 0;        // of every frame
  std::filesystem::path directory{};  // of this measurement, private, empty at first, with a short path
  std::size_t receivers = 1;          // processes
  std::size_t receiver = 0;           // which of them this is; receivers only, as is:
  std::string address{};              // as the sender says it
  // Both ends work on every byte: a floor that needs threads of its own to move frames meanwhile has them.
  bool busy_ends = false;
  // Where the links of one process, all of one transport, keep what they have in common: a context, for example. The first makes
  // it.
  std::shared_ptr<std::shared_ptr<void>> in_common = std::make_shared<std::shared_ptr<void>>();
};

// What is in common, which `make` makes as a std::shared_ptr of always the same type.
template <class Make> auto in_common(const LinkSetup& setup, Make make) {
  using Pointer = decltype(make());
  if (!*setup.in_common) *setup.in_common = make();
  return std::static_pointer_cast<typename Pointer::element_type>(*setup.in_common);
}

// Threads: one. Errors: every call throws std::exception, and the measurement has failed.
class FrameSender {
 public:
  FrameSender() = default;
  FrameSender(const FrameSender&) = delete;
  FrameSender& operator=(const FrameSender&) = delete;
  virtual ~FrameSender() = default;

  // What receivers are given; empty: the directory and the channel's name are enough for them. Without blanks.
  virtual std::string address() const { return {}; }
  // Blocks until all receivers would get the next frame.
  virtual void wait_for_receivers() = 0;
  // Memory for the next frame: where the transport can, memory that is sent without a copy. Blocks until there is some, by
  // kBuffers.
  virtual std::span<std::byte> room() = 0;
  // Sends what room() gave, to every receiver; blocks rather than loses a frame.
  virtual void send() = 0;
  // Processes that the transport needs beside the two ends (a daemon): their time and memory count, too.
  virtual std::vector<pid_t> daemons() const { return {}; }
};

class FrameReceiver {
 public:
  FrameReceiver() = default;
  FrameReceiver(const FrameReceiver&) = delete;
  FrameReceiver& operator=(const FrameReceiver&) = delete;
  virtual ~FrameReceiver() = default;

  // The next frame. Blocks, as the transport's documentation says that a receiver waits. Valid until release().
  virtual std::span<const std::byte> receive() = 0;
  virtual void release() = 0;
};

}  // namespace bench
