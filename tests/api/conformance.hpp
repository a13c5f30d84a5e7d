// The conformance suite: what every transport promises. Its tests, in conformance_*_test.cpp, run unchanged over each of them.
#pragma once

#include "api/stream_pair.hpp"

#include <cstdint>
#include <vector>

namespace arraywire::testing {

class Conformance : public StreamPair, public ::testing::WithParamInterface<Transport> {
 public:
  Transport transport() const override { return GetParam(); }
};

// Takes until the stream ends; the values taken.
std::vector<std::uint64_t> take_all(Subscriber& subscriber);
std::vector<std::uint64_t> counted(std::uint64_t n);  // 1 to n

}  // namespace arraywire::testing
