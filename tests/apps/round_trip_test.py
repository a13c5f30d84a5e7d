"""Every source to every sink, byte for byte."""

import os
import subprocess
import unittest

import numpy as np

import programs
from programs import CONSUMER, PRODUCER

DTYPES = ["bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "float32", "float64",
          "complex64", "complex128"]


def noise(shape, dtype="uint16", seed=1):
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    data = np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)
    if dtype == "bool":
        data &= 1
    return data.view(dtype).reshape(shape)


class RoundTrip(programs.ProgramTest):
    def send(self, *arguments, lane=(), **pipes):
        """The messages that a consumer's npy sink wrote, and both summaries."""
        consumer = self.consume("--sink", "npy:" + self.path("out"), "--verify", *lane)
        producer = self.produce("--wait-for", 1, "--checksum", *arguments, **pipes)
        sent = producer.finish_json()
        taken = consumer.finish_json()
        self.assertEqual(taken["messages"], sent["messages"])
        self.assertEqual((taken["missed"], taken["corrupt"], taken["source_gaps"], taken["gaps"]), (0, 0, 0, 0))
        self.assertEqual(taken["verified"], taken["messages"])
        self.assertEqual(taken["end"], "stream-ended")
        files = sorted(os.listdir(self.path("out")))
        self.assertEqual(files, [f"message-{i:06}.npy" for i in range(sent["messages"])])
        return [np.load(self.path("out", name)) for name in files], sent, taken

    def assert_same(self, got, wanted):
        self.assertEqual((got.dtype, got.shape), (wanted.dtype, wanted.shape))
        self.assertEqual(np.ascontiguousarray(got).tobytes(), np.ascontiguousarray(wanted).tobytes())

    def test_npy_files_of_every_dtype(self):
        for dtype in DTYPES:
            np.save(self.path(f"{dtype}.npy"), noise((5, 3), dtype))
        arrays, sent, _ = self.send("--source", "npy:" + self.path("*.npy"))
        self.assertEqual((sent["messages"], sent["copies"]), (len(DTYPES), 0))
        for got, dtype in zip(arrays, sorted(DTYPES)):
            self.assert_same(got, noise((5, 3), dtype))

    def test_npy_of_every_form(self):
        forms = {
            "a_c": noise((4, 5, 6)),
            "b_fortran": np.asfortranarray(noise((4, 5, 6))),
            "c_scalar": np.array(1.5),
            "d_empty": np.zeros((0, 3), "float32"),
            "e_one": noise((1,)),
            "f_deep": noise((1, 2) * 8, "uint8"),
        }
        for name, array in forms.items():
            np.save(self.path(name + ".npy"), array)
        arrays, _, _ = self.send("--source", "npy:" + self.path("*.npy"))
        for got, wanted in zip(arrays, forms.values()):
            self.assert_same(got, wanted)
        self.assertTrue(arrays[1].flags.f_contiguous)  # as it was saved

    def test_split_sends_the_first_axis(self):
        stack = noise((6, 4, 5))
        np.save(self.path("stack.npy"), stack)
        arrays, sent, _ = self.send("--source", "npy:" + self.path("stack.npy"), "--split")
        self.assertEqual(sent["messages"], 6)
        for got, wanted in zip(arrays, stack):
            self.assert_same(got, wanted)

    def test_split_of_fortran_order_sends_only_its_part(self):
        stack = np.asfortranarray(noise((50, 8, 9)))
        np.save(self.path("stack.npy"), stack)
        arrays, sent, taken = self.send("--source", "npy:" + self.path("stack.npy"), "--split")
        self.assertEqual(taken["bytes"], stack.nbytes)
        self.assertEqual(sent["copies"], 50)  # packed, and said so
        for got, wanted in zip(arrays, stack):
            self.assert_same(got, wanted)

    def test_npy_is_never_copied_whoever_needs_a_slot(self):
        """Lent where it is mapped, or read straight into the slot that shared memory, a history or a kept message needs."""
        stack = noise((12, 300, 500))
        np.save(self.path("stack.npy"), stack)
        source = ("--source", "npy:" + self.path("stack.npy"), "--split")
        for producer, consumer, lane, slots in [((), (), "shared-memory", True),
                                                ((), ("--lane", "inline"), "inline", False),
                                                (("--lane", "inline"), (), "inline", False),
                                                (("--history", 2), ("--lane", "inline"), "inline", True)]:
            with self.subTest(producer=producer, consumer=consumer):
                arrays, sent, taken = self.send(*source, *producer, lane=consumer)
                self.assertEqual((taken["lane"], sent["copies"], sent["slots"] > 0), (lane, 0, slots))
                for got, wanted in zip(arrays, stack):
                    self.assert_same(got, wanted)

    def test_npy_for_the_latest_is_not_copied(self):
        stack = noise((40, 100, 100))
        np.save(self.path("stack.npy"), stack)
        consumer = self.consume("--sink", "raw:" + self.path("out"), "--when-full", "latest", "--lane", "inline", "--work", 10)
        sent = self.produce("--source", "npy:" + self.path("stack.npy"), "--split", "--rate", 400).finish_json()
        taken = consumer.finish_json()
        self.assertEqual((sent["messages"], sent["copies"]), (40, 0))
        self.assertEqual(taken["messages"] + taken["missed"], 40)
        last = stack[-1].tobytes()
        self.assertEqual(self.read("out")[-len(last):], last)

    def test_an_npy_for_both_lanes_is_read_once(self):
        stack = noise((12, 300, 500))
        np.save(self.path("stack.npy"), stack)
        consumers = [self.consume("--sink", "raw:" + self.path(lane), "--lane", lane) for lane in ("shared-memory", "inline")]
        sent = self.produce("--source", "npy:" + self.path("stack.npy"), "--split", "--wait-for", 2).finish_json()
        self.assertEqual([consumer.finish_json()["lane"] for consumer in consumers], ["shared-memory", "inline"])
        self.assertEqual((sent["messages"], sent["copies"]), (12, 0))
        self.assertEqual(self.read("shared-memory"), stack.tobytes())
        self.assertEqual(self.read("inline"), stack.tobytes())

    def test_a_file_that_shrinks_while_it_is_read_is_named(self):
        np.save(self.path("stack.npy"), noise((200, 100, 100)))
        consumer = self.consume("--sink", "raw:" + self.path("out"))
        producer = self.produce("--source", "npy:" + self.path("stack.npy"), "--split", "--rate", 20, "--log-level", "warn")
        self.eventually(lambda: os.path.exists(self.path("out")) and os.path.getsize(self.path("out")) > 0, "a first message")
        os.truncate(self.path("stack.npy"), 20_000)
        producer.finish_json(1)
        self.assertRegex(producer.stderr(), r"\Aarraywire-producer: .*stack\.npy: it is shorter than it was when it was opened\n\Z")
        self.assertEqual(consumer.finish_json()["end"], "stream-ended")

    def test_a_file_larger_than_the_pool_may_be(self):
        array = noise((1000, 1000))
        np.save(self.path("large.npy"), array)
        options = ("--source", "npy:" + self.path("large.npy"), "--max-memory", "1M")
        consumer = self.consume()
        producer = self.produce(*options)
        producer.finish_json(1)
        self.assertRegex(producer.stderr(), "--max-memory, or use --lane inline")
        consumer.finish_json()
        arrays, sent, _ = self.send(*options, "--lane", "inline")
        self.assertEqual(sent["pool_bytes"], 0)
        self.assert_same(arrays[0], array)

    def test_loop_and_count(self):
        np.save(self.path("one.npy"), noise((3,)))
        arrays, _, _ = self.send("--source", "npy:" + self.path("one.npy"), "--loop", "--count", 5)
        self.assertEqual(len(arrays), 5)

    def test_raw_stdin_in_odd_pieces(self):
        frames = noise((7, 30, 41, 3))
        reading, writing = os.pipe()
        feeder = subprocess.Popen(["/usr/bin/python3", "-c", "import sys,os\nd=sys.stdin.buffer.read()\n"
                                   "while d: n=os.write(1,d[:1009]); d=d[n:]"], stdin=subprocess.PIPE, stdout=writing)
        os.close(writing)
        consumer = self.consume("--sink", "npy:" + self.path("out"))
        producer = self.produce("--source", "raw:-", "--shape", "30x41x3", stdin=reading)
        os.close(reading)
        feeder.communicate(frames.tobytes())
        self.assertEqual(producer.finish_json()["messages"], 7)
        self.assertEqual(consumer.finish_json()["messages"], 7)
        for i in range(7):
            self.assert_same(np.load(self.path("out", f"message-{i:06}.npy")), frames[i])

    def test_raw_file_to_raw_file_and_to_stdout(self):
        frames = noise((20, 64, 48), "float32")
        with open(self.path("in"), "wb") as file:
            file.write(frames.tobytes())
        to_file = self.consume("--sink", "raw:" + self.path("out"))
        to_stdout = self.start(CONSUMER, "--sink", "raw:-", "--json", self.path("summary.json"))
        producer = self.produce("--source", "raw:" + self.path("in"), "--dtype", "float32", "--shape", "64x48", "--wait-for", 2)
        self.assertEqual(to_stdout.finish(), frames.tobytes())
        self.assertEqual(producer.finish_json()["messages"], 20)
        to_file.finish()
        self.assertEqual(self.read("out"), frames.tobytes())
        self.assertIn(b'"end":"stream-ended"', self.read("summary.json"))

    def test_a_partial_last_frame_is_not_sent(self):
        for source, extra in (("raw:" + self.path("in"), {}), ("raw:-", {"stdin": True})):
            with self.subTest(source=source):
                with open(self.path("in"), "wb") as file:
                    file.write(bytes(250))
                pipes = {"stdin": open(self.path("in"), "rb")} if extra else {}
                consumer = self.consume()
                producer = self.start(PRODUCER, "--json", self.path("s.json"), "--log-level", "error", "--source", source, "--dtype", "uint8",
                                      "--shape", "100", **pipes)
                producer.finish(1)
                for file in pipes.values():
                    file.close()
                lines = producer.stderr().splitlines()
                self.assertEqual(len(lines), 1, lines)
                self.assertIn("partial", lines[0])
                taken = consumer.finish_json()
                self.assertEqual((taken["messages"], taken["end"]), (2, "stream-ended"))

    def test_fortran_order_is_raw_in_c_order(self):
        array = noise((6, 7))
        np.save(self.path("f.npy"), np.asfortranarray(array))
        consumer = self.start(CONSUMER, "--sink", "raw:-")
        self.produce("--source", "npy:" + self.path("f.npy")).finish()
        self.assertEqual(consumer.finish(), array.tobytes())

    def test_the_pattern_is_the_same_for_everybody_over_tcp_and_ipc(self):
        producer = self.produce("--shape", "90x160x3", "--rate", 0, "--count", 10, "--wait-for", 2, "--listen", "tcp://127.0.0.1:0")
        endpoint = producer.wait_for_line(r"stream 'default' on ipc://\S+ (tcp://127\.0\.0\.1:\d+)")[1]
        consumers = [self.start(CONSUMER, "--sink", "raw:-"), self.start(CONSUMER, "--sink", "raw:-", "--connect", endpoint)]
        first, second = (consumer.finish() for consumer in consumers)
        producer.finish()
        self.assertEqual(len(first), 10 * 90 * 160 * 3 * 2)
        self.assertEqual(first, second)
        frames = np.frombuffer(first, "uint16").reshape(10, 90, 160, 3)
        self.assertEqual((int(frames.min()), int(frames.max())), (0, 65535))
        self.assertTrue(all((frames[i] != frames[i + 1]).any() for i in range(9)))

    def test_raw_stops_where_the_spec_changes(self):
        np.save(self.path("1.npy"), noise((4, 4)))
        np.save(self.path("2.npy"), noise((4, 5)))
        consumer = self.start(CONSUMER, "--sink", "raw:" + self.path("out"))
        self.produce("--source", "npy:" + self.path("[12].npy")).finish()
        consumer.finish(1)
        self.assertRegex(consumer.stderr(), r"spec changed from uint16 4x4 to uint16 4x5")
        self.assertEqual(self.read("out"), noise((4, 4)).tobytes())

    def test_a_file_cut_short_is_refused_by_name(self):
        np.save(self.path("cut.npy"), noise((100, 100)))
        os.truncate(self.path("cut.npy"), 10_000)
        producer = self.produce("--source", "npy:" + self.path("cut.npy"))
        producer.finish(1)
        self.assertRegex(producer.stderr(), r"cut\.npy: it is truncated")


