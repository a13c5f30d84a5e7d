"""What should not be done, at the worst moments: an exception of ours, never a crash, a hang or wrong data."""

import asyncio
import pickle
import signal
import threading
import time

import numpy as np
from case import FRAME, WATCHDOG, Case, main

import arraywire


class Made(Case):
    def test_an_object_without_its_init_says_so(self):
        publisher = arraywire.Publisher.__new__(arraywire.Publisher)
        self.assertRaises(arraywire.Closed, publisher.statistics)
        self.assertRaises(arraywire.InvalidArgument, publisher.__init__, "no name")
        self.assertRaises(arraywire.Closed, publisher.close)
        publisher.__init__("name")
        publisher.close()
        for made in (arraywire.Sample, arraywire.Loan):
            self.assertRaises(arraywire.Closed, lambda: made.__new__(made).array)
            self.assertRaises((arraywire.Closed, BufferError), memoryview, made.__new__(made))

    def test_nothing_is_pickled(self):
        publisher, subscriber = self.pair()
        publisher.publish(np.arange(3))
        things = [arraywire.Context(), publisher, subscriber, subscriber.take(WATCHDOG), publisher.loan(3, np.uint8)]
        for thing in things:
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
                with self.assertRaisesRegex(TypeError, "pickle"):
                    pickle.dumps(thing, protocol)

    def test_a_context_may_be_closed_while_things_are_made_of_it(self):
        for make in (lambda c: arraywire.Publisher("made", c), lambda c: arraywire.Subscriber("made", c), arraywire.list_streams):
            for _ in range(30):
                context = arraywire.Context()
                threads = [threading.Thread(target=self.make_until_closed, args=(make, context)) for _ in range(2)]
                for thread in threads:
                    thread.start()
                context.close()
                for thread in threads:
                    thread.join(WATCHDOG)
                    self.assertFalse(thread.is_alive())

    def make_until_closed(self, make, context):
        try:
            while True:
                made = make(context)
                if hasattr(made, "close"):
                    made.close()
        except arraywire.InUse:
            pass  # of the other thread
        except arraywire.Closed:
            pass


class InTheMiddle(Case):
    """Of a publish that waits for a subscriber that takes nothing, until the test takes."""

    def setUp(self):
        super().setUp()
        self.publisher, self.subscriber = self.pair({"block_limit": None}, when_full="block", queue=1, hold=4)
        self.publisher.publish(np.zeros(FRAME, np.uint8))

    def while_publishing(self, loan, do):
        thread = threading.Thread(target=lambda: self.publisher.publish(loan))
        thread.start()
        self.eventually(lambda: not loan, "a publish")
        do()
        samples = [self.subscriber.take(WATCHDOG), self.subscriber.take(WATCHDOG)]
        thread.join(WATCHDOG)
        return samples[1]

    def test_a_loan_is_nobody_elses_while_it_is_published(self):
        loan = self.publisher.loan(FRAME, np.uint8)
        loan.array[...] = 7
        kept = loan.array

        def do():
            loan.discard()
            for call in (lambda: loan.array, loan.publish, lambda: loan.respec(3), lambda: memoryview(loan)):
                self.assertRaises((arraywire.Closed, BufferError), call)
            self.assertFalse(kept.flags.writeable)

        sample = self.while_publishing(loan, do)
        for _ in range(8):  # which would be written to the slot, were it not kept
            with self.publisher.loan(FRAME, np.uint8) as other:
                other.array[...] = 204
            self.subscriber.take(WATCHDOG).release()
        self.assertTrue((sample.array == 7).all())
        self.assertTrue((kept == 7).all())

    def test_a_loan_whose_array_is_lent_is_not_published(self):
        other = arraywire.Publisher("other", delivery="distribute")
        self.addCleanup(other.close)
        taker = arraywire.Subscriber("other", lane="inline")
        other.wait_for_subscribers(1, WATCHDOG)
        loan = self.publisher.loan(FRAME, np.uint8)
        other.publish(loan.array, borrow=True)
        with self.assertRaisesRegex(arraywire.ViewsExist, "lent"):
            loan.publish()
        taker.take(WATCHDOG).release()
        self.eventually(lambda: loan.array.flags.writeable, "the array coming back")
        self.subscriber.take(WATCHDOG).release()
        self.assertEqual(loan.publish().receivers, 1)


