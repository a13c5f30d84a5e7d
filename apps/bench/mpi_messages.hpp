// Frames to one consumer, as messages of persistent requests: see peer_mpi.cpp.
#pragma once

#include "link.hpp"

#include <memory>

namespace bench {

std::unique_ptr<FrameSender> make_message_sender(const LinkSetup& setup);
std::unique_ptr<FrameReceiver> make_message_receiver(const LinkSetup& setup);

}  // namespace bench
