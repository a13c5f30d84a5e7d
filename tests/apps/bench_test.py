"""The benchmarks of what needs nothing but arraywire and libzmq: that they run, count, and clean up after themselves."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

BENCH = os.environ["ARRAYWIRE_BENCH"]
WATCHDOG = 300
RESOURCES = {"cpu_s_per_gb", "producer_cpu_s_per_gb", "consumer_cpu_s_per_gb", "cpu_us_per_frame", "memory_mb"}
TIMES = {"p50_us", "max_us"}  # and p99_us, of a hundred frames or more
LATENCIES = TIMES | {"half_round_trip_p50_us"}
FIRST_FRAMES = {"setup_ms", "first_ms", "steady_ms", "first_over_steady"}
FANOUT = {"publish_p50_us", "publish_max_us", "cpu_us", "process_cpu_us", "slots"}
FRAME_BYTES = 1048576
ONE_CONSUMER = {"shared_memory_no_spin", "floor/futex", "floor/socket_ping"}


def cores():
    """What this process may use."""
    found = {}
    for processor in sorted(os.sched_getaffinity(0)):
        siblings = pathlib.Path(f"/sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list").read_text()
        found.setdefault(siblings, set()).add(processor)
    return list(found.values())


def affinities_of_peers(bench):
    """(its own thread's, those of its others together) of each peer, the producer's first."""
    found = {}
    for process in pathlib.Path(f"/proc/{bench}/task/{bench}/children").read_text().split():
        try:
            arguments = pathlib.Path(f"/proc/{process}/cmdline").read_text().split("\0")
            others = [os.sched_getaffinity(int(thread)) for thread in os.listdir(f"/proc/{process}/task") if thread != process]
            if arguments[1] == "--peer" and others:
                found[arguments[4] == "consumer", arguments[7]] = (os.sched_getaffinity(int(process)), set().union(*others))
        except (FileNotFoundError, ProcessLookupError, IndexError):
            pass  # it has just begun
    return [found[key] for key in sorted(found)]


def name(benchmark, frame_bytes=FRAME_BYTES, frames=None):
    return f"{benchmark}/{frame_bytes}/" + (f"iterations:{frames}/" if frames else "") + "manual_time"


def counters():
    """Of every benchmark that is run, those that it must have beside what its processes used."""
    wanted = {name("latency/zmq", 96): LATENCIES, name("peer/zmq_exchange", 96): set()}
    for transport, short in {"shared_memory": "shared_memory", "shared_memory_no_spin": "shared_memory_no_spin", "inline/ipc": "inline",
                             "inline/tcp": "inline_tcp", "floor/unix_socket": "unix_socket", "floor/futex": "futex",
                             "floor/socket_ping": "socket_ping", "peer/zmq": "zmq_frames",
                             "peer/zmq_default_malloc": "zmq_default_malloc"}.items():
        wanted[name(transport + "/handoff" if transport.startswith("shared_memory") else transport)] = set()
        wanted[name(transport + "/fill_read")] = set()
        if transport not in ONE_CONSUMER:
            wanted |= {name(f"{transport}/consumers/{consumers}"): set() for consumers in (1, 2, 4, 8)}
        wanted[name(transport + "/first_frames", frames=30)] = FIRST_FRAMES
        wanted |= {name("latency/" + short, size): LATENCIES for size in (96, FRAME_BYTES)}
        wanted[name("paced/" + short, frames=90)] = TIMES
    wanted |= {name(f"shared_memory/fanout/{consumers}"): FANOUT for consumers in (1, 2, 4, 8)}
    return wanted


class Bench(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="aw-")  # short: socket paths are limited
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def run_bench(self, *arguments):
        environment = dict(os.environ, TMPDIR=self.directory)
        run = subprocess.run([BENCH, *arguments], env=environment, capture_output=True, text=True, timeout=WATCHDOG)
        self.assertEqual(os.listdir(self.directory), [])
        return run

    def bench(self, *arguments):
        run = self.run_bench(*arguments)
        self.assertEqual(run.returncode, 0, run.stderr)
        return json.loads(run.stdout)

    def compare(self, *names, frame_bytes=FRAME_BYTES):
        return self.bench("--compare", ",".join(names), "--size", str(frame_bytes), "--pairs", "3", "--batch-seconds", "0.01",
                          "--json", "-")

    def test_each_runs_and_has_its_counters(self):
        expected = counters()
        wanted = "^(" + "|".join(expected) + ")$"
        benchmarks = self.bench("--benchmark_filter=" + wanted, "--benchmark_min_time=0.01", "--benchmark_format=json")["benchmarks"]
        self.assertEqual({benchmark["name"] for benchmark in benchmarks}, set(expected))
        for benchmark in benchmarks:
            with self.subTest(name=benchmark["name"]):
                self.assertNotIn("error_message", benchmark)
                self.assertGreater(benchmark["bytes_per_second"], 0)
                wanted = expected[benchmark["name"]] | RESOURCES
                self.assertEqual({counter for counter in wanted if not benchmark.get(counter, 0) > 0}, set())

    def test_fan_out_needs_one_slot_for_everybody(self):
        compared = self.compare("shared_memory/fanout/8", "shared_memory/fanout/1")
        self.assertEqual(len(compared["ratio"]["values"]), 3)
        for benchmark in compared["benchmarks"]:  # the one in use, and perhaps one that is just coming back
            self.assertLessEqual(benchmark["counters"]["slots"]["median"], 2)
        self.assertGreater(compared["benchmarks"][1]["ratios"]["publish_p50_us"]["median"], 0)

    def test_a_ratio_is_the_first_to_the_other_in_the_same_round(self):
        compared = self.compare("shared_memory/fill_read", "floor/two_threads", "floor/memcpy")
        first, *others = compared["benchmarks"]
        self.assertEqual([benchmark["name"] for benchmark in others], ["floor/two_threads", "floor/memcpy"])
        for other in others:
            rates = zip(first["counters"]["GB/s"]["values"], other["counters"]["GB/s"]["values"], strict=True)
            for ratio, (of_first, of_other) in zip(other["ratios"]["GB/s"]["values"], rates, strict=True):
                self.assertAlmostEqual(ratio, of_first / of_other)

    def test_shared_memory_is_counted_once_however_many_have_it(self):
        compared = self.compare("shared_memory/consumers/8", "inline/ipc/consumers/8")
        shared, inline = (benchmark["counters"]["memory_mb"]["median"] for benchmark in compared["benchmarks"])
        self.assertLess(shared, inline)

    def test_memory_is_that_of_all_at_one_moment(self):
        frame_bytes = 32 << 20
        compared = self.compare("floor/futex/fill_read", "floor/unix_socket/fill_read", frame_bytes=frame_bytes)
        once, twice = (benchmark["counters"]["memory_mb"]["median"] * 1e6 for benchmark in compared["benchmarks"])
        self.assertTrue(4 * frame_bytes < once < 8 * frame_bytes, once)  # four buffers that both map
        self.assertTrue(8 * frame_bytes < twice < 12 * frame_bytes, twice)  # four on each side

    def test_every_round_has_an_order_of_its_own_and_every_run_the_same_ones(self):
        names = ["floor/memcpy", "floor/two_threads", "floor/futex", "floor/socket_ping", "floor/unix_socket"]
        orders = self.compare(*names)["order"]
        self.assertEqual(len(orders), 3)
        for order in orders:
            self.assertEqual(sorted(order), list(range(len(names))))
        followed = {pair for order in orders for pair in zip(order, order[1:])}
        self.assertGreater(len(followed), len(names))  # in a rotation, there are as many as names
        self.assertEqual(self.compare(*names)["order"], orders)

    def test_every_round_says_what_the_processors_were_worth(self):
        host = self.compare("floor/memcpy", "floor/futex")["host"]
        self.assertEqual([of > 0 for of in host["line_ns"]], [len(cores()) > 1] * 3)
        self.assertEqual([of > 0 for of in host["steps_per_ns"]], [True] * 3)

    def test_threads_that_send_and_receive_have_cores_of_their_own_as_far_as_there_are(self):
        all_cores = cores()
        if len(all_cores) < 2:
            self.skipTest("there is one core")
        dealt = [all_cores[i % len(all_cores)] for i in range(3)]
        expected = [(core, set().union(*all_cores) - core) for core in dealt]
        bench = subprocess.Popen([BENCH, "--compare", "inline/ipc/consumers/2,floor/memcpy", "--size", str(FRAME_BYTES), "--pairs", "100000"],
                                 stdout=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + WATCHDOG
            while (found := affinities_of_peers(bench.pid)) != expected:
                self.assertLess(time.monotonic(), deadline, found)
                time.sleep(0.05)
        finally:
            bench.terminate()
            bench.wait()

    def test_latencies_are_those_of_all_rounds(self):
        compared = self.compare("latency/futex", "latency/shared_memory", "paced/futex", "shared_memory/fanout/2", "floor/futex")
        futex, shared, paced, fanout, handoff = (benchmark["latencies"] for benchmark in compared["benchmarks"])
        for latencies in (futex, shared):
            self.assertEqual(set(latencies), {"", "half_round_trip_"})
            self.assertEqual(latencies[""]["samples"], latencies["half_round_trip_"]["samples"])
            for times in latencies.values():
                self.assertGreaterEqual(times["samples"], 3 * 16)
                self.assertEqual("p99_us" in times, times["samples"] >= 100)
                self.assertTrue(0 < times["p50_us"] <= times.get("p99_us", times["max_us"]) <= times["max_us"], times)
        self.assertEqual(paced[""].keys(), {"samples", "p50_us", "max_us"})
        self.assertEqual(paced[""]["samples"], 3 * 30)
        self.assertEqual(set(fanout), {"publish_"})
        self.assertEqual(handoff, {})
        for benchmark in compared["benchmarks"]:
            for prefix, times in benchmark["latencies"].items():
                of_rounds = benchmark["counters"][prefix + "p50_us"]["values"]
                self.assertTrue(min(of_rounds) <= times["p50_us"] <= 1.01 * max(of_rounds), benchmark["name"])  # to its step
            self.assertFalse([counter for counter in benchmark["counters"] if counter.endswith(("p99_us", "max_us"))])

    def test_a_frame_that_some_peers_cannot_count_is_refused(self):
        refused = self.run_bench("--compare", "floor/memcpy,floor/futex", "--size", str(1 << 31))
        self.assertEqual(refused.returncode, 2)
        self.assertIn("must be a multiple of 8 from 24 to 2147483640", refused.stderr)

    def test_a_signal_ends_every_peer_in_order(self):
        names = "peer/multiprocessing/fill_read,shared_memory/fill_read"
        driver = subprocess.Popen([BENCH, "--compare", names, "--size", str(FRAME_BYTES), "--pairs", "100000", "--json", "-"],
                                  env=dict(os.environ, TMPDIR=self.directory), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(driver.kill)
        children = pathlib.Path(f"/proc/{driver.pid}/task/{driver.pid}/children")
        deadline = time.monotonic() + WATCHDOG
        while len(children.read_text().split()) < 4:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        driver.send_signal(signal.SIGINT)
        output, errors = driver.communicate(timeout=WATCHDOG)
        self.assertEqual(os.listdir(self.directory), [])
        self.assertNotIn("Traceback", errors)
        if driver.returncode == 0:  # a round was over
            self.assertGreater(json.loads(output)["pairs"], 0)
        else:
            self.assertEqual((driver.returncode, errors), (1, "arraywire-bench: stopped by a signal\n"))

    def test_what_is_absent_is_left_out_unless_nothing_else_is_left(self):
        with tempfile.TemporaryDirectory(prefix="aw-") as folder:  # where there is no bench-peers beside it
            copy = pathlib.Path(folder, "arraywire-bench")
            copy.write_bytes(pathlib.Path(BENCH).read_bytes())
            copy.chmod(0o755)
            environment = dict(os.environ, TMPDIR=self.directory)

            def compare(names):
                return subprocess.run([copy, "--compare", names, "--size", "1048576", "--pairs", "1", "--batch-seconds", "0.01",
                                       "--json", "-"], env=environment, capture_output=True, text=True, timeout=WATCHDOG)

            compared = compare("floor/memcpy,peer/nng,floor/two_threads")
            self.assertEqual(compared.returncode, 0, compared.stderr)
            self.assertEqual([missing["name"] for missing in json.loads(compared.stdout)["absent"]], ["peer/nng"])
            self.assertIn("libnng-dev", json.loads(compared.stdout)["absent"][0]["why"])
            for names in ("floor/memcpy,peer/nng", "peer/nng,floor/memcpy"):
                nothing = compare(names)
                self.assertEqual(nothing.returncode, 1)
                self.assertIn("peer/nng: absent: built without nng (libnng-dev)", nothing.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