class Signals(Case):
    def during(self, handler, call):
        """`call`, which waits, with a signal on its way that `handler` gets."""
        before = signal.signal(signal.SIGALRM, handler)
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        return call()

    def test_a_handler_may_close_what_waits(self):
        for close_context in (False, True):
            for waiting in ("wait_for_subscribers", "finish"):
                context = arraywire.Context()
                publisher = arraywire.Publisher("s", context, delivery="distribute")
                subscriber = arraywire.Subscriber("s", context)
                publisher.wait_for_subscribers(1, WATCHDOG)
                publisher.publish(np.arange(3))
                thing = context if close_context else publisher
                if waiting == "finish":
                    self.assertFalse(self.during(lambda *_: thing.close(), lambda: publisher.finish(WATCHDOG)).complete)
                else:
                    with self.assertRaises(arraywire.Closed):
                        self.during(lambda *_: thing.close(), lambda: publisher.wait_for_subscribers(9, WATCHDOG))
                self.assertRaises(arraywire.Closed, publisher.statistics)
                subscriber.close()
                context.close()

    def test_a_handler_can_do_nothing_else_with_it(self):
        publisher = arraywire.Publisher("s")
        told = []

        def handler(*_):
            try:
                publisher.publish(np.arange(3))
            except arraywire.Error as error:
                told.append(str(error))

        with self.assertRaises(arraywire.Timeout):
            self.during(handler, lambda: publisher.wait_for_subscribers(1, 1))
        self.assertRegex(told[0], "signal handler")
        publisher.close()

    def test_an_interrupted_wait_for_a_taker_raises_once(self):
        publisher = arraywire.Publisher("s", delivery="distribute", block_limit=None)  # nobody is there to take it
        frame = np.arange(3)

        def interrupt(*_):
            raise KeyboardInterrupt

        loan = publisher.loan(3, np.uint8)
        for call in (lambda: publisher.publish(frame), lambda: publisher.publish(frame, borrow=True), loan.publish):
            with self.assertRaises(KeyboardInterrupt):
                self.during(interrupt, call)
            self.assertEqual(publisher.statistics().published, 0)
        self.assertTrue(frame.flags.writeable)
        self.assertTrue(loan)
        loan.array[...] = 1


class Threads(Case):
    def test_a_time_limit_holds_while_another_thread_has_its_turn(self):
        publisher = arraywire.Publisher("s")
        waiting = threading.Thread(target=lambda: self.assertRaises(arraywire.Closed, publisher.wait_for_subscribers, 1))
        waiting.start()
        time.sleep(0.2)  # it has, most likely; if not, there is nothing to see
        try:
            publisher.loan(3, np.uint8, timeout=0)
        except arraywire.Timeout:
            pass
        self.assertRaises(arraywire.Timeout, publisher.wait_for_subscribers, 1, 0.05)
        self.assertTrue(waiting.is_alive())
        publisher.close()
        waiting.join(WATCHDOG)

    def test_a_second_close_does_not_hurry_the_first(self):
        publisher, subscriber = self.pair({"linger": None, "delivery": "distribute"})
        publisher.publish(np.arange(3))
        closing = [threading.Thread(target=publisher.close) for _ in range(2)]
        for thread in closing:
            thread.start()
        time.sleep(0.3)
        self.assertTrue(all(thread.is_alive() for thread in closing))
        subscriber.take(WATCHDOG).release()
        for thread in closing:
            thread.join(WATCHDOG)
            self.assertFalse(thread.is_alive())

    def test_an_event_loop_hears_that_its_subscriber_was_closed(self):
        async def take(subscriber, close):
            taking = asyncio.ensure_future(subscriber.take_async())
            await asyncio.sleep(0.1)
            close()
            with self.assertRaises(arraywire.Closed):
                await asyncio.wait_for(taking, WATCHDOG)

        with arraywire.Context() as context:
            subscriber = arraywire.Subscriber("nowhere", context)
            asyncio.run(take(subscriber, subscriber.close))
            other = arraywire.Subscriber("nowhere", context)
            asyncio.run(take(other, context.close))

    def test_a_wait_of_no_time_at_all_is_a_mistake_in_an_event_loop_too(self):
        subscriber = arraywire.Subscriber("nowhere")
        for timeout in (-1, float("nan")):
            with self.assertRaises(arraywire.InvalidArgument):
                asyncio.run(subscriber.take_async(timeout))


