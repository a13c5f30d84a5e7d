"""Full disks and closed pipes: a clear line, status 1, and complete files stay complete."""

import glob
import json
import os
import signal
import subprocess
import unittest

import numpy as np

import programs
from programs import CONSUMER

SMALL = ("--shape", "64x64", "--dtype", "uint16")
FRAME = 64 * 64 * 2


class BrokenSink(programs.ProgramTest):
    def complaint(self, consumer):
        consumer.finish(1)
        lines = [line for line in consumer.stderr().splitlines() if os.strerror(28) in line or "closed pipe" in line]
        self.assertEqual(len(lines), 1, consumer.stderr())
        return lines[0]

    def producer_survives(self, producer):
        self.assertEqual(self.consume("--count", 2).finish_json()["messages"], 2)
        producer.signal(signal.SIGINT)
        producer.finish()

    def test_a_closed_pipe(self):
        producer = self.produce(*SMALL, "--rate", 500)
        reading, writing = os.pipe()
        consumer = self.start(CONSUMER, "--sink", "raw:-", "--json", self.path("s.json"), stdout=writing)
        os.close(writing)
        self.assertEqual(len(os.read(reading, 1000)), 1000)
        os.close(reading)
        self.assertIn("stdout", self.complaint(consumer))
        summary = json.loads(self.read("s.json"))
        self.assertEqual(summary["end"], "error")
        self.assertGreaterEqual(summary["seconds"], 0)
        self.producer_survives(producer)

    def test_a_sink_that_fails_at_the_first_message_took_no_negative_time(self):
        producer = self.produce(*SMALL, "--rate", 500)
        summary = self.start(CONSUMER, "--sink", "raw:/dev/full", "--json", "-").finish_json(1)
        self.assertEqual((summary["messages"], summary["end"]), (1, "error"))
        self.assertGreaterEqual(summary["seconds"], 0)
        self.producer_survives(producer)

    def test_head_takes_what_it_wants(self):
        producer = self.produce(*SMALL, "--rate", 500)
        consumer = self.start(CONSUMER, "--sink", "raw:-")
        head = subprocess.run(["head", "-c", str(FRAME)], stdin=consumer.popen.stdout, capture_output=True, timeout=programs.WATCHDOG)
        consumer.popen.stdout.close()
        consumer.popen.stdout = None
        self.assertEqual(len(head.stdout), FRAME)
        self.complaint(consumer)
        self.producer_survives(producer)

    def test_a_full_device(self):
        producer = self.produce(*SMALL, "--rate", 500)
        self.assertIn("/dev/full", self.complaint(self.start(CONSUMER, "--sink", "raw:/dev/full")))
        self.producer_survives(producer)

    def test_a_reader_that_stopped_does_not_hold_up_the_end_for_ever(self):
        producer = self.produce("--shape", "2000x2000", "--rate", 50)
        reading, writing = os.pipe()
        consumer = self.start(CONSUMER, "--sink", "raw:-", stdout=writing)
        os.close(writing)
        os.read(reading, 1000)
        consumer.signal(signal.SIGTERM)
        consumer.finish(1)
        self.assertIn("did not take the rest", consumer.stderr())
        os.close(reading)
        self.producer_survives(producer)


class FullDisk(programs.ProgramTest):
    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("mounting a small tmpfs needs root")
        self.disk = self.path("disk")
        os.mkdir(self.disk)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", self.disk], capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest("tmpfs cannot be mounted here: " + mounted.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=True)

    def test_complete_npy_files_stay_complete_and_nothing_else_stays(self):
        producer = self.produce(*SMALL, "--rate", 500, "--count", 0)
        consumer = self.start(CONSUMER, "--sink", "npy:" + self.disk)
        consumer.finish(1)
        self.assertRegex(consumer.stderr(), r"message-\d{6}\.npy: No space left on device")
        files = sorted(os.listdir(self.disk))
        self.assertGreater(len(files), 3)
        self.assertEqual(files, [f"message-{i:06}.npy" for i in range(len(files))])
        for name in files:
            self.assertEqual(np.load(os.path.join(self.disk, name)).shape, (64, 64))
        producer.signal(signal.SIGINT)
        producer.finish()

    def test_what_a_worker_cannot_write_another_one_writes(self):
        for i in range(60):
            np.save(self.path(f"{i:02}.npy"), np.full((64, 64), i, np.uint16))
        producer = self.produce("--source", "npy:" + self.path("*.npy"), "--delivery", "distribute", "--wait-for", 2)
        full = self.start(CONSUMER, "--sink", "npy:" + self.disk)
        other = self.start(CONSUMER, "--sink", "npy:" + self.path("out"), "--work", 20)
        full.finish(1)
        other.finish()
        producer.finish()
        written = [np.load(path)[0, 0] for folder in (self.disk, self.path("out")) for path in glob.glob(folder + "/*.npy")]
        self.assertEqual(sorted(written), list(range(60)))


if __name__ == "__main__":
    programs.main()
