"""arraywire-bench's peers of the Python package: WHAT ROLE FRAME_BYTES DIRECTORY [ADDRESS]. peer_pair.hpp describes the lines on
stdin and stdout. What each side does to a frame is what shared_memory.cpp and frame.cpp do in C++."""
import sys
import time

try:
    import numpy

    import arraywire
except ImportError as error:
    print("absent", error, flush=True)
    sys.exit(1)

STREAM = "bench"


def serve(address, frame, connect=lambda: None):
    """Calls frame(counter) as often as the driver asks for."""
    print("ready", address, flush=True)
    counter = 0
    for line in sys.stdin:
        if counter == 0:
            connect()
        end = counter + int(line.split()[1])
        start_ns = time.monotonic_ns()
        while counter < end:
            frame(counter)
            counter += 1
        print("done", start_ns, time.monotonic_ns(), flush=True)


def produce(what, frame_bytes, context):
    publisher = arraywire.Publisher(STREAM, context, block_limit=None)
    words = frame_bytes // 8

    def fill(array, counter):
        array.view(numpy.uint8).fill(counter & 0xFF)  # a memset
        array[0] = array[-1] = counter

    def frame(counter):
        loan = publisher.loan(words, numpy.uint64)
        if what == "fill_read":
            fill(loan.array, counter)
        published = publisher.publish(loan)
        if (published.receivers, published.missed, published.copies) != (1, 0, 0):
            raise RuntimeError(str(published))

    serve(STREAM, frame, lambda: publisher.wait_for_subscribers(1))
    publisher.close()


def consume(what, frame_bytes, context, address):
    subscriber = arraywire.Subscriber(address, context, when_full="block", lane="shared-memory", name="bench")

    def check(array, counter):
        filler = (counter & 0xFF) * 0x0101010101010101
        expected = ((frame_bytes // 8 - 2) * filler + 2 * counter) & 0xFFFFFFFFFFFFFFFF
        if array[0] != counter or array[-1] != counter or int(array.sum()) != expected:
            raise RuntimeError(f"frame {counter} is not as it was filled")

    def frame(counter):
        with subscriber.take() as sample:
            array = sample.array
            if sample.sequence != counter + 1 or array.nbytes != frame_bytes or sample.missed_before:
                raise RuntimeError(f"got frame {sample.sequence} as number {counter}")
            if what == "fill_read":
                check(array, counter)
            del array

    serve("", frame)
    subscriber.close()


def main():
    what, role, frame_bytes, directory, address = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5]
    with arraywire.Context(runtime_directory=directory) as context:
        if role == "producer":
            produce(what, frame_bytes, context)
        else:
            consume(what, frame_bytes, context, address)


try:
    main()
except Exception as error:
    print("error", " ".join(str(error).split()), flush=True)
    sys.exit(1)
