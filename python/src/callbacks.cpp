#include "callbacks.hpp"

#include "lent.hpp"
#include "values.hpp"

#include <algorithm>
#include <exception>

namespace arraywire::python {

namespace {

constexpr std::size_t kMaxEvents = 1000;  // that may wait for a slow on_event

// What a callback raises is nobody's to catch: sys.unraisablehook gets it.
template <class Call> void run_python(const char* what, Call call) {
  try {
    call();
  } catch (py::error_already_set& error) {
    error.discard_as_unraisable(what);
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
    PyErr_WriteUnraisable(nullptr);
  }
}

}  // namespace

void CallbackQueue::tell(const py::object& on_event) {
  if (!on_event.is_none()) on_event_ = py::object(on_event).release().ptr();
}

void CallbackQueue::on_event(const Event& event) noexcept {
  if (!maker_.is_this_process()) return;
  const std::lock_guard lock(mutex_);
  if (closed_ || ending_) return;
  try {
    if (work_.events.size() >= kMaxEvents) throw std::bad_alloc();
    work_.events.push_back(event);
  } catch (const std::bad_alloc&) {
    ++work_.lost;
  }
  changed_.notify_one();
}

void CallbackQueue::given_back(Lent& lent) noexcept {
  if (!maker_.is_this_process()) return;
  const std::lock_guard lock(mutex_);
  lent.next_ = std::exchange(work_.lent, &lent);
  changed_.notify_one();
}

void CallbackQueue::lend() noexcept {
  const std::lock_guard lock(mutex_);
  ++lent_out_;
}

void CallbackQueue::take_back() noexcept {
  const std::lock_guard lock(mutex_);
  --lent_out_;
  changed_.notify_one();
}

void CallbackQueue::close() noexcept {
  if (!maker_.is_this_process()) return;
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_one();
}

void CallbackQueue::end() noexcept {
  if (!maker_.is_this_process()) return;
  const std::lock_guard lock(mutex_);
  ending_ = true;
  changed_.notify_one();
}

bool CallbackQueue::wait(Work& work) {
  const Unlocked unlocked;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !work_.empty() || ending_ || (closed_ && lent_out_ == 0); });
  work = std::exchange(work_, {});
  return !work.empty();
}

void CallbackQueue::run() {
  for (Work work; wait(work);) call(work);
  Py_XDECREF(std::exchange(on_event_, nullptr));
}

void CallbackThread::stop_at_exit() {
  at_exit_ = py::cpp_function([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->stop();
  });
  py::module_::import("atexit").attr("register")(at_exit_);
}

void CallbackThread::start() {
  if (thread_) return;
  using namespace py::literals;
  const py::cpp_function target([self = shared_from_this()] { self->run(); });
  thread_ = py::module_::import("threading").attr("Thread")("target"_a = target, "name"_a = "arraywire", "daemon"_a = true);
  thread_.attr("start")();
}

void CallbackThread::run() {
  queue_->run();
  forget_exit();
}

void CallbackThread::stop() {
  if (!maker_.is_this_process()) return;
  queue_->end();
  if (thread_) py::object(thread_).attr("join")();
}

void CallbackThread::context_closed() {
  queue_->close();
  if (!thread_) forget_exit();
}

void CallbackThread::forget_exit() {
  if (at_exit_) py::module_::import("atexit").attr("unregister")(std::exchange(at_exit_, {}));
}

void CallbackQueue::call(Work& work) const {
  Lent* in_order = nullptr;
  while (work.lent != nullptr) {
    Lent* const lent = std::exchange(work.lent, work.lent->next_);
    lent->next_ = std::exchange(in_order, lent);
  }
  while (in_order != nullptr) {
    const std::unique_ptr<Lent> lent(std::exchange(in_order, in_order->next_));
    run_python("release of a borrowed array", [&] { lent->release(); });
  }
  for (const Event& event : work.events) {
    if (on_event_ == nullptr) break;
    run_python("on_event", [&] { py::handle{on_event_}(to_python(event, std::exchange(work.lost, 0))); });
  }
}

}  // namespace arraywire::python
