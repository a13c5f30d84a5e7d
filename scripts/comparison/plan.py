"""What scripts/compare measures: which transports, which tables, in which sizes."""

from dataclasses import dataclass

SHARED, INLINE = "shared_memory", "inline/ipc"  # arraywire's two lanes, which the others are compared with
THREADS, SOCKET = "floor/two_threads", "floor/unix_socket"
BARE_PING, BARE_EXCHANGE = "latency/zmq", "peer/zmq_exchange"


@dataclass(frozen=True)
class Transport:
    name: str
    label: str
    short: str = ""  # in latency/... and paced/...; empty: it is one benchmark, not a transport
    package: str = ""  # Debian's, whose version is told
    socket: bool = False  # bytes go through the kernel: compared with the inline lane, too
    buffers: int = 6  # frames in memory, about: how many fit at once
    fan_out: bool = True

    def benchmark(self, workload):
        """Its benchmark of that workload; None: it has none."""
        if not self.short:
            return None
        if workload == "handoff":
            return self.name + "/handoff" if self.name in (SHARED, "python") else self.name
        if workload.startswith("consumers"):
            return f"{self.name}/{workload}" if self.fan_out else None
        return f"{workload}/{self.short}" if workload in ("latency", "paced") else f"{self.name}/{workload}"


TRANSPORTS = [
    Transport(SHARED, "arraywire, shared memory", "shared_memory"),
    Transport(INLINE, "arraywire, inline, ipc", "inline", socket=True, buffers=10),
    Transport("inline/tcp", "arraywire, inline, tcp", "inline_tcp", socket=True, buffers=10),
    Transport("python", "arraywire in Python", "python"),
    Transport("peer/iceoryx", "iceoryx", "iceoryx", "libiceoryx-posh-dev"),
    Transport("peer/iceoryx_polling", "iceoryx, polling", "iceoryx_polling", "libiceoryx-posh-dev", fan_out=False),
    Transport("peer/cyclonedds", "Cyclone DDS", "cyclonedds", "cyclonedds-dev"),
    Transport("peer/fastdds", "Fast DDS", "fastdds", "libfastrtps-dev"),
    Transport("peer/mpi", "Open MPI", "mpi", "libopenmpi-dev", buffers=8),
    Transport("peer/mpi_window", "Open MPI, window", "mpi_window", "libopenmpi-dev"),
    Transport("peer/multiprocessing", "Python multiprocessing", "multiprocessing", "python3"),
    Transport("peer/zmq", "libzmq", "zmq_frames", "libzmq3-dev", socket=True, buffers=10),
    Transport("peer/pyzmq", "pyzmq", "pyzmq", "python3-zmq", socket=True, buffers=10, fan_out=False),
    Transport("peer/nng", "nng", "nng", "libnng-dev", socket=True, buffers=10),
    Transport(SOCKET, "bare unix socket", "unix_socket", socket=True, buffers=2),
    Transport(THREADS, "two threads, no transport", buffers=4),
    Transport(BARE_PING, "bare 96-byte zmq message", buffers=0),
    Transport(BARE_EXCHANGE, "bare 96-byte zmq messages, replied to", buffers=0),
]
BY_NAME = {transport.name: transport for transport in TRANSPORTS}

SIZES = {65536: "64 KiB", 1048576: "1 MiB", 8294400: "8.3 MB", 49766400: "49.8 MB", 199065600: "199 MB"}


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
        found |= {floor: floor for floor in self.floors if floor and not BY_NAME[floor].short}
        return {transport: benchmark for transport, benchmark in found.items() if benchmark}


TABLES = [
    Table("fill_read", "Filled and read in full", "The producer writes every byte of every frame, the consumer reads and checks every byte.",
          "GB/s", "GB/s", "more", tuple(SIZES), (THREADS, SOCKET)),
    Table("handoff", "Hand-off only", "Nothing but the first and the last 8 bytes is written and read: what moving a frame takes.",
          "frame_us", "us a frame", "less", (49766400,), (BARE_EXCHANGE, SOCKET)),
    Table("latency", "Latency", "One frame at a time, each answered: from just before it is sent until the consumer has it, p50.",
          "p50_us", "us", "less", tuple(SIZES), (BARE_PING, SOCKET)),
    Table("paced", "Latency at 60 Hz", "Frames at 60 Hz, so that every reader sleeps in between: from just before one is sent until the "
          "consumer has it, p50.", "p50_us", "us", "less", (8294400,), ("", SOCKET)),
    Table("consumers", "Several consumers", "Filled once, and read in full by each consumer, which all get every frame. The rate is that "
          "of frames sent.", "GB/s", "GB/s", "more", (8294400,), ("", SOCKET), (1, 2, 4, 8)),
    Table("first_frames", "The first ten frames", "Of a pair of processes that has just connected, filled and read in full: memory is made, "
          "handed over and mapped meanwhile. Time of each.", "first_ms", "ms a frame", "less", (8294400,), ("", SOCKET)),
]
