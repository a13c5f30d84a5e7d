"""The examples' pipeline, in C++, in Python and mixed: four processes, every frame recorded, every faulty pixel gone."""

import os
import subprocess
import sys
import tempfile
import unittest

import numpy as np

BUILT = os.environ.get("ARRAYWIRE_EXAMPLES", "")
SCRIPTS = os.environ["ARRAYWIRE_EXAMPLE_SCRIPTS"]
FRAMES = 40
WATCHDOG = 180


def in_cpp(name):
    return [os.path.join(BUILT, name)]


def in_python(name):
    return [sys.executable, "-B", os.path.join(SCRIPTS, name + ".py")]


def has_python():
    return subprocess.call([sys.executable, "-c", "import arraywire, PIL"], stderr=subprocess.DEVNULL) == 0


class Pipeline(unittest.TestCase):
    def run_pipeline(self, camera, denoise, preview, recorder):
        with tempfile.TemporaryDirectory(prefix="aw-") as directory:
            environment = {**os.environ, "ARRAYWIRE_RUNTIME_DIR": os.path.join(directory, "run")}
            record, picture = os.path.join(directory, "record.npy"), os.path.join(directory, "preview.png")
            commands = [recorder("recorder") + [record], preview("preview") + [picture], denoise("denoise"),
                        camera("camera") + [str(FRAMES)]]
            processes = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for command in commands]
            try:
                said = [process.communicate(timeout=WATCHDOG)[0] for process in processes]
            finally:
                for process in processes:
                    process.kill()
                    process.wait()
            self.assertEqual([process.returncode for process in processes], [0] * 4)
            self.assertEqual(said[0], f"{FRAMES} frames, 0 missed\n")
            self.assertRegex(said[1], rf"frame {FRAMES - 1}, \d+ skipped\n\Z")
            self.assert_clean(np.load(record))
            with open(picture, "rb") as file:
                self.assertEqual(file.read(8), b"\x89PNG\r\n\x1a\n")

    def assert_clean(self, frames):
        self.assertEqual((frames.shape, frames.dtype), ((FRAMES, 480, 640), np.uint16))
        gradient = 8000 + 20 * np.add.outer(np.arange(480), np.arange(640))
        for number, frame in enumerate(frames):
            # A median next to a faulty pixel is a neighbour's value; five faulty ones in one neighbourhood are all but impossible.
            wrong = np.abs(frame.astype(int) - gradient - 50 * (number % 100)) > 60
            self.assertLessEqual(np.count_nonzero(wrong), 3, f"frame {number}")

    @unittest.skipUnless(BUILT, "the C++ examples are not built")
    def test_in_cpp(self):
        self.run_pipeline(in_cpp, in_cpp, in_cpp, in_cpp)

    @unittest.skipUnless(has_python(), "no Python package, or no Pillow")
    def test_in_python(self):
        self.run_pipeline(in_python, in_python, in_python, in_python)

    @unittest.skipUnless(BUILT and has_python(), "needs both")
    def test_mixed(self):
        self.run_pipeline(in_cpp, in_python, in_cpp, in_python)
        self.run_pipeline(in_python, in_cpp, in_python, in_cpp)


if __name__ == "__main__":
    program = unittest.main(exit=False, verbosity=2)
    everything_skipped = program.result.testsRun == len(program.result.skipped)
    sys.exit(1 if not program.result.wasSuccessful() else 77 if everything_skipped else 0)
