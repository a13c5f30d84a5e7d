"""Waiting: timeouts, Ctrl-C, other threads meanwhile, event loops."""

import asyncio
import contextlib
import select
import signal
import threading
import time

import numpy as np
from case import WATCHDOG, Case, main

import arraywire

# Each waits for something that never comes. `begin` sets up; the line "waiting" comes just before.
WAITS = {
    "take": ("subscriber = arraywire.Subscriber('nobody')", "subscriber.take()"),
    "take with a long timeout": ("subscriber = arraywire.Subscriber('nobody')", "subscriber.take(1e9)"),
    "iteration": ("subscriber = arraywire.Subscriber('nobody')", "next(subscriber)"),
    "take_into": ("subscriber = arraywire.Subscriber('nobody')", "subscriber.take_into(numpy.zeros(3))"),
    "wait_any": ("subscriber = arraywire.Subscriber('nobody')", "arraywire.wait_any([subscriber])"),
    "wait_for_subscribers": ("publisher = arraywire.Publisher('alone')", "publisher.wait_for_subscribers(1)"),
    "loan": (
        "publisher = arraywire.Publisher('full', max_memory_bytes=1 << 20); held = publisher.loan(1 << 20, 'uint8')",
        "publisher.loan(1 << 20, 'uint8')",
    ),
    "publish": (
        """
context = arraywire.Context()
publisher = arraywire.Publisher('slow', context, block_limit=None, linger=0)
subscriber = arraywire.Subscriber('slow', context, when_full='block', queue=1, hold=1)
publisher.wait_for_subscribers(1)
publisher.publish(numpy.zeros(3))
""",
        "publisher.publish(numpy.zeros(3))",
    ),
    "finish": (
        """
context = arraywire.Context()
publisher = arraywire.Publisher('slow', context, linger=0)
subscriber = arraywire.Subscriber('slow', context)
publisher.wait_for_subscribers(1)
publisher.publish(numpy.zeros(3))
""",
        "publisher.finish()",
    ),
    "close": (
        """
context = arraywire.Context()
publisher = arraywire.Publisher('slow', context, linger=None)
subscriber = arraywire.Subscriber('slow', context)
publisher.wait_for_subscribers(1)
publisher.publish(numpy.zeros(3))
""",
        "publisher.close()",
    ),
    "turn": (
        """
publisher = arraywire.Publisher('alone')
import threading
threading.Thread(target=publisher.wait_for_subscribers, daemon=True).start()
import time
time.sleep(0.2)
""",
        "publisher.loan(3, 'uint8')",
    ),
}


class Interrupted(Case):
    def interrupt(self, begin, wait):
        child = self.child(f"import arraywire, numpy, signal\n{begin}\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
                           f"try:\n    print('waiting', flush=True)\n    {wait}\nexcept KeyboardInterrupt:\n    print('interrupted')\n"
                           "import os; print('again', flush=True)\n")
        self.assertEqual(child.line(), "waiting")
        time.sleep(0.3)  # so that it does wait; being late proves as much
        child.process.send_signal(signal.SIGINT)
        self.assertEqual(child.line(), "interrupted")
        self.assertEqual(child.line(), "again")
        if wait != "publisher.loan(3, 'uint8')":
            child.finish()

    def test_every_wait_ends_with_ctrl_c(self):
        for name, (begin, wait) in WAITS.items():
            with self.subTest(name):
                self.interrupt(begin, wait)

    def test_signals_that_are_handled_without_raising_end_no_wait(self):
        child = self.child("""
            import arraywire, signal
            seen = []
            signal.signal(signal.SIGUSR1, lambda *_: (seen.append(1), print('handled', flush=True)))
            subscriber = arraywire.Subscriber('stream')
            print('waiting', flush=True)
            with subscriber.take() as sample:
                print(len(seen), sample.array.tolist())
            """)
        self.assertEqual(child.line(), "waiting")
        child.process.send_signal(signal.SIGUSR1)
        self.assertEqual(child.line(), "handled")
        with arraywire.Publisher("stream") as publisher:
            publisher.wait_for_subscribers(1, WATCHDOG)
            publisher.publish(np.arange(3))
            self.assertEqual(child.line(), "1 [0, 1, 2]")
        child.finish()

    def test_an_interrupted_publish_has_sent_to_those_who_had_room(self):
        child = self.child("""
            import arraywire, numpy, signal
            signal.signal(signal.SIGINT, signal.default_int_handler)
            publisher = arraywire.Publisher('stream', block_limit=None, linger=0)
            publisher.wait_for_subscribers(2)
            publisher.publish(numpy.array([1]))
            print('waiting', flush=True)
            try:
                publisher.publish(numpy.array([2]))
            except KeyboardInterrupt:
                print('interrupted', flush=True)
            print(publisher.statistics().published, publisher.publish(numpy.array([3])).missed)
            """)
        with arraywire.Context() as context:
            quick = arraywire.Subscriber("stream", context, when_full="block", queue=4, hold=4)
            arraywire.Subscriber("stream", context, when_full="block", queue=1, hold=1)
            slow = arraywire.Subscriber("stream", context, when_full="block", queue=1, hold=1)
            self.assertEqual(quick.take(WATCHDOG).array[0], 1)
            self.assertEqual(child.line(), "waiting")
            self.assertEqual(quick.take(WATCHDOG).array[0], 2)
            child.process.send_signal(signal.SIGINT)
            self.assertEqual(child.line(), "interrupted")
            self.assertEqual(child.line().split()[0], "2")
            self.assertEqual(slow.take(WATCHDOG).array[0], 1)
        child.finish()


