// Lives of a delivery book beside its model: two bytes for the stream, two for each of its consumers, two for each step.
#include "transport/book_model.hpp"

#include <cstdint>
#include <span>

using namespace arraywire;
using namespace arraywire::transport;
using namespace arraywire::transport::testing;

namespace {

constexpr std::size_t kMostSteps = 400;
constexpr std::uint8_t kKinds = 10;

class Input {
 public:
  explicit Input(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  std::uint8_t next() {
    if (bytes_.empty()) return 0;
    const std::uint8_t byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte;
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

BookSetup setup(Input& input) {
  const std::uint8_t stream = input.next(), seats = input.next();
  BookSetup s{.delivery = stream % 2 == 0 ? Delivery::FanOut : Delivery::Distribute};
  if (s.delivery == Delivery::FanOut) s.history = stream / 2 % 8;
  for (int i = 0; i <= seats % 5; ++i) {
    const std::uint8_t policy = input.next(), grant = input.next();
    constexpr WhenFull kPolicies[] = {WhenFull::Block, WhenFull::DropNewest, WhenFull::Latest};
    s.seats.push_back({.grant = {1U + grant % 8, 1U + grant / 8 % 8},
                       .when_full = s.delivery == Delivery::Distribute ? WhenFull::Block : kPolicies[policy % 3],
                       .lane = policy / 3 % 2 == 0 ? Lane::Inline : Lane::SharedMemory});
  }
  return s;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input({data, size});
  const BookSetup s = setup(input);
  CheckedBook book(s);
  for (std::size_t i = 0; i < kMostSteps && !input.empty(); ++i) {
    const std::uint8_t what = input.next();
    const Step step{static_cast<Step::Kind>(what % kKinds), static_cast<std::uint8_t>(what / kKinds % s.seats.size()),
                    input.next()};
    if (!book.can(step)) continue;
    book.apply(step);
    book.check();  // throws: libFuzzer reports it
  }
  book.finish();
  return 0;
}
