"""How runs begin and end: counts, time-outs, signals, restarts, and what the summaries say."""

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time
import unittest

import numpy as np

import programs
from programs import CONSUMER, PRODUCER

CONSUMER_KEYS = ["stream", "lane", "lane_reason", "messages", "bytes", "seconds", "messages_per_second", "gigabytes_per_second", "missed", "gaps",
                 "source_gaps", "verified", "corrupt", "copies", "latency_us", "end"]
PRODUCER_KEYS = ["stream", "messages", "bytes", "seconds", "messages_per_second", "gigabytes_per_second", "consumers", "copies",
                 "pool_bytes", "slots", "publish_us"]
SMALL = ("--shape", "32x32", "--dtype", "uint16")
FRAME = 32 * 32 * 2


class Summaries(programs.ProgramTest):
    def test_have_their_keys_on_one_line(self):
        consumer = self.consume("--name", "eye")
        producer = self.produce(*SMALL, "--count", 9, "--rate", 0, "--wait-for", 1)
        texts = producer.finish(), consumer.finish()
        for text in texts:
            self.assertEqual(text.count(b"\n"), 1)
        sent, taken = map(json.loads, texts)
        self.assertEqual([key for key in CONSUMER_KEYS if key not in taken], [])
        self.assertEqual([key for key in PRODUCER_KEYS if key not in sent], [])
        self.assertEqual((taken["messages"], taken["bytes"], taken["stream"]), (9, 9 * FRAME, "default"))
        self.assertEqual((sent["messages"], sent["bytes"], sent["copies"]), (9, 9 * FRAME, 0))
        self.assertGreater(taken["latency_us"]["max"], 0)
        self.assertLessEqual(taken["latency_us"]["p50"], taken["latency_us"]["max"])
        (peer,) = sent["consumers"]
        self.assertEqual((peer["pid"], peer["sent"], peer["missed"]), (consumer.popen.pid, 9, 0))
        self.assertIn(peer["leased"], (0, 1))  # the end is waited for until all is taken; the last one may not be released yet
        self.assertTrue(peer["name"].startswith("eye"), peer)
        self.assertEqual((peer["lane"], peer["lane_reason"]), (taken["lane"], taken["lane_reason"]))

    def test_go_to_a_file(self):
        producer = self.start(PRODUCER, *SMALL, "--count", 2, "--rate", 0, "--json", self.path("s.json"))
        self.assertEqual(producer.finish(), b"")
        self.assertEqual(json.loads(self.read("s.json"))["messages"], 2)


