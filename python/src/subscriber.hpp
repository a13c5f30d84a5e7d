// Subscriber in Python.
#pragma once

#include "context.hpp"
#include "sample.hpp"
#include "waiting.hpp"

#include <arraywire/subscriber.hpp>

#include <pybind11/pybind11.h>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

namespace arraywire::python {

// Everything with the GIL, which waits and copies let go of. While one waits, others have their turn.
class PySubscriber : public Participant, public std::enable_shared_from_this<PySubscriber> {
 public:
  static std::shared_ptr<PySubscriber> create(std::shared_ptr<PyContext> context, const std::string& source,
                                              SubscriberOptions options);
  ~PySubscriber() override;

  Result<Sample, TakeError> look();  // without waiting
  Result<Sample, TakeError> take(std::chrono::nanoseconds timeout);
  MessageInfo take_into(Elements& target, std::chrono::nanoseconds timeout);
  [[noreturn]] void raise_take_error(TakeError error) const;
  Subscriber& open() const;  // throws Closed, or in a forked child
  void close() override;

  // The index of the one of which take may succeed. Throws Timeout, Stopped.
  static std::size_t wait_any(std::span<const std::shared_ptr<PySubscriber>> subscribers, std::chrono::nanoseconds timeout);

 private:
  PySubscriber(std::shared_ptr<PyContext> context, const std::string& source, SubscriberOptions options);
  template <class Look> auto wait(std::chrono::nanoseconds timeout, Look look) -> decltype(look());
  void end();

  const Maker maker_{};
  const std::shared_ptr<PyContext> context_;
  Turns turns_;
  std::shared_ptr<Subscriber> subscriber_;  // shared with whoever waits for it while it is closed
};

void define_subscriber(py::module_& module);

}  // namespace arraywire::python
