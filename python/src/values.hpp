// The library's values as those of _values.py.
#pragma once

#include <arraywire/context.hpp>
#include <arraywire/publishing.hpp>
#include <arraywire/receiving.hpp>

#include <pybind11/pybind11.h>
#include <cstdint>
#include <string>
#include <string_view>

namespace arraywire::python {

namespace py = pybind11;

py::object to_python(const Event& event, std::uint64_t lost_before);
py::object to_python(const Published& published);
py::object to_python(const FinishReport& report);
py::object to_python(const PublisherStatistics& statistics);
py::object to_python(const SubscriberStatistics& statistics);
py::object to_python(const SubscriberStatus& status);
py::object to_python(const StreamInfo& stream);
py::object to_python(const MessageInfo& info, Lane lane);

// The enumerator that is called so. Throws InvalidArgument, listing the names.
WhenFull when_full_from(std::string_view text);
LaneChoice lane_from(std::string_view text);
Delivery delivery_from(std::string_view text);

}  // namespace arraywire::python
