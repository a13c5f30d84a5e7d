#include "faults/scene.hpp"

#include "faults/pattern.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace faults {

using namespace arraywire;

RuntimeDirectory::RuntimeDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "arraywire-faults-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp " + name);
  path_ = name;
}

RuntimeDirectory::~RuntimeDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<std::string> RuntimeDirectory::sockets() const {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path_)) {
    if (!entry.is_directory() && entry.path().filename() != "lock") found.push_back(entry.path().string());
  }
  return found;
}

std::vector<std::string> RuntimeDirectory::entries() const {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path_))
    found.push_back(std::filesystem::relative(entry.path(), path_).string());
  std::sort(found.begin(), found.end());
  return found;
}

std::size_t EventLog::count(EventKind kind) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::count_if(events_.begin(), events_.end(), [&](const Event& e) { return e.kind == kind; }));
}

std::string EventLog::text() const {
  const std::lock_guard lock(mutex_);
  std::string all;
  for (const Event& e : events_) all += std::string(name(e.kind)) + " " + e.peer + " " + e.detail + "\n";
  return all;
}

ContextOptions EventLog::options(const RuntimeDirectory& directory, int io_threads) {
  return {.runtime_directory = directory.path(), .io_threads = io_threads, .on_event = [this](const Event& event) {
            const std::lock_guard lock(mutex_);
            events_.push_back(event);
          }};
}

Published publish_frame(Publisher& publisher, std::size_t bytes, std::uint64_t frame_id) {
  auto loan = publisher.loan(bytes_spec(bytes), kWatchdog);
  if (!loan) throw std::runtime_error("no loan: " + std::string(describe(loan.error())));
  fill(loan->array().bytes(), frame_id);
  Metadata metadata;
  metadata.frame_id = frame_id;
  const auto published = publisher.publish(std::move(*loan), metadata);
  if (!published) throw std::runtime_error("not published: " + std::string(describe(published.error())));
  return *published;
}

bool intact(const Sample& sample) { return sample.info().frame_id && matches(sample.array().bytes(), *sample.info().frame_id); }

std::chrono::seconds long_run(std::chrono::seconds otherwise) {
  const char* set = std::getenv("ARRAYWIRE_LONG_RUN_SECONDS");
  return set == nullptr || *set == '\0' ? otherwise : std::chrono::seconds{std::atoll(set)};
}

std::size_t resident_bytes(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  std::size_t total = 0, resident = 0;
  if (!(file >> total >> resident)) throw std::runtime_error("no statm of process " + std::to_string(pid));
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::size_t private_bytes(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  std::size_t proportional = 0, shared_memory = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("Pss:")) proportional = std::stoull(line.substr(4));
    if (line.starts_with("Pss_Shmem:")) shared_memory = std::stoull(line.substr(10));
  }
  if (proportional == 0) throw std::runtime_error("no smaps_rollup of process " + std::to_string(pid));
  return (proportional - shared_memory) * 1024;
}

namespace {

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::size_t open_descriptors(int pid) { return names_in("/proc/" + std::to_string(pid) + "/fd").size(); }
std::size_t threads(int pid) { return names_in("/proc/" + std::to_string(pid) + "/task").size(); }
std::vector<std::string> shared_memory_files() { return names_in("/dev/shm"); }

std::size_t slot_mappings(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/maps");
  std::size_t count = 0;
  for (std::string line; std::getline(file, line);) count += line.find("arraywire-slot") != std::string::npos ? 1 : 0;
  return count;
}

PublisherOptions options_over(Way way, PublisherOptions options) {
  if (way == Way::Tcp) options.listen = {"tcp://127.0.0.1:0"};
  if (way == Way::Ipc) options.lane = LaneChoice::Inline;
  return options;
}

std::string source_of(Way way, const Publisher& publisher) {
  return way == Way::Tcp ? publisher.endpoints().back() : publisher.stream();
}

}  // namespace faults
