"""Publishing arrays: copied, and borrowed."""

import array
import ctypes
import gc
import os
import sys
import threading
import weakref

import numpy as np
from case import FRAME, WATCHDOG, Case, main

import arraywire

DTYPES = ["bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "float32", "float64",
          "complex64", "complex128"]


def unlocked(buffer):
    try:
        buffer.append(1)
    except BufferError:
        return False
    return True


class Array(np.ndarray):
    """One that can be referred to weakly."""


class Copies(Case):
    def setUp(self):
        super().setUp()
        self.publisher, self.subscriber = self.pair({"block_limit": None})

    def round_trip(self, what):
        published = self.publisher.publish(what)
        self.assertEqual(published.copies, 1)
        return self.subscriber.take(WATCHDOG)

    def test_every_dtype(self):
        for name in DTYPES:
            with self.subTest(name):
                original = np.frombuffer(os.urandom(16 * 24), np.uint8).view(name if name != "bool" else np.uint8)[:24].reshape(2, 3, 4)
                original = original.astype(name)
                sample = self.round_trip(original)
                self.assertEqual((sample.array.dtype, sample.dtypes), (original.dtype, (name,)))
                self.assertEqual(sample.array.tobytes(), original.tobytes())

    def test_every_layout(self):
        base = np.arange(4 * 6 * 3, dtype=np.int32).reshape(4, 6, 3)
        layouts = {
            "Fortran order": np.asfortranarray(base),
            "transposed": base.T,
            "negative strides": base[::-1, :, ::-1],
            "every second": base[:, ::2],
            "broadcast": np.broadcast_to(base[0], (5, 6, 3)),
            "big-endian": base.astype(">i4"),
            "scalar": np.array(3.5),
            "empty": np.zeros((0, 3)),
            "read-only": np.frombuffer(b"1234", np.uint8),
        }
        for name, layout in layouts.items():
            with self.subTest(name):
                sample = self.round_trip(layout)
                np.testing.assert_array_equal(sample.array, layout)
                self.assertTrue(sample.array.flags.c_contiguous)

    def test_buffers_are_arrays_of_bytes_or_of_what_they_say(self):
        self.assertEqual(bytes(self.round_trip(b"abc").array), b"abc")
        self.assertEqual(bytes(self.round_trip(bytearray(b"abcd")).array), b"abcd")
        self.assertEqual(self.round_trip(array.array("d", [1, 2])).array.tolist(), [1.0, 2.0])
        self.assertEqual(self.round_trip((ctypes.c_int16 * 3)(1, 2, 3)).array.tolist(), [1, 2, 3])

    def test_what_is_no_array_is_refused(self):
        unsupported = [3, "text", None, object(), np.array(["a"]), np.array([None]), np.zeros(2, "i4,f4"), np.zeros(2, "M8[s]"),
                       np.zeros(2, np.longdouble), [[1, 2]], []]
        for what in unsupported:
            with self.subTest(repr(what)), self.assertRaises(arraywire.InvalidArgument):
                self.publisher.publish(what)
        with self.assertRaises(arraywire.UnsupportedArray):
            self.publisher.loan(3, ">f4")
        with self.assertRaises(arraywire.UnsupportedArray):
            self.publisher.publish(np.zeros((1,) * 17))
        self.assertEqual(self.publisher.statistics().published, 0)

    def test_several_arrays_are_one_message(self):
        arrays = [np.arange(3), np.ones((2, 2), np.float32)]
        self.publisher.publish(arrays)
        sample = self.subscriber.take(WATCHDOG)
        self.assertEqual(len(sample), 2)
        for sent, received in zip(arrays, sample.arrays):
            np.testing.assert_array_equal(sent, received)

    def test_a_sample_is_passed_on(self):
        publisher = arraywire.Publisher("second")
        subscriber = arraywire.Subscriber("second")
        self.addCleanup(publisher.close)
        self.addCleanup(subscriber.close)
        publisher.wait_for_subscribers(1, WATCHDOG)
        self.publisher.publish(np.arange(10), {"frame_id": 4})
        with self.subscriber.take(WATCHDOG) as sample:
            publisher.publish(sample, sample.metadata)
        passed = subscriber.take(WATCHDOG)
        self.assertEqual((passed.array.tolist(), passed.frame_id), (list(range(10)), 4))

    def test_bfloat16_is_never_taken_for_something_else(self):
        with self.publisher.loan((2, 2), "bfloat16") as loan:
            self.assertEqual((loan.dtypes, loan.array.dtype.itemsize), (("bfloat16",), 2))
            loan.array.view(np.uint16)[...] = 0x3F80
        sample = self.subscriber.take(WATCHDOG)
        self.assertEqual(sample.dtypes, ("bfloat16",))
        self.assertTrue((sample.array.view(np.uint16) == 0x3F80).all())
        self.publisher.publish(sample)
        self.assertEqual(self.subscriber.take(WATCHDOG).dtypes, ("bfloat16",))


