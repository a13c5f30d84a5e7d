// Frames to several consumers, by broadcasts: see peer_mpi.cpp.
#pragma once

#include "link.hpp"

#include <memory>

namespace bench {

std::unique_ptr<FrameSender> make_broadcast_sender(const LinkSetup& setup);
std::unique_ptr<FrameReceiver> make_broadcast_receiver(const LinkSetup& setup);

}  // namespace bench