class Sequence:
    """Makes its items when they are asked for."""

    def __init__(self, *items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return type(self.items[index])(self.items[index])


class Big:
    def __init__(self, value):
        self.value = value.value if isinstance(value, Big) else value

    def __index__(self):
        return self.value


class Arguments(Case):
    def setUp(self):
        super().setUp()
        self.publisher, self.subscriber = self.pair()

    def test_sequences_that_make_their_items(self):
        self.assertEqual(self.publisher.loan(Sequence(Big(480), Big(640)), np.uint8).array.shape, (480, 640))
        self.publisher.publish(np.arange(3), {"arrays": Sequence({"name": "x"})})
        self.assertEqual(self.subscriber.take(WATCHDOG).metadata["arrays"], [{"name": "x"}])

    def test_a_dictionary_that_is_emptied_while_it_is_read(self):
        metadata = {}

        class Emptying:
            def __index__(self):
                metadata.clear()
                return 5

        metadata.update(frame_id=Emptying(), exposure_ns=4, attributes={"a": 1})
        try:
            self.publisher.publish(np.arange(3), metadata)
        except arraywire.InvalidArgument:
            return  # it may be refused
        self.assertEqual(self.subscriber.take(WATCHDOG).metadata["exposure_ns"], 4)

    def test_shapes_are_whole_numbers(self):
        for shape in ((2.7, 3), "34", b"34", ["a"], 2.5, None):
            with self.subTest(shape), self.assertRaises((TypeError, ValueError)):
                self.publisher.loan(shape, np.uint8)
        self.assertEqual(self.publisher.loan(np.array([480, 2]), np.uint8).array.shape, (480, 2))
        with self.assertRaises(arraywire.InvalidArgument):
            self.publisher.loan((1 << 70,), np.uint8)

    def test_attributes_keep_their_values_or_are_refused(self):
        said = {"f": np.float32(1.5), "d": np.float64(2.5), "i": np.uint8(7), "yes": np.True_, "no": np.bool_(False)}
        self.publisher.publish(np.arange(3), {"attributes": said})
        got = self.subscriber.take(WATCHDOG).attributes
        self.assertEqual(got, {"f": 1.5, "d": 2.5, "i": 7, "yes": True, "no": False})
        self.assertIs(got["yes"], True)
        for wrong in (np.array([1.5]), np.array(1.5), [1], None, b"x", 1 << 70, "\udc80"):
            with self.subTest(wrong), self.assertRaises(arraywire.InvalidArgument):
                self.publisher.publish(np.arange(3), {"attributes": {"a": wrong}})
        for wrong in ({b"frame_id": 1}, {"arrays": "x"}, {"arrays": [5]}, {"attributes": 5}):
            with self.subTest(wrong), self.assertRaises(arraywire.InvalidArgument):
                self.publisher.publish(np.arange(3), wrong)

    def test_masked_arrays_are_refused_and_other_subclasses_are_not(self):
        with self.assertRaisesRegex(arraywire.UnsupportedArray, "mask"):
            self.publisher.publish(np.ma.masked_array([1, 2], [True, False]))
        self.publisher.publish(np.asarray([[1, 2]]).view(np.matrix))
        self.assertEqual(self.subscriber.take(WATCHDOG).array.shape, (1, 2))

    def test_numpy_gets_no_array_of_what_is_gone(self):
        self.publisher.publish(np.arange(3))
        sample, loan = self.subscriber.take(WATCHDOG), self.publisher.loan(3, np.uint8)
        self.assertEqual(np.asarray(sample).ctypes.data, sample.array.ctypes.data)
        self.assertEqual(np.array(sample, np.float32).tolist(), [0.0, 1.0, 2.0])
        self.assertTrue(sample)
        sample.release()
        loan.discard()
        self.assertFalse(sample)
        for gone in (sample, loan):
            self.assertRaises(arraywire.Closed, np.asarray, gone)

    def test_keys_of_a_sample(self):
        self.publisher.publish(np.arange(3))
        sample = self.subscriber.take(WATCHDOG)
        for key in (slice(0, 1), None, 0.0, b"x"):
            with self.subTest(key), self.assertRaises(TypeError):
                sample[key]
        for key in (1, -2, 1 << 70):
            with self.subTest(key), self.assertRaises(IndexError):
                sample[key]

    def test_every_second_element_is_lent_as_it_lies(self):
        frame = np.arange(60, dtype=np.uint8).reshape(3, 5, 4)
        with arraywire.Publisher("inline", lane="inline") as publisher, arraywire.Subscriber("inline") as subscriber:
            publisher.wait_for_subscribers(1, WATCHDOG)
            for part in (frame[:, ::2, ::2], frame[:, None, ::2]):
                self.assertEqual(publisher.publish(part, borrow=True).copies, 0)
                self.assertTrue((subscriber.take(WATCHDOG).array == part).all())

    def test_none_is_no_subscriber_and_a_number_no_callback(self):
        self.assertRaises(TypeError, arraywire.wait_any, [self.subscriber, None], 0)
        self.assertRaises(arraywire.InvalidArgument, arraywire.Context, on_event=5)

    def test_slots_of_several_arrays_are_reserved(self):
        arrays = [(FRAME, np.uint8), (FRAME[:2], np.float32)]
        self.publisher.reserve_many(arrays, 2)
        slots = self.publisher.statistics().slots
        self.assertEqual(len(self.publisher.loan_many(arrays)), 2)
        self.assertEqual((slots, self.publisher.statistics().slots), (2, 2))


if __name__ == "__main__":
    main()
