"""The compiled half of the package. The contracts of C++ (include/arraywire) hold; here is what Python adds.

Times that one waits for are seconds; None is for ever, 0 only looks. What does not happen in time raises Timeout. Every wait lets
other threads run, and ends with KeyboardInterrupt (or whatever a signal handler raises).
Objects may be used by several threads; calls of one Publisher go one after the other. Python code (callbacks) never runs on a
thread of the library. A signal handler may close what the interrupted call uses: that call then ends early, and closes it; any other
method of the same object raises Error there. A forked child may read the samples it has; everything else raises Error there.
"""

import os
import types
from typing import Any, AsyncIterator, Callable, Iterator, List, Literal, Mapping, Optional, Sequence, Tuple, Type, Union

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

from ._values import (
    Event,
    FinishReport,
    LaneName,
    MessageInfo,
    Metadata,
    Published,
    PublisherStatistics,
    Shape,
    StreamInfo,
    SubscriberStatistics,
    SubscriberStatus,
)

__version__: str
PROTOCOL_VERSION: str
LIBZMQ_VERSION: str

Array = npt.NDArray[Any]
DTypeLike = Union[npt.DTypeLike, Literal["bfloat16"]]
ArrayLike = Any
"""What can be published: a NumPy array, or anything that has __dlpack__ or the buffer protocol. Lists are no arrays."""

Account = Union[str, int]
"""A user or group of this machine, by name or by number."""

def list_streams(context: Optional[Context] = None) -> List[StreamInfo]:
    """The streams that publishers on this machine serve at this moment."""

def keep_receive_memory() -> None:
    """Makes malloc keep the memory of big received frames: a factor of four in throughput on the inline lane. Process-wide: call it
    first thing, or never."""

def wait_any(subscribers: Sequence[Subscriber], timeout: Optional[float] = None) -> Subscriber:
    """Waits until take of one of them may succeed, or reports an end. They must be of one Context."""

class Context:
    """The sockets' threads, and where events go. One per process is enough; a Publisher or Subscriber without one makes its own.

    on_event is called with one Event after the other on a Python thread of the context's. One that is too slow loses events, and is
    told how many. trust_users and trust_groups: whose streams are taken by name, and listed, beside those of our own user and root.
    Publishers and subscribers keep their context open; close() closes them in order, as the end of the interpreter does."""

    def __init__(
        self,
        *,
        runtime_directory: Union[str, os.PathLike[str], None] = None,
        trust_users: Sequence[Account] = (),
        trust_groups: Sequence[Account] = (),
        io_threads: int = 1,
        on_event: Optional[Callable[[Event], object]] = None,
    ) -> None: ...
    def close(self) -> None:
        """Closes its publishers (each lingers) and subscribers. Samples and arrays stay readable. A second call does nothing."""

    def stop(self) -> None:
        """Every wait of this context, now and later, raises Stopped, on all threads. A publisher still ends its stream in order."""

    @property
    def stopped(self) -> bool: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], traceback: Optional[types.TracebackType]
    ) -> None: ...

