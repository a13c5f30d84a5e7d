"""scripts/compare: what it runs, what it makes of the numbers, and when it says that they are not those that were published."""

import copy
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

from comparison import check, host, machine, measure, memory, page, plan, results, summary  # noqa: E402
from comparison.stopping import Stop  # noqa: E402

try:
    from comparison import pictures
except ImportError:
    pictures = None

BENCH = pathlib.Path(os.environ["ARRAYWIRE_BENCH"])
OPTIONS = {"rounds": 3, "batch_seconds": 0.01, "tables": [], "only": [plan.SOCKET], "complete": True}
TABLE = {table.workload: table for table in plan.TABLES}
MACHINE = machine.description()

# In the place of arraywire-bench, whose answers have this form. "fails": the peers of that benchmark; "waits": as if it took long,
# until it is told to stop, as which it answers with one round.
FAKE = """#!{python}
import json, signal, sys, time
KNOWN, FAILS, WAITS = {known!r}, {fails!r}, {waits!r}
if sys.argv[1] == "--benchmark_list_tests":
    print("\\n".join(f"{{name}}/65536/manual_time" for name in KNOWN))
    sys.exit()
names, rounds = sys.argv[2].split(","), int(sys.argv[6])
if FAILS in names:
    sys.exit(f"arraywire-bench: {{FAILS}} producer: was killed by SIGKILL")
if WAITS in names:
    told = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.append(1))
    print("waiting", file=open({mark!r}, "w"))
    while not told:
        time.sleep(0.01)
    rounds = 1
def counter():
    return {{"median": 2.0, "quartiles": [1.0, 3.0], "values": [2.0] * rounds}}
def benchmark(name):
    times = {{"samples": 50 * rounds, "p50_us": 7.5, "max_us": 9.123456}}
    return {{"name": name, "counters": {{"GB/s": counter(), "p50_us": counter(), "memory_mb": counter()}},
             "latencies": {{"": times, "half_round_trip_": times | {{"p99_us": 8.0}}}} if name.startswith("latency/") else {{}},
             "ratios": {{"GB/s": counter()}}}}
host = {{"line_ns": [40.0] * rounds, "steps_per_ns": [5.0] * rounds}}
absent = [name for name in names if "nng" in name]
here = [name for name in names if name not in absent]
print(json.dumps({{"frame_bytes": int(sys.argv[4]), "pairs": rounds, "order": [list(range(len(here)))] * rounds, "host": host,
                   "benchmarks": [benchmark(name) for name in here],
                   "absent": [{{"name": name, "why": name + ": absent: built without nng (libnng-dev)"}} for name in absent]}}))
"""


def counters(**values):
    return {"counters": {name.replace("GB_s", "GB/s"): of for name, of in values.items()}}


def invented():
    """Results of two sizes, as they are in a file."""
    parts = []
    for size in (65536, 1048576):
        rows = {plan.SHARED: counters(GB_s=[8.0, 10.0, 12.0], memory_mb=[50.0] * 3), plan.INLINE: counters(GB_s=[4.0, 5.0, 6.0]),
                "peer/zmq": counters(GB_s=[2.0, 5.0, 3.0]), plan.SOCKET: counters(GB_s=[4.0, 4.0, 4.0])}
        parts.append({"workload": "fill_read", "frame_bytes": size, "seconds": 1, "taken": 0.002,
                      "left_out": {"peer/nng": "built without nng (libnng-dev)"},
                      "groups": [{"rounds": 3, "order": [[0, 1, 2, 3]] * 3, "rows": rows,
                                  "host": {"line_ns": [40.0, 44.0, 40.0], "steps_per_ns": [5.0] * 3}}]})
    return {"machine": MACHINE, "versions": {"libzmq3-dev": "4"}, "complete": True, "batch_seconds": 0.1,
            "seconds": 60, "taken": 0.001, "parts": parts}


def written(directory, name, found):
    path = pathlib.Path(directory, name)
    path.write_text(json.dumps(found), encoding="utf-8")
    return path


