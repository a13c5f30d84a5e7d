"""The end of the interpreter with everything open, and forked children."""

import os
import signal

import numpy as np
from case import WATCHDOG, Case, main

import arraywire

OPEN = """
import arraywire, numpy, sys, threading
told = []
context = arraywire.Context(on_event=lambda event: told.append(event))
publisher = arraywire.Publisher('own', context, lane='inline', delivery='distribute', linger=0.2)
subscriber = arraywire.Subscriber('own', context)
publisher.wait_for_subscribers(1)
publisher.publish(numpy.arange(1000), borrow=True, release=lambda what: print('released', what[-1], flush=True))
sample = subscriber.take()
array = sample.array
loan = publisher.loan(1000, 'float32')
writable = loan.array
view = memoryview(writable)
"""


class Exit(Case):
    def test_with_everything_open(self):
        child = self.child(OPEN + "print('end', flush=True)")
        self.assertEqual(child.finish().splitlines(), ["end", "released 999"])
        self.assertEqual(child.stderr(), "")

    def test_with_everything_open_in_cycles_and_threads(self):
        child = self.child(OPEN + """
class Cycle: pass
cycle = Cycle()
cycle.all = [cycle, context, publisher, subscriber, sample, array, loan, writable, view]
def wait():
    try:
        arraywire.Subscriber('nobody', context).take()
    except (arraywire.Closed, arraywire.Stopped):
        pass
thread = threading.Thread(target=wait, daemon=True)
thread.start()
print('end', flush=True)
""")
        self.assertEqual(child.finish().splitlines()[0], "end")
        self.assertEqual(child.stderr(), "")

    def test_by_sys_exit_in_a_callback_thread_and_by_an_exception(self):
        child = self.child(OPEN + "sample.release(); del sample, array; raise SystemExit(3)")
        child.finish(3)
        child = self.child(OPEN + "1 / 0")
        child.finish(1)
        self.assertIn("ZeroDivisionError", child.stderr())

    def test_with_a_wait_going_on_in_a_daemon_thread(self):
        for wait in ("arraywire.Subscriber('nobody').take()", "arraywire.Publisher('alone').wait_for_subscribers(1)"):
            with self.subTest(wait):
                child = self.child(f"import arraywire, threading, time\nthreading.Thread(target=lambda: {wait}, daemon=True).start()\n"
                                   "time.sleep(0.3)\nprint('end', flush=True)")
                self.assertEqual(child.finish(), "end\n")

    def test_a_stream_ends_in_order_when_the_program_does(self):
        child = self.child("""
            import arraywire, numpy
            publisher = arraywire.Publisher('stream', block_limit=None)
            publisher.wait_for_subscribers(1)
            for number in range(10):
                publisher.publish(numpy.array([number]))
            """)
        subscriber = arraywire.Subscriber("stream", when_full="block")
        self.addCleanup(subscriber.close)
        self.assertEqual([int(sample.array[0]) for sample in self.released(subscriber)], list(range(10)))
        child.finish()
        self.assertEqual(subscriber.statistics().gaps, 0)

    def released(self, subscriber):
        for sample in subscriber:
            with sample:
                yield sample

    def test_a_publisher_keeps_its_context(self):
        publisher = arraywire.Publisher("stream", arraywire.Context())
        subscriber = arraywire.Subscriber("stream", arraywire.Context())
        publisher.wait_for_subscribers(1, WATCHDOG)
        publisher.publish(np.arange(3))
        self.assertEqual(subscriber.take(WATCHDOG).array.tolist(), [0, 1, 2])

    def test_a_context_closes_what_is_its_own(self):
        with arraywire.Context() as context:
            publisher = arraywire.Publisher("stream", context)
            subscriber = arraywire.Subscriber("stream", context)
            publisher.wait_for_subscribers(1, WATCHDOG)
            publisher.publish(np.arange(3))
            sample = subscriber.take(WATCHDOG)
        for use in (publisher.statistics, subscriber.status, lambda: arraywire.Publisher("other", context)):
            with self.assertRaises(arraywire.Closed):
                use()
        self.assertEqual(sample.array.tolist(), [0, 1, 2])


class Fork(Case):
    def in_child(self, call):
        """What a forked child says of `call`, which it also must survive."""
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            signal.alarm(int(WATCHDOG))
            try:
                text = repr(call())
            except BaseException as error:
                text = f"{type(error).__name__}: {error}"
            os.write(writing, text.encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            text = pipe.read()
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)
        return text

    def test_a_child_reads_its_samples_and_is_refused_the_rest(self):
        publisher, subscriber = self.pair()
        publisher.publish(np.arange(5))
        sample = subscriber.take(WATCHDOG)
        loan = publisher.loan(5, np.int64)
        self.assertEqual(self.in_child(lambda: sample.array.tolist()), "[0, 1, 2, 3, 4]")
        self.assertEqual(self.in_child(lambda: sample.metadata), "{}")
        refused = [publisher.statistics, loan.publish, lambda: publisher.loan(1, np.uint8), lambda: publisher.publish(np.zeros(1)),
                   publisher.finish, lambda: subscriber.take(0), subscriber.status, publisher.wait_for_subscribers,
                   lambda: publisher.publish(np.zeros(1), borrow=True)]
        for call in refused:
            self.assertRegex(self.in_child(call), "^Error: .* forked child")
        for call in (publisher.close, subscriber.close, sample.release, loan.discard):
            self.assertEqual(self.in_child(call), "None")
        self.assertEqual(sample.array.tolist(), [0, 1, 2, 3, 4])
        sample.release()
        loan.array[...] = 7
        loan.publish()
        self.assertEqual(subscriber.take(WATCHDOG).array.tolist(), [7] * 5)

    def test_a_child_that_ends_as_python_does_leaves_the_parent_alone(self):
        child = self.child(OPEN + """
import os
sys.stdout.flush()
pid = os.fork()
if pid == 0:
    del sample, array, publisher, subscriber
    sys.exit(5)
print('child', os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print('sum', array.sum(), flush=True)
""")
        self.assertEqual(child.finish().splitlines(), ["child 5", "sum 499500", "released 999"])
        self.assertEqual(child.stderr(), "")

    def test_a_child_may_have_a_context_of_its_own(self):
        child = self.child(OPEN + """
import os
pid = os.fork()
if pid == 0:
    del told[:]
    with arraywire.Publisher('childs', linger=5) as own:
        own.wait_for_subscribers(1)
        own.publish(numpy.arange(3))
    sys.exit(0)
with arraywire.Subscriber('childs') as childs:
    print([s.array.sum() for s in childs])
print('child', os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
""")
        self.assertEqual(child.finish().splitlines(), ["[3]", "child 0", "released 999"])


if __name__ == "__main__":
    main()
