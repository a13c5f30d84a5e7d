"""Metadata, statistics and events as plain Python values."""

import sys
import threading

import numpy as np
from case import WATCHDOG, Case, main

import arraywire

EVERYTHING = {
    "frame_id": 2**63,
    "acquired_ns": 1_700_000_000_123_456_789,
    "exposure_ns": 8_333_333,
    "clock": "ptp",
    "attributes": {"gain": 2.5, "camera": "left ☃", "index": -3, "dark": True},
    "arrays": [
        {
            "name": "picture",
            "dimension_names": ["y", "x", "channel"],
            "unit": "W/m2",
            "channel_names": ["R", "G", "B"],
            "significant_bits": 12,
            "pixel_format": "RGB12",
            "colour": {"primaries": 9, "transfer": 16, "matrix": 0, "full_range": True},
            "colour_space": "ACEScg",
        },
        {"name": "line"},
    ],
}


class Metadata(Case):
    def test_everything_comes_back_as_it_was_said(self):
        publisher, subscriber = self.pair()
        publisher.publish([np.zeros((2, 2, 3), np.uint16), np.zeros(2)], EVERYTHING)
        with subscriber.take(WATCHDOG) as sample:
            self.assertEqual(sample.metadata, EVERYTHING)
            self.assertEqual([type(value) for value in sample.attributes.values()], [float, str, int, bool])
            publisher.publish(sample, sample.metadata)
        self.assertEqual(subscriber.take(WATCHDOG).metadata, EVERYTHING)
        publisher.publish(np.zeros(2))
        self.assertEqual(subscriber.take(WATCHDOG).metadata, {})

    def test_a_loan_has_metadata_and_publish_adds_to_it(self):
        publisher, subscriber = self.pair()
        loan = publisher.loan(2, np.uint8, metadata={"frame_id": 1, "exposure_ns": 5})
        loan.metadata["attributes"] = {"gain": np.float32(0.5), "index": np.int16(3)}
        publisher.publish(loan, {"frame_id": 2, "attributes": {"index": 4}})
        expected = {"frame_id": 2, "exposure_ns": 5, "attributes": {"gain": 0.5, "index": 4}}
        self.assertEqual(subscriber.take(WATCHDOG).metadata, expected)

    def test_mistakes_name_the_key_and_nothing_is_sent(self):
        publisher, _ = self.pair()
        mistakes = {
            "frame": {"frame": 1},
            "frame_id": {"frame_id": -1},
            "acquired_ns": {"acquired_ns": 1.5},
            "clock": {"clock": "sundial"},
            "attributes": {"attributes": [1]},
            "gain": {"attributes": {"gain": None}},
            "huge": {"attributes": {"huge": 2**63}},
            "significant_bits": {"arrays": [{"significant_bits": 256}]},
            "hue": {"arrays": [{"colour": {"hue": 1}}]},
            "arrays": {"arrays": 3},
        }
        for key, metadata in mistakes.items():
            with self.subTest(key), self.assertRaisesRegex(arraywire.InvalidArgument, key):
                publisher.publish(np.zeros(2), metadata)
        with self.assertRaises(arraywire.InvalidArgument):
            publisher.publish(np.zeros(2), 3)
        with publisher.loan(2, np.uint8) as loan:
            loan.metadata["frame"] = 1
            with self.assertRaises(arraywire.InvalidArgument):
                loan.publish()
            self.assertTrue(loan)
            del loan.metadata["frame"]
        self.assertEqual(publisher.statistics().published, 1)

    def test_the_stream_has_metadata_too(self):
        _, subscriber = self.pair({"metadata": EVERYTHING})
        self.eventually(lambda: subscriber.stream_metadata() == EVERYTHING, "the welcome")


