"""What arraywire-bench's peers in Python have in common: workloads.cpp and peer.cpp, in Python. It stands before each of them in one
program: NAME WORKLOAD ROLE FRAME_BYTES CONSUMERS CONSUMER DIRECTORY ADDRESS. peer_pair.hpp describes the lines on stdin and stdout.

A peer calls run_peer(Sender, Receiver), two classes that are link.hpp in Python: Sender(link) has address, daemons (lists of process
ids), wait_for_receivers(), room() and send(); Receiver(link) has receive() and release(). Frames are NumPy arrays of uint64."""
import os
import sys
import time
from collections import Counter

BUFFERS = 4
PERIOD_NS = 16_666_667
SMALLEST_WORDS = 3
STEP_BITS = 8  # of a time, as the driver counts it: see latency_histogram.hpp

sys.stdout.reconfigure(write_through=True)


def absent(error):
    """Says what this machine lacks, and ends."""
    print("absent", error)
    sys.exit(1)


try:
    import numpy
except ImportError as error:
    absent(error)


class Link:
    """LinkSetup of link.hpp."""

    def __init__(self, channel, frame_bytes, directory, in_common, receivers=1, receiver=0, address=""):
        self.channel, self.frame_bytes, self.directory, self.in_common = channel, frame_bytes, directory, in_common
        self.receivers, self.receiver, self.address = receivers, receiver, address

    def common(self, name, make):
        """What all links of this process share."""
        if name not in self.in_common:
            self.in_common[name] = make()
        return self.in_common[name]

    @property
    def words(self):
        return self.frame_bytes // 8


def stamp(frame, counter):
    frame[0] = frame[-1] = counter


def fill(frame, counter):
    frame.view(numpy.uint8).fill(counter & 0xFF)  # a memset
    stamp(frame, counter)


def check_stamp(frame, words, counter):
    if frame.size != words or frame[0] != counter or frame[-1] != counter:
        raise RuntimeError(f"expected frame {counter}, got {frame.nbytes} bytes from {frame[0]} to {frame[-1]}")


def check_filled(frame, words, counter):
    check_stamp(frame, words, counter)
    expected = (words - 2) * (counter & 0xFF) * 0x0101010101010101 + 2 * counter
    if int(frame.sum()) != expected & 0xFFFFFFFFFFFFFFFF:
        raise RuntimeError(f"frame {counter} is not as it was filled")


def serve(frame, address="", connect=lambda address: None, times=None, daemons=()):
    """Calls frame(counter) as often as the driver asks for."""
    print("ready", address)
    counter = 0
    for line in sys.stdin:
        order, *argument = line.split()
        if order == "connect":
            connect(argument[0] if argument else "")
            print("connected", os.getpid(), *daemons)
        elif order == "report":
            print("report", times.take() if times else "")
        else:
            steady, end = counter + BUFFERS, counter + int(argument[0])
            unsteady = end - BUFFERS
            start_ns = steady_ns = unsteady_ns = time.monotonic_ns()
            while counter < end:
                frame(counter)
                counter += 1
                if counter == steady:
                    steady_ns = time.monotonic_ns()
                if counter == unsteady:
                    unsteady_ns = time.monotonic_ns()
            print("done", start_ns, steady_ns, unsteady_ns, time.monotonic_ns())


class Times:
    """Kept as they are, and counted when they are told: percentiles.hpp has the format."""

    def __init__(self, prefix):
        self.prefix, self.times = prefix, []

    def record(self, ns):
        self.times.append(ns)

    def take(self):
        times, self.times = self.times, []
        if not times:
            return ""
        most = max(times)
        steps = Counter(min(most, ns | (1 << max(0, ns.bit_length() - STEP_BITS)) - 1) for ns in times)
        return f"{self.prefix}times=" + ",".join(f"{ns}:{count}" for ns, count in steps.items())


class Ticks:
    """60 Hz by absolute time; late by more than a period, it starts anew."""

    def __init__(self):
        self.next_ns = 0

    def wait(self):
        now = time.monotonic_ns()
        self.next_ns = (now if self.next_ns + PERIOD_NS < now else self.next_ns) + PERIOD_NS
        time.sleep(max(0, self.next_ns - time.monotonic_ns()) / 1e9)  # the standard library has no sleep by absolute time


def send_timed(sender, counter):
    frame = sender.room()
    stamp(frame, counter)
    now = time.monotonic_ns()
    frame[1] = now
    del frame
    sender.send()
    return now


def receive_timed(receiver, words, counter, times):
    frame = receiver.receive()
    now = time.monotonic_ns()
    check_stamp(frame, words, counter)
    times.record(now - int(frame[1]))
    del frame
    receiver.release()


def produce(sender, workload, make_answers):
    half_round_trips, ticks, answers = Times("half_round_trip_"), Ticks(), []

    def connect(address):
        if workload == "latency":
            answers.append(make_answers(address))
        sender.wait_for_receivers()

    def frame(counter):
        (fill if workload == "fill_read" else stamp)(sender.room(), counter)
        sender.send()

    def paced(counter):
        ticks.wait()
        send_timed(sender, counter)

    def answered(counter):
        start = send_timed(sender, counter)
        answer = answers[0].receive()
        half_round_trips.record((time.monotonic_ns() - start) // 2)
        check_stamp(answer, SMALLEST_WORDS, counter)
        del answer
        answers[0].release()

    work = {"latency": answered, "paced": paced}.get(workload, frame)
    serve(work, sender.address, connect, half_round_trips, sender.daemons)


def consume(receiver, workload, words, make_answers):
    times = Times("")
    answers = make_answers() if workload == "latency" else None

    def frame(counter):
        (check_filled if workload == "fill_read" else check_stamp)(receiver.receive(), words, counter)
        receiver.release()

    def timed(counter):
        receive_timed(receiver, words, counter, times)
        if answers is not None:
            stamp(answers.room(), counter)
            answers.send()

    work = timed if workload in ("latency", "paced") else frame
    if answers is None:
        serve(work, times=times)
    else:
        serve(work, answers.address, lambda address: answers.wait_for_receivers(), times)


def run_peer(make_sender, make_receiver):
    """The rest of the process; what went wrong is told to the driver. A process that fails ends at once, whatever it still holds."""
    try:
        workload, role = sys.argv[2:4]
        frame_bytes, receivers, receiver = (int(argument) for argument in sys.argv[4:7])
        directory, address = sys.argv[7:9]
        frames = Link("frames", frame_bytes, directory, {}, receivers, receiver, address)

        def answers(address=""):
            return Link("answers", 8 * SMALLEST_WORDS, directory, frames.in_common, address=address)

        if role == "producer":
            produce(make_sender(frames), workload, lambda address: make_receiver(answers(address)))
        else:
            consume(make_receiver(frames), workload, frames.words, lambda: make_sender(answers()))
    except Exception as error:
        print("error", " ".join(f"{type(error).__name__}: {error}".split()))
        os._exit(1)
