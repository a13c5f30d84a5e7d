"""python -m arraywire: what is installed here."""

from . import LIBZMQ_VERSION, PROTOCOL_VERSION, __version__


def main() -> None:
    print(f"arraywire {__version__}")
    print(f"protocol  {PROTOCOL_VERSION}")
    print(f"libzmq    {LIBZMQ_VERSION}")
    print("lanes     shared-memory (this machine), inline (everywhere)")


main()
