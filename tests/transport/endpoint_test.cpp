#include "transport/endpoint.hpp"

#include "arraywire/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace arraywire::transport {
namespace {

using ::testing::HasSubstr;

template <class Check> std::string complaint(Check check, const std::string& endpoint) {
  try {
    check(endpoint);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::InvalidArgument);
    return error.what();
  }
  return {};
}

TEST(Endpoint, WhatCanBeListenedOn) {
  for (const char* good :
       {"tcp://*:0", "tcp://*:5555", "tcp://0.0.0.0:0", "tcp://127.0.0.1:65535", "tcp://[::1]:80", "tcp://eth0:1"}) {
    EXPECT_EQ(complaint(check_listen_endpoint, good), "") << good;
  }
}

TEST(Endpoint, WhatCanBeConnectedTo) {
  for (const char* good :
       {"tcp://localhost:1", "tcp://10.0.0.1:65535", "tcp://[fe80::1]:80", "ipc:///run/a/data.sock", "ipc://relative"}) {
    EXPECT_EQ(complaint(check_connect_endpoint, good), "") << good;
  }
  EXPECT_EQ(complaint(check_connect_endpoint, "ipc://" + std::string(107, 'x')), "");
}

TEST(Endpoint, WhatCannotIsQuotedWithTheReason) {
  for (const char* bad :
       {"", "tcp", "tcp://", "tcp://host", "tcp://:1", "tcp://h:", "tcp://h:x", "tcp://h:1x", "tcp://h:-1", "tcp://h:65536",
        "tcp://h:99999999999999999999", "tcp://h h:1", "tcp://a/b:1", "tcp://a;b:1", "udp://h:1", "inproc://x", "TCP://h:1"}) {
    for (const auto check : {check_listen_endpoint, check_connect_endpoint}) {
      EXPECT_THAT(complaint(check, bad), HasSubstr("endpoint '" + std::string(bad) + "': ")) << bad;
    }
  }
  EXPECT_THAT(complaint(check_listen_endpoint, "ipc:///tmp/x"), HasSubstr("always there"));
  EXPECT_THAT(complaint(check_connect_endpoint, "tcp://h:0"), HasSubstr("port 0"));
  EXPECT_THAT(complaint(check_connect_endpoint, "tcp://*:1"), HasSubstr("* cannot be connected to"));
  EXPECT_THAT(complaint(check_connect_endpoint, "ipc://"), HasSubstr("107"));
  EXPECT_THAT(complaint(check_connect_endpoint, "ipc://" + std::string(108, 'x')), HasSubstr("107"));
}

TEST(Endpoint, AStreamNameIsNone) {
  EXPECT_FALSE(is_endpoint("camera-1"));
  EXPECT_FALSE(is_endpoint("tcp:/x"));
  EXPECT_TRUE(is_endpoint("tcp://x"));
  EXPECT_TRUE(is_endpoint("nonsense://x"));
}

}  // namespace
}  // namespace arraywire::transport
