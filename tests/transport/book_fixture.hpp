// A delivery book in short sentences.
#pragma once

#include "transport/book.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace arraywire::transport::testing {

constexpr Id kA{1, 1}, kB{2, 1}, kC{3, 1}, kD{4, 1};

constexpr Terms block(Grant grant = {1, 1}, Lane lane = Lane::SharedMemory) { return {grant, WhenFull::Block, lane}; }
constexpr Terms drop_newest(Grant grant = {1, 1}, Lane lane = Lane::SharedMemory) { return {grant, WhenFull::DropNewest, lane}; }
constexpr Terms latest(Grant grant = {1, 1}, Lane lane = Lane::SharedMemory) { return {grant, WhenFull::Latest, lane}; }

class CountedBlock final : public memory::Block {
 public:
  bool alive = true;

 private:
  void unreferenced() noexcept override { alive = false; }
};

class Stream {
 public:
  explicit Stream(Delivery delivery = Delivery::FanOut, std::uint32_t history = 0) : book(delivery, history) {}

  PublishOutcome publish(int times = 1) {
    for (int i = 0; i < times; ++i) {
      blocks_.push_back(std::make_unique<CountedBlock>());
      MessagePtr message = shelf_.fetch();
      message->frames.push_back({{}, memory::Reference(blocks_.back().get())});
      book.publish(std::move(message));
    }
    return book.outcome();
  }
  bool held(std::uint64_t sequence) const { return blocks_[sequence - 1]->alive; }

  std::uint32_t take(Id id, std::uint64_t through) { return book.returned(id, {.taken_through = through}); }
  std::uint32_t release(Id id, std::vector<std::uint64_t> numbers) { return book.returned(id, {.released = std::move(numbers)}); }
  std::uint32_t reject(Id id, std::vector<std::uint64_t> numbers) { return book.returned(id, {.rejected = std::move(numbers)}); }
  std::uint32_t take_and_release(Id id, std::uint64_t number) {
    return book.returned(id, {.taken_through = number, .released = {number}});
  }
  std::uint32_t say_ended(Id id) { return book.returned(id, {.ended = true}); }
  void want(Id id) { book.returned(id, {.want = true}); }

  // What the book decided to send since this was asked last: "A1 B1 A2+1" is messages 1 and 2 to A and 1 to B, with one missed
  // before A's second; "h" is from history, "'" each attempt after the first, "A.End(9,2)" an End: last sequence number, missed.
  std::string sent() {
    std::string all;
    for (const Outgoing& out : book.outgoing()) {
      all += all.empty() ? "" : " ";
      all += char('A' + out.session.high - 1);
      if (!out.message) {
        all += ".End(" + std::to_string(out.end.last_sequence) + "," + std::to_string(out.end.missed) + ")";
        continue;
      }
      all += std::to_string(out.stamp.sequence) + (out.stamp.from_history ? "h" : "") + std::string(out.stamp.attempt - 1, '\'');
      if (out.stamp.missed_before > 0) all += "+" + std::to_string(out.stamp.missed_before);
    }
    book.outgoing().clear();
    return all;
  }

 private:
  std::vector<std::unique_ptr<CountedBlock>> blocks_{};  // outlive the messages
  MessageShelf shelf_{};

 public:
  DeliveryBook book;
};

}  // namespace arraywire::transport::testing
