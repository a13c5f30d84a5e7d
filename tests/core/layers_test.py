"""No layer includes one to its right; installed headers include neither zmq nor POSIX; programs use public headers. Usage: layers_test.py REPOSITORY"""

import pathlib
import re
import sys

LAYERS = ["core", "wire", "memory", "transport", "api", "adapt"]
# The public part of each layer. A new public header has to be given its place here.
PUBLIC = {
    "core": ["accounts", "array_view", "dtype", "error", "export", "free_callback", "metadata", "policy", "result", "version"],
    "transport": ["context_options", "publishing", "receiving"],
    "api": ["arraywire", "context", "loan", "publisher", "sample", "subscriber"],
}
PUBLIC_LAYER = {f"arraywire/{header}.hpp": layer for layer, headers in PUBLIC.items() for header in headers}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
ZMQ = re.compile(r"^zmq(_addon|_utils)?\.hp?p?$")
# Of the headers without ".hpp" or C++ name, what POSIX and Linux provide.
POSIX = re.compile(
    r"^((sys|linux|net|netinet|arpa|asm|bits)/.*|(unistd|fcntl|poll|pthread|signal|semaphore|sched|dirent|dlfcn|grp|ifaddrs|netdb|pwd"
    r"|spawn|termios|ucontext|mqueue|aio|glob|fnmatch|ftw|libgen|strings|syslog|utime|wordexp)\.h)$"
)
# getrandom(2) behind random_id().
POSIX_EXCEPTIONS = {("src/core/ids.cpp", "sys/random.h")}

# What the programs share with the library beside its public headers.
PROGRAM_EXCEPTIONS = {"memory/descriptor.hpp", "memory/limits.hpp"}


def layer_of_include(path):
    """The layer that an include path of ours belongs to; None for what is not ours."""
    if path in PUBLIC_LAYER:
        return PUBLIC_LAYER[path]
    if path.startswith("arraywire/"):
        rest = path.split("/")
        return rest[1] if len(rest) > 2 and rest[1] in LAYERS else "unknown"
    first = path.split("/")[0]
    if path == "arraywire_generated.h":
        return "wire"
    return first if "/" in path and first in LAYERS else None


def layer_of_file(relative):
    parts = relative.parts
    return parts[1] if parts[0] == "src" else layer_of_include("/".join(parts[1:]))


def complaints(repository):
    files = sorted(
        p
        for top in ("src", "include/arraywire")
        for p in (repository / top).rglob("*")
        if p.suffix in (".hpp", ".cpp", ".h")
    )
    if len(files) < 20:
        yield f"only {len(files)} source files found under {repository}"
    for file in files:
        relative = file.relative_to(repository)
        own = layer_of_file(relative)
        if own not in LAYERS:
            yield f"{relative}: belongs to no layer; name it in {pathlib.Path(__file__).name}"
            continue
        public = relative.parts[0] == "include"
        for bracket, path in INCLUDE.findall(file.read_text(encoding="utf-8")):
            theirs = layer_of_include(path)
            if theirs is not None and (theirs not in LAYERS or LAYERS.index(theirs) > LAYERS.index(own)):
                yield f"{relative} ({own}) includes {path} ({theirs})"
            if public and bracket == '"' and not path.startswith("arraywire/"):
                yield f"{relative} is installed, but includes {path}, which is not"
            if path == "arraywire_generated.h" and own != "wire":
                yield f"{relative} ({own}) includes the generated schema, which only wire/ may"
            if ZMQ.match(path) and (public or own != "transport"):
                yield f"{relative} ({own}) includes {path}: only transport/ may know zmq"
            exception = (str(relative), path) in POSIX_EXCEPTIONS
            if POSIX.match(path) and not exception and (public or own not in ("memory", "transport")):
                yield f"{relative} ({own}) includes {path}: POSIX belongs to memory/ and transport/"

    for file in sorted(p for p in (repository / "apps").rglob("*") if p.suffix in (".hpp", ".cpp")):
        for _, path in INCLUDE.findall(file.read_text(encoding="utf-8")):
            if layer_of_include(path) is not None and not path.startswith("arraywire/") and path not in PROGRAM_EXCEPTIONS:
                yield f"{file.relative_to(repository)} includes {path}: programs use the public headers"


def main():
    found = list(complaints(pathlib.Path(sys.argv[1])))
    print("\n".join(found) if found else "every include points to the left")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
