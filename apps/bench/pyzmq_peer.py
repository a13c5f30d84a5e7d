import ctypes

# libzmq allocates what it receives. malloc keeps what is freed, as where arraywire's inline lane receives (receive_memory.cpp, by
# the numbers of malloc.h): set before zmq has threads.
M_MMAP_MAX, M_ARENA_MAX, M_TRIM_THRESHOLD, M_TOP_PAD = -4, -8, -1, -2
for parameter, value in ((M_MMAP_MAX, 0), (M_ARENA_MAX, 1), (M_TRIM_THRESHOLD, 2**31 - 1), (M_TOP_PAD, 64 << 20)):
    ctypes.CDLL(None).mallopt(parameter, value)

try:
    import zmq
except ImportError as error:
    absent(error)


# The recipe of pyzmq's documentation (https://pyzmq.readthedocs.io/en/latest/howto/serialization.html, "Example: NumPy arrays").
def send_array(socket, A, flags=0, copy=True, track=False):
    md = dict(dtype=str(A.dtype), shape=A.shape)
    socket.send_json(md, flags | zmq.SNDMORE)
    return socket.send(A, flags, copy=copy, track=track)


def recv_array(socket, flags=0, copy=True, track=False):
    md = socket.recv_json(flags=flags)
    msg = socket.recv(flags=flags, copy=copy, track=track)
    A = numpy.frombuffer(memoryview(msg), dtype=md["dtype"])
    return A.reshape(md["shape"])


# At each end: one is filled, one is sent; one is in the receiver's queue, and one is read.
HALF = BUFFERS // 2


class Sender:
    daemons = ()

    def __init__(self, link):
        self.socket = zmq.Context.instance().socket(zmq.PUSH)
        self.socket.linger = 0
        self.socket.sndhwm = HALF
        self.address = f"ipc://{link.directory}/{link.channel}"
        self.socket.bind(self.address)
        self.arrays = [numpy.ones(link.words, dtype=numpy.uint64) for _ in range(HALF)]
        self.trackers = [None] * HALF
        self.sent = 0

    def wait_for_receivers(self):
        pass  # PUSH waits by itself

    def room(self):
        slot = self.sent % HALF
        if self.trackers[slot] is not None:
            self.trackers[slot].wait()  # until zmq has done with what we are about to write
        return self.arrays[slot]

    def send(self):
        slot = self.sent % HALF
        self.trackers[slot] = send_array(self.socket, self.arrays[slot], copy=False, track=True)
        self.sent += 1


class Receiver:
    def __init__(self, link):
        self.socket = zmq.Context.instance().socket(zmq.PULL)
        self.socket.linger = 0
        self.socket.rcvhwm = HALF - 1
        self.socket.connect(link.address)

    def receive(self):
        return recv_array(self.socket, copy=False)

    def release(self):
        pass  # the array owns the message


run_peer(Sender, Receiver)