class Publisher:
    """Binds a stream's name on this machine: loan -> fill -> publish.

        with publisher.loan((2160, 3840, 3), numpy.uint16) as loan:
            loan.array[...] = picture            # published at the end of the block; given back when it raises
    """

    def __init__(
        self,
        stream: str,
        context: Optional[Context] = None,
        *,
        listen: Sequence[str] = (),
        delivery: Literal["fan-out", "distribute"] = "fan-out",
        history: int = 0,
        block_limit: Optional[float] = 1.0,
        max_memory_bytes: int = 0,
        lane: Literal["auto", "inline"] = "auto",
        allow_users: Sequence[Account] = (),
        allow_groups: Sequence[Account] = (),
        checksum: bool = False,
        linger: Optional[float] = 2.0,
        metadata: Optional[Metadata] = None,
    ) -> None:
        """block_limit: how long publish may wait for slow subscribers; 0 = for nobody. linger: how long close() waits until
        everything was taken. metadata is true of every message. allow_users and allow_groups: who may subscribe on this machine, beside our own
        user and root."""

    def loan(
        self, shape: Shape, dtype: DTypeLike, *, timeout: Optional[float] = None, metadata: Optional[Metadata] = None
    ) -> Loan:
        """A slot for one array. Raises Exhausted when none comes free in time, TooLarge when none ever will."""

    def loan_many(
        self,
        arrays: Sequence[Tuple[Shape, DTypeLike]],
        *,
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
    ) -> Loan:
        """A slot for several arrays: one message."""

    def publish(
        self,
        what: Union[Loan, ArrayLike, Sequence[ArrayLike]],
        metadata: Optional[Metadata] = None,
        *,
        borrow: bool = False,
        release: Optional[Callable[[Any], object]] = None,
    ) -> Published:
        """Sends a message: a loan, an array, or a list of arrays.

        A loan is sent as it is. It is empty afterwards, and loan.array read-only. Raises ViewsExist, before anything is sent, while
        other views of its memory exist (see Loan). `metadata` goes over what loan.metadata says.

        An array is copied into a slot, whatever its strides and byte order: it is yours again at once. Raises Exhausted when no slot
        comes free within block_limit.

        borrow=True: an array is sent from where it is; nothing is copied unless Published.copies says so. Until nothing can touch it any
        more, it is kept alive, and a NumPy array's writeable flag is off, so that it is not changed by mistake (through another
        view of the same memory it still can be: do not). Then release(what) is called, once, on a Python thread of the context's.
        Raises UnsupportedArray for negative strides, overlapping elements and foreign byte order, which need a copy. Whenever publish
        raises, nothing was sent, and release is not called - except for KeyboardInterrupt and the like while it waited for slow
        subscribers: then the others have the message."""

    def wait_for_subscribers(self, count: int = 1, timeout: Optional[float] = None) -> None: ...
    def reserve(self, shape: Shape, dtype: DTypeLike, slots: int) -> None:
        """Creates slots for such messages now. They stay at their addresses for the publisher's life."""

    def reserve_many(self, arrays: Sequence[Tuple[Shape, DTypeLike]], slots: int) -> None:
        """reserve for messages of several arrays."""

    def finish(self, timeout: Optional[float] = None) -> FinishReport:
        """Ends the stream: waits until everything was taken (distribute: released). Nothing can be published afterwards."""

    def close(self) -> None:
        """finish(linger), then gives up the stream's name. A second call does nothing."""

    def copies_borrowed(self) -> bool:
        """Whether the next borrowed array would be copied into a slot: a subscriber that shares memory needs it there."""

    def statistics(self) -> PublisherStatistics: ...
    @property
    def stream(self) -> str: ...
    @property
    def endpoints(self) -> List[str]: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], traceback: Optional[types.TracebackType]
    ) -> None: ...

class Loan:
    """A writable slot. Dropping it gives the slot back, `with` publishes it. It can be filled as a buffer, too: file.readinto(loan).

    After publish the memory is what others read, and must not change. What is guaranteed: loan.array, which you may have kept, is
    read-only from then on, cannot be made writable again, and stays readable: the slot is not used again before it is gone. Other views
    (slices, rows, reshaped ones, memoryviews of the loan, DLPack imports of it) cannot be taken back from their holders; so while one
    exists, publish raises ViewsExist and sends nothing: `del` it. What keeps loan.array itself is not seen: what other
    libraries made out of it (memoryview(loan.array), torch.from_numpy(loan.array)), views of another class (masked arrays), and those of
    numpy.lib.stride_tricks. Do not write there afterwards."""

    metadata: Metadata
    """Published with it: loan.metadata["frame_id"] = 7"""
    @property
    def array(self) -> Array:
        """The only array of the message (of several: the first), always the same object. Unspecified until written."""

    @property
    def arrays(self) -> Tuple[Array, ...]: ...
    @property
    def dtypes(self) -> Tuple[str, ...]:
        """Their names; "bfloat16" where NumPy, without ml_dtypes, shows uint16."""

    def respec(self, shape: Shape, dtype: Optional[DTypeLike] = None, index: int = 0) -> None:
        """Another shape or dtype in the same place. Must fit; no view may exist."""

    def publish(self, metadata: Optional[Metadata] = None) -> Published:
        """publisher.publish(loan)"""

    def discard(self) -> None:
        """Gives the slot back, as soon as no view of it exists."""

    def __len__(self) -> int: ...
    def __bool__(self) -> bool:
        """False once published or discarded."""

    def __buffer__(self, flags: int, /) -> memoryview: ...
    def __array__(self, dtype: Optional[npt.DTypeLike] = None, copy: Optional[bool] = None) -> Array: ...
    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: Optional[Tuple[int, int]] = None,
        dl_device: Optional[Tuple[int, int]] = None,
        copy: Optional[bool] = None,
    ) -> types.CapsuleType: ...
    def __dlpack_device__(self) -> Tuple[int, int]: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], traceback: Optional[types.TracebackType]
    ) -> None: ...

