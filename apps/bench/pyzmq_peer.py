"""arraywire-bench's peer/pyzmq: ROLE FRAME_BYTES DIRECTORY [ADDRESS]. peer_pair.hpp describes the lines on stdin and stdout."""
import sys
import time

try:
    import numpy
    import zmq
except ImportError as error:
    print("absent", error, flush=True)
    sys.exit(1)


# The recipe of pyzmq's documentation ("Serializing messages with PyZMQ", Example: NumPy arrays).
def send_array(socket, A, flags=0, copy=True, track=False):
    md = dict(dtype=str(A.dtype), shape=A.shape)
    socket.send_json(md, flags | zmq.SNDMORE)
    return socket.send(A, flags, copy=copy, track=track)


def recv_array(socket, flags=0, copy=True, track=False):
    md = socket.recv_json(flags=flags)
    msg = socket.recv(flags=flags, copy=copy, track=track)
    A = numpy.frombuffer(memoryview(msg), dtype=md["dtype"])
    return A.reshape(md["shape"])


def serve(address, frame):
    """Calls frame(counter) as often as the driver asks for."""
    print("ready", address, flush=True)
    counter = 0
    for line in sys.stdin:
        end = counter + int(line.split()[1])
        start_ns = time.monotonic_ns()
        while counter < end:
            frame(counter)
            counter += 1
        print("done", start_ns, time.monotonic_ns(), flush=True)


def produce(socket, frame_bytes, directory):
    words = frame_bytes // 8
    arrays = [numpy.ones(words, dtype=numpy.uint64) for _ in range(4)]
    trackers = [None] * len(arrays)

    def frame(counter):
        slot = counter % len(arrays)
        if trackers[slot] is not None:
            trackers[slot].wait()  # until zmq has done with what we are about to write
        arrays[slot][0] = arrays[slot][-1] = counter
        trackers[slot] = send_array(socket, arrays[slot], copy=False, track=True)

    address = f"ipc://{directory}/pyzmq"
    socket.bind(address)
    serve(address, frame)


def consume(socket, frame_bytes, address):
    def frame(counter):
        array = recv_array(socket, copy=False)
        if array.nbytes != frame_bytes or array[0] != counter or array[-1] != counter:
            raise RuntimeError(f"expected frame {counter}, got {array.nbytes} bytes from {array[0]} to {array[-1]}")

    socket.connect(address)
    serve("", frame)


def main():
    role, frame_bytes, directory, address = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    context = zmq.Context()
    socket = context.socket(zmq.PUSH if role == "producer" else zmq.PULL)
    socket.linger = 0
    if role == "producer":
        produce(socket, frame_bytes, directory)
    else:
        consume(socket, frame_bytes, address)
    socket.close()
    context.term()


try:
    main()
except Exception as error:
    print("error", " ".join(str(error).split()), flush=True)
    sys.exit(1)
