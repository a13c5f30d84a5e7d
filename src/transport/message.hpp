// One published message, as all its sessions get it.
#pragma once

#include "memory/slot.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace arraywire::transport {

struct Frame {
  std::span<const std::byte> bytes{};
  memory::Reference owner{};  // keeps the bytes in place
};

class MessageShelf;

// Held by the delivery book (pending, kept, leased, in history) and by sends on their way to a socket.
// Threads: only under the mutex of its publisher, so its count is a plain integer.
struct Message {
  std::uint64_t sequence = 0;
  std::size_t bytes = 0;            // payload
  std::vector<std::byte> header{};  // as wire::Encoder::data made it, not stamped
  std::vector<Frame> frames{};
  memory::Slot* slot = nullptr;  // that the payload is in; none: borrowed memory

 private:
  friend class MessagePtr;
  friend class MessageShelf;
  std::uint32_t references_ = 0;
  MessageShelf* shelf_ = nullptr;
};

// Owns one reference, or nothing.
class MessagePtr {
 public:
  MessagePtr() noexcept = default;
  explicit MessagePtr(Message* message) noexcept : message_(message) {
    if (message_ != nullptr) ++message_->references_;
  }
  MessagePtr(const MessagePtr& other) noexcept : MessagePtr(other.message_) {}
  MessagePtr(MessagePtr&& other) noexcept : message_(std::exchange(other.message_, nullptr)) {}
  MessagePtr& operator=(MessagePtr other) noexcept {
    std::swap(message_, other.message_);
    return *this;
  }
  ~MessagePtr();

  Message* operator->() const noexcept { return message_; }
  Message& operator*() const noexcept { return *message_; }
  explicit operator bool() const noexcept { return message_ != nullptr; }
  bool operator==(const MessagePtr&) const = default;

 private:
  Message* message_ = nullptr;
};

// Recycles messages with the memory of their vectors, so that publishing allocates nothing once it is warm.
// Lifetime: must outlive every MessagePtr it gave out.
class MessageShelf {
 public:
  MessagePtr fetch();

 private:
  friend class MessagePtr;
  void put_back(Message& message) noexcept;

  std::vector<std::unique_ptr<Message>> all_{};
  std::vector<Message*> free_{};  // capacity is always that of all_: putting back never allocates
};

inline MessagePtr::~MessagePtr() {
  if (message_ != nullptr && --message_->references_ == 0) message_->shelf_->put_back(*message_);
}

inline MessagePtr MessageShelf::fetch() {
  if (free_.empty()) {
    free_.reserve(all_.size() + 1);
    all_.push_back(std::make_unique<Message>());
    all_.back()->shelf_ = this;
    return MessagePtr(all_.back().get());
  }
  Message* message = free_.back();
  free_.pop_back();
  return MessagePtr(message);
}

inline void MessageShelf::put_back(Message& message) noexcept {
  message.frames.clear();  // the payload may be freed now, not when the message is used again
  free_.push_back(&message);
}

}  // namespace arraywire::transport
