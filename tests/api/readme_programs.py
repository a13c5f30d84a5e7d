"""Writes the programs of README.md to files: readme_programs.py README LANGUAGE FOLDER NAME...

Each block of the language (```cpp, ```python) is a whole program and starts with a comment that names it. The names must be those given, in that order.
"""

import pathlib
import re
import sys


def main():
    readme, language, folder, *wanted = sys.argv[1:]
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", pathlib.Path(readme).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    names = [block.split("\n", 1)[0].lstrip("/# ") for block in blocks]
    if names != wanted:
        sys.exit(f"{readme}: its {language} programs are {names}; the test builds {wanted}")
    for name, block in zip(names, blocks):
        pathlib.Path(folder, name).write_text(block, encoding="utf-8")


main()
