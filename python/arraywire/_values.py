"""What the library tells, as plain tuples with names, and the dictionaries that describe a message. Times are integers of
nanoseconds and end in _ns; timestamps count from the Unix epoch, as time.time_ns() does."""

from __future__ import annotations

from typing import Dict, List, Literal, NamedTuple, Optional, Tuple, TypedDict, Union

Attribute = Union[bool, int, float, str]
LaneName = Literal["inline", "shared-memory"]


class Colour(TypedDict, total=False):
    """ITU-T H.273 code points; 2 = unspecified."""

    primaries: int
    transfer: int
    matrix: int
    full_range: bool


class ArrayInfo(TypedDict, total=False):
    """What one array of a message means. What is not said is not there."""

    name: str
    dimension_names: List[str]
    unit: str
    channel_names: List[str]
    significant_bits: int
    pixel_format: str
    colour: Colour
    colour_space: str


class Metadata(TypedDict, total=False):
    """What the application says of a message. What is not said is not there; other keys are an error."""

    frame_id: int
    acquired_ns: int
    exposure_ns: int
    clock: Literal["host", "ptp", "device"]
    attributes: Dict[str, Attribute]
    arrays: List[ArrayInfo]


class MessageInfo(NamedTuple):
    sequence: int
    """Per life of the publisher, +1 per published message, from 1."""
    published_ns: int
    latency_ns: Optional[int]
    """From publish to take, by the monotonic clock; same host only."""
    missed_before: int
    """Messages not delivered to this subscriber between the last one and this one."""
    gap_before: bool
    """A break of unknown size came first: the publisher was restarted."""
    from_history: bool
    attempt: int
    """Distribute: which delivery of this message this is."""
    has_checksum: bool
    lane: LaneName
    metadata: Metadata


class Published(NamedTuple):
    sequence: int
    receivers: int
    missed: int
    copies: int
    """Payload copies made on the way: 0 for loans."""


class FinishReport(NamedTuple):
    complete: bool
    unfinished: List[str]
    untaken: int


class ConsumerStatistics(NamedTuple):
    name: str
    pid: int
    lane: LaneName
    lane_reason: str
    sent: int
    taken: int
    missed: int
    leased: int


class PublisherStatistics(NamedTuple):
    published: int
    copies: int
    abandoned: int
    dropped_peer_messages: int
    pool_bytes: int
    slots: int
    consumers: List[ConsumerStatistics]
    waiting_for: List[str]


class SubscriberStatistics(NamedTuple):
    taken: int
    bytes: int
    missed: int
    gaps: int
    malformed: int
    copies: int


class SubscriberStatus(NamedTuple):
    state: Literal["searching", "connected", "silent", "refused", "ended"]
    where: str
    reason: str
    lane: LaneName
    queue: int
    hold: int
    silent_for_ns: int
    waiting: int
    unreleased: int
    text: str
    """All of it, in one line for a person."""


class StreamInfo(NamedTuple):
    name: str
    pid: int
    user: str
    endpoints: List[str]
    consumers: int


class Event(NamedTuple):
    kind: Literal[
        "joined", "left", "refused", "waived", "abandoned", "malformed", "connected", "silent", "resumed", "gap", "ended"
    ]
    stream: str
    peer: str
    detail: str
    lost_before: int
    """Events that were dropped before this one, because on_event was too slow."""


Shape = Union[int, Tuple[int, ...], List[int]]
