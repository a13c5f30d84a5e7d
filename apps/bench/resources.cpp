#include "resources.hpp"

#include <cerrno>
#include <ctime>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>

namespace bench {

namespace {

double cpu_seconds_of(pid_t process) {
  clockid_t clock{};
  timespec time{};
  int error = ::clock_getcpuclockid(process, &clock);
  if (error == 0 && ::clock_gettime(clock, &time) != 0) error = errno;
  if (error != 0) {
    throw std::system_error(error, std::generic_category(), "read the clock of process " + std::to_string(process));
  }
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double memory_bytes_of(pid_t process) {
  constexpr double kBytesPerUnit = 1024;
  const std::string path = "/proc/" + std::to_string(process) + "/smaps_rollup";
  std::ifstream file(path);
  for (std::string word; file >> word;) {
    double kilobytes = 0;
    if (word == "Pss:" && file >> kilobytes) return kilobytes * kBytesPerUnit;
  }
  throw std::runtime_error("cannot read " + path);
}

}  // namespace

double cpu_seconds(std::span<const pid_t> processes) {
  double seconds = 0;
  for (const pid_t process : processes) seconds += cpu_seconds_of(process);
  return seconds;
}

double memory_bytes(std::span<const pid_t> processes) {
  double bytes = 0;
  for (const pid_t process : processes) bytes += memory_bytes_of(process);
  return bytes;
}

}  // namespace bench
