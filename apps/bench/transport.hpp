// A way to move frames, by name. Its peers run in processes of their own (peer_main.hpp); the driver knows how to start them
// (benchmarks.cpp).
#pragma once

#include "link.hpp"

#include <memory>
#include <string_view>

namespace bench {

// Either may throw Absent (measurement.hpp), when this machine lacks something that the transport needs.
struct Transport {
  std::string_view name;
  std::unique_ptr<FrameSender> (*make_sender)(const LinkSetup&);
  std::unique_ptr<FrameReceiver> (*make_receiver)(const LinkSetup&);
};

}  // namespace bench