class LargeFile(programs.ProgramTest):
    def test_400_megabytes_are_mapped_and_not_read(self):
        path = self.path("large.npy")
        array = np.lib.format.open_memmap(path, "w+", "uint16", (100, 1000, 2000))
        rng = np.random.default_rng(5)
        for plane in array:
            plane[:] = rng.integers(0, 65536, plane.shape, dtype=np.uint16)
        array.flush()
        del array
        consumer = self.consume("--sink", "raw:" + self.path("out"), "--lane", "inline")
        producer = self.produce("--source", "npy:" + path, "--lane", "inline", "--linger", 60)
        producer.wait_for_line("joined")
        most = 0
        while producer.popen.poll() is None:
            try:
                with open(f"/proc/{producer.popen.pid}/status") as file:
                    lines = dict(line.split(":", 1) for line in file)
                most = max(most, int(lines.get("RssAnon", "0").split()[0]))
            except (FileNotFoundError, ProcessLookupError):
                break
        sent = producer.finish_json()
        self.assertEqual((sent["messages"], sent["copies"]), (1, 0))
        self.assertEqual(consumer.finish_json()["bytes"], 400_000_000)
        self.assertLess(most, 300_000, "kB of private memory, most of it a sanitizer's")
        same = subprocess.run(["cmp", "-n", "400000000", "-i", "128:0", path, self.path("out")])
        self.assertEqual(same.returncode, 0)


if __name__ == "__main__":
    programs.main()
