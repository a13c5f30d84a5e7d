// What a service manager that started this program is told: sd_notify(3)'s protocol, which is a datagram to $NOTIFY_SOCKET.
#pragma once

#include <string>

namespace arraywire::cli {

// Tells that the program does what it was started for, and that it is stopping: in the constructor and the destructor. Nothing
// where nobody asked to be told, or where it cannot be said: a program is not to fail for that.
class ReadyNotice {
 public:
  // `status`: one line for a person, as `systemctl status` shows it.
  explicit ReadyNotice(const std::string& status);
  ~ReadyNotice();
  ReadyNotice(const ReadyNotice&) = delete;
  ReadyNotice& operator=(const ReadyNotice&) = delete;
};

}  // namespace arraywire::cli
