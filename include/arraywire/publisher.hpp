// The sending side: loan -> fill -> publish.
#pragma once

#include "arraywire/context.hpp"
#include "arraywire/export.hpp"
#include "arraywire/loan.hpp"
#include "arraywire/metadata.hpp"
#include "arraywire/publishing.hpp"
#include "arraywire/result.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace arraywire {

// Binds a stream's name on this machine and serves every session that comes.
// Ownership: one publisher per stream name; a second one gets Error{InUse}.
// Threads: loan, publish, copies_borrowed, reserve and finish on one thread at a time; statistics and wait_for_subscribers on
// any. Blocking: publish at most block_limit; loan at most its timeout; the destructor at most `linger`. Errors: the constructor
// throws Error naming the folder, the endpoint or the option.
class ARRAYWIRE_API Publisher {
 public:
  Publisher(Context& context, std::string_view stream, PublisherOptions options = {});
  ~Publisher();  // finish(linger)
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // A slot that holds these arrays, each 64-byte aligned. Waits up to `timeout` for a slot to come free.
  // Throws Error for an invalid spec, no spec, or more than kMaxArrays.
  Result<Loan, LoanError> loan(std::span<const ArraySpec> specs, std::chrono::nanoseconds timeout = {});
  Result<Loan, LoanError> loan(const ArraySpec& spec, std::chrono::nanoseconds timeout = {}) {
    return loan(std::span(&spec, 1), timeout);
  }
  // Creates `slots` slots for such messages now and keeps them at their addresses for this publisher's life (camera SDKs want
  // buffers announced). Loans of that size come from them first. Throws Error when the pool's limit does not allow it.
  void reserve(std::span<const ArraySpec> specs, std::size_t slots);

  // Sends to every session that has room; waits once for those of policy `block`. No byte is copied in user space, except as
  // Published::copies says. Fails only before the first send, and then leaves the argument untouched: a retry cannot
  // duplicate. After success the argument is empty.
  // Throws Error, before anything is sent, for an empty loan or a message of several arrays that is not one loan or all borrowed.
  Result<Published, PublishError> publish(Loan&& loan, const Metadata& metadata = {});
  Result<Published, PublishError> publish(Borrowed&& borrowed, const Metadata& metadata = {});
  Result<Published, PublishError> publish(std::span<Borrowed> borrowed, const Metadata& metadata = {});
  // Whether the next borrowed message would be copied into a slot: a shared-memory session, the history or a session that gets
  // the message later needs it there. Who can fill any memory (by reading a file, say) had better fill a loan then. True of now
  // only: sessions come and go.
  bool copies_borrowed();
  // Packs the array into a slot first (waiting up to block_limit for one): one copy. Never keeps a reference to it.
  // Throws Error{NoMemory} when there is no slot for it.
  Result<Published, PublishError> publish_copy(const ConstArrayView& view, const Metadata& metadata = {});

  // True once `count` sessions are there; false after the timeout or when stopped.
  bool wait_for_subscribers(std::size_t count, std::chrono::nanoseconds timeout = kForever);

  // Sends what is kept, then End, and waits until every session has taken everything (Distribute: released it) or is gone.
  // Nothing can be published afterwards. A second call waits on.
  FinishReport finish(std::chrono::nanoseconds timeout);

  const std::string& stream() const noexcept;
  const std::vector<std::string>& endpoints() const noexcept;  // bound, with chosen ports; ipc first
  PublisherStatistics statistics() const;

 private:
  class ARRAYWIRE_HIDDEN Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace arraywire
