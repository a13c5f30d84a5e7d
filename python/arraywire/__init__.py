"""Typed N-D arrays between processes, without copying them.

    import arraywire, numpy

    with arraywire.Publisher("camera") as publisher:
        publisher.wait_for_subscribers(1)
        for number in range(1, 61):
            with publisher.loan((2160, 3840, 3), numpy.uint16) as loan:
                loan.array[...] = number             # written in place, into the memory that is sent

    with arraywire.Subscriber("camera") as subscriber:
        for sample in subscriber:
            with sample:
                print(sample.sequence, sample.array[0, 0, 0])   # a view of the received bytes

The contracts are in _arraywire.pyi.
"""

from ._arraywire import (
    LIBZMQ_VERSION,
    PROTOCOL_VERSION,
    Context,
    Loan,
    Publisher,
    Sample,
    Subscriber,
    __version__,
    keep_receive_memory,
    list_streams,
    wait_any,
)
from ._errors import (
    Closed,
    Ended,
    Error,
    Exhausted,
    HoldingAll,
    InUse,
    InvalidArgument,
    NoMemory,
    NotFound,
    NoTaker,
    NotPermitted,
    Refused,
    Stopped,
    SystemFailure,
    Timeout,
    TooLarge,
    UnsupportedArray,
    ViewsExist,
    WrongSpec,
)
from ._values import (
    ArrayInfo,
    Colour,
    ConsumerStatistics,
    Event,
    FinishReport,
    MessageInfo,
    Metadata,
    Published,
    PublisherStatistics,
    StreamInfo,
    SubscriberStatistics,
    SubscriberStatus,
)

__all__ = [
    "ArrayInfo",
    "Closed",
    "Colour",
    "ConsumerStatistics",
    "Context",
    "Ended",
    "Error",
    "Event",
    "Exhausted",
    "FinishReport",
    "HoldingAll",
    "InUse",
    "InvalidArgument",
    "LIBZMQ_VERSION",
    "Loan",
    "MessageInfo",
    "Metadata",
    "NoMemory",
    "NoTaker",
    "NotFound",
    "NotPermitted",
    "PROTOCOL_VERSION",
    "Published",
    "Publisher",
    "PublisherStatistics",
    "Refused",
    "Sample",
    "Stopped",
    "StreamInfo",
    "Subscriber",
    "SubscriberStatistics",
    "SubscriberStatus",
    "SystemFailure",
    "Timeout",
    "TooLarge",
    "UnsupportedArray",
    "ViewsExist",
    "WrongSpec",
    "__version__",
    "keep_receive_memory",
    "list_streams",
    "wait_any",
]

for _name in __all__:  # shown as users know them
    if isinstance(globals()[_name], type):
        globals()[_name].__module__ = __name__
