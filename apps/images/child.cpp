#include "images/child.hpp"

#include "cli/descriptor.hpp"
#include "cli/values.hpp"
#include "images/library.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARRAYWIRE_ADDRESS_SANITIZER 1
#endif
#endif

namespace arraywire::images {
namespace {

using cli::Descriptor;
using cli::Failure;

constexpr int kFine = 0, kThrew = 1;
constexpr std::size_t kMostText = std::size_t{64} << 10U;  // of what the child says

void limit_resources(const ChildLimits& limits) {
  // Soft and hard at once: the signal of the soft one is blocked.
  const rlimit time{.rlim_cur = limits.seconds, .rlim_max = limits.seconds};
  setrlimit(RLIMIT_CPU, &time);
  const Descriptor statm(open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  std::array<char, 32> text{};
  if (!statm || read(statm.get(), text.data(), text.size() - 1) <= 0) return;
  const rlim_t now = std::strtoull(text.data(), nullptr, 10) * static_cast<rlim_t>(sysconf(_SC_PAGESIZE));
  const rlimit space{.rlim_cur = now + limits.bytes, .rlim_max = now + limits.bytes};
  setrlimit(RLIMIT_AS, &space);
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  setrlimit(RLIMIT_CORE, &none);
}

#if defined(ARRAYWIRE_ADDRESS_SANITIZER)
// Unlike malloc's own, a lock of the sanitizer's allocator that another thread holds at a fork stays locked in the child for
// ever. A thread that sleeps holds none; OpenImageIO's libraries start threads when they are loaded, which are busy for a moment.
bool other_threads_sleep() {
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (task.path().filename() == std::to_string(gettid())) continue;
    std::ifstream file(task.path() / "stat");
    std::string stat;
    std::getline(file, stat);
    if (const auto name_end = stat.rfind(") "); name_end != std::string::npos && stat[name_end + 2] != 'S') return false;
  }
  return true;
}

void let_other_threads_sleep() {
  using namespace std::chrono_literals;
  for (int tries = 0; tries < 1000 && !other_threads_sleep(); ++tries) std::this_thread::sleep_for(1ms);
}
#else
void let_other_threads_sleep() {}
#endif

[[noreturn]] void be_the_child(const std::function<std::string()>& work, const ChildLimits& limits, int answer) noexcept {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  limit_resources(limits);
  if (const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC); nowhere >= 0) dup2(nowhere, STDERR_FILENO);
  int status = kFine;
  std::string text;
  try {
    text = work();
  } catch (const std::exception& error) {
    status = kThrew;
    text = error.what();
  }
  text.resize(std::min(text.size(), kMostText));  // fits a pipe: the write does not wait
  [[maybe_unused]] const auto written = write(answer, text.data(), text.size());
  _exit(status);
}

// What the child writes until it ends; false: stopped.
bool listen(int answer, int stop_descriptor, std::string& text) {
  while (true) {
    std::array<pollfd, 2> wanted = {
        {{.fd = answer, .events = POLLIN, .revents = 0}, {.fd = stop_descriptor, .events = POLLIN, .revents = 0}}};
    if (poll(wanted.data(), wanted.size(), -1) < 0) continue;  // EINTR: the signal makes the other one readable
    if (wanted[1].revents != 0) return false;
    std::array<char, 512> part{};
    const ssize_t got = read(answer, part.data(), part.size());
    if (got <= 0) return true;
    text.append(part.data(), static_cast<std::size_t>(got));
  }
}

[[noreturn]] void tell_of_the_end(int number, const rusage& used, const ChildLimits& limits) {
  const std::int64_t seconds = used.ru_utime.tv_sec + used.ru_stime.tv_sec + 1;  // the kernel does not wait for the last one
  if (number == SIGKILL && seconds >= static_cast<std::int64_t>(limits.seconds))
    throw Failure(fmt::format("it took more than {} s of processor time", limits.seconds));
  throw Failure(fmt::format("OpenImageIO crashed on it: {}", strsignal(number)));
}

}  // namespace

ChildLimits limits_for(std::uint64_t pixel_bytes) noexcept {
  constexpr std::uint64_t kGibibyte = std::uint64_t{1} << 30U;
  return {.bytes = 4 * kGibibyte + 3 * pixel_bytes, .seconds = 120 + 60 * pixel_bytes / kGibibyte};
}

std::optional<std::string> run_in_child(const std::function<std::string()>& work, int stop_descriptor,
                                        const ChildLimits& limits) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw Failure(fmt::format("no pipe: {}", cli::errno_text(errno)));
  const Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  pid_t child = -1;
  {
    let_other_threads_sleep();
    const SignalsBlocked blocked;  // the child stays so
    child = fork();
    if (child == 0) be_the_child(work, limits, writing.get());
  }
  if (child < 0) throw Failure(fmt::format("no process to work in: {}", cli::errno_text(errno)));
  writing.close();
  std::string text;
  const bool heard = listen(reading.get(), stop_descriptor, text);
  if (!heard) kill(child, SIGKILL);
  int status = 0;
  rusage used{};
  while (wait4(child, &status, 0, &used) < 0 && errno == EINTR) continue;
  if (!heard) return std::nullopt;
  if (WIFSIGNALED(status)) tell_of_the_end(WTERMSIG(status), used, limits);
  if (WEXITSTATUS(status) != kFine) throw Failure(text);
  return text;
}

}  // namespace arraywire::images