class Subscriber:
    """A session with one publisher at a time; finds it again after restarts. `source`: a stream's name on this machine, or an endpoint.

        for sample in subscriber:                # until the stream ends; `async for` works too
            with sample:                         # released at the end; rejected when the block raises
                print(sample.array.mean())
    """

    def __init__(
        self,
        source: str,
        context: Optional[Context] = None,
        *,
        when_full: Literal["auto", "block", "drop-newest", "latest"] = "auto",
        queue: int = 4,
        hold: int = 4,
        lane: Literal["auto", "shared-memory", "inline"] = "auto",
        name: str = "",
    ) -> None:
        """queue: messages that may wait to be taken. hold: samples that may be unreleased at once."""

    def take(self, timeout: Optional[float] = None) -> Sample:
        """The next message. Raises Timeout; Ended, once per end of the stream; HoldingAll; Refused; Stopped."""

    async def take_async(self, timeout: Optional[float] = None) -> Sample:
        """take in an asyncio event loop, which goes on meanwhile."""

    def take_into(self, target: Any, timeout: Optional[float] = None) -> MessageInfo:
        """Copies the next message's only array into a NumPy array or writable buffer of equal dtype and shape, else raises WrongSpec."""

    def descriptor(self) -> int:
        """For foreign event loops: readable while take may succeed. Call take(0) until it raises Timeout, then wait for it again."""

    fileno = descriptor
    def close(self) -> None:
        """Leaves. Samples and arrays stay. A second call does nothing."""

    def status(self) -> SubscriberStatus: ...
    def statistics(self) -> SubscriberStatistics: ...
    def stream_metadata(self) -> Metadata: ...
    @property
    def stream(self) -> str: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> Sample: ...
    def __aiter__(self) -> AsyncIterator[Sample]: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], traceback: Optional[types.TracebackType]
    ) -> None: ...

class Sample:
    """A received message. Its memory goes back when the sample was released, or dropped, and no array over it is left: an array keeps
    what it needs. The bytes are read-only for everybody: the buffer, the arrays, and whatever is made of them."""

    @property
    def array(self) -> Array:
        """The only array (of several: the first). A view, read-only. Alignment is 8 bytes."""

    @property
    def arrays(self) -> Tuple[Array, ...]: ...
    @property
    def dtypes(self) -> Tuple[str, ...]:
        """Their names; "bfloat16" where NumPy, without ml_dtypes, shows uint16."""

    def __getitem__(self, key: Union[int, str]) -> Array:
        """By index, or by the name in metadata["arrays"]."""

    def __len__(self) -> int: ...
    def __bool__(self) -> bool:
        """False once released."""

    @property
    def info(self) -> MessageInfo: ...
    @property
    def metadata(self) -> Metadata:
        """A new dictionary, fit for publish. It and all that follows can still be asked when the sample was released."""

    @property
    def attributes(self) -> Mapping[str, Union[bool, int, float, str]]: ...
    @property
    def frame_id(self) -> Optional[int]: ...
    @property
    def sequence(self) -> int: ...
    @property
    def missed_before(self) -> int: ...
    @property
    def lane(self) -> LaneName: ...
    def verify(self) -> bool:
        """Reads every byte. True when it matches the checksum; False when not, or when info.has_checksum is False."""

    def release(self) -> None:
        """Idempotent. Arrays over the sample stay valid, and hold its memory, for as long as they are there."""

    def reject(self) -> None:
        """As release; distribute: another worker gets the message, once no array over it is left here."""

    @property
    def released(self) -> bool: ...
    def dlpack(self, index: int = 0) -> types.CapsuleType:
        """For libraries that do not know DLPack's read-only flag yet: the caller sees to it that nobody writes."""

    def __buffer__(self, flags: int, /) -> memoryview: ...
    def __array__(self, dtype: Optional[npt.DTypeLike] = None, copy: Optional[bool] = None) -> Array: ...
    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: Optional[Tuple[int, int]] = None,
        dl_device: Optional[Tuple[int, int]] = None,
        copy: Optional[bool] = None,
    ) -> types.CapsuleType:
        """Of the first array. BufferError unless the importer knows the read-only flag (max_version), as with read-only NumPy arrays."""

    def __dlpack_device__(self) -> Tuple[int, int]: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], traceback: Optional[types.TracebackType]
    ) -> None: ...
