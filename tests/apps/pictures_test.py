"""A real HDR sequence, decoded by ffmpeg, through a producer to two consumers, byte for byte."""

import glob
import hashlib
import os
import shutil
import subprocess
import unittest

import programs
from programs import CONSUMER

DATA = os.environ.get("ARRAYWIRE_TEST_DATA", "")
SEQUENCE = sorted(glob.glob(os.path.join(DATA, "beachball.*.exr"))) if DATA else []


@unittest.skipUnless(SEQUENCE, "ARRAYWIRE_TEST_DATA names no folder with beachball.*.exr")
@unittest.skipUnless(shutil.which("ffmpeg"), "there is no ffmpeg")
class Pictures(programs.ProgramTest):
    SIZE = "1920x1080"
    FRAME = 1920 * 1080 * 3 * 2

    def decode(self, **pipes):
        return subprocess.Popen(["ffmpeg", "-v", "error", "-nostdin", "-i", os.path.join(DATA, "beachball.%04d.exr"), "-vf",
                                 "scale=" + self.SIZE.replace("x", ":"), "-pix_fmt", "rgb48le", "-f", "rawvideo", "-"], **pipes)

    def digest(self, stream):
        digest, size = hashlib.sha256(), 0
        while piece := stream.read(1 << 20):
            digest.update(piece)
            size += len(piece)
        return digest.hexdigest(), size

    def test_arrive_as_they_were_decoded(self):
        ffmpeg = self.decode(stdout=subprocess.PIPE)
        wanted, size = self.digest(ffmpeg.stdout)
        ffmpeg.stdout.close()
        self.assertEqual((ffmpeg.wait(), size), (0, len(SEQUENCE) * self.FRAME))

        reading, writing = os.pipe()
        producer = self.produce("--source", "raw:-", "--shape", "1080x1920x3", "--wait-for", 2, "--listen", "tcp://127.0.0.1:0", "--checksum",
                                "--linger", 60, stdin=reading)
        os.close(reading)
        endpoint = producer.wait_for_line(r"tcp://127\.0\.0\.1:\d+")[0]
        to_file = self.consume("--sink", "raw:" + self.path("local"), "--verify")
        to_pipe = self.start(CONSUMER, "--connect", endpoint, "--sink", "raw:-", "--verify", "--json", self.path("s.json"))
        ffmpeg = self.decode(stdout=writing)
        os.close(writing)
        self.assertEqual(self.digest(to_pipe.popen.stdout), (wanted, size))
        self.assertEqual(ffmpeg.wait(), 0)
        to_pipe.finish()
        self.assertEqual(to_file.finish_json()["verified"], len(SEQUENCE))
        with open(self.path("local"), "rb") as file:
            self.assertEqual(self.digest(file), (wanted, size))
        self.assertEqual(producer.finish_json()["messages"], len(SEQUENCE))


if __name__ == "__main__":
    programs.main()
