"""Samples: read-only for everybody, and alive as long as anything over them is."""

import gc
import pickle

import numpy as np
from case import FRAME, WATCHDOG, Case, main, mapping_of

import arraywire


class Samples(Case):
    def setUp(self):
        super().setUp()
        self.publisher, self.subscriber = self.pair(hold=2)

    def send(self, value=5, **more):
        return self.publisher.publish(np.full(FRAME, value, np.uint16), **more)

    def take(self):
        return self.subscriber.take(WATCHDOG)

    def test_the_array_is_a_read_only_view(self):
        self.send()
        sample = self.take()
        self.assertEqual(sample.lane, "shared-memory")
        array = sample.array
        self.assertEqual(mapping_of(array), "r--s")
        views = {"array": array, "slice": array[1:], "bytes": array.view(np.uint8), "of the buffer": np.asarray(memoryview(sample))}
        for name, view in views.items():
            with self.subTest(name):
                self.assertFalse(view.flags.owndata)
                with self.assertRaises(ValueError):
                    view[0, 0, 0] = 1
                with self.assertRaises(ValueError):
                    view.setflags(write=True)
                with self.assertRaises(ValueError):
                    view.flags.writeable = True
        self.assertTrue(memoryview(sample).readonly)
        with self.assertRaises(TypeError):
            np.copyto(memoryview(sample), 1)

    def test_arrays_outlive_the_sample_the_subscriber_and_the_context(self):
        self.send(9)
        array = self.take().array
        row = array[3]
        view = memoryview(row)
        del array
        self.subscriber.close()
        self.publisher.close()
        gc.collect()
        self.assertTrue((row == 9).all())
        self.assertEqual(view[0, 0], 9)

    def test_what_is_held_is_counted_until_the_last_array_is_gone(self):
        for value in range(3):
            self.send(value)
        first, second = self.take(), self.take()
        array = first.array
        first.release()
        self.assertTrue(first.released)
        with self.assertRaises(arraywire.Closed):
            first.array
        with self.assertRaises(arraywire.HoldingAll):
            self.take()
        self.assertEqual(self.subscriber.status().unreleased, 2)
        self.assertEqual(array[0, 0, 0], 0)
        del array
        self.assertEqual(self.take().array[0, 0, 0], 2)
        second.release()

    def test_a_released_sample_still_says_what_it_was(self):
        self.send(metadata={"frame_id": 77, "attributes": {"gain": 2.5}})
        with self.take() as sample:
            info = sample.info
        self.assertTrue(sample.released)
        self.assertEqual((sample.sequence, sample.frame_id, sample.attributes), (1, 77, {"gain": 2.5}))
        self.assertEqual(sample.info, info)
        self.assertEqual(pickle.loads(pickle.dumps(info.metadata)), info.metadata)

    def test_checksums(self):
        publisher, subscriber = self.checked_pair()
        publisher.publish(np.arange(1000))
        sample = subscriber.take(WATCHDOG)
        self.assertTrue(sample.info.has_checksum and sample.verify())
        self.send()
        self.assertFalse(self.take().verify())

    def checked_pair(self):
        publisher = arraywire.Publisher("checked", checksum=True)
        subscriber = arraywire.Subscriber("checked")
        self.addCleanup(publisher.close)
        self.addCleanup(subscriber.close)
        publisher.wait_for_subscribers(1, WATCHDOG)
        return publisher, subscriber

    def test_take_into_copies_what_fits(self):
        self.send(3)
        target = np.zeros(FRAME, np.uint16)
        for misfit in (np.zeros(FRAME, np.int16), np.zeros(FRAME[:2], np.uint16)):
            with self.assertRaises(arraywire.WrongSpec):
                self.subscriber.take_into(misfit, WATCHDOG)
        info = self.subscriber.take_into(target, WATCHDOG)
        self.assertEqual((info.sequence, info.lane), (1, "shared-memory"))
        self.assertTrue((target == 3).all())
        self.assertEqual(self.subscriber.statistics().copies, 1)
        self.send(4)
        wide = np.zeros((FRAME[0], FRAME[1] * 2, FRAME[2]), np.uint16)
        self.subscriber.take_into(wide[:, ::2], WATCHDOG)
        self.assertTrue((wide[:, ::2] == 4).all() and (wide[:, 1::2] == 0).all())
        self.publisher.publish(b"12345")
        buffer = bytearray(5)
        self.subscriber.take_into(buffer, WATCHDOG)
        self.assertEqual(buffer, b"12345")
        frozen = target.copy()
        frozen.setflags(write=False)
        with self.assertRaises(arraywire.InvalidArgument):
            self.subscriber.take_into(frozen, 0)
        with self.assertRaises(arraywire.Timeout):
            self.subscriber.take_into(target, 0.01)

    def test_iteration_ends_with_the_stream(self):
        for value in range(4):
            self.send(value)
        self.publisher.close()
        values = []
        for sample in self.subscriber:
            with sample:
                values.append(int(sample.array[0, 0, 0]))
        self.assertEqual(values, [0, 1, 2, 3])


class Rejects(Case):
    def test_with_rejects_when_the_block_raises_so_that_another_worker_gets_it(self):
        publisher, first = self.pair({"delivery": "distribute"}, name="first")
        publisher.publish(np.arange(3))
        with self.assertRaises(ZeroDivisionError), first.take(WATCHDOG) as sample:
            self.assertEqual(sample.info.attempt, 1)
            1 / 0
        self.assertTrue(sample.released)
        with first.take(WATCHDOG) as sample:
            self.assertEqual(sample.info.attempt, 2)
        self.assertTrue(publisher.finish(WATCHDOG).complete)

    def test_a_released_message_does_not_come_again(self):
        publisher, worker = self.pair({"delivery": "distribute"})
        publisher.publish(np.arange(3))
        with worker.take(WATCHDOG):
            pass
        self.assertTrue(publisher.finish(WATCHDOG).complete)
        with self.assertRaises(arraywire.Ended):
            worker.take(WATCHDOG)


if __name__ == "__main__":
    main()
