#include "metadata.hpp"

#include "errors.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace arraywire::python {

namespace {

constexpr std::pair<ClockSource, const char*> kClocks[] = {
    {ClockSource::Host, "host"}, {ClockSource::Ptp, "ptp"}, {ClockSource::Device, "device"}};

[[noreturn]] void refuse(std::string_view key, const std::string& why) {
  raise("InvalidArgument", "metadata '" + std::string(key) + "': " + why);
}

template <class T> T value_of(std::string_view key, const py::handle& value) {
  try {
    return py::cast<T>(value);
  } catch (const py::cast_error&) {
    refuse(key, py::cast<std::string>(py::repr(value)) + " is not of its type, or out of its range");
  }
}

// As they are now: reading a value may run Python code that changes the dictionary.
std::vector<std::pair<std::string, py::object>> items_of(std::string_view what, const py::handle& dictionary) {
  if (!py::isinstance<py::dict>(dictionary)) refuse(what, py::cast<std::string>(py::repr(dictionary)) + " is no dictionary");
  std::vector<std::pair<std::string, py::object>> items;
  for (const auto& [key, value] : py::reinterpret_borrow<py::dict>(dictionary)) {
    if (!py::isinstance<py::str>(key)) refuse(what, "the key " + py::cast<std::string>(py::repr(key)) + " is no str");
    items.emplace_back(value_of<std::string>(what, key), py::reinterpret_borrow<py::object>(value));
  }
  return items;
}

// One key of a dictionary: how it is read into a Target.
template <class Target> using Reader = void (*)(std::string_view key, const py::handle& value, Target& target);
template <class Target> using Readers = std::map<std::string_view, Reader<Target>>;

template <class Target>
void read(const char* what, const Readers<Target>& readers, const py::handle& dictionary, Target& target) {
  for (const auto& [key, value] : items_of(what, dictionary)) {
    const auto reader = readers.find(key);
    if (reader == readers.end()) refuse(key, std::string("there is no such key in ") + what);
    reader->second(reader->first, value, target);
  }
}

const Readers<Colour>& colour_readers() {
  static const Readers<Colour> readers{
      {"primaries", [](auto key, auto& v, Colour& c) { c.primaries = value_of<std::uint8_t>(key, v); }},
      {"transfer", [](auto key, auto& v, Colour& c) { c.transfer = value_of<std::uint8_t>(key, v); }},
      {"matrix", [](auto key, auto& v, Colour& c) { c.matrix = value_of<std::uint8_t>(key, v); }},
      {"full_range", [](auto key, auto& v, Colour& c) { c.full_range = value_of<bool>(key, v); }}};
  return readers;
}

const Readers<ArrayInfo>& array_readers() {
  using Names = std::vector<std::string>;
  static const Readers<ArrayInfo> readers{
      {"name", [](auto key, auto& v, ArrayInfo& a) { a.name = value_of<std::string>(key, v); }},
      {"dimension_names", [](auto key, auto& v, ArrayInfo& a) { a.dimension_names = value_of<Names>(key, v); }},
      {"unit", [](auto key, auto& v, ArrayInfo& a) { a.unit = value_of<std::string>(key, v); }},
      {"channel_names", [](auto key, auto& v, ArrayInfo& a) { a.channel_names = value_of<Names>(key, v); }},
      {"significant_bits", [](auto key, auto& v, ArrayInfo& a) { a.significant_bits = value_of<std::uint8_t>(key, v); }},
      {"pixel_format", [](auto key, auto& v, ArrayInfo& a) { a.pixel_format = value_of<std::string>(key, v); }},
      {"colour", [](auto, auto& v, ArrayInfo& a) { read("colour", colour_readers(), v, a.colour.emplace()); }},
      {"colour_space", [](auto key, auto& v, ArrayInfo& a) { a.colour_space = value_of<std::string>(key, v); }}};
  return readers;
}

// NumPy's scalars are what Python's are; an array is none, though one of a single element could be taken for it.
void read_attribute(std::string_view key, const py::handle& value, Attributes& attributes) {
  if (PyBool_Check(value.ptr()) != 0) return attributes.set(key, py::cast<bool>(value));
  if (PyLong_Check(value.ptr()) != 0) return attributes.set(key, value_of<std::int64_t>(key, value));
  if (PyFloat_Check(value.ptr()) != 0) return attributes.set(key, py::cast<double>(value));
  if (PyUnicode_Check(value.ptr()) != 0) return attributes.set(key, std::string_view(value_of<std::string>(key, value)));
  const py::module_ numpy = py::module_::import("numpy");
  if (py::isinstance(value, numpy.attr("bool_"))) return attributes.set(key, value.ptr() == numpy.attr("True_").ptr());
  const bool is_number = PyIndex_Check(value.ptr()) != 0 || py::hasattr(value, "__float__");
  if (!is_number || py::hasattr(value, "__len__") || py::isinstance<py::array>(value))
    refuse(key, "an attribute is a bool, an int of 64 bits, a float or a str");
  if (PyIndex_Check(value.ptr()) != 0) return attributes.set(key, value_of<std::int64_t>(key, value));
  attributes.set(key, value_of<double>(key, value));
}

void read_attributes(std::string_view key, const py::handle& value, Metadata& metadata) {
  for (const auto& [name, attribute] : items_of(key, value)) read_attribute(name, attribute, metadata.attributes);
}

void read_clock(std::string_view key, const py::handle& value, Metadata& metadata) {
  const auto text = value_of<std::string>(key, value);
  for (const auto& [clock, clock_name] : kClocks) {
    if (text != clock_name) continue;
    metadata.clock = clock;
    return;
  }
  refuse(key, "'" + text + "' is none of host, ptp, device");
}

void read_arrays(std::string_view key, const py::handle& value, Metadata& metadata) {
  if (!py::isinstance<py::sequence>(value) || py::isinstance<py::str>(value)) refuse(key, "is no list");
  metadata.arrays.clear();
  for (const py::object entry : py::reinterpret_borrow<py::sequence>(value))
    read("arrays", array_readers(), entry, metadata.arrays.emplace_back());
}

const Readers<Metadata>& metadata_readers() {
  using std::chrono::nanoseconds;
  static const Readers<Metadata> readers{
      {"frame_id", [](auto key, auto& v, Metadata& m) { m.frame_id = value_of<std::uint64_t>(key, v); }},
      {"acquired_ns",
       [](auto key, auto& v, Metadata& m) { m.acquired = Timestamp(nanoseconds(value_of<std::int64_t>(key, v))); }},
      {"exposure_ns", [](auto key, auto& v, Metadata& m) { m.exposure = nanoseconds(value_of<std::int64_t>(key, v)); }},
      {"clock", [](auto key, auto& v, Metadata& m) { read_clock(key, v, m); }},
      {"attributes", [](auto key, auto& v, Metadata& m) { read_attributes(key, v, m); }},
      {"arrays", [](auto key, auto& v, Metadata& m) { read_arrays(key, v, m); }}};
  return readers;
}

py::dict to_python(const ArrayInfo& array) {
  py::dict d;
  if (!array.name.empty()) d["name"] = array.name;
  if (!array.dimension_names.empty()) d["dimension_names"] = array.dimension_names;
  if (!array.unit.empty()) d["unit"] = array.unit;
  if (!array.channel_names.empty()) d["channel_names"] = array.channel_names;
  if (array.significant_bits != 0) d["significant_bits"] = array.significant_bits;
  if (!array.pixel_format.empty()) d["pixel_format"] = array.pixel_format;
  if (array.colour) {
    py::dict colour;
    colour["primaries"] = array.colour->primaries;
    colour["transfer"] = array.colour->transfer;
    colour["matrix"] = array.colour->matrix;
    colour["full_range"] = array.colour->full_range;
    d["colour"] = colour;
  }
  if (!array.colour_space.empty()) d["colour_space"] = array.colour_space;
  return d;
}

}  // namespace

py::dict attributes_of(const Metadata& metadata) {
  py::dict attributes;
  for (const auto& [key, value] : metadata.attributes) attributes[py::str(key)] = py::cast(value);
  return attributes;
}

py::dict to_python(const Metadata& metadata) {
  py::dict d;
  if (metadata.frame_id) d["frame_id"] = *metadata.frame_id;
  if (metadata.acquired) d["acquired_ns"] = metadata.acquired->time_since_epoch().count();
  if (metadata.exposure.count() != 0) d["exposure_ns"] = metadata.exposure.count();
  for (const auto& [clock, clock_name] : kClocks) {
    if (clock == metadata.clock && clock != ClockSource::Host) d["clock"] = clock_name;
  }
  if (!metadata.attributes.empty()) d["attributes"] = attributes_of(metadata);
  if (!metadata.arrays.empty()) {
    py::list arrays;
    for (const ArrayInfo& array : metadata.arrays) arrays.append(to_python(array));
    d["arrays"] = arrays;
  }
  return d;
}

void apply(const py::object& dictionary, Metadata& metadata) {
  if (!dictionary.is_none()) read("metadata", metadata_readers(), dictionary, metadata);
}

}  // namespace arraywire::python