class Limits(programs.ProgramTest):
    def test_the_consumer_stops_after_its_count_and_the_producer_goes_on(self):
        producer = self.produce(*SMALL, "--rate", 500)
        taken = self.consume("--count", 5).finish_json()
        self.assertEqual((taken["messages"], taken["end"]), (5, "count"))
        self.assertEqual(self.consume("--count", 5).finish_json()["messages"], 5)
        producer.signal(signal.SIGINT)
        self.assertGreaterEqual(producer.finish_json()["messages"], 10)

    def test_nothing_ever_came_is_status_3(self):
        consumer = self.consume("--timeout", 0.3)
        taken = consumer.finish_json(3)
        self.assertEqual((taken["messages"], taken["end"], taken["lane"]), (0, "timeout", None))

    def test_nothing_more_came_is_status_0(self):
        producer = self.produce(*SMALL, "--source", "raw:-", stdin=(pipe := os.pipe())[0])
        os.close(pipe[0])
        producer.wait_for_line("on ipc://")
        consumer = self.consume("--timeout", 5)
        os.write(pipe[1], bytes(2 * FRAME))
        taken = consumer.finish_json(0)
        self.assertEqual((taken["messages"], taken["end"]), (2, "timeout"))
        os.close(pipe[1])
        producer.finish()

    def test_an_empty_source_is_a_stream_of_nothing(self):
        consumer = self.consume()
        self.assertEqual(self.produce(*SMALL, "--source", "raw:/dev/null").finish_json()["messages"], 0)
        taken = consumer.finish_json(0)
        self.assertEqual((taken["messages"], taken["end"]), (0, "stream-ended"))

    def test_after_two_seconds_it_says_what_it_waits_for(self):
        other = self.produce(*SMALL, "--stream", "other")
        other.wait_for_line("on ipc://")
        consumer = self.consume("--stream", "mine", "--timeout", 3)
        consumer.finish(3)
        told = [line for line in consumer.stderr().splitlines() if "no message" in line]
        self.assertEqual(len(told), 1, consumer.stderr())
        for part in ("mine", self.path("run"), f"other (pid {other.popen.pid})"):
            self.assertIn(part, told[0])

    def test_history_is_for_late_joiners(self):
        reading, writing = os.pipe()
        producer = self.produce(*SMALL, "--source", "raw:-", "--wait-for", 0, "--history", 3, stdin=reading)
        frames = [bytes([i]) * FRAME for i in range(6)]
        os.write(writing, b"".join(frames))
        while struct.unpack("i", fcntl.ioctl(reading, termios.FIONREAD, bytes(4)))[0] > 0:
            time.sleep(0.01)
        time.sleep(1)  # from reading to publishing the last one
        os.close(reading)
        late = self.start(CONSUMER, "--sink", "raw:-")
        producer.wait_for_line("joined")
        os.close(writing)
        self.assertEqual(producer.finish_json()["messages"], 6)
        self.assertEqual(late.finish(), b"".join(frames[3:]))

    def test_work_slows_the_consumer_and_the_producer_waits(self):
        consumer = self.consume("--work", 20, "--queue", 1, "--hold", 1)
        started = time.monotonic()
        sent = self.produce(*SMALL, "--count", 10, "--rate", 0, "--wait-for", 1).finish_json()
        taken = consumer.finish_json()
        self.assertEqual((taken["messages"], taken["missed"]), (10, 0))
        self.assertGreaterEqual(time.monotonic() - started, 0.2)
        self.assertEqual(sent["consumers"][0]["missed"], 0)

    def test_latest_gets_the_newest_and_counts_the_rest(self):
        consumer = self.consume("--when-full", "latest", "--work", 50)
        sent = self.produce(*SMALL, "--count", 300, "--rate", 300, "--wait-for", 1).finish_json()
        taken = consumer.finish_json()
        self.assertLess(taken["messages"], 300)
        self.assertEqual(taken["messages"] + taken["missed"], 300)
        self.assertEqual(taken["source_gaps"], 0)
        self.assertEqual(sent["consumers"][0]["missed"], taken["missed"])

    def test_distribute_shares_messages_out(self):
        consumers = [self.consume("--sink", "null") for _ in range(3)]
        sent = self.produce(*SMALL, "--count", 200, "--rate", 0, "--delivery", "distribute", "--wait-for", 3).finish_json()
        taken = [consumer.finish_json() for consumer in consumers]
        self.assertEqual(sum(one["messages"] for one in taken), 200)
        self.assertEqual([one["source_gaps"] for one in taken], [0, 0, 0])
        self.assertEqual(sent["messages"], 200)


