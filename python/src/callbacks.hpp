// Python code that the library's threads want run, and the Python thread that runs it.
#pragma once

#include "waiting.hpp"

#include <arraywire/context_options.hpp>

#include <pybind11/pybind11.h>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>

namespace arraywire::python {

class Lent;

// Concurrency: on_event and given_back are called by the library's threads, without the GIL, and only queue; run(), on the Python
// thread, waits without the GIL and calls Python with it. The mutex is held for moments only, never with the GIL being waited
// for. Lifetime: shared by the context, the library's event callback, the Python thread and everything that is lent. What may be
// destroyed on any thread owns no Python object: those belong to run().
// In a forked child nothing is queued or run: everything belongs to the parent.
class CallbackQueue {
 public:
  CallbackQueue() = default;
  ~CallbackQueue() = default;
  CallbackQueue(const CallbackQueue&) = delete;
  CallbackQueue& operator=(const CallbackQueue&) = delete;

  // ---- any thread, without the GIL
  void on_event(const Event& event) noexcept;
  void given_back(Lent& lent) noexcept;

  // ---- with the GIL
  void tell(const py::object& on_event);  // None: nobody
  void lend() noexcept;                   // something is lent, and will be given back,
  void take_back() noexcept;              // or was not lent after all
  void run();                             // the Python thread; returns when nothing more can come, or at end()
  void close() noexcept;                  // no more events; run() returns when everything lent has come back
  void end() noexcept;                    // run() returns when it has run what is queued

 private:
  struct Work {
    std::deque<Event> events{};
    Lent* lent = nullptr;  // linked through themselves, last first: queueing allocates nothing
    std::uint64_t lost = 0;
    bool empty() const noexcept { return events.empty() && lent == nullptr; }
  };
  bool wait(Work& work);  // false: nothing more can come
  void call(Work& work) const;

  const Maker maker_{};
  PyObject* on_event_ = nullptr;  // owned; run() lets it go
  std::mutex mutex_;
  std::condition_variable changed_;
  Work work_;
  std::size_t lent_out_ = 0;
  bool closed_ = false;
  bool ending_ = false;
};

// The Python thread of a queue. It goes on after its context while something is lent, and until the interpreter ends.
// All with the GIL; in a forked child nothing.
class CallbackThread : public std::enable_shared_from_this<CallbackThread> {
 public:
  explicit CallbackThread(std::shared_ptr<CallbackQueue> queue) : queue_(std::move(queue)) {}

  void stop_at_exit();  // what is registered later runs earlier
  void start();         // once; again does nothing
  void context_closed();

 private:
  void run();
  void stop();
  void forget_exit();

  const Maker maker_{};
  const std::shared_ptr<CallbackQueue> queue_;
  py::object thread_;
  py::object at_exit_;
};

}  // namespace arraywire::python
