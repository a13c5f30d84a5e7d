"""What scripts/compare measures: which transports, which tables, in which sizes."""

from dataclasses import dataclass

SHARED, INLINE = "shared_memory", "inline/ipc"  # arraywire's two lanes, which the others are compared with
NO_SPIN = "shared_memory_no_spin"
THREADS, SOCKET = "floor/two_threads", "floor/unix_socket"
FUTEX, SOCKET_PING = "floor/futex", "floor/socket_ping"
ZMQ_PING, ZMQ_EXCHANGE = "latency/zmq", "peer/zmq_exchange"


@dataclass(frozen=True)
class Transport:
    name: str
    label: str
    short: str = ""  # in latency/... and paced/...; empty: it is one benchmark, not a transport
    package: str = ""  # Debian's, whose version is told
    socket: bool = False  # bytes go through the kernel: compared with the inline lane, too
    frames: int = 5  # in memory, about, that the sender has or all share: how many transports fit at once
    copied: int = 0  # frames more in the memory of each receiver
    polls: str = ""  # who keeps a processor busy however long it waits
    one_consumer: str = ""  # why it has no rows of several
    largest: int = 0  # frames that it is measured with, if not all
    not_in: tuple = ()  # workloads that it is not measured in

    def benchmark(self, workload):
        if workload == "handoff":
            return self.name + "/handoff" if self.name in (SHARED, NO_SPIN, "python") else self.name
        return f"{workload}/{self.short}" if workload in ("latency", "paced") else f"{self.name}/{workload}"

    def why_not(self, workload, frame_bytes):
        """Why it is not measured in that part; empty: it is."""
        if workload.startswith("consumers/") and self.one_consumer:
            return "one consumer only: " + self.one_consumer
        too_large = self.largest and frame_bytes > self.largest
        return "to save time" if too_large or workload.split("/")[0] in self.not_in else ""

    def frames_in_memory(self, receivers):
        return self.frames + self.copied * receivers

    @property
    def title(self):
        return self.label + (f" ({self.polls})" if self.polls else "")


TRANSPORTS = [
    Transport(SHARED, "arraywire shared memory", "shared_memory"),
    Transport(NO_SPIN, "arraywire shared memory without spinning", "shared_memory_no_spin",
              largest=49766400, one_consumer="what it costs to wait without is in the other tables", not_in=("first_frames",)),
    Transport(INLINE, "arraywire inline ipc", "inline", socket=True, frames=4, copied=4),
    Transport("inline/tcp", "arraywire inline tcp", "inline_tcp", socket=True, frames=4, copied=4, largest=49766400,
              not_in=("handoff", "paced", "consumers", "first_frames")),
    Transport("python", "arraywire in Python", "python", "python3-numpy", largest=49766400, not_in=("consumers", "first_frames")),
    Transport("peer/iceoryx", "iceoryx with wait set", "iceoryx", "libiceoryx-posh-dev", frames=7, polls="sender polls"),
    Transport("peer/iceoryx_polling", "iceoryx in a loop", "iceoryx_polling", "libiceoryx-posh-dev", frames=7, polls="polls",
              largest=49766400, one_consumer="more pollers than processors would measure the scheduler", not_in=("first_frames",)),
    Transport("peer/cyclonedds", "Cyclone DDS", "cyclonedds", "cyclonedds-dev", frames=7),
    Transport("peer/fastdds", "Fast DDS", "fastdds", "libfastrtps-dev", frames=6, largest=49766400),
    Transport("peer/mpi", "Open MPI", "mpi", "libopenmpi-dev", frames=4, copied=4, polls="polls", largest=49766400,
              not_in=("first_frames",)),
    Transport("peer/mpi_window", "Open MPI window", "mpi_window", "libopenmpi-dev", polls="polls", largest=49766400,
              not_in=("paced", "consumers", "first_frames")),
    Transport("peer/multiprocessing", "Python multiprocessing", "multiprocessing", "python3", largest=49766400,
              not_in=("first_frames",)),
    Transport("peer/zmq", "libzmq", "zmq_frames", "libzmq3-dev", socket=True, frames=4, copied=4),
    Transport("peer/zmq_default_malloc", "libzmq with malloc as it comes", "zmq_default_malloc", "libzmq3-dev", socket=True, frames=4,
              copied=4, largest=49766400, not_in=("handoff", "latency", "paced", "consumers", "first_frames")),
    Transport("peer/pyzmq", "pyzmq", "pyzmq", "python3-zmq", socket=True, frames=4, copied=4, largest=49766400,
              one_consumer="its recipe is a PUSH and a PULL socket, which give each frame to one", not_in=("handoff", "paced", "first_frames")),
    Transport("peer/nng", "nng", "nng", "libnng-dev", socket=True, frames=4, copied=4, largest=49766400, not_in=("first_frames",)),
    Transport(SOCKET, "bare unix socket", "unix_socket", socket=True, frames=4, copied=4),
    Transport(FUTEX, "bare futex", "futex", frames=4, largest=49766400, one_consumer="it is a floor of hand-off"),
    Transport(SOCKET_PING, "bare byte through a socket", "socket_ping", frames=4, largest=49766400, one_consumer="it is a floor of hand-off",
              not_in=("paced", "first_frames")),
    Transport(THREADS, "two threads of one process", frames=4),
    Transport(ZMQ_PING, "bare 96-byte zmq message", frames=0),
    Transport(ZMQ_EXCHANGE, "bare 96-byte zmq messages with replies", frames=0),
]
BY_NAME = {transport.name: transport for transport in TRANSPORTS}

