"""Taking in an event loop: the loop watches the subscriber's descriptor, nobody waits."""

from __future__ import annotations

import asyncio
import os
import typing

from ._errors import Ended, InvalidArgument, Timeout

if typing.TYPE_CHECKING:
    from ._arraywire import Sample, Subscriber


_SLICE = 0.25  # seconds: a descriptor does not say that its subscriber was closed


# Until a descriptor is readable or the time is up. Not with asyncio.wait_for: before Python 3.12 it forgets a cancellation that
# comes when what it waits for has just ended.
async def _readable(descriptor: int, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    own = os.dup(descriptor)  # a loop has one reader per descriptor; two tasks may wait for one subscriber
    ready = loop.create_future()

    def set_ready() -> None:
        if not ready.done():
            ready.set_result(None)

    up = loop.call_later(seconds, set_ready)
    try:
        loop.add_reader(own, set_ready)
        await ready
    finally:
        up.cancel()
        loop.remove_reader(own)
        os.close(own)


async def take(subscriber: Subscriber, timeout: typing.Optional[float] = None) -> Sample:
    if timeout is not None and not timeout >= 0:
        raise InvalidArgument("a time to wait is None or at least 0 seconds")
    deadline = None if timeout is None else asyncio.get_running_loop().time() + timeout
    while True:
        sample = subscriber._look()
        if sample is not None:
            return sample
        left = None if deadline is None else deadline - asyncio.get_running_loop().time()
        if left is not None and left <= 0:
            raise Timeout("nothing arrived in time")
        await _readable(subscriber.descriptor(), _SLICE if left is None else min(left, _SLICE))


async def samples(subscriber: Subscriber) -> typing.AsyncIterator[Sample]:
    while True:
        try:
            sample = await take(subscriber)
        except Ended:
            return
        yield sample
        del sample  # or it would be held while the next one is waited for