class Meanwhile(Case):
    def test_other_threads_run_while_one_waits(self):
        publisher, subscriber = self.pair({"max_memory_bytes": 1 << 20, "linger": 0})
        held = publisher.loan(1 << 20, np.uint8)
        waits = {
            "take": lambda: subscriber.take(0.3),
            "loan": lambda: publisher.loan(1 << 20, np.uint8, timeout=0.3),
            "wait_for_subscribers": lambda: publisher.wait_for_subscribers(2, 0.3),
        }
        for name, wait in waits.items():
            with self.subTest(name):
                count, done = [0], threading.Event()

                def run():
                    while not done.is_set():
                        count[0] += 1
                        time.sleep(0)

                other = threading.Thread(target=run)
                other.start()
                before = count[0]
                with self.assertRaises(arraywire.Timeout):
                    wait()
                counted = count[0] - before
                done.set()
                other.join()
                self.assertGreater(counted, 100)
        del held

    def test_threads_share_a_subscriber_and_a_publisher(self):
        publisher, subscriber = self.pair({"block_limit": None}, when_full="block")
        taken, lock = [], threading.Lock()

        def take():
            with contextlib.suppress(arraywire.Closed):
                for sample in subscriber:
                    with sample, lock:
                        taken.append(int(sample.array[0]))

        def publish(first):
            for number in range(first, first + 100):
                publisher.publish(np.array([number]))

        threads = [threading.Thread(target=take) for _ in range(3)]
        threads += [threading.Thread(target=publish, args=(first,)) for first in (0, 100)]
        for thread in threads:
            thread.start()
        for thread in threads[3:]:
            thread.join()
        self.eventually(lambda: len(taken) == 200, "all")
        self.assertEqual(sorted(taken), list(range(200)))
        threading.Thread(target=publisher.close).start()  # one of the three is told of the end; close() ends the others
        self.eventually(lambda: sum(thread.is_alive() for thread in threads) <= 2, "the end")
        subscriber.close()
        for thread in threads:
            thread.join()

    def test_close_ends_a_wait_of_another_thread(self):
        _, subscriber = self.pair()
        raised = []

        def take():
            try:
                subscriber.take()
            except arraywire.Error as error:
                raised.append(type(error))

        thread = threading.Thread(target=take)
        thread.start()
        time.sleep(0.1)
        subscriber.close()
        thread.join()
        self.assertEqual(raised, [arraywire.Closed])

    def test_stop_ends_every_wait(self):
        context = arraywire.Context()
        self.addCleanup(context.close)
        publisher = arraywire.Publisher("alone", context)
        subscriber = arraywire.Subscriber("nobody", context)
        raised = []

        def wait(call):
            try:
                call()
            except arraywire.Error as error:
                raised.append(type(error))

        calls = (subscriber.take, publisher.wait_for_subscribers, lambda: arraywire.wait_any([subscriber]))
        threads = [threading.Thread(target=wait, args=(call,)) for call in calls]
        for thread in threads:
            thread.start()
        context.stop()
        for thread in threads:
            thread.join()
        self.assertEqual(raised, [arraywire.Stopped] * 3)
        self.assertTrue(context.stopped)

    def test_timeouts(self):
        publisher, subscriber = self.pair()
        for call in (lambda: subscriber.take(0), lambda: subscriber.take(0.01), lambda: publisher.wait_for_subscribers(2, 0.01),
                     lambda: arraywire.wait_any([subscriber], 0.01)):
            with self.assertRaises(TimeoutError) as raised:
                call()
            self.assertIsInstance(raised.exception, arraywire.Timeout)

    def test_wait_any_finds_the_one_that_has_something(self):
        context = arraywire.Context()
        self.addCleanup(context.close)
        publishers = [arraywire.Publisher(name, context) for name in ("a", "b", "c")]
        subscribers = [arraywire.Subscriber(name, context) for name in ("a", "b", "c")]
        for index in (2, 0, 1):
            publishers[index].wait_for_subscribers(1, WATCHDOG)
            publishers[index].publish(np.array([index]))
            found = arraywire.wait_any(subscribers, WATCHDOG)
            self.assertIs(found, subscribers[index])
            self.assertEqual(found.take(0).array[0], index)

    def test_the_descriptor_is_for_foreign_loops(self):
        publisher, subscriber = self.pair()
        publisher.publish(np.arange(3))
        self.assertTrue(select.select([subscriber], [], [], WATCHDOG)[0])
        self.assertEqual(subscriber.fileno(), subscriber.descriptor())
        self.eventually(lambda: self.taken(subscriber))

    def taken(self, subscriber):
        try:
            return subscriber.take(0)
        except arraywire.Timeout:
            return None


