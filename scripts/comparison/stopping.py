"""SIGINT and SIGTERM while it is measured."""

import signal
import subprocess

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """With it, a signal ends nothing: the program that runs is told, ends its own in order and says what it has; no other is started."""

    def __init__(self):
        self.signal = None
        self.program = None

    def __enter__(self):
        self.before = {number: signal.signal(number, self.on_signal) for number in SIGNALS}
        return self

    def __exit__(self, *_):
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def on_signal(self, number, _frame):
        self.signal = self.signal or number
        self.tell()

    def tell(self):
        """A terminal has told all of its foreground already; twice does not hurt."""
        if self.signal and self.program:
            self.program.send_signal(signal.SIGTERM)

    def run(self, command):
        """As subprocess.run, which would kill it."""
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as self.program:
            self.tell()  # of one that came meanwhile
            stdout, stderr = self.program.communicate()
        finished, self.program = self.program, None
        return subprocess.CompletedProcess(command, finished.returncode, stdout, stderr)
