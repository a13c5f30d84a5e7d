"""What the tests of the Python package share: a runtime directory for each test, child processes, and a watchdog over every wait."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import unittest

import arraywire

WATCHDOG = float(os.environ.get("ARRAYWIRE_TEST_WATCHDOG", "120"))
FRAME = (270, 480, 3)


class Child:
    """A Python program of its own, given as text. It talks in lines on stdout."""

    def __init__(self, test, program):
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env=dict(os.environ, PYTHONPATH=os.pathsep.join((os.path.dirname(__file__), os.environ["PYTHONPATH"]))),
            text=True,
        )
        self.watchdog = threading.Timer(WATCHDOG, self.process.kill)
        self.watchdog.daemon = True
        self.watchdog.start()
        test.addCleanup(self.end)

    def line(self):
        """The next line that it prints."""
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the child ended with {self.process.wait()}; stderr:\n{self.stderr()}")
        return line.rstrip("\n")

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def finish(self, status=0):
        """The rest of its output, when it has ended as it should."""
        output, _ = self.process.communicate(timeout=WATCHDOG)
        if self.process.returncode != status:
            raise AssertionError(f"the child ended with {self.process.returncode}; stderr:\n{self.stderr()}\nstdout:\n{output}")
        return output

    def stderr(self):
        self.errors.seek(0)
        return self.errors.read()

    def end(self):
        self.watchdog.cancel()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.errors):
            try:
                stream.close()
            except BrokenPipeError:
                pass


class Case(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="aw-")  # short: socket paths are limited
        self.addCleanup(directory.cleanup)
        before = os.environ.get("ARRAYWIRE_RUNTIME_DIR")
        os.environ["ARRAYWIRE_RUNTIME_DIR"] = directory.name
        self.addCleanup(lambda: os.environ.pop("ARRAYWIRE_RUNTIME_DIR"))
        if before is not None:
            self.addCleanup(os.environ.__setitem__, "ARRAYWIRE_RUNTIME_DIR", before)

    def pair(self, publishing=None, **subscribing):
        """A publisher and a subscriber of one context that have met."""
        context = arraywire.Context()
        self.addCleanup(context.close)
        publisher = arraywire.Publisher("stream", context, **(publishing or {}))
        subscriber = arraywire.Subscriber("stream", context, **subscribing)
        publisher.wait_for_subscribers(1, WATCHDOG)
        return publisher, subscriber

    def child(self, program):
        return Child(self, program)

    def eventually(self, condition, what="it"):
        deadline = time.monotonic() + WATCHDOG
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"{what} never happened")
            time.sleep(0.005)


def memory_file_ranges():
    """The address ranges of this process that are mappings of memfds."""
    ranges = []
    with open("/proc/self/maps") as maps:
        for line in maps:
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) .*/memfd:", line)
            if found:
                ranges.append((int(found[1], 16), int(found[2], 16), found[3]))
    return ranges


def mapping_of(array):
    """The permissions of the memfd mapping that holds all of the array, or None."""
    start = array.ctypes.data
    for low, high, permissions in memory_file_ranges():
        if low <= start and start + array.nbytes <= high:
            return permissions
    return None


def private_bytes():
    """What this process has for itself: not its mappings of slots."""
    with open("/proc/self/status") as status:
        return int(re.search(r"^RssAnon:\s+(\d+) kB", status.read(), re.MULTILINE)[1]) * 1024


def main():
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ctest may have been started in the background
    unittest.main(module="__main__", verbosity=2)