class Asynchronous(Case):
    def test_async_for_lets_others_run_and_ends_with_the_stream(self):
        publisher, subscriber = self.pair({"block_limit": None}, when_full="block")

        async def receive():
            values = []
            async for sample in subscriber:
                with sample:
                    values.append(int(sample.array[0]))
            return values

        async def tick(ticks):
            while True:
                ticks.append(1)
                await asyncio.sleep(0.001)

        async def run():
            ticks = []
            ticker = asyncio.create_task(tick(ticks))
            receiver = asyncio.create_task(receive())
            for number in range(50):
                await asyncio.to_thread(publisher.publish, np.array([number]))
            while len(ticks) < 20:
                await asyncio.sleep(0.01)
            await asyncio.to_thread(publisher.close)
            values = await asyncio.wait_for(receiver, WATCHDOG)
            ticker.cancel()
            return values

        self.assertEqual(asyncio.run(run()), list(range(50)))

    def test_take_async_has_a_timeout_and_can_be_cancelled(self):
        publisher, subscriber = self.pair()

        async def run():
            with self.assertRaises(arraywire.Timeout):
                await subscriber.take_async(0.01)
            waiting = asyncio.create_task(subscriber.take_async())
            await asyncio.sleep(0.01)
            waiting.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await waiting
            both = asyncio.gather(subscriber.take_async(WATCHDOG), subscriber.take_async(WATCHDOG))
            await asyncio.sleep(0.01)
            for number in (1, 2):
                publisher.publish(np.array([number]))
            return sorted(int(sample.array[0]) for sample in await both)

        self.assertEqual(asyncio.run(run()), [1, 2])

    def test_a_take_that_is_cancelled_as_something_comes_ends_and_loses_nothing(self):
        publisher, subscriber = self.pair()

        async def run():
            for turns in range(12):  # of the loop, between what comes and the cancellation
                waiting = asyncio.create_task(subscriber.take_async())
                await asyncio.sleep(0.001)
                publisher.publish(np.array([turns]))
                for _ in range(turns):
                    await asyncio.sleep(0)
                cancelled = waiting.cancel()
                await asyncio.wait([waiting], timeout=WATCHDOG)
                self.assertEqual(waiting.cancelled(), cancelled)
                with subscriber.take(WATCHDOG) if cancelled else waiting.result() as sample:
                    self.assertEqual(sample.array[0], turns)

        asyncio.run(run())


if __name__ == "__main__":
    main()