class Told(Case):
    def test_statistics_and_status(self):
        publisher, subscriber = self.pair({"listen": ["tcp://127.0.0.1:0"]}, name="analysis")
        publisher.publish(np.zeros(100))
        subscriber.take(WATCHDOG).release()
        self.eventually(lambda: publisher.statistics().consumers[0].taken == 1, "the Return")
        statistics = publisher.statistics()
        self.assertEqual((statistics.published, statistics.copies, statistics.waiting_for), (1, 1, []))
        (consumer,) = statistics.consumers
        self.assertEqual((consumer.name.split()[0], consumer.lane), ("analysis", "shared-memory"))
        self.assertEqual(subscriber.statistics(), (1, 800, 0, 0, 0, 0))
        status = subscriber.status()
        self.assertEqual((status.state, status.lane, status.queue, status.hold, status.unreleased),
                         ("connected", "shared-memory", 4, 4, 0))
        self.assertIn("shared-memory", status.text)
        self.assertEqual((publisher.stream, subscriber.stream), ("stream", "stream"))
        self.assertEqual([endpoint.split(":")[0] for endpoint in publisher.endpoints], ["ipc", "tcp"])
        remote = arraywire.Subscriber(publisher.endpoints[1])
        self.addCleanup(remote.close)
        publisher.wait_for_subscribers(2, WATCHDOG)
        publisher.publish(np.arange(3))
        self.assertEqual(remote.take(WATCHDOG).lane, "inline")

    def test_streams_are_listed(self):
        self.assertEqual(arraywire.list_streams(), [])
        with arraywire.Publisher("camera") as publisher:
            (stream,) = arraywire.list_streams()
            self.assertEqual((stream.name, stream.endpoints), ("camera", publisher.endpoints))
        self.assertEqual(arraywire.list_streams(), [])

    def test_events_come_one_after_the_other_on_a_python_thread(self):
        events, threads = [], set()

        def on_event(event):
            threads.add(threading.current_thread().name)
            events.append(event)
            if event.kind == "joined":
                raise RuntimeError("of the callback")

        unraisable = []
        hook, sys.unraisablehook = sys.unraisablehook, unraisable.append
        self.addCleanup(setattr, sys, "unraisablehook", hook)
        with arraywire.Context(on_event=on_event) as context:
            publisher = arraywire.Publisher("camera", context)
            subscriber = arraywire.Subscriber("camera", context, name="me")
            publisher.wait_for_subscribers(1, WATCHDOG)
            publisher.close()
            with self.assertRaises(arraywire.Ended):
                subscriber.take(WATCHDOG)
            self.eventually(lambda: "ended" in [event.kind for event in events], "the end")
        kinds = [event.kind for event in events]
        self.assertLess(kinds.index("connected"), kinds.index("ended"))
        self.assertEqual(threads, {"arraywire"})
        self.assertEqual([seen.exc_type for seen in unraisable], [RuntimeError])
        self.assertEqual({event.lost_before for event in events}, {0})

    def test_a_slow_on_event_loses_events_and_is_told(self):
        events, go_on = [], threading.Event()

        def on_event(event):
            go_on.wait()
            events.append(event)

        with arraywire.Context(on_event=on_event) as context:
            publisher = arraywire.Publisher("camera", context, block_limit=0)
            try:
                for _ in range(600):
                    with arraywire.Subscriber("camera", context):
                        publisher.wait_for_subscribers(1, WATCHDOG)
            finally:
                go_on.set()
            self.eventually(lambda: events and sum(event.lost_before for event in events) > 0, "a loss")


class Options(Case):
    def test_mistakes_name_what_is_wrong(self):
        mistakes = [
            (lambda: arraywire.Publisher("a b"), "a b"),
            (lambda: arraywire.Publisher("s", delivery="all"), "fan-out, distribute"),
            (lambda: arraywire.Publisher("s", lane="fast"), "shared-memory"),
            (lambda: arraywire.Publisher("s", lane="shared-memory"), "insist"),
            (lambda: arraywire.Publisher("s", history=3, delivery="distribute"), "history"),
            (lambda: arraywire.Publisher("s", block_limit=-1), "seconds"),
            (lambda: arraywire.Publisher("s", linger=float("nan")), "seconds"),
            (lambda: arraywire.Publisher("s", listen=["nowhere"]), "nowhere"),
            (lambda: arraywire.Subscriber("s", when_full="wait"), "drop-newest"),
            (lambda: arraywire.Subscriber("s", queue=0), "queue"),
            (lambda: arraywire.Context(io_threads=0), "io_threads"),
        ]
        for call, text in mistakes:
            with self.subTest(text), self.assertRaisesRegex(arraywire.InvalidArgument, text):
                call()
        with arraywire.Publisher("s"), self.assertRaises(arraywire.InUse):
            arraywire.Publisher("s")

    def test_everything_closed_says_so(self):
        publisher, subscriber = self.pair()
        loan = publisher.loan(3, np.uint8)
        context = arraywire.Context()
        for thing in (publisher, subscriber, context):
            thing.close()
            thing.close()
        calls = [lambda: publisher.loan(3, np.uint8), loan.publish, publisher.statistics, publisher.finish,
                 lambda: publisher.endpoints, lambda: subscriber.take(0), subscriber.status, subscriber.descriptor,
                 lambda: next(subscriber), lambda: arraywire.Publisher("s", context), lambda: arraywire.wait_any([subscriber])]
        for call in calls:
            with self.assertRaises(arraywire.Closed):
                call()
        loan.array[...] = 1  # still ours


if __name__ == "__main__":
    main()
