"""Runs arraywire-bench, part by part."""

import json
import os
import re
import subprocess
import sys
import time

from . import machine
from .plan import BY_NAME, INLINE, SHARED, TABLES

KEPT_BY_ROUND = {"GB/s", "frame_us", "p50_us", "first_ms"}
ALWAYS = (SHARED, INLINE)  # in every group, besides the floors
FAILED = re.compile(r"arraywire-bench: (?P<name>\S+) (?:producer|consumer): (?P<why>.*)")


def grouped(transports, always, frame_bytes):
    """Those that fit into memory at once, each group with all of `always`."""
    room = machine.memory_bytes("MemAvailable") * 0.6
    cost = {name: BY_NAME[name].buffers * frame_bytes + 50e6 for name in transports}
    always = [name for name in always if name in transports]
    groups, used = [list(always)], sum(cost[name] for name in always)
    left = room - used
    for name in transports:
        if name in always:
            continue
        if cost[name] > left and len(groups[-1]) > len(always):
            groups.append(list(always))
            left = room - used
        groups[-1].append(name)
        left -= cost[name]
    return groups


def rounded(value):
    return float(f"{value:.5g}")


def shortened(counters):
    return {counter: {"median": rounded(of["median"]), "quartiles": [rounded(value) for value in of["quartiles"]]} |
            ({"values": [rounded(value) for value in of["values"]]} if counter in KEPT_BY_ROUND else {})
            for counter, of in counters.items()}


def known_benchmarks(bench):
    listed = subprocess.run([bench, "--benchmark_list_tests"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return {re.sub(r"/\d+(/iterations:\d+)?(/manual_time)?$", "", line) for line in listed.splitlines()}


def compare(bench, benchmarks, frame_bytes, options, left_out):
    """{transport: counters} of one run. What fails is left out of another try, and said."""
    benchmarks = dict(benchmarks)
    while len(benchmarks) > 1:
        command = [str(bench), "--compare", ",".join(benchmarks.values()), "--size", str(frame_bytes), "--pairs", str(options["rounds"]),
                   "--batch-seconds", str(options["batch_seconds"]), "--json", "-"]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        transport_of = {benchmark: transport for transport, benchmark in benchmarks.items()}
        if run.returncode == 0:
            found = json.loads(run.stdout)
            left_out |= {transport_of[missing["name"]]: missing["why"] for missing in found["absent"]}
            return {transport_of[benchmark["name"]]: shortened(benchmark["counters"]) for benchmark in found["benchmarks"]}
        failed = FAILED.search(run.stderr)
        transport = transport_of.get(failed["name"]) if failed else None
        if transport is None or transport in ALWAYS:
            raise SystemExit(f"compare: {' '.join(command)}\n{run.stderr.strip()}")
        left_out[transport] = "failed: " + failed["why"]
        print(f"  without {transport}: {failed['why']}", file=sys.stderr)
        del benchmarks[transport]
    return {}


def measure_part(bench, table, workload, frame_bytes, options):
    known = known_benchmarks(bench)
    benchmarks = {name: benchmark for name, benchmark in table.benchmarks(workload).items() if benchmark in known}
    if options["only"]:
        benchmarks = {name: benchmark for name, benchmark in benchmarks.items() if name in (*options["only"], *ALWAYS, *table.floors)}
    left_out, groups = {}, []
    for group in grouped(list(benchmarks), (*ALWAYS, *table.floors), frame_bytes):
        wanted = {name: benchmarks[name] for name in group if name not in left_out}
        groups.append(compare(bench, wanted, frame_bytes, options, left_out))
    return {"workload": workload, "frame_bytes": frame_bytes, "groups": groups, "left_out": left_out}


def measure(build, options):
    """All of it, as what docs/benchmarks.json is."""
    path = os.pathsep.join(filter(None, [str(build / "python"), os.environ.get("PYTHONPATH", "")]))
    os.environ["PYTHONPATH"] = path
    parts = [(table, workload, size) for table in TABLES if not options["tables"] or table.workload in options["tables"]
             for workload, size, _ in table.part_names()]
    measured = []
    started = time.monotonic()
    for number, (table, workload, size) in enumerate(parts, 1):
        print(f"[{number}/{len(parts)}, {time.monotonic() - started:.0f} s] {workload}, {size:,} bytes", file=sys.stderr)
        measured.append(measure_part(build / "arraywire-bench", table, workload, size, options))
    return {"machine": machine.description(), "versions": machine.versions(), "rounds": options["rounds"],
            "batch_seconds": options["batch_seconds"], "seconds": round(time.monotonic() - started), "parts": measured}
