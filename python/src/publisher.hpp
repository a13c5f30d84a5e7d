// Publisher in Python.
#pragma once

#include "context.hpp"
#include "lent.hpp"
#include "loan.hpp"
#include "waiting.hpp"

#include <arraywire/publisher.hpp>

#include <pybind11/pybind11.h>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace arraywire::python {

// Everything with the GIL, which the calls that may wait let go of.
class PyPublisher : public Participant, public std::enable_shared_from_this<PyPublisher> {
 public:
  static std::shared_ptr<PyPublisher> create(std::shared_ptr<PyContext> context, const std::string& stream,
                                             PublisherOptions options);
  ~PyPublisher() override;

  std::unique_ptr<PyLoan> loan(const std::vector<ArraySpec>& specs, std::chrono::nanoseconds timeout, py::dict metadata);
  Published publish(PyLoan& loan, const py::object& metadata);
  Published publish_copy(const std::vector<Elements>& arrays, const Metadata& metadata);
  Published publish_borrowed(const py::object& what, std::vector<Elements> arrays, const Metadata& metadata,
                             const py::object& release);
  void wait_for_subscribers(std::size_t count, std::chrono::nanoseconds timeout);
  void reserve(const std::vector<ArraySpec>& specs, std::size_t slots);
  FinishReport finish(std::chrono::nanoseconds timeout);
  bool copies_borrowed();
  PublisherStatistics statistics() const;
  const Publisher& open() const;  // throws Closed, or in a forked child
  void close() override;

 private:
  PyPublisher(std::shared_ptr<PyContext> context, const std::string& stream, PublisherOptions options);
  struct AfterTurn;
  template <class Call> auto unlocked(Call call, Clock::time_point deadline = Clock::time_point::max());
  Loan take_slot(const std::vector<ArraySpec>& specs, std::chrono::nanoseconds timeout);
  bool gives_up() noexcept;
  void raise_interruption();
  void end();
  void end_quietly() noexcept;

  const Maker maker_{};
  const std::shared_ptr<PyContext> context_;
  const std::chrono::nanoseconds block_limit_;
  const std::chrono::nanoseconds linger_;
  Turns turns_;
  std::shared_ptr<Publisher> publisher_;  // null once closed
  std::atomic<int> closing_{0};           // how many want to close it: nobody else's wait goes on
  // Of whoever has the turn:
  bool ending_ = false;       // it is closing, which nobody hurries
  bool close_later_ = false;  // a signal handler wants to close it, in the middle of the call that it interrupted
  bool interrupted_ = false;  // a signal handler has raised
  std::uint64_t copies_ = 0;  // made here
};

void define_publisher(py::module_& module);

}  // namespace arraywire::python
