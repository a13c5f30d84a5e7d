# Python's own means, as its documentation has them: NumPy arrays in blocks of multiprocessing.shared_memory (the example with NumPy,
# https://docs.python.org/3/library/multiprocessing.shared_memory.html), and the number of the block that holds a frame through
# multiprocessing.connection (https://docs.python.org/3/library/multiprocessing.html, "Listeners and Clients"): a Connection is what
# Pipe() gives and what a Queue is made of. A multiprocessing.Queue reaches one's own children only, and adds a thread and locks to
# each message; a manager's adds a process. Waits are blocking reads of a Unix socket.
import atexit
from multiprocessing import connection, resource_tracker, shared_memory


def view(block, words):
    return numpy.ndarray(words, numpy.uint64, block.buf)


class Sender:
    def __init__(self, link):
        self.link = link
        self.listener = connection.Listener(f"{link.directory}/{link.channel}", "AF_UNIX", backlog=link.receivers)
        self.blocks = [shared_memory.SharedMemory(create=True, size=link.frame_bytes) for _ in range(BUFFERS)]
        self.arrays = [view(block, link.words) for block in self.blocks]
        self.address = ",".join(block.name for block in self.blocks)
        self.daemons = [resource_tracker._resource_tracker._pid]  # which removes the blocks of a process that could not
        self.receivers = []
        self.sent = 0
        atexit.register(self.close)

    def wait_for_receivers(self):
        self.receivers = [self.listener.accept() for _ in range(self.link.receivers)]

    def room(self):
        if self.sent >= BUFFERS:
            for receiver in self.receivers:
                receiver.recv_bytes()  # each answers in turn: it is done with the frame that is in this block
        return self.arrays[self.sent % BUFFERS]

    def send(self):
        block = bytes([self.sent % BUFFERS])
        for receiver in self.receivers:
            receiver.send_bytes(block)
        self.sent += 1

    def close(self):
        self.arrays.clear()  # a block with views of it cannot be closed
        for block in self.blocks:
            block.close()
            block.unlink()


class Receiver:
    def __init__(self, link):
        # The blocks are the sender's to remove. Before Python 3.13 and its track=False, a tracker of ours would do so, too.
        register, resource_tracker.register = resource_tracker.register, lambda name, kind: None
        self.blocks = [shared_memory.SharedMemory(name) for name in link.address.split(",")]
        resource_tracker.register = register
        self.arrays = [view(block, link.words) for block in self.blocks]
        self.sender = connection.Client(f"{link.directory}/{link.channel}", "AF_UNIX")
        atexit.register(self.close)

    def receive(self):
        self.block = self.sender.recv_bytes()
        return self.arrays[self.block[0]]

    def release(self):
        self.sender.send_bytes(self.block)

    def close(self):
        self.arrays.clear()
        for block in self.blocks:
            block.close()


run_peer(Sender, Receiver)
