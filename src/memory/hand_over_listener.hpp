// Where subscribers come for slots: the publisher's hand-over socket.
#pragma once

#include "memory/account_ids.hpp"
#include "memory/hand_over_socket.hpp"
#include "memory/poll_set.hpp"
#include "memory/slot_sender.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <vector>

namespace arraywire::memory {

// Bound before the data socket, so that whoever finds that one finds this one too. A visitor has to be of our user or root or
// allowed, and to greet with its session id and its process before anything is done for it; then it waits here until its Hello
// claims it. Bounded: of those who have not greeted, and of those who have but were not claimed, the oldest has to go for a new
// one. Threads: one at a time. Blocking: never, as far as peers go.
class HandOverListener {
 public:
  static constexpr std::size_t kMaxStrangers = 32;   // connected, not greeted
  static constexpr std::size_t kMaxUnclaimed = 128;  // greeted, not claimed

  // Binds `path`, readable and writable for our user alone: who is allowed has to be let in to it. Nothing may be there: whoever
  // holds the stream's lock removes what a dead publisher left, and what this leaves. Throws Error.
  explicit HandOverListener(const std::filesystem::path& path, AccountIds allowed = {});
  ~HandOverListener();
  HandOverListener(const HandOverListener&) = delete;
  HandOverListener& operator=(const HandOverListener&) = delete;

  // Readable while there is something to do, for this or for a claimed sender. The same for its life.
  int descriptor() const noexcept { return polled_->descriptor(); }
  // Does all of it that is the listener's, and appends the keys of the senders whose serve() is due. To be called as well from
  // time to time unasked: when there was no descriptor for a visitor, nothing will tell that there is one again.
  void serve(std::vector<std::uint64_t>& due);
  // The connection that greeted with this session id, if it waits here or in the backlog. Null: the session is to be inline.
  std::unique_ptr<SlotSender> claim(Id session);

  std::size_t strangers() const noexcept { return strangers_.size(); }
  std::size_t unclaimed() const noexcept { return unclaimed_.size(); }
  std::uint64_t turned_away() const noexcept { return turned_away_; }  // visitors that were dropped by us

 private:
  struct Stranger {
    HandOverSocket socket{};
    Watch watch{};  // after the socket: goes before it does
    std::uint64_t key = 0;
  };
  struct Unclaimed {
    Id session{};
    std::unique_ptr<SlotSender> sender{};
  };

  void accept_waiting();
  void admit(Descriptor connection);
  bool listen_to_stranger(std::uint64_t key);
  bool look_at_unclaimed(std::uint64_t key);
  void introduce(Stranger& stranger, Id session, Descriptor process);
  void turn_away_oldest();

  const std::shared_ptr<PollSet> polled_;
  Descriptor socket_;
  Watch watch_;  // after the socket
  const AccountIds allowed_;
  pid_t owner_;
  std::uint64_t last_key_ = 0;
  std::deque<Stranger> strangers_{};   // oldest first
  std::deque<Unclaimed> unclaimed_{};  // oldest first
  std::uint64_t turned_away_ = 0;
};

}  // namespace arraywire::memory
