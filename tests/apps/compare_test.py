"""scripts/compare: what it runs, what it makes of the numbers, and when it says that they are not those that were published."""

import copy
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

from comparison import measure, page, plan, results  # noqa: E402

try:
    from comparison import pictures
except ImportError:
    pictures = None

BENCH = pathlib.Path(os.environ["ARRAYWIRE_BENCH"])
OPTIONS = {"rounds": 3, "batch_seconds": 0.01, "tables": [], "only": [plan.SOCKET]}
TABLE = {table.workload: table for table in plan.TABLES}


def counters(**values):
    return {name.replace("GB_s", "GB/s"): {"median": of[1], "quartiles": [of[0], of[2]], "values": of} for name, of in values.items()}


def invented():
    """Results of two sizes, as they are in a file."""
    parts = []
    for size in (65536, 1048576):
        groups = [{plan.SHARED: counters(GB_s=[8.0, 10.0, 12.0], memory_mb=[50.0] * 3), plan.INLINE: counters(GB_s=[4.0, 5.0, 6.0]),
                   "peer/zmq": counters(GB_s=[2.0, 5.0, 3.0]), plan.SOCKET: counters(GB_s=[4.0, 4.0, 4.0])}]
        parts.append({"workload": "fill_read", "frame_bytes": size, "groups": groups,
                      "left_out": {"peer/nng": "peer/nng/fill_read: absent: built without nng (libnng-dev)"}})
    machine = dict.fromkeys(("processor", "cores", "memory_gib", "kernel", "system", "compiler", "date", "commit"), "x")
    return {"machine": machine, "versions": {"libzmq3-dev": "4"}, "rounds": 3, "batch_seconds": 0.1, "seconds": 60, "parts": parts}


def written(directory, name, found):
    path = pathlib.Path(directory, name)
    path.write_text(json.dumps(found), encoding="utf-8")
    return path


