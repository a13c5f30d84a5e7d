#include "consumer/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string_view>

namespace arraywire::consumer {
namespace {

using cli::CommandLine;
using cli::UsageError;

constexpr std::uint64_t kMostQueued = 1000;

WhenFull parse_when_full(const std::string& text) {
  if (text == "auto") return WhenFull::Automatic;
  for (const WhenFull known : {WhenFull::Block, WhenFull::DropNewest, WhenFull::Latest}) {
    if (text == name(known)) return known;
  }
  throw UsageError(fmt::format("'{}' is none of auto, block, drop-newest, latest", text));
}

LaneChoice parse_lane(const std::string& text) {
  if (text == "auto") return LaneChoice::Automatic;
  for (const LaneChoice known : {LaneChoice::SharedMemory, LaneChoice::Inline}) {
    if (text == name(known)) return known;
  }
  throw UsageError(fmt::format("'{}' is none of auto, shared-memory, inline", text));
}

void parse_sink(const std::string& text, Options& options) {
  struct Kind {
    std::string_view prefix;
    SinkKind kind;
  };
  static constexpr Kind kKinds[] = {
      {"npy:", SinkKind::Npy}, {"raw:", SinkKind::Raw}, {"image:", SinkKind::Image}, {"preview:", SinkKind::Preview}};
  options.path.clear();
  if (text == "null" || text == "read") {
    options.sink = text == "null" ? SinkKind::Null : SinkKind::Read;
    return;
  }
  for (const Kind& known : kKinds) {
    if (!text.starts_with(known.prefix) || text.size() == known.prefix.size()) continue;
    options.sink = known.kind;
    options.path = text.substr(known.prefix.size());
    if (known.kind == SinkKind::Preview && !options.path.ends_with(".png")) throw UsageError("--sink preview: only writes .png");
    return;
  }
  throw UsageError(fmt::format("'{}' is no sink: null, read, npy:DIR, raw:PATH, raw:-, image:PATTERN or preview:PATH.png", text));
}

std::uint32_t parse_queue(const std::string& text) { return static_cast<std::uint32_t>(cli::parse_count(text, 1, kMostQueued)); }

void add_stream_options(CommandLine& line, Options& options, std::string& endpoint) {
  line.option("stream", "NAME", "A stream of this machine, by name", "default",
              [&](const std::string& text) { options.source = cli::parse_stream_name(text); });
  line.option("connect", "ENDPOINT", "Instead of a name: tcp://HOST:PORT or ipc://PATH", "none", [&](const std::string& text) {
    cli::check_connect_endpoint(text);
    endpoint = text;
  });
  line.accounts("Beside our own and root's also take (and --list) streams of", options.trust);
  line.flag("list", "Print the streams of this machine, and nothing else", options.list);
  line.option("name", "NAME", "What the producer calls us", "the program's name",
              [&](const std::string& text) { options.name = text; });
  line.option("queue", "N", "Messages that may wait", "4", [&](const std::string& text) { options.queue = parse_queue(text); });
  line.option("hold", "N", "Samples that may be unreleased", "4",
              [&](const std::string& text) { options.hold = parse_queue(text); });
  line.option("when-full", "POLICY", "auto (block where the producer waits, else drop-newest), block, drop-newest or latest",
              "auto", [&](const std::string& text) { options.when_full = parse_when_full(text); });
  line.flag("follow", "After the end of the stream wait for its next producer", options.follow);
  line.option("lane", "LANE", "auto, inline, or shared-memory to fail where it cannot be had", "auto",
              [&](const std::string& text) { options.lane = parse_lane(text); });
}

void add_work_options(CommandLine& line, Options& options) {
  line.option("sink", "SINK",
              "null (headers only), read (every byte), npy:DIR (one file per message, numbered from 0 by each consumer), "
              "raw:PATH or raw:- (payload bytes), image:PATTERN "
              "(likewise, out_%06d.exr), preview:PATH.png (a picture of the newest)",
              "read", [&](const std::string& text) { parse_sink(text, options); });
  line.flag("verify", "Recompute checksums; a mismatch counts as corrupt", options.verify);
  line.option("work", "MS", "Pretend to need this long per message", "0",
              [&](const std::string& text) { options.work = cli::parse_milliseconds(text); });
  line.option("count", "N", "Stop after N messages; 0 = never", "0", [&](const std::string& text) {
    options.count = cli::parse_count(text, 0, std::numeric_limits<std::uint64_t>::max());
  });
  line.option("timeout", "SECONDS", "Give up when nothing arrives for so long; 0 = never", "0",
              [&](const std::string& text) { options.timeout = cli::parse_seconds(text, cli::Infinity::Refused); });
  line.option("json", "PATH", "Write the summary there as one line of JSON; - for stdout", "no summary file",
              [&](const std::string& text) { options.json = text; });
}

// Options that mean nothing together. Those of the environment and of files may be there for other runs.
void check_combinations(const CommandLine& line, const Options& options) {
  if (line.on_command_line("connect")) line.refuse("stream", "--connect already says where the stream is");
  if (options.sink == SinkKind::Raw && options.path == "-" && options.json == "-") {
    throw UsageError("--json -: stdout already carries the payload of --sink raw:-");
  }
  if (line.given("json") && options.json.empty()) throw UsageError("--json: it needs a path, or -");
  if (!options.list) return;
  for (const char* other : {"stream", "connect", "name", "queue", "hold", "when-full", "follow", "lane", "sink", "verify", "work",
                            "count", "timeout", "json"}) {
    line.refuse(other, "means nothing together with --list");
  }
}

}  // namespace

std::optional<Options> parse_options(int argc, const char* const* argv) {
  CommandLine line("arraywire-consumer", "Takes the messages of a stream and reads, stores or passes them on.");
  Options options;
  std::string endpoint;
  add_stream_options(line, options, endpoint);
  add_work_options(line, options);
  if (line.parse(argc, argv) == CommandLine::Outcome::Done) return std::nullopt;
  check_combinations(line, options);
  // A name on the command line goes before an endpoint from the environment.
  if (!endpoint.empty() && !line.on_command_line("stream")) options.source = endpoint;
  // A preview keeps the newest sample and the one that it draws, beside the one just taken.
  if (options.sink == SinkKind::Preview) options.hold = std::max<std::uint32_t>(options.hold, 3);
  options.log_level = line.log_level();
  return options;
}

}  // namespace arraywire::consumer