class Borrows(Case):
    def setUp(self):
        super().setUp()
        self.released = []

    def release(self, what):
        self.released.append((what, threading.current_thread()))

    def wait_for_release(self, count=1):
        self.eventually(lambda: len(self.released) >= count, "release")

    def inline_pair(self, **more):
        publisher, subscriber = self.pair({"lane": "inline", **more})
        return publisher, subscriber

    def test_nothing_is_copied_and_release_is_called_once_on_a_python_thread(self):
        publisher, subscriber = self.inline_pair()
        frame = np.full(FRAME, 6, np.uint16)
        published = publisher.publish(frame, borrow=True, release=self.release)
        self.assertEqual(published.copies, 0)
        sample = subscriber.take(WATCHDOG)
        self.assertTrue((sample.array == 6).all())
        sample.release()
        self.wait_for_release()
        publisher.close()
        subscriber.close()
        self.assertEqual(len(self.released), 1)
        what, thread = self.released[0]
        self.assertIs(what, frame)
        self.assertEqual(thread.name, "arraywire")
        self.assertNotIsInstance(thread, threading._DummyThread)  # one that Python made

    def test_a_lent_array_is_read_only_until_it_is_back(self):
        publisher, subscriber = self.inline_pair(delivery="distribute")  # lent until it is released there
        frame = np.full(FRAME, 6, np.uint16)
        for _ in range(2):  # a second time, while it is out
            publisher.publish(frame, borrow=True, release=self.release)
        first, second = subscriber.take(WATCHDOG), subscriber.take(WATCHDOG)
        with self.assertRaises(ValueError):
            frame[0, 0, 0] = 1
        first.release()
        self.wait_for_release(1)
        with self.assertRaises(ValueError):
            frame[0, 0, 0] = 1
        second.release()
        self.wait_for_release(2)
        frame[0, 0, 0] = 1

    def test_it_may_be_lent_by_several_publishers(self):
        frame = np.full(FRAME, 6, np.uint16)
        samples = []
        for stream in ("one", "two"):
            publisher = arraywire.Publisher(stream, delivery="distribute")
            self.addCleanup(publisher.close)
            subscriber = arraywire.Subscriber(stream, lane="inline")
            self.addCleanup(subscriber.close)
            publisher.wait_for_subscribers(1, WATCHDOG)
            publisher.publish(frame, borrow=True, release=self.release)
            samples.append(subscriber.take(WATCHDOG))
        for number, sample in enumerate(samples, 1):
            self.assertFalse(frame.flags.writeable)
            sample.release()
            self.wait_for_release(number)
        self.assertTrue(frame.flags.writeable)

    def test_what_was_read_only_stays_so(self):
        publisher, _ = self.inline_pair()
        frame = np.arange(5)
        frame.setflags(write=False)
        publisher.publish(frame, borrow=True, release=self.release)
        publisher.close()
        self.wait_for_release()
        self.assertFalse(frame.flags.writeable)

    def test_it_is_kept_alive_while_it_is_lent_and_no_longer(self):
        publisher, subscriber = self.inline_pair(delivery="distribute")
        frame = np.arange(1000).view(Array)
        dead = weakref.ref(frame)
        publisher.publish(frame, borrow=True)
        del frame
        gc.collect()
        with subscriber.take(WATCHDOG) as sample:
            self.assertEqual(sample.array[-1], 999)
            self.assertIsNotNone(dead())
        self.eventually(lambda: dead() is None, "its end")

    def test_a_shared_memory_subscriber_needs_a_copy_and_release_comes_at_once(self):
        publisher, subscriber = self.pair()
        self.assertTrue(publisher.copies_borrowed())
        frame = np.full(FRAME, 8, np.uint16)
        self.assertEqual(publisher.publish(frame, borrow=True, release=self.release).copies, 1)
        self.wait_for_release()
        self.eventually(lambda: frame.flags.writeable, "writable again")
        self.assertTrue((subscriber.take(WATCHDOG).array == 8).all())

    def test_strides_are_kept_and_what_needs_a_copy_is_refused(self):
        publisher, subscriber = self.inline_pair()
        frame = np.arange(4 * 6 * 3, dtype=np.int32).reshape(4, 6, 3)
        for layout in (frame[:, ::2], frame.T, np.asfortranarray(frame)):
            publisher.publish(layout, borrow=True)
            sample = subscriber.take(WATCHDOG)
            np.testing.assert_array_equal(sample.array, layout)
            self.assertEqual(sample.array.strides, layout.strides)
        for layout in (frame[::-1], np.broadcast_to(frame[0], (5, 6, 3)), frame.astype(">i4")):
            with self.assertRaises(arraywire.UnsupportedArray):
                publisher.publish(layout, borrow=True, release=self.release)
        self.assertEqual(self.released, [])

    def test_buffers_are_borrowed_and_locked(self):
        publisher, subscriber = self.inline_pair(delivery="distribute")
        buffer = bytearray(b"0123456789")
        publisher.publish(buffer, borrow=True, release=self.release)
        with self.assertRaises(BufferError):
            buffer.append(1)
        with subscriber.take(WATCHDOG) as sample:
            self.assertEqual(bytes(sample), b"0123456789")
        self.wait_for_release()
        self.assertIs(self.released.pop()[0], buffer)
        self.eventually(lambda: unlocked(buffer), "its unlocking")

    def test_several_arrays_come_back_together(self):
        publisher, subscriber = self.inline_pair()
        arrays = [np.arange(3), np.arange(4.0)]
        publisher.publish(arrays, borrow=True, release=self.release)
        self.assertEqual(subscriber.take(WATCHDOG)[1].tolist(), [0, 1, 2, 3])
        self.wait_for_release()
        self.assertIs(self.released[0][0], arrays)
        publisher.close()
        self.assertEqual(len(self.released), 1)

    def test_release_is_not_called_when_nothing_was_sent(self):
        publisher = arraywire.Publisher("nobody", delivery="distribute", block_limit=0, lane="inline")
        frame = np.arange(5)
        with self.assertRaises(arraywire.NoTaker):
            publisher.publish(frame, borrow=True, release=self.release)
        frame[0] = 1
        publisher.close()
        with self.assertRaises(arraywire.Closed):
            publisher.publish(frame, borrow=True, release=self.release)
        with self.assertRaises(arraywire.InvalidArgument):
            publisher.publish(frame, release=self.release)
        self.assertEqual(self.released, [])

    def test_an_error_in_release_goes_to_the_hook_and_harms_nobody(self):
        publisher, subscriber = self.inline_pair()
        seen = []
        hook, sys.unraisablehook = sys.unraisablehook, seen.append
        self.addCleanup(setattr, sys, "unraisablehook", hook)
        publisher.publish(np.arange(5), borrow=True, release=lambda _: 1 / 0)
        self.eventually(lambda: seen, "the hook")
        self.assertIs(seen[0].exc_type, ZeroDivisionError)
        publisher.publish(np.arange(5), borrow=True, release=self.release)
        self.wait_for_release()

    def test_a_sample_is_passed_on_without_a_copy(self):
        publisher, subscriber = self.inline_pair()
        second = arraywire.Publisher("second", lane="inline")
        last = arraywire.Subscriber("second")
        self.addCleanup(second.close)
        self.addCleanup(last.close)
        second.wait_for_subscribers(1, WATCHDOG)
        publisher.publish(np.arange(1000), borrow=True)
        with subscriber.take(WATCHDOG) as sample:
            self.assertEqual(second.publish(sample, borrow=True, release=self.release).copies, 0)
        self.assertEqual(last.take(WATCHDOG).array[-1], 999)
        self.wait_for_release()


if __name__ == "__main__":
    main()
