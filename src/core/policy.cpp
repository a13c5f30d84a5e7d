#include "arraywire/policy.hpp"

namespace arraywire {

std::string_view name(Delivery delivery) noexcept {
  switch (delivery) {
    case Delivery::FanOut: return "fan-out";
    case Delivery::Distribute: return "distribute";
  }
  return "unknown";
}

std::string_view name(Lane lane) noexcept {
  switch (lane) {
    case Lane::Inline: return "inline";
    case Lane::SharedMemory: return "shared-memory";
  }
  return "unknown";
}

std::string_view name(LaneChoice choice) noexcept {
  switch (choice) {
    case LaneChoice::Automatic: return "auto";
    case LaneChoice::SharedMemory: return "shared-memory";
    case LaneChoice::Inline: return "inline";
  }
  return "unknown";
}

std::string_view name(WhenFull when_full) noexcept {
  switch (when_full) {
    case WhenFull::Automatic: return "auto";
    case WhenFull::Block: return "block";
    case WhenFull::DropNewest: return "drop-newest";
    case WhenFull::Latest: return "latest";
  }
  return "unknown";
}

}  // namespace arraywire