ROUNDS = 15
SIZES = {65536: "64 KiB", 1048576: "1 MiB", 8294400: "8.3 MB", 49766400: "49.8 MB", 199065600: "199 MB"}


def receivers_of(workload):
    return int(workload.split("/")[1]) if workload.startswith("consumers/") else 1


@dataclass(frozen=True)
class Table:
    """One table of the page; it has a part for each size, or for each number of consumers."""

    workload: str
    title: str
    about: str
    counter: str
    unit: str
    better: str  # "more" or "less" of the counter
    sizes: tuple
    floors: tuple  # of transports that share memory, and of those that go through sockets; "" for none
    consumers: tuple = (1,)
    beside: tuple = ()  # more rows of one benchmark
    rounds_of_small: int = ROUNDS  # of frames up to 8.3 MB

    def rounds_of(self, frame_bytes):
        return self.rounds_of_small if frame_bytes <= 8294400 else ROUNDS

    def part_names(self):
        """(part's workload, frame bytes, the part's heading)"""
        if self.workload == "consumers":
            return [(f"consumers/{n}", size, f"{n} consumer{'s' * (n > 1)}") for size in self.sizes for n in self.consumers]
        return [(self.workload, size, f"{SIZES[size]} ({size:,} bytes)") for size in self.sizes]

    def floor_of(self, transport):
        return self.floors[1 if transport.socket else 0]

    def benchmarks(self, workload):
        """{transport's name: benchmark's name}, the first first."""
        found = {t.name: t.benchmark(workload) for t in TRANSPORTS if t.short}
        return found | {row: row for row in (*self.floors, *self.beside) if row and not BY_NAME[row].short}


TABLES = [
    Table("fill_read", "Filled and read in full", "The producer writes every byte of every frame, the consumer reads and checks every "
          "byte.", "GB/s", "GB/s", "more", tuple(SIZES), (THREADS, SOCKET), rounds_of_small=30),
    Table("handoff", "Hand-off only", "Nothing but the first and the last 8 bytes is written and read: what moving a frame takes.",
          "frame_us", "us a frame", "less", (49766400,), (FUTEX, SOCKET), beside=(ZMQ_EXCHANGE,)),
    Table("latency", "Latency", "One frame at a time, each answered: from just before it is sent until the consumer has it, p50.",
          "p50_us", "us", "less", (65536, 1048576, 8294400), (FUTEX, SOCKET), beside=(ZMQ_PING,)),
    Table("paced", "Latency at 60 Hz", "Frames at 60 Hz, so that every reader sleeps in between: from just before one is sent until the "
          "consumer has it, p50.", "p50_us", "us", "less", (8294400,), (FUTEX, SOCKET)),
    Table("consumers", "Several consumers", "Filled once, and read in full by each consumer, which all get every frame. The rate is that "
          "of frames sent.", "GB/s", "GB/s", "more", (8294400,), ("", SOCKET), consumers=(1, 2, 4, 8)),
    Table("first_frames", "The first ten frames", "Of a pair of processes that has just connected, filled and read in full: memory is "
          "made, handed over and mapped meanwhile; what a transport made before is in its set-up. Time of each.",
          "first_ms", "ms a frame", "less", (8294400,), (FUTEX, SOCKET)),
]
