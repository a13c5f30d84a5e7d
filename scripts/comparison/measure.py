"""Runs arraywire-bench, part by part."""

import json
import os
import re
import subprocess
import sys
import time

from . import machine, memory
from .plan import BY_NAME, INLINE, SHARED, TABLES, receivers_of

STARTS = 3  # of every part, minutes apart, each with its share of the rounds: what differs from start to start shows
STOPPED = "it was stopped before"
ALWAYS = (SHARED, INLINE)  # in every group, besides the floors
FAILED = re.compile(r"arraywire-bench: (?P<name>\S+) (?:producer|consumer): (?P<why>.*)")


class Failed(Exception):
    """What there is nothing to compare without; what was measured before counts."""


def rounded(value):
    return float(f"{value:.5g}")


def row_of(benchmark):
    latencies = {prefix: {what: rounded(value) for what, value in of.items()} for prefix, of in benchmark["latencies"].items()}
    counters = {counter: [rounded(value) for value in of["values"]] for counter, of in benchmark["counters"].items()}
    return {"counters": counters} | ({"latencies": latencies} if latencies else {})


def group_of(found, transport_of):
    """What is kept of an answer. Its ratios are not: there are others (results.py). The order's numbers are places in `rows`."""
    return {"rounds": found["pairs"], "order": found["order"],
            "host": {what: [rounded(value) for value in values] for what, values in found["host"].items()},
            "rows": {transport_of[benchmark["name"]]: row_of(benchmark) for benchmark in found["benchmarks"]}}


def known_benchmarks(bench):
    listed = subprocess.run([bench, "--benchmark_list_tests"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return {re.sub(r"/\d+(/iterations:\d+)?(/manual_time)?$", "", line) for line in listed.splitlines()}


def why_unknown(transport):
    if transport.package and not machine.output("dpkg-query", "-W", transport.package):
        return f"not built: {transport.package} is missing"
    return "arraywire-bench does not have it"


def grouped(costs, always, room):
    """All at once; or, where they do not fit, those that share memory and those that go through sockets, each with the shared-memory
    lane and what of `always` is of their kind, in as many groups as it takes."""
    groups = memory.grouped(costs, always, room)
    if len(groups) == 1:
        return groups
    kinds = [{name: costs[name] for name in costs if name == SHARED or BY_NAME[name].socket == kind} for kind in (False, True)]
    return [group for kind in kinds for group in memory.grouped(kind, always, room)]


class Bench:
    """The program, and how it is asked."""

    def __init__(self, program, options, stop):
        self.program, self.options, self.stop = program, options, stop
        self.known = known_benchmarks(program)

    def command(self, benchmarks, frame_bytes, rounds):
        return [str(self.program), "--compare", ",".join(benchmarks), "--size", str(frame_bytes), "--pairs", str(rounds),
                "--batch-seconds", str(self.options["batch_seconds"]), "--json", "-"]

    def compare(self, rounds, benchmarks, frame_bytes, left_out):
        """A group of {transport: benchmark}. What fails is left out of another try, and said. None: it was stopped before a round."""
        benchmarks = dict(benchmarks)
        while len(benchmarks) > 1 and not self.stop.signal:
            run = self.stop.run(self.command(benchmarks.values(), frame_bytes, rounds))
            transport_of = {benchmark: transport for transport, benchmark in benchmarks.items()}
            if run.returncode == 0:
                found = json.loads(run.stdout)
                left_out |= {transport_of[missing["name"]]: missing["why"].split(" absent: ")[-1] for missing in found["absent"]}
                return group_of(found, transport_of)
            if self.stop.signal:
                return None
            failed = FAILED.search(run.stderr)
            transport = transport_of.get(failed["name"]) if failed else None
            if transport is None or transport in ALWAYS:
                raise Failed(f"{' '.join(run.args)}\n{run.stderr.strip()}")
            left_out[transport] = "failed: " + failed["why"]
            print(f" without {transport}, which {left_out[transport]};", end="", file=sys.stderr, flush=True)
            del benchmarks[transport]
        return None

    def wanted(self, table, workload, frame_bytes, left_out):
        """{transport: benchmark}; of what is not measured it is said why."""
        benchmarks = table.benchmarks(workload)
        if self.options["only"]:
            kept = (*self.options["only"], *ALWAYS, *table.floors)
            benchmarks = {name: benchmark for name, benchmark in benchmarks.items() if name in kept}
        for name, benchmark in benchmarks.items():
            why = BY_NAME[name].why_not(workload, frame_bytes)
            if not why and benchmark not in self.known:
                why = why_unknown(BY_NAME[name])
            left_out |= {name: why} if why else {}
        return {name: benchmark for name, benchmark in benchmarks.items() if name not in left_out}

    def start(self, table, workload, frame_bytes, rounds):
        """What one start of a part gave."""
        started, taken = time.monotonic(), machine.Taken()
        left_out, groups = {}, []
        benchmarks = self.wanted(table, workload, frame_bytes, left_out)
        costs = {name: memory.cost(name, frame_bytes, receivers_of(workload)) for name in benchmarks}
        for group in grouped(costs, (*ALWAYS, *table.floors), memory.available() * memory.SHARE):
            found = self.compare(rounds, {name: benchmarks[name] for name in group if name not in left_out}, frame_bytes, left_out)
            groups += [found] if found else []
        if self.stop.signal:
            measured = {name for group in groups for name in group["rows"]}
            left_out |= {name: STOPPED for name in benchmarks if name not in measured and name not in left_out}
        return {"seconds": round(time.monotonic() - started), "taken": taken.share(), "groups": groups, "left_out": left_out}


def merged(workload, frame_bytes, starts):
    """A part, as docs/benchmarks.json has it."""
    groups = [group for start in starts for group in start["groups"]]
    measured = {name for group in groups for name in group["rows"]}
    left_out = {name: why for start in starts for name, why in start["left_out"].items() if why != STOPPED or name not in measured}
    return {"workload": workload, "frame_bytes": frame_bytes, "seconds": sum(start["seconds"] for start in starts),
            "taken": max(start["taken"] for start in starts), "groups": groups, "left_out": left_out}


def rounds_of_start(start, table, frame_bytes, options):
    """How many of a part's rounds are that start's."""
    return len(range(start, options["rounds"] or table.rounds_of(frame_bytes), STARTS))


def measure(build, found, options, stop, save):
    """Fills `found`, which is what docs/benchmarks.json is, and saves it start by start."""
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(build / "python"), os.environ.get("PYTHONPATH", "")]))
    bench = Bench(build / "arraywire-bench", options, stop)
    parts = [(table, *name) for table in TABLES if not options["tables"] or table.workload in options["tables"]
             for name in table.part_names()]
    places = [(start, *part) for start in range(STARTS) for part in parts if rounds_of_start(start, part[0], part[2], options)]
    started, taken = time.monotonic(), machine.Taken()
    by_part = {}  # what the starts of each gave
    for number, (start, table, workload, size, heading) in enumerate(places, 1):
        print(f"[{number} of {len(places)}] {table.title}, {heading}:", end="", file=sys.stderr, flush=True)
        now = bench.start(table, workload, size, rounds_of_start(start, table, size, options))
        if now["groups"]:
            by_part.setdefault((workload, size), []).append(now)
        found.update(parts=[merged(*part, starts) for part, starts in by_part.items()], seconds=round(time.monotonic() - started),
                     taken=taken.share())
        save(found)
        print(f" {now['seconds']} s, {found['seconds']} s so far{machine.disturbed(now['taken'])}", file=sys.stderr)
        if stop.signal:
            return
    found["complete"] = options["complete"]
