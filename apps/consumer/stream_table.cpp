#include "consumer/stream_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace arraywire::consumer {

std::string stream_table(const std::vector<StreamInfo>& streams) {
  if (streams.empty()) return "no streams\n";
  constexpr std::string_view kName = "NAME";
  constexpr std::string_view kUser = "USER";
  std::size_t name_width = kName.size();
  std::size_t user_width = kUser.size();
  for (const StreamInfo& stream : streams) {
    name_width = std::max(name_width, stream.name.size());
    user_width = std::max(user_width, stream.user.size());
  }
  std::string table =
      fmt::format("{:{}}  {:>7}  {:{}}  {:>9}  ENDPOINTS\n", kName, name_width, "PID", kUser, user_width, "CONSUMERS");
  for (const StreamInfo& stream : streams) {
    table += fmt::format("{:{}}  {:>7}  {:{}}  {:>9}  {}\n", stream.name, name_width, stream.pid, stream.user, user_width,
                         stream.consumers, fmt::join(stream.endpoints, " "));
  }
  return table;
}

std::string stream_names(const std::vector<StreamInfo>& streams) {
  std::string names;
  for (const StreamInfo& stream : streams)
    names += fmt::format("{}{} (pid {})", names.empty() ? "" : ", ", stream.name, stream.pid);
  return names.empty() ? "none" : names;
}

}  // namespace arraywire::consumer
