"""Decodes the golden byte vectors with Python's FlatBuffers. Usage: golden_test.py GENERATED_MODULES GOLDEN_FOLDER"""

import json
import math
import pathlib
import sys

SKIPPED = 77
try:
    import flatbuffers  # noqa: F401
except ImportError:
    print("SKIP: python3-flatbuffers is not installed")
    sys.exit(SKIPPED)
sys.path.insert(0, sys.argv[1])
from arraywire import proto  # noqa: E402
from arraywire.proto import (  # noqa: E402
    Alive, AttributeType, Body, Bye, Clock, Data, Delivery, Header, Hello, Lane, LaneChoice, Refused, Return, StreamEnd, Welcome,
    WhenFull,
)

assert list(proto.__path__) == [str(pathlib.Path(sys.argv[1]) / "arraywire" / "proto")]

# DLPack's (code, bits), written out here so that this test does not lean on the C++ side.
DTYPES = {
    (6, 8): "bool", (1, 8): "uint8", (1, 16): "uint16", (1, 32): "uint32", (1, 64): "uint64", (0, 8): "int8", (0, 16): "int16",
    (0, 32): "int32", (0, 64): "int64", (2, 16): "float16", (4, 16): "bfloat16", (2, 32): "float32", (2, 64): "float64",
    (5, 64): "complex64", (5, 128): "complex128",
}
ITEM_BYTES = {code: code[1] // 8 for code in DTYPES}


def name_of(enumeration, value):
    return next(name for name, number in vars(enumeration).items() if number == value and not name.startswith("_"))


def text(value):
    return "" if value is None else value.decode("utf-8")


def ident(value):
    return None if value is None else f"{value.High():016x}{value.Low():016x}"


def numbers(get, length):
    return [get(i) for i in range(length)]


def array_info(info):
    colour = info.Colour()
    return {
        "name": text(info.Name()),
        "dimension_names": [text(info.DimensionNames(i).Text()) for i in range(info.DimensionNamesLength())],
        "unit": text(info.Unit()),
        "channel_names": [text(info.ChannelNames(i).Text()) for i in range(info.ChannelNamesLength())],
        "significant_bits": info.SignificantBits(),
        "pixel_format": text(info.PixelFormat()),
        "colour_space": text(info.ColourSpace()),
        "colour": None if colour is None else {
            "primaries": colour.Primaries(), "transfer": colour.Transfer(), "matrix": colour.Matrix(), "full_range": colour.FullRange(),
        },
    }


def attribute(entry):
    kind = name_of(AttributeType.AttributeType, entry.Type())
    value = {
        "Bool": lambda: bool(entry.Integer()), "Integer": entry.Integer, "Real": entry.Real, "Text": lambda: text(entry.Text()),
    }[kind]()
    return [text(entry.Key()), kind, value]


def metadata(value):
    if value is None:
        return {"frame_id": None, "acquired_ns": None, "exposure_ns": 0, "clock": "Host", "attributes": [], "arrays": []}
    return {
        "frame_id": None if value.FrameId() is None else value.FrameId().Value(),
        "acquired_ns": None if value.Acquired() is None else value.Acquired().Nanoseconds(),
        "exposure_ns": value.ExposureNs(),
        "clock": name_of(Clock.Clock, value.Clock()),
        "attributes": [attribute(value.Attributes(i)) for i in range(value.AttributesLength())],
        "arrays": [array_info(value.Arrays(i)) for i in range(value.ArraysLength())],
    }


def array(spec):
    code = (spec.Code(), spec.Bits())
    shape = numbers(spec.Shape, spec.ShapeLength())
    strides = numbers(spec.StrideBytes, spec.StrideBytesLength())
    steps = strides or [ITEM_BYTES[code] * math.prod(shape[i + 1:]) for i in range(len(shape))]
    size = 0 if 0 in shape else ITEM_BYTES[code] + sum((n - 1) * step for n, step in zip(shape, steps))
    return {"dtype": DTYPES[code], "shape": shape, "stride_bytes": strides, "payload_bytes": size}


def hello(b):
    return {
        "name": text(b.Name()), "pid": b.Pid(), "stream": text(b.Stream()), "queue": b.Queue(), "hold": b.Hold(),
        "bytes_wanted": b.BytesWanted(), "when_full": name_of(WhenFull.WhenFull, b.WhenFull()),
        "lane": name_of(LaneChoice.LaneChoice, b.Lane()), "lane_reason": text(b.LaneReason()), "replaces": ident(b.Replaces()),
        "last_epoch": ident(b.LastEpoch()), "last_sequence": b.LastSequence(), "held": numbers(b.Held, b.HeldLength()),
    }


def welcome(b):
    return {
        "stream": text(b.Stream()), "delivery": name_of(Delivery.Delivery, b.Delivery()), "lane": name_of(Lane.Lane, b.Lane()),
        "lane_reason": text(b.LaneReason()), "queue": b.Queue(), "hold": b.Hold(), "when_full": name_of(WhenFull.WhenFull, b.WhenFull()),
        "sequence": b.Sequence(), "missed": b.Missed(), "host": ident(b.Host()), "metadata": metadata(b.Metadata()),
    }


def refused(b):
    return {"reason": text(b.Reason()), "supported": [b.Supported().Major(), b.Supported().Minor()]}


def data(b):
    stamp = b.Stamp()
    return {
        "stamp": {
            "delivery": stamp.Delivery(), "sequence": stamp.Sequence(), "missed_before": stamp.MissedBefore(), "slot": stamp.Slot(),
            "attempt": stamp.Attempt(), "from_history": stamp.FromHistory(),
        },
        "published_ns": b.Published().Nanoseconds(),
        "published_steady_ns": b.PublishedSteadyNs(),
        "arrays": [array(b.Arrays(i)) for i in range(b.ArraysLength())],
        "offsets": numbers(b.Offsets, b.OffsetsLength()),
        "checksum": None if b.Checksum() is None else b.Checksum().Value(),
        "metadata": metadata(b.Metadata()),
    }


def returned(b):
    return {
        "taken_through": b.TakenThrough(), "released": numbers(b.Released, b.ReleasedLength()),
        "rejected": numbers(b.Rejected, b.RejectedLength()), "want": b.Want(), "ended": b.Ended(),
    }


BODIES = {
    "Hello": (Hello.Hello, hello),
    "Welcome": (Welcome.Welcome, welcome),
    "Refused": (Refused.Refused, refused),
    "Data": (Data.Data, data),
    "Return": (Return.Return, returned),
    "Alive": (Alive.Alive, lambda b: {}),
    "End": (StreamEnd.StreamEnd, lambda b: {"last_sequence": b.LastSequence(), "missed": b.Missed()}),
    "Bye": (Bye.Bye, lambda b: {"held": numbers(b.Held, b.HeldLength())}),
}


def decode(buffer):
    assert Header.Header.HeaderBufferHasIdentifier(buffer, 0), "no file identifier"
    header = Header.Header.GetRootAs(buffer, 0)
    kind = name_of(Body.Body, header.BodyType())
    table, read = BODIES[kind]
    body = table()
    body.Init(header.Body().Bytes, header.Body().Pos)
    version = [header.Version().Major(), header.Version().Minor()]
    return {"version": version, "kind": kind, "epoch": ident(header.Epoch()), "session": ident(header.Session()), "body": read(body)}


def main():
    folder = pathlib.Path(sys.argv[2])
    golden = json.loads((folder / "golden.json").read_text(encoding="utf-8"))
    failures = 0
    for message in golden["messages"]:
        file = message.pop("file")
        message["version"] = golden["version"]
        actual = decode((folder / file).read_bytes())
        if actual != message:
            failures += 1
            print(f"{file}:\n  expected {message}\n  decoded  {actual}")
    print(f"{len(golden['messages'])} golden vectors, {failures} decoded to something else")
    return 1 if failures or not golden["messages"] else 0


if __name__ == "__main__":
    sys.exit(main())
