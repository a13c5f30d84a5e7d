#include "arraywire/sample.hpp"

#include "arraywire/error.hpp"
#include "transport/subscriber_core.hpp"
#include "wire/checksum.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace arraywire {

namespace {

const transport::Received& checked(const transport::Received* received) {
  if (received == nullptr)
    throw Error(ErrorCode::InvalidArgument, "this sample is empty: it was released, rejected or moved from");
  return *received;
}

}  // namespace

const MessageInfo& Sample::info() const& noexcept { return received_->data.info; }
Lane Sample::lane() const noexcept { return received_->lane; }
std::size_t Sample::size() const noexcept { return received_ == nullptr ? 0 : received_->data.specs.size(); }

ConstArrayView Sample::array(std::size_t index) const& {
  const transport::Received& received = checked(received_);
  if (index >= received.data.specs.size()) {
    throw Error(ErrorCode::InvalidArgument,
                "array " + std::to_string(index) + " of a sample of " + std::to_string(received.data.specs.size()));
  }
  return {received.data.specs[index], received.bytes(index)};
}

ConstArrayView Sample::array(std::string_view name) const& {
  const auto& arrays = checked(received_).data.info.arrays;
  const auto named = std::find_if(arrays.begin(), arrays.end(), [&](const ArrayInfo& a) { return a.name == name; });
  if (named == arrays.end())
    throw Error(ErrorCode::InvalidArgument, "this sample has no array named '" + std::string(name) + "'");
  return array(static_cast<std::size_t>(named - arrays.begin()));
}

bool Sample::verify() const {
  const transport::Received& received = checked(received_);
  if (!received.data.checksum) return false;
  std::vector<std::span<const std::byte>> frames;
  for (std::size_t i = 0; i < received.data.specs.size(); ++i) frames.push_back(received.bytes(i));
  return wire::payload_checksum(frames) == *received.data.checksum;
}

void Sample::release() noexcept {
  if (auto* received = std::exchange(received_, nullptr)) transport::Received::give_back(received, false);
}

void Sample::reject() noexcept {
  if (auto* received = std::exchange(received_, nullptr)) transport::Received::give_back(received, true);
}

void Sample::drop() noexcept { std::uncaught_exceptions() > received_->exceptions ? reject() : release(); }

}  // namespace arraywire
