// A process of its own that does as it is told, line by line, so that signals hit it at a known point.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace faults {

// A line of "word key=value key=value ...".
struct Reply {
  std::string text{};
  std::string word() const { return text.substr(0, text.find(' ')); }
  std::string value(std::string_view key) const;  // throws std::runtime_error when it is not there
  std::uint64_t number(std::string_view key) const;
};

// Ownership: killed and reaped when it goes. Every wait is under the watchdog and throws std::runtime_error when that ends it.
class Child {
 public:
  Child(const std::string& program, const std::vector<std::string>& arguments);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const noexcept { return pid_; }
  void tell(const std::string& command);
  Reply answer();
  bool has_answer() const;  // answer() would not wait for its beginning
  Reply ask(const std::string& command) {
    tell(command);
    return answer();
  }
  // What it says as long as that begins with `word`, and the first thing that does not; or all, if it is gone first.
  std::vector<Reply> answers_of(std::string_view word);
  void kill();  // SIGKILL, and it is gone when this returns
  void stop();  // SIGSTOP, and it stands still when this returns
  void resume();
  int wait_exit();  // for its own end: the exit status

 private:
  bool reap(int options, int& status);

  pid_t pid_ = -1;
  int to_ = -1, from_ = -1;
  std::string received_{};
};

}  // namespace faults
