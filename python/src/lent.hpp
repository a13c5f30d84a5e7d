// A Python object whose memory is being published.
#pragma once

#include "arrays.hpp"
#include "callbacks.hpp"

#include <arraywire/loan.hpp>

#include <pybind11/pybind11.h>
#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace arraywire::python {

bool is_lent(const py::array& array);  // at this moment

// The arrays of one message. Made with the GIL; deletes itself on the queue's thread when every array has come back, or is
// deleted by who made it when nothing was sent.
class Lent {
 public:
  // `what` is given to `release` (None: nobody is told), which may be called when each of the arrays has come back. Until then
  // NumPy arrays are read-only.
  Lent(std::shared_ptr<CallbackQueue> queue, py::object what, py::object release, std::vector<Elements> elements);
  ~Lent();  // with the GIL
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;

  std::vector<Borrowed> borrow(std::span<const ConstArrayView> views);
  void not_sent() noexcept { sent_ = false; }  // what `borrow` gave ends without anybody being told
  void release();                              // tells the application

 private:
  friend class CallbackQueue;
  static void array_is_back(void* hint) noexcept;  // any thread, without the GIL

  const std::shared_ptr<CallbackQueue> queue_;
  py::object what_;
  py::object release_;
  std::vector<Elements> elements_;
  std::atomic<std::size_t> out_{0};  // arrays that have not come back
  bool sent_ = true;                 // written before the callbacks of what was not sent run, on the same thread
  Lent* next_ = nullptr;             // in the queue
};

}  // namespace arraywire::python
