#include "sample.hpp"

#include "dlpack.hpp"
#include "errors.hpp"
#include "metadata.hpp"
#include "protocols.hpp"
#include "values.hpp"
#include "waiting.hpp"

#include <pybind11/stl.h>
#include <algorithm>
#include <string>
#include <utility>

namespace arraywire::python {

const Sample& PySample::held() const {
  if (!held_) raise("Closed", "this sample was released");
  return held_->sample;
}

py::array PySample::array(std::size_t index) const {
  if (index >= held().size()) throw py::index_error("this sample has " + std::to_string(held().size()) + " arrays");
  const py::capsule base(new std::shared_ptr<Held>(held_),
                         [](void* owner) { delete static_cast<std::shared_ptr<Held>*>(owner); });
  return array_over(held().array(index), base);
}

py::array PySample::array(const py::object& key) const {
  if (!py::isinstance<py::str>(key)) return array(index_from(key, size()));
  const auto wanted = py::cast<std::string>(key);
  const auto& infos = held().info().arrays;
  const auto found = std::ranges::find(infos, wanted, &ArrayInfo::name);
  if (found == infos.end()) throw py::key_error("this sample has no array named '" + wanted + "'");
  return array(static_cast<std::size_t>(found - infos.begin()));
}

py::tuple PySample::arrays() const {
  py::tuple all(size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = array(i);
  return all;
}

std::vector<Elements> PySample::elements() const {
  std::vector<Elements> all;
  for (std::size_t i = 0; i < size(); ++i) all.push_back({array(i), dtype(i)});
  return all;
}

bool PySample::verify() const {
  const Sample& sample = held();
  const std::shared_ptr<Held> keep = held_;  // another thread may release it meanwhile
  const Unlocked unlocked;
  return sample.verify();
}

void PySample::release() {
  if (!held_) return;
  info_ = held_->sample.info();
  auto leaving = std::exchange(held_, nullptr);
  const Unlocked unlocked;
  leaving.reset();
}

void PySample::reject() {
  if (held_) held_->rejected = true;
  release();
}

void define_sample(py::module_& module) {
  using namespace py::literals;
  py::class_<PySample> type(module, "Sample", buffer_of([](PyObject* self) { return py::cast<PySample&>(self).array(0); }));
  type.def_property_readonly("array", [](const PySample& self) { return self.array(0); })
      .def_property_readonly("arrays", &PySample::arrays)
      .def_property_readonly("dtypes", [](const PySample& self) { return dtype_names(self); })
      .def("__getitem__", py::overload_cast<const py::object&>(&PySample::array, py::const_), "key"_a)
      .def("__len__", &PySample::size)
      .def("__bool__", [](const PySample& self) { return !self.released(); })
      .def_property_readonly("info", [](const PySample& self) { return to_python(self.info(), self.lane()); })
      .def_property_readonly("metadata",
                             [](const PySample& self) { return to_python(static_cast<const Metadata&>(self.info())); })
      .def_property_readonly("attributes", [](const PySample& self) { return attributes_of(self.info()); })
      .def_property_readonly("frame_id", [](const PySample& self) { return self.info().frame_id; })
      .def_property_readonly("sequence", [](const PySample& self) { return self.info().sequence; })
      .def_property_readonly("missed_before", [](const PySample& self) { return self.info().missed_before; })
      .def_property_readonly("lane", [](const PySample& self) { return name(self.lane()); })
      .def_property_readonly("released", &PySample::released)
      .def("verify", &PySample::verify)
      .def("release", &PySample::release)
      .def("reject", &PySample::reject)
      .def(
          "dlpack",
          [](const PySample& self, std::size_t index) {
            const py::array array = self.array(index);
            return export_dlpack(array, self.dtype(index) == DType::BFloat16, {}, true);
          },
          "index"_a = 0)
      .def("__enter__", [](const py::object& self) { return self; })
      .def("__exit__", [](PySample& self, const py::object& kind, const py::object&, const py::object&) {
        kind.is_none() ? self.release() : self.reject();
      });
  define_protocols(type);
}

}  // namespace arraywire::python
