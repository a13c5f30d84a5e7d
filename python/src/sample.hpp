// Sample in Python.
#pragma once

#include "arrays.hpp"

#include <arraywire/sample.hpp>

#include <pybind11/pybind11.h>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace arraywire::python {

// Ownership: the sample belongs to this and to the arrays over it; the last of them gives it back. With the GIL.
class PySample {
 public:
  explicit PySample(Sample&& sample) : held_(std::make_shared<Held>(std::move(sample))), lane_(held_->sample.lane()) {}

  py::array array(std::size_t index) const;  // throws Closed, IndexError
  py::array array(const py::object& key) const;
  py::array exported() const { return array(0); }  // for the buffer protocol and DLPack
  py::tuple arrays() const;
  std::vector<Elements> elements() const;
  DType dtype(std::size_t index) const { return held().array(index).dtype(); }
  std::size_t size() const { return held().size(); }
  const MessageInfo& info() const { return held_ ? held_->sample.info() : *info_; }
  Lane lane() const noexcept { return lane_; }
  bool verify() const;
  bool released() const noexcept { return held_ == nullptr; }
  void release();
  void reject();

 private:
  struct Held {
    explicit Held(Sample&& taken) : sample(std::move(taken)) {}
    ~Held() {
      if (rejected) sample.reject();
    }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

    Sample sample;
    bool rejected = false;
  };
  const Sample& held() const;

  std::shared_ptr<Held> held_;
  Lane lane_;
  std::optional<MessageInfo> info_{};  // once released
};

void define_sample(py::module_& module);

}  // namespace arraywire::python
