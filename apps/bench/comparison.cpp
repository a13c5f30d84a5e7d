#include "comparison.hpp"

#include "percentiles.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

namespace bench {

namespace {

struct Quartiles {
  double lower = 0, median = 0, upper = 0;
};

double quantile(const std::vector<double>& sorted, double at) {
  const double position = at * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], position - static_cast<double>(below));
}

Quartiles quartiles(std::vector<double> values) {
  std::ranges::sort(values);
  return {quantile(values, 0.25), quantile(values, 0.5), quantile(values, 0.75)};
}

std::string letter(std::size_t entry) {
  constexpr std::size_t kLetters = 26;
  return entry < kLetters ? std::string(1, static_cast<char>('A' + entry)) : "#" + std::to_string(entry + 1);
}

void print_row(const std::string& label, const std::string& name, const std::vector<double>& values, const std::string& unit) {
  const Quartiles of = quartiles(values);
  std::printf("%-6s%-32s median %10.3f %s, quartiles %.3f to %.3f\n", label.c_str(), name.c_str(), of.median, unit.c_str(),
              of.lower, of.upper);
}

// Those of any entry, each once.
std::set<std::string> counter_names(const Comparison& comparison) {
  std::set<std::string> names;
  for (const auto& entry : comparison.entries) {
    for (const auto& [name, values] : entry.counters) names.insert(name);
  }
  return names;
}

void print_counter(const Comparison& comparison, const std::string& counter) {
  for (std::size_t i = 0; i < comparison.entries.size(); ++i) {
    const auto& entry = comparison.entries[i];
    const auto values = entry.counters.find(counter);
    if (values != entry.counters.end()) print_row(letter(i), entry.name, values->second, counter);
  }
  for (std::size_t i = 1; i < comparison.entries.size(); ++i) {
    const auto& entry = comparison.entries[i];
    const auto ratios = entry.ratios.find(counter);
    if (ratios != entry.ratios.end()) print_row("A/" + letter(i), "", ratios->second, "of " + counter);
  }
}

void print_latencies(const std::string& label, const Comparison::Entry& entry) {
  for (const auto& [prefix, times] : entry.latencies) {
    std::printf("%-6s%-32s all rounds' %ju %stimes", label.c_str(), entry.name.c_str(), std::uintmax_t{times.count()},
                prefix.c_str());
    for (const auto& [name, value] : percentiles(times)) std::printf(", %s %.3f", name.c_str(), value);
    std::printf("\n");
  }
}

using Json = nlohmann::ordered_json;

Json as_json(const std::vector<double>& values) {
  const Quartiles of = quartiles(values);
  return {{"median", of.median}, {"quartiles", {of.lower, of.upper}}, {"values", values}};
}

Json as_json(const std::map<std::string, std::vector<double>>& counters) {
  Json all = Json::object();
  for (const auto& [name, values] : counters) all[name] = as_json(values);
  return all;
}

Json as_json(const Latencies& latencies) {
  Json all = Json::object();
  for (const auto& [prefix, times] : latencies) {
    all[prefix] = {{"samples", times.count()}};
    for (const auto& [name, value] : percentiles(times)) all[prefix][name] = value;
  }
  return all;
}

Json as_json(const Comparison& comparison) {
  Json benchmarks = Json::array();
  for (const auto& entry : comparison.entries) {
    benchmarks.push_back({{"name", entry.name}, {"counters", as_json(entry.counters)}, {"latencies", as_json(entry.latencies)}});
    if (&entry != &comparison.entries.front()) benchmarks.back()["ratios"] = as_json(entry.ratios);
  }
  Json absent = Json::array();
  for (const auto& missing : comparison.absent) absent.push_back({{"name", missing.name}, {"why", missing.why}});
  Json host = {{"line_ns", Json::array()}, {"steps_per_ns", Json::array()}};
  for (const HostState& state : comparison.host) {
    host["line_ns"].push_back(state.line_ns);
    host["steps_per_ns"].push_back(state.steps_per_ns);
  }
  Json all = {{"frame_bytes", comparison.frame_bytes},
              {"pairs", comparison.rounds},
              {"order", comparison.orders},
              {"host", host},
              {"benchmarks", benchmarks},
              {"absent", absent}};
  if (comparison.entries.size() == 2) {  // in short
    all["a"] = comparison.entries[0].name;
    all["b"] = comparison.entries[1].name;
    all["ratio"] = as_json(comparison.entries[1].ratios.at(kRate));
  }
  return all;
}

}  // namespace

void Comparison::add_round(std::span<const Measured> measured, const std::vector<std::size_t>& order,
                           const HostState& host_of_round) {
  ++rounds;
  orders.push_back(order);
  host.push_back(host_of_round);
  const Counters& first = measured.front().counters;
  for (std::size_t i = 0; i < measured.size(); ++i) {
    for (const auto& [name, value] : measured[i].counters) {
      entries[i].counters[name].push_back(value);
      const auto of_first = first.find(name);
      if (i > 0 && of_first != first.end()) entries[i].ratios[name].push_back(of_first->second / value);
    }
    for (const auto& [prefix, times] : measured[i].latencies) merge(entries[i].latencies[prefix], times);
  }
}

void print(const Comparison& comparison) {
  const char* const what = comparison.entries.size() == 2 ? "pairs" : "rounds";
  std::printf("%zu bytes per frame, %zu interleaved %s\n", comparison.frame_bytes, comparison.rounds, what);
  for (const auto& missing : comparison.absent) std::printf("left out: %s\n", missing.why.c_str());
  print_counter(comparison, kRate);
  for (const std::string& counter : counter_names(comparison)) {
    if (counter != kRate) print_counter(comparison, counter);
  }
  for (std::size_t i = 0; i < comparison.entries.size(); ++i) print_latencies(letter(i), comparison.entries[i]);
  std::fflush(stdout);
}

void write_json(const Comparison& comparison, const std::string& path) {
  if (path == "-") {
    std::cout << as_json(comparison) << std::endl;
    return;
  }
  std::ofstream file(path);
  file << as_json(comparison) << '\n';
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path);
}

}  // namespace bench
