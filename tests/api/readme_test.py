"""README.md's two programs against each other: readme_test.py PUBLISHER SUBSCRIBER (or publisher.py and subscriber.py)"""

import os
import re
import subprocess
import sys
import tempfile

WATCHDOG = 280  # as long as ctest lets it: thirty seconds alone under TSan
FRAMES = 60


def main():
    with tempfile.TemporaryDirectory() as directory:
        environment = dict(os.environ, ARRAYWIRE_RUNTIME_DIR=directory)
        publisher, subscriber = (
            subprocess.Popen([sys.executable, program] if program.endswith(".py") else [program], env=environment, stdout=subprocess.PIPE, text=True) for program in sys.argv[1:]
        )
        try:
            printed = subscriber.communicate(timeout=WATCHDOG)[0]
            statuses = [subscriber.returncode, publisher.wait(timeout=WATCHDOG)]
        finally:
            publisher.kill()
            subscriber.kill()
    print(printed)
    assert statuses == [0, 0], statuses
    frames = [tuple(map(int, line)) for line in re.findall(r"^(\d+): (\d+), missed (\d+)$", printed, re.MULTILINE)]
    assert frames, "nothing arrived"
    assert len(frames) == len(printed.splitlines()), "a line is not a frame's"
    values = [value for _, value, _ in frames]
    assert values == sorted(set(values)) and 1 <= values[0] and values[-1] <= FRAMES, values
    received = 0
    for sequence, _, missed in frames:
        received += 1 + missed
        assert sequence == received, "what was missed explains every step of the sequence"


main()
