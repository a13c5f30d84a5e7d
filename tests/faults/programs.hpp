// fault_producer and fault_consumer as the tests start them.
#pragma once

#include "faults/child.hpp"
#include "faults/scene.hpp"

#include <string>
#include <vector>

namespace faults {

class ProducerProcess : public Child {
 public:
  ProducerProcess(const RuntimeDirectory& directory, const std::vector<std::string>& settings,
                  const std::string& stream = "faults")
      : Child(FAULT_PRODUCER, with(directory.path().string(), stream, settings)), endpoint_(answer().value("endpoint")) {}
  const std::string& endpoint() const noexcept { return endpoint_; }
  static std::vector<std::string> with(std::string first, const std::string& second, const std::vector<std::string>& rest) {
    std::vector<std::string> all{std::move(first), second};
    all.insert(all.end(), rest.begin(), rest.end());
    return all;
  }

 private:
  std::string endpoint_;
};

class ConsumerProcess : public Child {
 public:
  ConsumerProcess(const RuntimeDirectory& directory, const std::string& source, const std::vector<std::string>& settings)
      : Child(FAULT_CONSUMER, ProducerProcess::with(directory.path().string(), source, settings)) {
    answer();
  }
};

// A producer whose last endpoint is the wanted way's.
inline std::vector<std::string> over(Way way, std::vector<std::string> settings, const std::string& port = "0") {
  if (way == Way::Tcp) settings.push_back("listen=tcp://127.0.0.1:" + port);
  if (way == Way::Ipc) settings.emplace_back("lane=inline");
  return settings;
}
inline std::string port_of(const ProducerProcess& producer) {
  return producer.endpoint().substr(producer.endpoint().rfind(':') + 1);
}
inline std::string source_of(Way way, const ProducerProcess& producer) {
  return way == Way::Tcp ? producer.endpoint() : "faults";
}

}  // namespace faults