class Compare(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="aw-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def script(self, *arguments):
        return subprocess.run([SCRIPTS / "compare", *arguments], capture_output=True, text=True)

    def fake(self, table=TABLE["fill_read"], fails="", waits="", without=()):
        """A bench of FAKE that knows all of the table's benchmarks but those."""
        workloads = [workload for workload, _, _ in table.part_names()]
        known = [name for workload in workloads for name in table.benchmarks(workload).values() if name not in without]
        program = self.directory / "arraywire-bench"
        program.write_text(FAKE.format(python=sys.executable, known=known, fails=fails, waits=waits, mark=str(self.directory / "mark")))
        program.chmod(0o755)
        return program

    def part(self, program, table, workload, size=65536, **options):
        """Of one start."""
        start = measure.Bench(program, OPTIONS | options, Stop()).start(table, workload, size, OPTIONS["rounds"])
        return results.Part(measure.merged(workload, size, [start]))

    def test_the_readme_has_the_rows_of_what_was_measured(self):
        found = invented()
        found["parts"][0]["frame_bytes"] = 49766400
        readme = summary.filled(f"before\n{summary.BEGIN}| old |\n{summary.END}after\n", found)
        self.assertTrue(readme.startswith("before\n") and readme.endswith(f"{summary.END}after\n"))
        self.assertNotIn("old", readme)
        self.assertIn("| **inline over ipc**; a bare unix socket | 5.00 GB/s | 4.00 GB/s | 1.25 (1.12 to 1.38) |", readme)
        self.assertNotIn("iceoryx", readme)
        self.assertEqual(readme, summary.filled(readme, found))

    def test_the_readmes_rows_are_of_the_plan(self):
        for what, workload, size, one, other in summary.ROWS:
            known = [(part, bytes) for table in plan.TABLES for part, bytes, _ in table.part_names()]
            self.assertIn((workload, size), known, what)
            for name in (one, other):
                self.assertEqual(plan.BY_NAME[name].why_not(workload, size), "", what)

    def test_the_readme_has_what_is_published(self):
        root = SCRIPTS.parent
        readme = (root / "README.md").read_text(encoding="utf-8")
        found = json.loads((root / "docs/benchmarks.json").read_text(encoding="utf-8"))
        self.assertEqual(readme, summary.filled(readme, found))

    def test_help(self):
        self.assertIn("15%", self.script("--help").stdout)

    def test_every_benchmark_of_the_plan_is_one_that_the_program_knows(self):
        known = measure.known_benchmarks(BENCH)
        for table in plan.TABLES:
            for workload, _, _ in table.part_names():
                for name, benchmark in table.benchmarks(workload).items():
                    planned = not plan.BY_NAME[name].why_not(workload, 65536)
                    if not name.startswith("peer/") and planned:  # those come and go with their libraries' rows
                        self.assertIn(benchmark, known)

    def test_what_is_measured_has_what_its_table_tells(self):
        for workload in ("fill_read", "latency"):
            table = TABLE[workload]
            part = self.part(BENCH, table, workload)
            planned = {name for name in table.benchmarks(workload) if plan.BY_NAME[name].why_not(workload, 65536)}
            self.assertLessEqual(set(part.left_out), planned)
            for name in (plan.SHARED, plan.INLINE, plan.SOCKET):
                self.assertGreater(part.value(name, table.counter).median, 0)
                self.assertGreater(part.value(name, "memory_mb").median, 0)
            self.assertGreater(part.ratio(plan.SHARED, plan.SOCKET, table.counter).median, 0)
            self.assertEqual([sorted(order) for order in part.groups[0]["order"]], [list(range(len(part.groups[0]["rows"])))] * 3)
        self.assertGreater(part.latency(plan.SHARED, "", "samples"), 0)
        self.assertGreater(part.latency(plan.SHARED, "half_round_trip_", "p50_us"), 0)

    def test_ratios_are_of_the_same_round(self):
        part = results.parts_of(invented(), TABLE["fill_read"])[0][1]
        self.assertEqual(part.ratio(plan.SHARED, "peer/zmq", "GB/s").median, 4.0)  # of 4, 2 and 4; that of the medians is 2
        self.assertEqual(set(results.ratios_of(part, TABLE["fill_read"], plan.BY_NAME["peer/zmq"])),
                         {"shared memory / it", "inline / it", "it / floor"})

    def test_what_does_not_fit_at_once_is_measured_in_groups_with_what_it_is_compared_with(self):
        names = [transport.name for transport in plan.TRANSPORTS if transport.short]
        base = (plan.SHARED, plan.INLINE, plan.SOCKET)
        costs = {name: memory.cost(name, 10**6, 1) for name in names}
        groups = memory.grouped(costs, base, 0)  # nothing fits
        self.assertEqual(len(groups), len(names) - len(base))
        self.assertTrue(all(set(base) < set(group) for group in groups))
        self.assertEqual(set().union(*groups), set(names))
        apart = measure.grouped(costs, base, 0)
        self.assertEqual(set().union(*apart), set(names))
        for group in apart:
            self.assertEqual(len({plan.BY_NAME[name].socket for name in group if name != plan.SHARED}), 1, group)
            self.assertIn(plan.SHARED, group)
            self.assertEqual(plan.INLINE in group, plan.SOCKET in group)
        self.assertEqual(measure.grouped(costs, base, sum(costs.values())), memory.grouped(costs, base, sum(costs.values())))
        self.assertEqual(memory.grouped(costs, base, sum(costs.values())), [[*base, *(name for name in names if name not in base)]])

    def test_each_receiver_that_copies_needs_memory(self):
        self.assertGreater(memory.cost(plan.INLINE, 10**8, 8) - memory.cost(plan.INLINE, 10**8, 1), 7 * 3 * 10**8)
        self.assertLess(memory.cost(plan.SHARED, 10**8, 8) - memory.cost(plan.SHARED, 10**8, 1), 7 * 10**8)

    def test_memory_is_limited_by_the_control_groups_around_this_process_too(self):
        files = {"a/memory.max": "1000", "a/memory.high": "max", "a/memory.current": "600",
                 "a/memory.stat": "anon 7\nactive_file 20\ninactive_file 5",
                 "a/b/memory.max": "max", "a/b/memory.high": "500", "a/b/memory.current": "100",
                 "memory/c/memory.limit_in_bytes": "300", "memory/c/memory.usage_in_bytes": "100",
                 "memory/c/memory.stat": "active_file 1\ntotal_active_file 7\ntotal_inactive_file 2"}
        for name, text in files.items():
            (self.directory / name).parent.mkdir(parents=True, exist_ok=True)
            (self.directory / name).write_text(text + "\n", encoding="ascii")
        membership = "12:memory:/c\n3:cpu,cpuacct:/x\n0::/a/b\n"
        self.assertEqual(sorted(memory.left_in_groups(membership, self.directory)), [209, 400, 425])
        self.assertEqual(list(memory.left_in_groups("0::/out/of/sight\n", self.directory)), [])

    def test_what_fails_is_left_out_of_another_try_and_said(self):
        part = self.part(self.fake(fails="peer/zmq/fill_read"), TABLE["fill_read"], "fill_read", only=["peer/zmq"])
        self.assertEqual(part.transports(), [plan.SHARED, plan.INLINE, plan.SOCKET, plan.THREADS])
        self.assertEqual(part.left_out, {"peer/zmq": "failed: was killed by SIGKILL"})
        with self.assertRaisesRegex(measure.Failed, "shared_memory/fill_read producer: was killed"):
            self.part(self.fake(fails="shared_memory/fill_read"), TABLE["fill_read"], "fill_read")

    def test_what_there_is_not_is_left_out_and_said(self):
        consumers = TABLE["consumers"]
        unknown = ("peer/pyzmq/consumers/2", "peer/fastdds/consumers/2", "peer/zmq/consumers/2")
        program = self.fake(consumers, without=unknown)
        installed, machine.output = machine.output, lambda *command: "" if command[-1] == "libfastrtps-dev" else "1"
        try:
            part = self.part(program, consumers, "consumers/2", only=[])
        finally:
            machine.output = installed
        planned = {transport.name for transport in plan.TRANSPORTS if transport.short and transport.why_not("consumers/2", 65536)}
        self.assertEqual(set(part.left_out), planned | {"peer/fastdds", "peer/zmq", "peer/nng"})
        self.assertRegex(part.left_out["peer/pyzmq"], "^one consumer only: ")
        self.assertEqual(part.left_out["peer/fastdds"], "not built: libfastrtps-dev is missing")
        self.assertEqual(part.left_out["peer/zmq"], "arraywire-bench does not have it")
        self.assertEqual(part.left_out["peer/nng"], "built without nng (libnng-dev)")

    def test_latencies_of_all_rounds_are_told_with_how_many_they_are(self):
        table = TABLE["latency"]
        text = page.part_text(table, self.part(self.fake(table), table, "latency"))
        heading, _, shared = [[cell.strip() for cell in line.split("|")] for line in text.splitlines()[:3]]
        cells = dict(zip(heading, shared, strict=True))
        self.assertEqual([cells[name] for name in ("us", "p99", "max", "frames", "half round trip, p50")],
                         ["2.00 (2.00 to 2.00)", "", "9.12", "150", "7.50"])

    def measure_until_told(self, **fake):
        """`found` and the exit's Stop, of a measurement of two sizes, told to stop in the one that waits."""
        program = self.fake(**fake)
        mark, saved = self.directory / "mark", []
        os.mkfifo(mark)
        child = os.fork()
        if child == 0:
            mark.read_text()
            os.kill(os.getppid(), signal.SIGTERM)
            os._exit(0)
        found = {"complete": False, "seconds": 0, "parts": []}
        with Stop() as stop:
            measure.measure(program.parent, found, OPTIONS | {"tables": ["fill_read"]}, stop,
                            lambda so_far: saved.append(copy.deepcopy(so_far)))
        os.waitpid(child, 0)
        return found, stop, saved

    def test_told_to_stop_it_lets_the_program_end_and_keeps_the_rounds_that_there_are(self):
        found, stop, saved = self.measure_until_told(waits="shared_memory/fill_read")
        self.assertEqual(stop.signal, signal.SIGTERM)
        self.assertEqual(signal.getsignal(signal.SIGTERM), signal.SIG_DFL)
        self.assertEqual([part["groups"][0]["rounds"] for part in found["parts"]], [1])
        self.assertEqual((found["complete"], saved[-1]), (False, found))
        self.assertIn("\n1 round of 1 start.\n", page.part_text(TABLE["fill_read"], results.Part(found["parts"][0])))

    def test_every_part_is_started_again_when_all_others_were_and_saved_as_it_comes(self):
        saved = []
        found = {"complete": False, "seconds": 0, "parts": []}
        measure.measure(self.fake().parent, found, OPTIONS | {"tables": ["fill_read"]}, Stop(),
                        lambda so_far: saved.append(copy.deepcopy(so_far)))
        self.assertEqual([len(so_far["parts"]) for so_far in saved], [1, 2, 3, 4, *[5] * 11])
        self.assertEqual([[group["rounds"] for group in part["groups"]] for part in found["parts"]], [[1] * 3] * 5)
        self.assertEqual([part["frame_bytes"] for part in found["parts"]], list(plan.SIZES))
        self.assertTrue(found["complete"])
        self.assertFalse(saved[-1]["complete"])

    def test_what_disturbs_is_less_speed_and_another_way_from_core_to_core(self):
        usually = host.State(line_ns=40.0, steps_per_ns=5.0)
        for line, steps, disturbed in ((40, 5, False), (70, 4.5, False), (200, 5, True), (12, 5, True), (40, 3.5, True), (40, 9, False)):
            self.assertEqual(host.is_disturbed(host.State(line, steps), usually), disturbed, (line, steps))
        one_core = host.State(line_ns=0, steps_per_ns=5.0)
        self.assertFalse(host.is_disturbed(one_core, one_core))
        self.assertTrue(host.alike(usually, host.State(line_ns=60.0, steps_per_ns=4.5)))
        for other in (host.State(line_ns=40.0, steps_per_ns=4.0), host.State(line_ns=200.0, steps_per_ns=5.0)):
            self.assertEqual([host.alike(usually, other), host.alike(other, usually)], [False] * 2)

    def test_the_page_has_every_transport_and_names_what_is_left_out(self):
        text = page.page(invented(), False)
        for label in ("arraywire shared memory", "arraywire inline ipc", "libzmq", "bare unix socket"):
            self.assertEqual(text.count(f"| {label} |"), 2)
        self.assertIn("Left out: nng (built without nng (libnng-dev)).", text)
        self.assertIn("| libzmq | 3.00 (2.50 to 4.00) | 4.00 (3.00 to 4.00) |", text)
        self.assertNotIn("A trial", text)
        self.assertIn("A trial", page.page(invented() | {"complete": False}, False))

    def test_all_starts_of_a_part_are_told_as_one(self):
        found = invented()
        slower = copy.deepcopy(found["parts"][0]["groups"][0])
        for row in slower["rows"].values():
            row["counters"]["GB/s"] = [value / 2 for value in row["counters"]["GB/s"]]
        slower["rows"][plan.SHARED]["counters"]["GB/s"] = [1.0] * 3  # half of all its rates; its ratios to others are of one start
        found["parts"][0]["groups"].append(slower)
        part = results.Part(found["parts"][0])
        self.assertEqual(part.value(plan.SHARED, "GB/s").median, 4.5)
        self.assertEqual(part.ratio(plan.SHARED, plan.SOCKET, "GB/s").median, 1.25)  # of 0.5, 0.5, 0.5, 2, 2.5 and 3
        self.assertIn("\n6 rounds of 2 starts.\n", page.part_text(TABLE["fill_read"], part))
        times = [{"samples": 50, "p99_us": 8.0, "max_us": 9.0}, {"samples": 70, "p99_us": 6.0, "max_us": 7.0}]
        for group, of in zip(part.groups, times, strict=True):
            group["rows"][plan.SHARED]["latencies"] = {"": of}
        self.assertEqual([part.latency(plan.SHARED, "", what) for what in ("samples", "p99_us", "max_us")], [120, 7.0, 9.0])

    def test_what_stopped_before_its_second_start_is_not_left_out(self):
        started = {"seconds": 1, "taken": 0.0, "groups": [{"rows": {"peer/zmq": counters()}}], "left_out": {"peer/nng": "failed: x"}}
        stopped = {"seconds": 1, "taken": 0.0, "groups": [], "left_out": {"peer/zmq": measure.STOPPED, "python": measure.STOPPED}}
        self.assertEqual(measure.merged("fill_read", 1, [started, stopped])["left_out"],
                         {"peer/nng": "failed: x", "python": measure.STOPPED})

    def test_the_page_says_what_was_measured_together(self):
        found = invented()
        groups = found["parts"][0]["groups"]
        groups.append(copy.deepcopy(groups[0]))
        groups[1]["rows"]["peer/nng"] = groups[1]["rows"].pop("peer/zmq")
        self.assertIn("Measured in 2 groups, one after the other, each with arraywire shared memory, arraywire inline ipc, "
                      "bare unix socket: libzmq; nng.", page.page(found, False))

    def test_what_the_host_took_of_the_time_with_work_is_told_and_warned_of(self):
        times, told = machine.text_of, ["cpu  100 10 50 1000 500 5 5 20 3 0", "cpu  150 10 60 9000 900 10 10 30 9 0"]
        machine.text_of = lambda path: told.pop(0) + "\ncpu0 1 1 1 1 1 1 1 1 0 0" if path == "/proc/stat" else times(path)
        try:
            self.assertEqual(machine.Taken().share(), 0.125)  # 70 used, 10 taken
        finally:
            machine.text_of = times
        self.assertLessEqual(0, machine.Taken().share())
        self.assertEqual(machine.disturbed(machine.CALM), "")
        self.assertIn("took 12% of", machine.disturbed(0.125))
        self.assertIn("the host took 0.1%, and 0.2% in the part where that was most", page.page(invented(), False))

    def test_ratios_that_moved_are_those_that_vary_as_much_and_those_that_differ(self):
        published = written(self.directory, "published.json", invented())
        same = self.script("--from", published, "--check", published)
        self.assertEqual((same.returncode, same.stderr), (0, ""))
        moved = copy.deepcopy(invented())
        rates = moved["parts"][1]["groups"][0]["rows"]["peer/zmq"]["counters"]["GB/s"]
        rates[:] = [1.2 * value for value in rates]
        noisy = self.script("--from", written(self.directory, "moved.json", moved), "--check", published)
        self.assertEqual(noisy.returncode, 0, noisy.stdout)
        self.assertIn("peer/zmq, shared memory / it: 4 (3 to 4) published, 3.33 (2.5 to 3.33) now, -17%", noisy.stdout)
        self.assertNotIn("64 KiB", noisy.stdout)
        rates[:] = [3 * value for value in rates]
        other = self.script("--from", written(self.directory, "moved.json", moved), "--check", published)
        self.assertEqual(other.returncode, 1)
        self.assertRegex(other.stdout, re.compile(rf"^{check.DIFFERS}: 3:$", re.MULTILINE))
        for part in moved["parts"]:
            part["groups"][0]["host"]["steps_per_ns"] = [3.0] * 3
        slower = self.script("--from", written(self.directory, "moved.json", moved), "--check", published)
        self.assertEqual(slower.returncode, 1)
        self.assertRegex(slower.stdout, re.compile(rf"^{check.OTHER_HOST}: 3:$", re.MULTILINE))
        self.assertRegex(slower.stdout, re.compile(rf"^{check.DIFFERS}: 0$", re.MULTILINE))
        self.assertFalse((self.directory / "benchmarks.md").exists())

    def test_a_page_is_written_again_from_its_numbers(self):
        source = written(self.directory, "numbers.json", invented())
        out = self.directory / "out"
        run = self.script("--from", source, "--out", out)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(json.loads((out / "benchmarks.json").read_text()), invented())
        self.assertIn("libzmq", (out / "benchmarks.md").read_text())

    def test_what_is_not_all_is_not_published_unasked(self):
        partial = written(self.directory, "partial.json", invented() | {"complete": False})
        for arguments in (["--quick"], ["--table", "paced"], ["--only", "peer/zmq"], ["--rounds", "1"], ["--from", partial]):
            run = self.script(*arguments)
            self.assertNotEqual(run.returncode, 0)
            self.assertIn("say --out DIR", run.stderr)

    def test_a_processor_is_described_by_its_cores_threads_and_whether_it_is_real(self):
        text = "\n\n".join(f"processor : {n}\nmodel name : X\nphysical id : 0\ncore id : {n // 2}\nflags : fpu hypervisor"
                           for n in range(4))
        self.assertEqual(machine.processor(text), ("X", 2, True))
        self.assertEqual(machine.processor(text.replace(" hypervisor", "")), ("X", 2, False))

    @unittest.skipIf(pictures is None, "no python3-matplotlib")
    def test_a_picture_names_each_line_and_has_a_colour_for_the_dark_for_each_that_it_uses(self):
        found = invented()
        for part in found["parts"]:
            part["groups"][0]["rows"]["peer/mpi"] = counters(GB_s=[1.0, 1.0, 1.0])
        pictures.draw_all(found, self.directory)
        svg = (self.directory / "benchmarks-rate.svg").read_text()
        for label in ("arraywire shared memory", "arraywire inline ipc", "libzmq", "Open MPI (polls)", "unix socket (floor)", "64 KiB",
                      "1 MiB"):
            self.assertIn(f">{label}</text>", svg)
        style, drawing = svg.split("</style>", 1)
        self.assertIn("prefers-color-scheme: dark", style)
        used = {colour for part in drawing.split("#")[1:] if len(colour := part[:6]) == 6 and set(colour) <= set("0123456789abcdef")}
        self.assertTrue(used)
        self.assertEqual({colour for colour in used if f"fill: #{colour}" not in style and colour != "000000"}, set())

    @unittest.skipIf(pictures is None, "no python3-matplotlib")
    def test_every_transport_has_a_line_and_only_who_never_sleeps_a_dashed_one(self):
        self.assertEqual(set(pictures.LINES), set(plan.BY_NAME) - {plan.ZMQ_EXCHANGE})
        dashed = {name for name, line in pictures.LINES.items() if line.marker and line.dash(name) != "-"}
        self.assertEqual(dashed, {"peer/iceoryx_polling", "peer/mpi", "peer/mpi_window"})

    @unittest.skipIf(pictures is None, "no python3-matplotlib")
    def test_labels_are_apart_and_near_their_lines(self):
        placed = pictures.spaced([10.0, 10.0, 11.0, 100.0], 12.0)
        self.assertEqual(placed[3], 100.0)
        self.assertAlmostEqual(sum(placed[:3]) / 3, sum([10.0, 10.0, 11.0]) / 3)
        self.assertTrue(all(abs(b - a) >= 12.0 - 1e-9 for a, b in zip(sorted(placed), sorted(placed)[1:])))


if __name__ == "__main__":
    unittest.main(verbosity=2)
