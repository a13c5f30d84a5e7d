// The library's values as those of _values.py.
#pragma once

#include <arraywire/accounts.hpp>
#include <arraywire/context.hpp>
#include <arraywire/publishing.hpp>
#include <arraywire/receiving.hpp>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

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

// Accounts, each by its name or its number.
using Names = std::vector<std::variant<std::uint32_t, std::string>>;
Accounts accounts_from(const Names& users, const Names& groups);

}  // namespace arraywire::python