class Lanes(programs.ProgramTest):
    def one_run(self, producer=(), consumer=()):
        """Lane and its reason, as both summaries say them."""
        consumer = self.consume("--verify", *consumer)
        sent = self.produce(*SMALL, "--count", 20, "--rate", 0, "--wait-for", 1, "--checksum", *producer).finish_json()
        taken = consumer.finish_json()
        self.assertEqual((taken["messages"], taken["verified"], sent["copies"], taken["copies"]), (20, 20, 0, 0))
        (peer,) = sent["consumers"]
        self.assertEqual((peer["lane"], peer["lane_reason"]), (taken["lane"], taken["lane_reason"]))
        self.assertIn(f"lane {taken['lane']} ({taken['lane_reason']})", consumer.stderr())
        return taken["lane"], taken["lane_reason"]

    def test_shared_memory_is_what_local_consumers_get(self):
        self.assertEqual(self.one_run(), ("shared-memory", "same machine"))
        self.assertEqual(self.one_run(consumer=["--lane", "shared-memory"]), ("shared-memory", "same machine"))

    def test_inline_is_for_who_asks_for_it(self):
        self.assertEqual(self.one_run(consumer=["--lane", "inline"]), ("inline", "asked for"))
        lane, reason = self.one_run(producer=["--lane", "inline"])
        self.assertEqual(lane, "inline")
        self.assertIn("inline lane only", reason)

    def test_one_frame_for_all_lanes_at_once(self):
        producer = self.produce("--shape", "90x160x3", "--rate", 0, "--count", 40, "--wait-for", 4, "--checksum",
                                "--listen", "tcp://127.0.0.1:0", "--block-limit", "inf")
        endpoint = producer.wait_for_line(r"(tcp://127\.0\.0\.1:\d+)")[1]
        consumers = {"a": (), "b": ("--lane", "shared-memory"), "c": ("--lane", "inline"), "d": ("--connect", endpoint)}
        running = {name: self.consume("--name", name, "--verify", *arguments) for name, arguments in consumers.items()}
        sent = producer.finish_json()
        taken = {name: process.finish_json() for name, process in running.items()}
        self.assertEqual({name: one["lane"] for name, one in taken.items()},
                         {"a": "shared-memory", "b": "shared-memory", "c": "inline", "d": "inline"})
        self.assertEqual([(one["verified"], one["corrupt"]) for one in taken.values()], [(40, 0)] * 4)
        self.assertEqual({peer["name"].split()[0]: peer["lane"] for peer in sent["consumers"]},
                         {name: one["lane"] for name, one in taken.items()})
        self.assertEqual((sent["messages"], sent["copies"]), (40, 0))
        self.assertRegex(producer.stderr(), r"0 payload copies; consumers: 2 shared-memory, 2 inline")

    def refused(self, *arguments):
        """The one line of a consumer that insists on shared memory, in vain."""
        consumer = self.consume("--lane", "shared-memory", "--log-level", "warn", *arguments)
        taken = consumer.finish_json(1)
        self.assertEqual((taken["messages"], taken["lane"], taken["lane_reason"], taken["end"]), (0, None, None, "error"))
        (line,) = consumer.stderr().splitlines()
        self.assertIn("shared memory was asked for, but ", line)
        return line

    def test_insisting_in_vain_is_one_line_and_status_1(self):
        producer = self.produce(*SMALL, "--rate", 200, "--listen", "tcp://127.0.0.1:0")
        endpoint = producer.wait_for_line(r"(tcp://127\.0\.0\.1:\d+)")[1]
        self.assertIn(f"{endpoint} is no local endpoint", self.refused("--connect", endpoint))
        self.assertIn("is no local endpoint", self.refused("--connect", endpoint, "--follow"))
        inline = self.produce(*SMALL, "--stream", "inline", "--rate", 200, "--lane", "inline")
        inline.wait_for_line("on ipc://")
        self.assertIn("inline lane only", self.refused("--stream", "inline"))
        self.assertEqual(self.consume("--stream", "inline", "--count", 3).finish_json()["lane"], "inline")
        for process in (producer, inline):
            process.signal(signal.SIGTERM)
            process.finish()

    def test_without_the_hand_over_socket_it_is_inline_and_says_why(self):
        producer = self.produce(*SMALL, "--rate", 200)
        producer.wait_for_line("on ipc://")
        os.unlink(self.path("run", "default", "slots.sock"))
        taken = self.consume("--count", 3).finish_json()
        self.assertEqual(taken["lane"], "inline")
        self.assertNotIn(taken["lane_reason"], ("", "asked for", "same machine"))
        self.assertIn(taken["lane_reason"], self.refused())
        producer.signal(signal.SIGTERM)
        producer.finish()


