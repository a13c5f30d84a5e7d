// One Context per process: the zmq context, one service thread, and the callback that events go to.
#pragma once

#include "arraywire/context_options.hpp"
#include "arraywire/error.hpp"
#include "arraywire/export.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace arraywire {

namespace transport {
class Service;
}

// Prints nothing and installs no signal handler.
// Lifetime: Publishers and Subscribers keep what they need of it; destroying it stops them. Samples and loans may outlive it.
// Threads: any.
// Errors: the constructor throws Error (descriptor limits, no memory).
// fork: a forked child has copies of it, its Publishers and Subscribers. Their calls there throw Error, and destroying them, or
// samples and loans, only lets go of the copies: the parent's stay as they are. Samples that the child has can be read.
class ARRAYWIRE_API Context {
 public:
  explicit Context(ContextOptions options = {});
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // Async-signal-safe and sticky: every wait of this context, now and later, returns Stopped. Only Publisher::finish (and the
  // linger of its destructor) goes on, so that a stopped program still ends its streams in order; a second stop() ends that too.
  void stop() noexcept;
  bool stopped() const noexcept;

  const std::shared_ptr<transport::Service>& service() const noexcept { return service_; }  // not for applications

 private:
  std::shared_ptr<transport::Service> service_;
};

// A stream that a publisher on this machine serves at this moment.
struct StreamInfo {
  std::string name{};
  int pid = 0;
  std::string user{};
  std::vector<std::string> endpoints{};  // ipc first
  std::uint32_t consumers = 0;
};
// Asks without disturbing anybody. Unreadable folders are skipped.
ARRAYWIRE_API std::vector<StreamInfo> list_streams(const Context&);

// Makes malloc keep the memory of big received frames instead of giving it back to the system after each one, which is
// worth a factor of four in throughput on the inline lane. Process-wide (glibc's mallopt), so never done unasked: call it
// first thing in main, before other threads exist, or never. Freed memory then stays with the process.
ARRAYWIRE_API void keep_receive_memory() noexcept;

}  // namespace arraywire
