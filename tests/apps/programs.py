"""Runs the built programs for the tests: each test has a runtime directory of its own, and every wait a watchdog."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PRODUCER = os.environ["ARRAYWIRE_PRODUCER"]
CONSUMER = os.environ["ARRAYWIRE_CONSUMER"]
WATCHDOG = float(os.environ.get("ARRAYWIRE_TEST_WATCHDOG", "120"))


class Process:
    """A running program. Its stderr goes to a file, so that it can be looked at while it runs."""

    def __init__(self, test, arguments, **pipes):
        self.errors = tempfile.TemporaryFile()
        pipes.setdefault("stdin", subprocess.DEVNULL)
        pipes.setdefault("stdout", subprocess.PIPE)
        self.arguments = arguments
        self.popen = subprocess.Popen(arguments, stderr=self.errors, env=test.environment, **pipes)
        test.addCleanup(self.kill)

    def stderr(self):
        size = os.fstat(self.errors.fileno()).st_size
        return os.pread(self.errors.fileno(), size, 0).decode()

    def wait_for_line(self, pattern):
        """The match of `pattern` in what the program says on stderr, once it says it."""
        deadline = time.monotonic() + WATCHDOG
        while time.monotonic() < deadline:
            ended = self.popen.poll() is not None
            found = re.search(pattern, self.stderr())
            if found:
                return found
            if ended:
                break
            time.sleep(0.01)
        raise AssertionError(f"{self.arguments} never said {pattern!r}, but:\n{self.stderr()}")

    def finish(self, status=0):
        """Waits for its end; returns stdout. The status must be as given (None: any)."""
        try:
            output, _ = self.popen.communicate(timeout=WATCHDOG)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.communicate()
            raise AssertionError(f"{self.arguments} did not end; it said:\n{self.stderr()}") from None
        if status is not None and self.popen.returncode != status:
            raise AssertionError(f"{self.arguments} ended with {self.popen.returncode}, not {status}; it said:\n{self.stderr()}")
        return output

    def finish_json(self, status=0):
        return json.loads(self.finish(status))

    def signal(self, number):
        self.popen.send_signal(number)

    def kill(self):
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGKILL)
        self.popen.wait()
        for stream in (self.popen.stdout, self.popen.stdin):
            if stream:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        self.errors.close()


class ProgramTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="aw-")  # short: socket paths are limited
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("ARRAYWIRE_")}
        self.environment["ARRAYWIRE_RUNTIME_DIR"] = self.path("run")

    def path(self, *parts):
        return os.path.join(self.directory, *parts)

    def start(self, program, *arguments, **pipes):
        return Process(self, [program, *map(str, arguments)], **pipes)

    def produce(self, *arguments, **pipes):
        return self.start(PRODUCER, "--json", "-", *arguments, **pipes)

    def consume(self, *arguments, **pipes):
        return self.start(CONSUMER, "--json", "-", *arguments, **pipes)

    def eventually(self, condition, what):
        deadline = time.monotonic() + WATCHDOG
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"{what} never came")
            time.sleep(0.01)

    def read(self, *parts):
        with open(self.path(*parts), "rb") as file:
            return file.read()


def main():
    """As unittest.main(), but a module whose tests were all skipped ends with 77, which CTest shows as skipped."""
    program = unittest.main(module="__main__", exit=False, verbosity=2)
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if result.testsRun and len(result.skipped) == result.testsRun else 0)
