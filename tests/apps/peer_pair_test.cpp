// What is made of the lines of peers: PeerPair, with peers that only say them.
#include "peer_pair.hpp"

#include <gtest/gtest.h>

namespace bench {
namespace {

// Its first frame is had after 1 s, the first kBuffers of each order after 2, the last kBuffers are left after 5, and all is had
// after 30.
constexpr char kPeer[] = R"(
echo ready
while read -r order argument; do
  case $order in
    connect) echo "connected $$" ;;
    run) echo done 1000000000 2000000000 5000000000 30000000000 ;;
    report) echo report frames=7 ;;
  esac
done
)";

PeerProgram only_saying() { return {.command = {"/bin/sh", "-c", kPeer}}; }

TEST(PeerPair, ARunTakesAsLongAsIfAllFramesTookWhatThoseOfTheSteadyPartTook) {
  PeerPair pair("said", only_saying(), "/nowhere", 2);
  pair.start(1000);
  EXPECT_DOUBLE_EQ(pair.run(kUnsteadyFrames + 6), 3.0 * (kUnsteadyFrames + 6) / 6);
  EXPECT_DOUBLE_EQ(pair.run_from_first(10), 29.0);
  EXPECT_EQ(pair.counters().at("frames"), 7);
  pair.stop();
}

}  // namespace
}  // namespace bench
