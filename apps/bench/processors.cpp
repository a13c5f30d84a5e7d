#include "processors.hpp"

#include <sched.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <system_error>

namespace bench {

namespace {

// Equal for those of one core. Source: Documentation/admin-guide/cputopology.rst of the kernel.
std::string core_of(int processor) {
  const std::string number = std::to_string(processor);
  std::ifstream file("/sys/devices/system/cpu/cpu" + number + "/topology/thread_siblings_list");
  std::string siblings;
  return std::getline(file, siblings) ? siblings : number;
}

}  // namespace

std::vector<Processors> cores() {
  std::vector<Processors> all;
  cpu_set_t usable{};
  if (::sched_getaffinity(0, sizeof usable, &usable) != 0) return all;  // more of them than CPU_SETSIZE
  std::map<std::string, std::size_t> places;
  for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
    if (!CPU_ISSET(processor, &usable)) continue;
    const auto [place, is_new] = places.emplace(core_of(processor), all.size());
    if (is_new) all.emplace_back();
    all[place->second].push_back(processor);
  }
  return all;
}

Share share_of(std::size_t turn) {
  const auto all = cores();
  if (all.size() < 2) return {};
  Share share;
  for (std::size_t core = 0; core < all.size(); ++core) {
    Processors& part = core == turn % all.size() ? share.own : share.others;
    part.insert(part.end(), all[core].begin(), all[core].end());
  }
  return share;
}

std::vector<pid_t> threads_of(pid_t process) {
  std::vector<pid_t> threads;
  std::error_code gone;
  std::filesystem::directory_iterator at("/proc/" + std::to_string(process) + "/task", gone);
  for (; !gone && at != std::filesystem::directory_iterator(); at.increment(gone)) {
    threads.push_back(std::stoi(at->path().filename().string()));
  }
  return threads;
}

void keep_to(const Processors& processors, pid_t thread) noexcept {
  if (processors.empty()) return;
  cpu_set_t set{};
  for (const int processor : processors) CPU_SET(processor, &set);
  static_cast<void>(::sched_setaffinity(thread, sizeof set, &set));
}

}  // namespace bench
