#include "images/channel_order.hpp"

#include "cli/values.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace arraywire::images {

std::vector<std::size_t> habitual_order(const std::vector<std::string>& names) {
  static constexpr std::array<std::string_view, 5> kOrder = {"Y", "R", "G", "B", "A"};
  const auto has = [&](std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); };
  const auto rank = [](const std::string& name) { return std::find(kOrder.begin(), kOrder.end(), name) - kOrder.begin(); };
  const bool colours = has("R") && has("G") && has("B") && !has("Y");
  const bool grey = names.size() == 2 && has("Y") && has("A");
  if (!colours && !grey) {
    for (std::size_t i = 0; i < names.size() && names.size() >= 3; ++i) {
      const auto place = rank(names[i]) - 1;
      if (place >= 0 && place < 3 && static_cast<std::size_t>(place) != i)
        throw cli::Failure(fmt::format("this format takes channels as R, G, B, A, and these are {}", fmt::join(names, ", ")));
    }
    return {};
  }
  std::vector<std::size_t> order(names.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto before = [&](std::size_t a, std::size_t b) { return rank(names[a]) < rank(names[b]); };
  if (std::is_sorted(order.begin(), order.end(), before)) return {};
  std::stable_sort(order.begin(), order.end(), before);
  return order;
}

ConstArrayView reordered(const ConstArrayView& array, const std::vector<std::size_t>& order, std::vector<std::byte>& storage) {
  const ArraySpec packed{.dtype = array.dtype(), .shape = array.shape()};
  storage.resize(checked_extent_bytes(packed));
  const Extents from = byte_strides(array.spec()), to = byte_strides(packed);
  const auto channel = [&](const Extents& strides) {
    return ArraySpec{
        .dtype = packed.dtype, .shape = {packed.shape[0], packed.shape[1]}, .stride_bytes = {strides[0], strides[1]}};
  };
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto read = array.bytes().subspan(order[i] * static_cast<std::size_t>(from[2]));
    const auto written = std::span(storage).subspan(i * static_cast<std::size_t>(to[2]));
    copy_elements(ConstArrayView(channel(from), read), ArrayView(channel(to), written));
  }
  return {packed, storage};
}

}  // namespace arraywire::images
