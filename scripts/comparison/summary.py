"""The README's table: some rows of docs/benchmarks.md."""

from .page import cell, number, row
from .plan import INLINE, SHARED, SOCKET, TABLES, THREADS, ZMQ_EXCHANGE
from .results import Part

BEGIN, END = "<!-- scripts/compare writes this table -->\n", "<!-- to here -->\n"

# (what it says, workload, frame bytes, one, the other)
ROWS = [
    ("**4K frames, filled and read in full**, shared memory; two threads of one process doing the same", "fill_read", 49766400, SHARED, THREADS),
    ("the same; iceoryx with its wait set", "fill_read", 49766400, SHARED, "peer/iceoryx"),
    ("the same; Cyclone DDS with shared memory", "fill_read", 49766400, SHARED, "peer/cyclonedds"),
    ("the same; libzmq, whose receiver keeps freed memory mapped", "fill_read", 49766400, SHARED, "peer/zmq"),
    ("the same; libzmq as it comes", "fill_read", 49766400, SHARED, "peer/zmq_default_malloc"),
    ("the same from Python, with NumPy; the same in C++", "fill_read", 49766400, "python", SHARED),
    ("**inline over ipc**; a bare unix socket", "fill_read", 49766400, INLINE, SOCKET),
    ("the same; libzmq, whose receiver keeps freed memory mapped", "fill_read", 49766400, INLINE, "peer/zmq"),
    ("the same; nng, likewise", "fill_read", 49766400, INLINE, "peer/nng"),
    ("the same; libzmq as it comes", "fill_read", 49766400, INLINE, "peer/zmq_default_malloc"),
    ("**handing over 4K frames**, untouched, one after the other; iceoryx with its wait set", "handoff", 49766400, SHARED, "peer/iceoryx"),
    ("the same; bare 96-byte zmq messages with replies", "handoff", 49766400, SHARED, ZMQ_EXCHANGE),
    ("**latency**, one 8.3 MB frame at a time, p50; iceoryx with its wait set", "latency", 8294400, SHARED, "peer/iceoryx"),
    ("the same; iceoryx polling in a loop, which never sleeps", "latency", 8294400, SHARED, "peer/iceoryx_polling"),
    ("**latency at 60 Hz**, 8.3 MB, where every reader sleeps in between; iceoryx with its wait set", "paced", 8294400, SHARED,
     "peer/iceoryx"),
    ("the same; Cyclone DDS with shared memory", "paced", 8294400, SHARED, "peer/cyclonedds"),
    ("**8 consumers** of 8.3 MB frames, each reads every byte; iceoryx with its wait set", "consumers/8", 8294400, SHARED, "peer/iceoryx"),
]


def table(results):
    """Without the rows of what was not measured."""
    measured = {(of["workload"], of["frame_bytes"]): Part(of) for of in results["parts"]}
    text = row(["arraywire against", "arraywire", "the other", "ratio"]) + row(["---"] * 4)
    for what, workload, size, one, other in ROWS:
        of = next(of for of in TABLES if of.workload == workload.split("/")[0])
        part = measured.get((workload, size))
        ratio = part.ratio(one, other, of.counter) if part else None
        if ratio:
            unit = of.unit.split()[0]
            values = [f"{number(part.value(name, of.counter).median)} {unit}" for name in (one, other)]
            text += row([what, *values, cell(ratio)])
    return text


def filled(text, results):
    """The README with this table in the place of the one that it has."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + table(results) + END + rest.split(END)[1]
