"""Peers of other libraries, as far as they were found: that each runs, counts, ends with its driver, and leaves nothing behind."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

BENCH = pathlib.Path(os.environ["ARRAYWIRE_BENCH"])
WATCHDOG = 300
FRAME_BYTES = 1048576
RESOURCES = {"cpu_s_per_gb", "producer_cpu_s_per_gb", "consumer_cpu_s_per_gb", "memory_mb"}
TIMES = {"p50_us", "max_us"}
# By program in bench-peers: {transport: has several consumers}. None: they are within arraywire-bench.
TRANSPORTS = {
    None: {"multiprocessing": True},
    "nng": {"nng": True},
    "iceoryx": {"iceoryx": True, "iceoryx_polling": False},
    "cyclonedds": {"cyclonedds": True},
    "fastdds": {"fastdds": True},
    "mpi": {"mpi": True, "mpi_window": True},
}
FOUND = {name: several for program, transports in TRANSPORTS.items() for name, several in transports.items()
         if program is None or (BENCH.parent / "bench-peers" / program).exists()}


def benchmarks(name, several):
    """The counters that each must have, beside RESOURCES."""
    wanted = {f"peer/{name}": set(), f"peer/{name}/fill_read": set(), f"latency/{name}": TIMES | {"half_round_trip_p50_us"},
              f"paced/{name}": TIMES, f"peer/{name}/first_frames": {"first_ms", "steady_ms"}}
    return wanted | ({f"peer/{name}/consumers/{n}": set() for n in (1, 4)} if several else {})


def processes_with(text):
    """Those that have it among their arguments: (id, parent's id, arguments)."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has ended
        if any(text in argument for argument in arguments):
            found.append((int(folder.name), parent, arguments))
    return found


def may_unshare():
    """Where a mount namespace is not to be had, iceoryx has but one RouDi: see apps/bench/private_directories.hpp."""
    return any(subprocess.run(["unshare", *kind, "--mount", "true"], stderr=subprocess.DEVNULL).returncode == 0
               for kind in ([], ["--user"]))


class BenchPeers(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="aw-")  # short: socket paths are limited
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        before = self.shared_memory()
        self.addCleanup(lambda: self.wait_until(lambda: self.shared_memory() <= before, "shared memory is left over"))

    @staticmethod
    def shared_memory():
        prefixes = ("fast", "iceoryx", "iox", "osc_sm", "psm_", "sem.fast", "vader")
        return {name for name in os.listdir("/dev/shm") if name.startswith(prefixes)}

    def start(self, *arguments):
        environment = dict(os.environ, TMPDIR=self.directory)
        return subprocess.Popen([BENCH, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run_bench(self, *arguments):
        driver = self.start(*arguments)
        output, errors = driver.communicate(timeout=WATCHDOG)
        self.assertEqual(driver.returncode, 0, errors)
        self.assertEqual(os.listdir(self.directory), [])
        return json.loads(output)

    def wait_until(self, condition, what):
        deadline = time.monotonic() + WATCHDOG
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)

    def check(self, name, several):
        wanted = benchmarks(name, several)
        names = "|".join(f"{benchmark}/{FRAME_BYTES}/.*" for benchmark in wanted)
        ran = self.run_bench(f"--benchmark_filter=^({names})$", "--benchmark_min_time=0.01", "--benchmark_format=json")["benchmarks"]
        self.assertEqual({benchmark["name"].partition(f"/{FRAME_BYTES}/")[0] for benchmark in ran}, set(wanted))
        for benchmark in ran:
            self.assertNotIn("error_message", benchmark)
            counters = RESOURCES | wanted[benchmark["name"].partition(f"/{FRAME_BYTES}/")[0]]
            self.assertEqual({counter for counter in counters if not benchmark.get(counter, 0) > 0}, set(), benchmark["name"])

    def test_each_does_every_workload(self):
        for name, several in FOUND.items():
            with self.subTest(name):
                self.check(name, several)

    def test_two_measurements_at_once_do_not_meet(self):
        for name in FOUND:
            with self.subTest(name):
                if name.startswith(("iceoryx", "cyclonedds")) and not may_unshare():
                    self.skipTest("no mount namespace")
                compared = self.run_bench("--compare", f"peer/{name},peer/{name}/fill_read", "--size", str(FRAME_BYTES), "--pairs", "2",
                                          "--batch-seconds", "0.01", "--json", "-")
                self.assertEqual(len(compared["ratio"]["values"]), 2)

    def test_a_killed_side_ends_the_measurement_and_every_process_of_it(self):
        for name in FOUND:
            for role in (b"producer", b"consumer"):
                with self.subTest(name, role=role):
                    if name == "fastdds" and not may_unshare():
                        self.skipTest("no mount namespace: it leaves shared memory behind")
                    self.kill_one(name, role)

    def kill_one(self, name, role):
        driver = self.start("--compare", f"peer/{name},floor/memcpy", "--size", str(FRAME_BYTES), "--pairs", "100000")
        directory = os.fsencode(self.directory)
        self.addCleanup(driver.kill)

        def victims():
            # Not what a peer has started beside it, to end in order what it needs.
            return [pid for pid, parent, arguments in processes_with(directory) if role in arguments and parent == driver.pid]

        self.wait_until(victims, "no peer started")
        for pid in victims():
            os.kill(pid, signal.SIGKILL)
        _, errors = driver.communicate(timeout=WATCHDOG)
        self.assertEqual(driver.returncode, 1)
        self.assertIn(f"peer/{name} ", errors)
        self.wait_until(lambda: not processes_with(directory), "processes are left over")
        self.assertEqual(os.listdir(self.directory), [])
        self.assertEqual([file for file in os.listdir("/tmp") if file.startswith(("arraywire-iceoryx", "iceoryx_rt_", "roudi"))], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
