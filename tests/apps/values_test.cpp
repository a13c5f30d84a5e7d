#include "cli/values.hpp"

#include "arraywire/context.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace arraywire::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

template <class Parse> void expect_refused(Parse parse, std::initializer_list<const char*> texts) {
  for (const char* text : texts) {
    try {
      parse(text);
      ADD_FAILURE() << "accepted '" << text << "'";
    } catch (const UsageError& error) {
      EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    }
  }
}

TEST(Values, ShapesAreOutermostFirst) {
  EXPECT_EQ(parse_shape("2160x3840x3"), (Extents{2160, 3840, 3}));
  EXPECT_EQ(parse_shape("7"), (Extents{7}));
  EXPECT_EQ(parse_shape("1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x2").size(), kMaxRank);
}

TEST(Values, ShapesThatAreNoneAreRefusedByName) {
  expect_refused(parse_shape, {"", "0x0", "3x", "x3", "3xx3", "-1x4", "+3", "3X4", "3 x 4", "1e3", "2160*3840",
                               "99999999999999999999", "1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1"});
}

TEST(Values, SizesTakeDecimalAndBinarySuffixes) {
  EXPECT_EQ(parse_bytes("1500"), 1500u);
  EXPECT_EQ(parse_bytes("64K"), 64'000u);
  EXPECT_EQ(parse_bytes("64KiB"), 65'536u);
  EXPECT_EQ(parse_bytes("3M"), 3'000'000u);
  EXPECT_EQ(parse_bytes("2G"), 2'000'000'000u);
  EXPECT_EQ(parse_bytes("2GB"), 2'000'000'000u);
  EXPECT_EQ(parse_bytes("2Gi"), std::size_t{2} << 30);
  EXPECT_EQ(parse_bytes("1TiB"), std::size_t{1} << 40);
  expect_refused(parse_bytes, {"", "0", "-1", "G", "1.5G", "2g", "2GG", "2KBi", "2iB", "10000000000G", "18446744073709551616"});
}

TEST(Values, SecondsMayBeFractionsAndForEverWhereThatMeansSomething) {
  EXPECT_EQ(parse_seconds("0", Infinity::Refused), seconds{0});
  EXPECT_EQ(parse_seconds("0.25", Infinity::Refused), milliseconds{250});
  EXPECT_EQ(parse_seconds("1e3", Infinity::Refused), seconds{1000});
  EXPECT_EQ(parse_seconds("inf", Infinity::Allowed), kForever);
  EXPECT_EQ(parse_milliseconds("1.5"), std::chrono::microseconds{1500});
  const auto strict = [](const char* text) { return parse_seconds(text, Infinity::Refused); };
  const auto lenient = [](const char* text) { return parse_seconds(text, Infinity::Allowed); };
  expect_refused(strict, {"", "inf", "nan", "-1", "-0.0", "1s", "0x10", "1e30", "1,5"});
  expect_refused(lenient, {"", "infinity", "-inf", "nan", "-1", "1e300", "1e999"});
}

TEST(Values, RatesAreFiniteAndNotNegative) {
  EXPECT_EQ(parse_rate("0"), 0);
  EXPECT_EQ(parse_rate("59.94"), 59.94);
  expect_refused(parse_rate, {"", "nan", "inf", "-60", "60Hz", "1e10", "1e-300"});
}

TEST(Values, CountsSayTheirBounds) {
  EXPECT_EQ(parse_count("18446744073709551615", 0, std::numeric_limits<std::uint64_t>::max()),
            std::numeric_limits<std::uint64_t>::max());
  const auto queue = [](const char* text) { return parse_count(text, 1, 1000); };
  EXPECT_EQ(queue("1000"), 1000u);
  expect_refused(queue, {"", "0", "1001", "-1", "4.0", "four"});
}

TEST(Values, StreamNamesAreFileNames) {
  EXPECT_EQ(parse_stream_name("cam-0.left_eye"), "cam-0.left_eye");
  EXPECT_EQ(parse_stream_name(std::string(64, 'a')).size(), 64u);
  expect_refused(parse_stream_name, {"", ".", "..", "-a", "a/b", "a b", "../a", "\xc3\xa9",
                                     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"});
}

TEST(Values, OnlyLoopbackIsLoopback) {
  EXPECT_EQ(check_listen_endpoint("tcp://127.0.0.1:0"), Reach::Loopback);
  EXPECT_EQ(check_listen_endpoint("tcp://127.8.9.1:5000"), Reach::Loopback);
  EXPECT_EQ(check_listen_endpoint("tcp://localhost:5000"), Reach::Loopback);
  EXPECT_EQ(check_listen_endpoint("tcp://[::1]:5000"), Reach::Loopback);
  EXPECT_EQ(check_listen_endpoint("tcp://0.0.0.0:5000"), Reach::Network);
  EXPECT_EQ(check_listen_endpoint("tcp://*:5000"), Reach::Network);
  EXPECT_EQ(check_listen_endpoint("tcp://127.example.org:5000"), Reach::Network);
  EXPECT_EQ(check_listen_endpoint("tcp://127.0.0.1.example.org:5000"), Reach::Network);
  EXPECT_EQ(check_listen_endpoint("tcp://[::]:5000"), Reach::Network);
}

TEST(Values, EndpointsAreCheckedBeforeAnybodyConnects) {
  EXPECT_NO_THROW(check_connect_endpoint("tcp://render-7.example.org:5000"));
  EXPECT_NO_THROW(check_connect_endpoint("ipc:///run/arraywire/cam/data.sock"));
  expect_refused([](const char* text) { check_connect_endpoint(text); },
                 {"", "cam", "tcp://", "tcp://host", "tcp://host:", "tcp://:5000", "tcp://host:0", "tcp://host:65536",
                  "tcp://host:-1", "tcp://a/b:5000", "tcp://::1:5000", "udp://host:5000", "ipc://", "TCP://host:5000"});
  expect_refused([](const char* text) { check_listen_endpoint(text); },
                 {"ipc:///tmp/x", "tcp://127.0.0.1", "tcp://127.0.0.1:x", "127.0.0.1:5"});
}

TEST(Values, DtypesAreSpelledAsNumpyDoes) {
  EXPECT_EQ(parse_dtype("uint16"), DType::UInt16);
  EXPECT_EQ(parse_dtype("complex128"), DType::Complex128);
  expect_refused(parse_dtype, {"", "u2", "float", "UINT16", "uint128"});
}

}  // namespace
}  // namespace arraywire::cli
