#include "producer/options.hpp"

#include <fmt/format.h>

#include <limits>
#include <string_view>

namespace arraywire::producer {
namespace {

using cli::CommandLine;
using cli::UsageError;

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

// What the table's "(60 for pattern, 0 for the others)" depends on: known only when everything was parsed.
struct Asked {
  std::optional<double> rate_hz{};
  std::optional<std::chrono::nanoseconds> block_limit{};
  std::optional<std::uint64_t> wait_for{};
};

void parse_source(const std::string& text, Options& options) {
  struct Kind {
    std::string_view prefix;
    SourceKind kind;
  };
  static constexpr Kind kKinds[] = {{"npy:", SourceKind::Npy}, {"raw:", SourceKind::Raw}, {"image:", SourceKind::Image}};
  options.path.clear();
  options.source = SourceKind::Pattern;
  if (text == "pattern") return;
  for (const Kind& known : kKinds) {
    if (!text.starts_with(known.prefix) || text.size() == known.prefix.size()) continue;
    options.source = known.kind;
    options.path = text.substr(known.prefix.size());
    return;
  }
  throw UsageError(fmt::format("'{}' is no source: pattern, npy:PATH, raw:PATH, raw:- or image:PATH", text));
}

Delivery parse_delivery(const std::string& text) {
  for (const Delivery known : {Delivery::FanOut, Delivery::Distribute}) {
    if (text == name(known)) return known;
  }
  throw UsageError(fmt::format("'{}' is neither fan-out nor distribute", text));
}

OnError parse_on_error(const std::string& text) {
  if (text == "stop") return OnError::Stop;
  if (text == "skip") return OnError::Skip;
  throw UsageError(fmt::format("'{}' is neither stop nor skip", text));
}

LaneChoice parse_lane(const std::string& text) {
  if (text == "auto") return LaneChoice::Automatic;
  if (text == "inline") return LaneChoice::Inline;
  throw UsageError(fmt::format("'{}' is neither auto nor inline", text));
}

void add_source_options(CommandLine& line, Options& options) {
  line.option("source", "SPEC",
              "pattern (moving HDR test picture), npy:PATH or a glob, raw:PATH, raw:- or image:PATH[,PATH...] or a glob",
              "pattern", [&](const std::string& text) { parse_source(text, options); });
  line.option("shape", "SHAPE", "Of pattern and raw frames, outermost first", "2160x3840x3",
              [&](const std::string& text) { options.spec.shape = cli::parse_shape(text); });
  line.option("dtype", "DTYPE", "Of pattern and raw frames, as NumPy spells it", "uint16",
              [&](const std::string& text) { options.spec.dtype = cli::parse_dtype(text); });
  line.flag("split", "npy: one message per index of the first axis", options.split);
  line.option("on-error", "WHAT", "image: at a file that cannot be read stop, ending the stream in order, or skip it", "stop",
              [&](const std::string& text) { options.on_error = parse_on_error(text); });
  line.flag("same-shape", "image: a file of another shape or dtype than the first is one that cannot be read",
            options.same_shape);
  line.flag("loop", "Start a finite source again when it ends", options.loop);
  line.option("count", "N", "Stop after N messages; 0 = until the source ends or for ever", "0",
              [&](const std::string& text) { options.count = cli::parse_count(text, 0, kMost); });
}

void add_pace_options(CommandLine& line, Options& options, Asked& asked) {
  line.option("rate", "HZ", "Frames per second; 0 = as fast as possible", "60 for pattern, 0 for the others",
              [&](const std::string& text) { asked.rate_hz = cli::parse_rate(text); });
  line.option("block-limit", "SECONDS",
              "How long a frame may wait for slow consumers of policy block; 0 = for nobody, inf = for ever",
              "0 for pattern with a rate, inf for the others",
              [&](const std::string& text) { asked.block_limit = cli::parse_seconds(text, cli::Infinity::Allowed); });
  line.option("wait-for", "N", "First wait for N consumers", "0 for pattern, 1 for the others", [&](const std::string& text) {
    asked.wait_for = cli::parse_count(text, 0, std::numeric_limits<std::uint32_t>::max());
  });
  line.option("linger", "SECONDS", "At the end wait so long until everything sent was taken; inf = for ever", "10",
              [&](const std::string& text) { options.linger = cli::parse_seconds(text, cli::Infinity::Allowed); });
}

void add_stream_options(CommandLine& line, Options& options) {
  line.option("stream", "NAME", "Name of the stream; local consumers find it by this", "default",
              [&](const std::string& text) { options.stream = cli::parse_stream_name(text); });
  line.repeatable("listen", "ENDPOINT", "Also serve consumers at tcp://HOST:PORT; repeatable; port 0 chooses one and prints it",
                  [&](const std::string& text) {
                    cli::check_listen_endpoint(text);
                    options.listen.push_back(text);
                  });
  line.accounts("Beside our own user and root serve", options.allow);
  line.flag("insecure", "Let --listen serve other machines, with neither keys nor encryption", options.insecure);
  line.option("history", "N", "Late joiners get the last N messages", "0", [&](const std::string& text) {
    options.history = static_cast<std::uint32_t>(cli::parse_count(text, 0, std::numeric_limits<std::uint32_t>::max()));
  });
  line.option("delivery", "HOW", "fan-out: every message to every consumer; distribute: each to one of them", "fan-out",
              [&](const std::string& text) { options.delivery = parse_delivery(text); });
  line.option("max-memory", "BYTES", "Limit on pool memory; suffixes K M G (10^3) and KiB MiB GiB (2^10)",
              "a quarter of RAM or of the cgroup's limit",
              [&](const std::string& text) { options.max_memory_bytes = cli::parse_bytes(text); });
  line.option("lane", "LANE", "auto, or inline to never offer shared memory", "auto",
              [&](const std::string& text) { options.lane = parse_lane(text); });
  line.flag("checksum", "Put a payload checksum in every header", options.checksum);
  line.option("json", "PATH", "Write the summary there as one line of JSON; - for stdout", "no summary file",
              [&](const std::string& text) { options.json = text; });
}

void apply_defaults(const Asked& asked, Options& options) {
  const bool pattern = options.source == SourceKind::Pattern;
  options.rate_hz = asked.rate_hz.value_or(pattern ? 60.0 : 0.0);
  const bool live = pattern && options.rate_hz > 0;
  options.block_limit = asked.block_limit.value_or(live ? std::chrono::nanoseconds{0} : kForever);
  options.wait_for = asked.wait_for.value_or(pattern ? 0 : 1);
}

// Options that mean nothing together. Those of the environment and of files may be there for other runs.
void check_combinations(const CommandLine& line, const Options& options) {
  const bool framed = options.source == SourceKind::Pattern || options.source == SourceKind::Raw;
  if (!framed) line.refuse("shape", "npy and image files have their own");
  if (!framed) line.refuse("dtype", "npy and image files have their own");
  if (options.source != SourceKind::Npy) line.refuse("split", "only npy sources can be split");
  if (options.source != SourceKind::Image) line.refuse("on-error", "only image sources can skip files");
  if (options.source != SourceKind::Image) line.refuse("same-shape", "only image files are compared");
  if (options.source == SourceKind::Pattern) line.refuse("loop", "the pattern never ends");
  if (options.source == SourceKind::Raw && options.path == "-") line.refuse("loop", "stdin cannot be read twice");
  if (options.delivery == Delivery::Distribute && options.history > 0) {
    throw UsageError("--history: distribute gives every message to one consumer and keeps none for later");
  }
  for (const std::string& endpoint : options.listen) {
    if (cli::check_listen_endpoint(endpoint) == cli::Reach::Loopback || options.insecure) continue;
    throw UsageError(
        fmt::format("--listen {}: other machines could read and disturb the stream; --insecure allows it", endpoint));
  }
  if (line.given("json") && options.json.empty()) throw UsageError("--json: it needs a path, or -");
}

}  // namespace

std::optional<Options> parse_options(int argc, const char* const* argv) {
  CommandLine line("arraywire-producer", "Publishes arrays: a test picture, .npy files, raw frames or images.");
  Options options;
  Asked asked;
  add_stream_options(line, options);
  add_source_options(line, options);
  add_pace_options(line, options, asked);
  if (line.parse(argc, argv) == CommandLine::Outcome::Done) return std::nullopt;
  // Sizes that no machine could count are the user's mistake, whatever the source will do with them.
  if (!extent_bytes(options.spec))
    throw UsageError(fmt::format("--shape: {} is more bytes than can be counted", to_string(options.spec)));
  apply_defaults(asked, options);
  check_combinations(line, options);
  options.log_level = line.log_level();
  return options;
}

}  // namespace arraywire::producer
