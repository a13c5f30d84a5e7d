"""Every exception that this package raises of its own accord. All are an Error; most are the built-in one, too, that they resemble."""


class Error(Exception):
    """Base of all of them."""


class InvalidArgument(Error, ValueError):
    """The caller's mistake: a bad name, shape, endpoint or option."""


class UnsupportedArray(InvalidArgument, TypeError):
    """An array of a dtype or layout that cannot be sent, or not without a copy."""


class WrongSpec(InvalidArgument):
    """take_into: the message is of another dtype or shape. It is still there for take."""


class Closed(InvalidArgument):
    """Used after close(), release(), publish() or discard()."""


class ViewsExist(Error, BufferError):
    """A loan cannot be published while writable views of it exist beside loan.array. Nothing was sent."""


class InUse(Error):
    """Somebody else holds it: the stream's name, the port."""


class NotPermitted(Error, PermissionError):
    """The system refused: permissions, ownership."""


class NoMemory(Error, MemoryError):
    """A limit of memory or of the pool."""


class TooLarge(NoMemory):
    """More than the pool may have, or than the machine can back now: no waiting will help."""


class NotFound(Error, FileNotFoundError):
    """A file, stream or folder that is not there."""


class SystemFailure(Error, OSError):
    """Any other failure of the operating system."""


class Timeout(Error, TimeoutError):
    """It did not happen in time."""


class Exhausted(Timeout):
    """loan: every slot is in use and the pool is at its limit."""


class NoTaker(Timeout):
    """publish on a distributed stream: no session had room within block_limit. Nothing was sent."""


class Ended(Error):
    """The stream ended in order and everything was taken. Raised once per end; then take waits for the stream's next publisher."""


class HoldingAll(Error):
    """`hold` samples are unreleased: release one, and let go of its arrays."""


class Refused(Error, ConnectionRefusedError):
    """The publisher refused this subscriber; the text says why."""


class Stopped(Error):
    """The context was stopped or closed."""
