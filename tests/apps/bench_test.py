"""The benchmarks of the shared-memory lane and of what it is compared with: that they run, and clean up after themselves."""

import json
import os
import subprocess
import tempfile
import unittest

BENCH = os.environ["ARRAYWIRE_BENCH"]
WATCHDOG = 300
LATENCIES = {"p50_us", "p99_us", "half_round_trip_p50_us"}
COUNTERS = {  # of every benchmark that is run, as far as it must have them
    "shared_memory/handoff/1048576/manual_time": set(),
    "shared_memory/fill_read/1048576/manual_time": set(),
    "shared_memory/fanout/1/1048576/manual_time": {"publish_p50_us", "cpu_us", "process_cpu_us"},
    "shared_memory/fanout/2/1048576/manual_time": {"publish_p50_us", "cpu_us", "process_cpu_us"},
    "shared_memory/fanout/4/1048576/manual_time": {"publish_p50_us", "cpu_us", "process_cpu_us"},
    "shared_memory/fanout/8/1048576/manual_time": {"publish_p50_us", "cpu_us", "process_cpu_us"},
    "shared_memory/first_frames/1048576/iterations:30/manual_time": {"first_ms", "steady_ms", "first_over_steady"},
    "inline/ipc_fill_read/1048576/manual_time": set(),
    "latency/shared_memory/96/manual_time": LATENCIES,
    "latency/shared_memory/1048576/manual_time": LATENCIES,
    "latency/zmq/96/manual_time": LATENCIES,
    "peer/zmq_exchange/96/manual_time": set(),
}


class Bench(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="aw-")  # short: socket paths are limited
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def bench(self, *arguments):
        environment = dict(os.environ, TMPDIR=self.directory)
        run = subprocess.run([BENCH, *arguments], env=environment, stdout=subprocess.PIPE, timeout=WATCHDOG, check=True)
        self.assertEqual(os.listdir(self.directory), [])
        return json.loads(run.stdout)

    def test_each_runs_and_has_its_counters(self):
        wanted = "^(shared_memory/.*/1048576|inline/ipc_fill_read/1048576|latency/(shared_memory|zmq)/(96|1048576)|peer/zmq_exchange)/"
        benchmarks = self.bench("--benchmark_filter=" + wanted, "--benchmark_min_time=0.01", "--benchmark_format=json")["benchmarks"]
        self.assertEqual({benchmark["name"] for benchmark in benchmarks}, set(COUNTERS))
        for benchmark in benchmarks:
            with self.subTest(name=benchmark["name"]):
                self.assertNotIn("error_message", benchmark)
                self.assertGreater(benchmark["bytes_per_second"], 0)
                self.assertEqual({name for name in COUNTERS[benchmark["name"]] if not benchmark.get(name, 0) > 0}, set())

    def test_fan_out_needs_one_slot_for_everybody(self):
        compared = self.bench("--compare", "shared_memory/fanout/8,shared_memory/fanout/1", "--size", "1048576", "--pairs", "3",
                              "--json", "-")
        self.assertEqual(len(compared["ratio"]["values"]), 3)
        for side in "ab":  # the one in use, and perhaps one that is just coming back
            self.assertLessEqual(compared["counters"]["slots"][side]["median"], 2)
        self.assertGreater(compared["counters"]["publish_p50_us"]["ratio"]["median"], 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
