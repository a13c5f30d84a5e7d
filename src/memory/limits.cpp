#include "memory/limits.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace arraywire::memory {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();
constexpr std::size_t kMachineReserveBytes = std::size_t{64} << 20;
constexpr std::size_t kGroupReserveBytes = std::size_t{16} << 20;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::size_t> to_number(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} ? std::optional(value) : std::nullopt;
}

// The number in a file that holds nothing else; none when it cannot be read or says "max".
std::optional<std::size_t> number_in(const fs::path& file) {
  std::ifstream in(file);
  std::string text;
  in >> text;
  return to_number(text);
}

// The number after `key` in a file of "key number" lines.
std::optional<std::size_t> number_of(const fs::path& file, std::string_view key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const std::size_t end = line.find_first_of(" \t");
    if (end == std::string::npos || std::string_view(line).substr(0, end) != key) continue;
    const std::size_t start = line.find_first_not_of(" \t", end);
    return start == std::string::npos ? std::nullopt : to_number(std::string_view(line).substr(start));
  }
  return std::nullopt;
}

std::size_t minus(std::size_t a, std::size_t b) { return a > b ? a - b : 0; }

// Narrows `bounds` by one group's limit and use. Page cache that nobody touched lately is given up for us, so it is no use.
void apply(MemoryBounds& bounds, std::size_t limit, std::size_t used, std::size_t reclaimable) {
  bounds.limit_bytes = std::min(bounds.limit_bytes, limit);
  const std::size_t reserve = std::min(kGroupReserveBytes, limit / 16);
  bounds.available_bytes = std::min(bounds.available_bytes, minus(limit, minus(used, reclaimable) + reserve));
}

// Above memory.high every allocation is throttled to a crawl: it bounds us just as memory.max does.
void apply_v2_group(const fs::path& group, MemoryBounds& bounds) {
  const std::size_t limit =
      std::min(number_in(group / "memory.max").value_or(kUnlimited), number_in(group / "memory.high").value_or(kUnlimited));
  if (limit == kUnlimited) return;
  apply(bounds, limit, number_in(group / "memory.current").value_or(0),
        number_of(group / "memory.stat", "inactive_file").value_or(0));
}

// hierarchical_memory_limit knows ancestors that a container does not see; their use is at least ours.
void apply_v1_group(const fs::path& group, MemoryBounds& bounds) {
  const auto limit = std::min(number_in(group / "memory.limit_in_bytes").value_or(kUnlimited),
                              number_of(group / "memory.stat", "hierarchical_memory_limit").value_or(kUnlimited));
  if (limit >= std::size_t{1} << 62) return;  // v1 says "unlimited" with a number
  apply(bounds, limit, number_in(group / "memory.usage_in_bytes").value_or(0),
        number_of(group / "memory.stat", "total_inactive_file").value_or(0));
}

struct Hierarchy {
  fs::path mount{};     // where it can be read
  std::string top{};    // the group that lies there
  std::string group{};  // ours
};

bool lists(std::string_view comma_separated, std::string_view word) {
  const auto words = split(comma_separated, ',');
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Our group's path, from lines "id:controllers:path"; v2 is "0::path".
std::optional<std::string> own_group(const fs::path& root, bool v2) {
  std::ifstream in(root / "proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string_view controllers = std::string_view(line).substr(first + 1, second - first - 1);
    if (v2 ? line.starts_with("0::") : lists(controllers, "memory")) return line.substr(second + 1);
  }
  return std::nullopt;
}

// Lines of mountinfo: id parent device root mount-point options optional... - type source super-options
std::optional<Hierarchy> find_hierarchy(const fs::path& root, bool v2) {
  const auto group = own_group(root, v2);
  if (!group) return std::nullopt;
  std::ifstream in(root / "proc/self/mountinfo");
  for (std::string line; std::getline(in, line);) {
    const auto fields = split(line, ' ');
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (fields.size() < 5 || fields.end() - dash < 4) continue;
    if (v2 ? dash[1] != "cgroup2" : dash[1] != "cgroup" || !lists(dash[3], "memory")) continue;
    return Hierarchy{.mount = root / fs::path(fields[4]).relative_path(), .top = std::string(fields[3]), .group = *group};
  }
  return std::nullopt;
}

// Calls `visit` for our group and each above it, as far up as can be seen.
template <class Visit> void walk_up(const Hierarchy& hierarchy, Visit visit) {
  fs::path below = fs::path(hierarchy.group).lexically_relative(hierarchy.top);
  if (below.empty() || *below.begin() == "..") below = ".";  // another namespace's name for it: only the top can be seen
  for (below = below.lexically_normal(); below != "." && !below.empty(); below = below.parent_path()) {
    visit(hierarchy.mount / below);
  }
  visit(hierarchy.mount);
}

MemoryBounds machine_bounds(const fs::path& root) {
  const fs::path meminfo = root / "proc/meminfo";
  const auto total_kib = number_of(meminfo, "MemTotal:");
  const auto available_kib = number_of(meminfo, "MemAvailable:");
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t total = total_kib ? *total_kib * 1024 : static_cast<std::size_t>(::sysconf(_SC_PHYS_PAGES)) * page;
  const std::size_t available =
      available_kib ? *available_kib * 1024 : static_cast<std::size_t>(::sysconf(_SC_AVPHYS_PAGES)) * page;
  return {.limit_bytes = total, .available_bytes = minus(available, std::min(kMachineReserveBytes, total / 32))};
}

}  // namespace

MemoryBounds memory_bounds(const fs::path& root) {
  MemoryBounds bounds = machine_bounds(root);
  if (const auto v2 = find_hierarchy(root, true)) walk_up(*v2, [&](const fs::path& group) { apply_v2_group(group, bounds); });
  if (const auto v1 = find_hierarchy(root, false)) walk_up(*v1, [&](const fs::path& group) { apply_v1_group(group, bounds); });
  return bounds;
}

std::size_t default_limit_bytes() { return memory_bounds("/").limit_bytes / 4; }
std::size_t available_bytes() { return memory_bounds("/").available_bytes; }

}  // namespace arraywire::memory
