#include "arraywire/context.hpp"

#include "memory/receive_memory.hpp"
#include "transport/service.hpp"
#include "transport/stream_folder.hpp"

#include <utility>

namespace arraywire {

Context::Context(ContextOptions options) : service_(std::make_shared<transport::Service>(std::move(options))) {}

Context::~Context() {
  if (!stopped()) stop();  // a second stop would cut short what finish() still sends
}

void Context::stop() noexcept { service_->stop(); }
bool Context::stopped() const noexcept { return service_->stopped(); }

std::vector<StreamInfo> list_streams(const Context& context) {
  std::vector<StreamInfo> streams;
  const transport::Service& service = *context.service();
  for (transport::FoundStream& found : transport::list_served(service.runtime_directories(), service.trusted())) {
    streams.push_back({.name = std::move(found.name),
                       .pid = found.info.pid,
                       .user = std::move(found.info.user),
                       .endpoints = std::move(found.info.endpoints),
                       .consumers = found.info.consumers});
  }
  return streams;
}

void keep_receive_memory() noexcept { memory::keep_freed_memory(); }

std::string_view name(EventKind kind) noexcept {
  switch (kind) {
    case EventKind::Joined: return "joined";
    case EventKind::Left: return "left";
    case EventKind::Refused: return "refused";
    case EventKind::Waived: return "waived";
    case EventKind::Abandoned: return "abandoned";
    case EventKind::Malformed: return "malformed";
    case EventKind::Connected: return "connected";
    case EventKind::Silent: return "silent";
    case EventKind::Resumed: return "resumed";
    case EventKind::Gap: return "gap";
    case EventKind::Ended: return "ended";
  }
  return "unknown";
}

}  // namespace arraywire
