"""The shared library exports what its public headers offer, all of it, and nothing else. Usage: exports_test.py LIBRARY INCLUDE_FOLDER"""

import pathlib
import re
import subprocess
import sys

# Names of classes whose members are exported, and of free functions: ARRAYWIRE_API in front of both.
CLASS = re.compile(r"\bclass ARRAYWIRE_API (\w+)")
FUNCTION = re.compile(r"^ARRAYWIRE_API [^;(]*?[ &*](\w+)\(", re.MULTILINE)
DATA_OF_CLASSES = re.compile(r"^(typeinfo|typeinfo name|vtable) for arraywire::(\w+)$")


def exported(library):
    command = ["nm", "--dynamic", "--demangle", "--defined-only", library]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [line.split(maxsplit=2)[2] for line in output.splitlines()]


def owner(symbol):
    """Which class or function of namespace arraywire the symbol belongs to; None for any other symbol."""
    data = DATA_OF_CLASSES.match(symbol)
    if data:
        return data[2]
    match = re.match(r"arraywire::(\w+)(<[^(]*>)?(\[abi:\w+\])?(::~?\w+(\[abi:\w+\])?)?\(", symbol)
    return match[1] if match else None


def main():
    library, include = sys.argv[1], pathlib.Path(sys.argv[2])
    text = "".join(p.read_text(encoding="utf-8") for p in sorted((include / "arraywire").glob("*.hpp")))
    classes, functions = set(CLASS.findall(text)), set(FUNCTION.findall(text))
    symbols = exported(library)
    owners = {symbol: owner(symbol) for symbol in symbols}
    wrong = [symbol for symbol, name in owners.items() if name not in classes | functions]
    missing = (classes | functions) - set(owners.values())
    complaints = [f"exported, but not public: {s}" for s in wrong] + [f"public, but not exported: {s}" for s in sorted(missing)]
    if len(classes) < 8 or len(functions) < 15:
        complaints.append(f"only {len(classes)} classes and {len(functions)} functions found in {include}")
    if "typeinfo for arraywire::Error" not in owners:
        complaints.append("arraywire::Error has no exported type: it may not be caught by name elsewhere")
    print("\n".join(complaints) or f"{len(symbols)} symbols of {len(classes)} classes and {len(functions)} functions")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