class Compare(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="aw-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def script(self, *arguments):
        return subprocess.run([sys.executable, "-B", SCRIPTS / "compare", *arguments], capture_output=True, text=True)

    def test_every_benchmark_of_the_plan_is_one_that_the_program_knows(self):
        known = measure.known_benchmarks(BENCH)
        for table in plan.TABLES:
            for workload, _, _ in table.part_names():
                for name, benchmark in table.benchmarks(workload).items():
                    if not name.startswith("peer/"):  # those come and go with their libraries' rows
                        self.assertIn(benchmark, known)

    def test_what_is_measured_has_what_its_table_tells(self):
        for workload in ("fill_read", "latency"):
            table = TABLE[workload]
            part = results.Part(measure.measure_part(BENCH, table, workload, 65536, OPTIONS))
            self.assertEqual(part.left_out, {})
            for name in (plan.SHARED, plan.INLINE, plan.SOCKET):
                self.assertGreater(part.value(name, table.counter).median, 0)
                self.assertGreater(part.value(name, "memory_mb").median, 0)
            self.assertGreater(part.ratio(plan.SHARED, plan.SOCKET, table.counter).median, 0)

    def test_ratios_are_of_the_same_round(self):
        part = results.parts_of(invented(), TABLE["fill_read"])[0][1]
        self.assertEqual(part.ratio(plan.SHARED, "peer/zmq", "GB/s").median, 4.0)  # of 4, 2 and 4; that of the medians is 2
        self.assertEqual(set(results.ratios_of(part, TABLE["fill_read"], plan.BY_NAME["peer/zmq"])),
                         {"shared memory / it", "inline / it", "it / floor"})

    def test_what_does_not_fit_at_once_is_measured_in_groups_with_what_it_is_compared_with(self):
        names = [transport.name for transport in plan.TRANSPORTS if transport.short]
        base = (plan.SHARED, plan.INLINE, plan.SOCKET)
        groups = measure.grouped(names, base, 10 * 2**40)  # nothing fits
        self.assertEqual(len(groups), len(names) - len(base))
        self.assertTrue(all(set(base) < set(group) for group in groups))
        self.assertEqual(set().union(*groups), set(names))
        self.assertEqual(measure.grouped(names, base, 8), [[*base, *(name for name in names if name not in base)]])

    def test_what_fails_is_left_out_of_another_try_and_said(self):
        bench = pathlib.Path(self.directory, "bench")  # as the program says it when a peer dies
        bench.write_text(f"""#!{sys.executable}
import json, sys
names = sys.argv[2].split(",")
if "peer/zmq/fill_read" in names:
    sys.exit("arraywire-bench: peer/zmq/fill_read producer: was killed by SIGKILL")
counters = {{"GB/s": {{"median": 1.0, "quartiles": [1.0, 1.0], "values": [1.0]}}}}
print(json.dumps({{"benchmarks": [{{"name": name, "counters": counters}} for name in names], "absent": []}}))
""")
        bench.chmod(0o755)
        left_out = {}
        wanted = {name: name + "/fill_read" for name in (plan.SHARED, "peer/zmq", plan.SOCKET)}
        found = measure.compare(bench, wanted, 65536, OPTIONS, left_out)
        self.assertEqual(list(found), [plan.SHARED, plan.SOCKET])
        self.assertEqual(left_out, {"peer/zmq": "failed: was killed by SIGKILL"})

    def test_the_page_has_every_transport_and_names_what_is_left_out(self):
        text = page.page(invented(), False)
        for label in ("arraywire, shared memory", "arraywire, inline, ipc", "libzmq", "bare unix socket"):
            self.assertEqual(text.count(f"| {label} |"), 2)
        self.assertIn("Left out: nng (built without nng (libnng-dev)).", text)
        self.assertIn("| libzmq | 5.00 (2.00 to 3.00) | 4.00 (3.00 to 4.00) |", text)

    def test_a_ratio_that_moved_by_more_than_the_tolerance_is_said(self):
        published = written(self.directory, "published.json", invented())
        same = self.script("--from", published, "--check", published)
        self.assertEqual((same.returncode, same.stderr), (0, ""))
        moved = copy.deepcopy(invented())
        rates = moved["parts"][1]["groups"][0]["peer/zmq"]["GB/s"]
        rates["values"] = [1.2 * value for value in rates["values"]]
        other = self.script("--from", written(self.directory, "moved.json", moved), "--check", published)
        self.assertEqual(other.returncode, 1)
        self.assertIn("1 MiB", other.stdout)
        self.assertIn("peer/zmq, shared memory / it: 4 published, 3.33 now (-17%)", other.stdout)
        self.assertNotIn("64 KiB", other.stdout)

    def test_a_page_is_written_again_from_its_numbers(self):
        source = written(self.directory, "numbers.json", invented())
        out = pathlib.Path(self.directory, "out")
        run = self.script("--from", source, "--out", out)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(json.loads((out / "benchmarks.json").read_text()), invented())
        self.assertIn("libzmq", (out / "benchmarks.md").read_text())

    @unittest.skipIf(pictures is None, "no python3-matplotlib")
    def test_a_picture_names_each_line_and_has_a_colour_for_the_dark_for_each_that_it_uses(self):
        pictures.draw_all(invented(), pathlib.Path(self.directory))
        svg = pathlib.Path(self.directory, "benchmarks-rate.svg").read_text()
        for label in ("arraywire, shared memory", "arraywire, inline, ipc", "libzmq", "unix socket (floor)", "64 KiB", "1 MiB"):
            self.assertIn(f">{label}</text>", svg)
        style, drawing = svg.split("</style>", 1)
        self.assertIn("prefers-color-scheme: dark", style)
        used = {colour for part in drawing.split("#")[1:] if len(colour := part[:6]) == 6 and set(colour) <= set("0123456789abcdef")}
        self.assertTrue(used)
        self.assertEqual({colour for colour in used if f"fill: #{colour}" not in style and colour != "000000"}, set())

    @unittest.skipIf(pictures is None, "no python3-matplotlib")
    def test_labels_are_apart_and_near_their_lines(self):
        placed = pictures.spaced([10.0, 10.0, 11.0, 100.0], 12.0)
        self.assertEqual(placed[3], 100.0)
        self.assertAlmostEqual(sum(placed[:3]) / 3, sum([10.0, 10.0, 11.0]) / 3)
        self.assertTrue(all(abs(b - a) >= 12.0 - 1e-9 for a, b in zip(sorted(placed), sorted(placed)[1:])))


if __name__ == "__main__":
    unittest.main(verbosity=2)
