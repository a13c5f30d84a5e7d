// Formats without channel names: what a channel is, its place says.
#pragma once

#include "arraywire/array_view.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace arraywire::images {

// The index of each channel in the order R, G, B, A or Y, A, with others behind them; empty: they lie so. Throws Failure where
// names are at places that mean something else, and are too few for an order.
std::vector<std::size_t> habitual_order(const std::vector<std::string>& names);

// The array with its last dimension in this order, packed into `storage`.
ConstArrayView reordered(const ConstArrayView& array, const std::vector<std::size_t>& order, std::vector<std::byte>& storage);

}  // namespace arraywire::images