class Lists(programs.ProgramTest):
    def test_no_streams(self):
        self.assertEqual(self.start(CONSUMER, "--list").finish(), b"no streams\n")

    def test_streams_in_columns(self):
        producers = [self.produce(*SMALL, "--stream", name, "--listen", "tcp://127.0.0.1:0") for name in ("a", "a-long-name")]
        for producer in producers:
            producer.wait_for_line("on ipc://")
        lines = self.start(CONSUMER, "--list").finish().decode().splitlines()
        self.assertEqual(lines[0].split(), ["NAME", "PID", "USER", "CONSUMERS", "ENDPOINTS"])
        rows = [line.split() for line in lines[1:]]
        self.assertEqual([row[0] for row in rows], ["a", "a-long-name"])
        self.assertEqual([row[1] for row in rows], [str(producer.popen.pid) for producer in producers])
        self.assertEqual([row[3] for row in rows], ["0", "0"])
        self.assertTrue(all(row[4].startswith("ipc://") and row[5].startswith("tcp://127.0.0.1:") for row in rows), rows)
        column = lines[0].index("USER")
        self.assertTrue(all(line[column - 1] == " " and line[column] != " " for line in lines[1:]), lines)


class Signals(programs.ProgramTest):
    def test_each_signal_ends_the_producer_in_order(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number):
                producer = self.produce(*SMALL, "--rate", 200, "--wait-for", 1)
                consumer = self.consume()
                producer.wait_for_line("joined")
                producer.signal(number)
                sent = producer.finish_json()["messages"]
                taken = consumer.finish_json()
                self.assertEqual(taken["end"], "stream-ended")
                self.assertEqual(taken["messages"] + taken["missed"], sent)

    def test_the_consumer_prints_its_summary(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number):
                producer = self.produce(*SMALL, "--rate", 200)
                out = self.path(f"out-{number}")
                consumer = self.consume("--sink", "raw:" + out)
                while not os.path.exists(out) or os.path.getsize(out) == 0:
                    time.sleep(0.01)
                consumer.signal(number)
                taken = consumer.finish_json()
                self.assertEqual(taken["end"], "signal")
                self.assertEqual(os.path.getsize(out), taken["bytes"])
                self.assertEqual(taken["bytes"], taken["messages"] * FRAME)
                producer.signal(signal.SIGTERM)
                producer.finish()

    def test_waits_of_every_kind_end(self):
        reading, writing = os.pipe()
        os.mkfifo(self.path("fifo"))
        waiting = [
            self.produce(*SMALL, "--wait-for", 3),                                   # for consumers
            self.produce(*SMALL, "--stream", "b", "--rate", 0.001),                  # for the time
            self.produce(*SMALL, "--stream", "c", "--source", "raw:-", "--wait-for", 0, stdin=reading),   # for input
            self.consume("--stream", "nobody"),                                      # for a stream
        ]
        opening = self.produce(*SMALL, "--stream", "d", "--source", "raw:" + self.path("fifo"))  # for a fifo's writer
        for process in waiting[:3]:
            process.wait_for_line("on ipc://")
        waiting[3].wait_for_line("no message")
        time.sleep(0.2)
        for process in [*waiting, opening]:
            process.signal(signal.SIGTERM)
            process.finish(0)
        os.close(reading)
        os.close(writing)

    def test_a_producer_blocked_by_a_stopped_consumer_still_ends(self):
        consumer = self.consume("--queue", 1, "--hold", 1)
        producer = self.produce(*SMALL, "--rate", 0, "--block-limit", "inf", "--wait-for", 1, "--linger", 0.5)
        producer.wait_for_line("joined")
        consumer.signal(signal.SIGSTOP)
        time.sleep(0.5)
        producer.signal(signal.SIGINT)
        producer.finish_json(0)
        self.assertRegex(producer.stderr(), r"not taken by: arraywire-consumer")
        consumer.signal(signal.SIGCONT)
        self.assertEqual(consumer.finish_json()["end"], "stream-ended")

    def test_the_second_signal_ends_the_linger(self):
        consumer = self.consume("--queue", 1, "--hold", 1)
        producer = self.produce(*SMALL, "--rate", 0, "--block-limit", "inf", "--wait-for", 1, "--linger", "inf")
        producer.wait_for_line("joined")
        consumer.signal(signal.SIGSTOP)
        time.sleep(0.3)
        producer.signal(signal.SIGINT)
        time.sleep(0.3)
        self.assertIsNone(producer.popen.poll())
        producer.signal(signal.SIGINT)
        producer.finish_json(0)
        consumer.signal(signal.SIGCONT)
        consumer.finish(0)

    def test_stop_and_continue_interrupt_nothing(self):
        """Every SIGCONT makes a waiting poll return EINTR."""
        frames = 400
        reading, writing = os.pipe()
        producer = self.produce(*SMALL, "--source", "raw:-", "--checksum", stdin=reading)
        os.close(reading)
        consumer = self.consume("--verify", "--sink", "raw:" + self.path("out"))
        data = np.random.default_rng(3).integers(0, 65536, frames * FRAME // 2, dtype=np.uint16).tobytes()
        for i in range(frames):
            os.write(writing, data[i * FRAME:(i + 1) * FRAME])
            for process in (producer, consumer):
                process.signal(signal.SIGSTOP)
                process.signal(signal.SIGCONT)
        os.close(writing)
        self.assertEqual(producer.finish_json()["messages"], frames)
        taken = consumer.finish_json()
        self.assertEqual((taken["verified"], taken["missed"], taken["corrupt"]), (frames, 0, 0))
        self.assertEqual(self.read("out"), data)


class Restarts(programs.ProgramTest):
    def test_follow_goes_on_after_a_killed_producer(self):
        consumer = self.consume("--follow", "--sink", "null", "--count", 120)
        for _ in range(3):
            producer = self.produce(*SMALL, "--rate", 100, "--wait-for", 1, "--count", 30, "--linger", "inf")
            joined = producer.wait_for_line("joined")
            self.assertIn("arraywire-consumer", joined.string)
            time.sleep(0.15)
            producer.signal(signal.SIGKILL)
            producer.finish(None)
        last = self.produce(*SMALL, "--rate", 100)
        taken = consumer.finish_json()
        self.assertEqual((taken["messages"], taken["end"]), (120, "count"))
        self.assertGreaterEqual(taken["gaps"], 1)
        last.signal(signal.SIGTERM)
        last.finish()

    def test_follow_goes_on_after_an_orderly_end(self):
        consumer = self.consume("--follow", "--count", 12)
        for _ in range(2):
            self.produce(*SMALL, "--rate", 0, "--wait-for", 1, "--count", 6).finish()
        taken = consumer.finish_json()
        self.assertEqual((taken["messages"], taken["gaps"], taken["missed"]), (12, 0, 0))

    def test_a_second_producer_of_a_name_is_refused(self):
        first = self.produce(*SMALL, "--rate", 100)
        first.wait_for_line("on ipc://")
        second = self.produce(*SMALL)
        second.finish(1)
        self.assertEqual(len(second.stderr().splitlines()), 1, second.stderr())
        self.assertEqual(self.consume("--count", 3).finish_json()["messages"], 3)
        first.signal(signal.SIGINT)
        first.finish()


class Terminal(programs.ProgramTest):
    def test_the_live_status_is_for_terminals_only(self):
        controller, terminal = pty.openpty()
        process = subprocess.Popen([PRODUCER, *SMALL, "--rate", "100", "--count", "100"], stderr=terminal, stdout=terminal,
                                   env=self.environment)
        os.close(terminal)
        text = b""
        while True:
            try:
                piece = os.read(controller, 4096)
            except OSError:  # the last writer is gone
                break
            if not piece:
                break
            text += piece
        os.close(controller)
        self.assertEqual(process.wait(), 0)
        self.assertRegex(text, rb"\r\x1b\[K\d+ messages .*GB/s .*consumers")
        piped = self.produce(*SMALL, "--rate", 100, "--count", 50)
        piped.finish()
        self.assertNotIn("\r", piped.stderr())
        self.assertNotRegex(piped.stderr(), re.compile("\x1b"))


if __name__ == "__main__":
    programs.main()
