"""The package as such: its names, its stubs, its errors, and what `python -m arraywire` says."""

import ast
import inspect
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

import arraywire
import arraywire._arraywire as compiled
from case import main

FOLDER = pathlib.Path(arraywire.__file__).parent
# What pybind11 gives every class, and what only the package's own modules call.
NOT_IN_STUBS = {"__init__", "__doc__", "__module__", "__new__", "__reduce_ex__", "_look"}
# Which the type checker knows for what is exported through a slot of C.
ONLY_IN_STUBS = {"__buffer__"}


def stub():
    return ast.parse((FOLDER / "_arraywire.pyi").read_text(encoding="utf-8")).body


def names_in(body):
    names = set()
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign):
            names.add(node.target.id)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets}
    return names


class Stubs(unittest.TestCase):
    def test_every_public_name_is_in_the_stub_and_the_other_way_round(self):
        aliases = {"Account", "Array", "ArrayLike", "DTypeLike"}  # of types, for the stub itself
        real = {name for name in vars(compiled) if not name.startswith("_")} | {"__version__"}
        self.assertEqual(names_in(stub()) - aliases, real)

    def test_every_member_is_in_the_stub_and_the_other_way_round(self):
        for node in stub():
            if not isinstance(node, ast.ClassDef):
                continue
            with self.subTest(node.name):
                real = set(vars(getattr(compiled, node.name)))
                public = {name for name in real if not name.startswith("_") or name.startswith("__")} - NOT_IN_STUBS
                public = {name for name in public if not name.startswith("__pybind11")}
                self.assertEqual(names_in(node.body) - NOT_IN_STUBS - ONLY_IN_STUBS, public)

    def test_parameters_are_those_of_the_stub(self):
        for node in stub():
            if not isinstance(node, ast.ClassDef):
                continue
            for method in node.body:
                if not isinstance(method, ast.FunctionDef) or method.name.startswith("__") and method.name != "__init__":
                    continue
                if any(isinstance(d, ast.Name) and d.id == "property" for d in method.decorator_list):
                    continue
                wanted = [a.arg for a in method.args.args + method.args.kwonlyargs if a.arg != "self"]
                line = getattr(getattr(compiled, node.name), method.name).__doc__.splitlines()[0]
                real = re.findall(r"(?:^|[(,] ?)(\w+)(?=: )", re.sub(r"\[[^]]*\]", "", line))
                with self.subTest(f"{node.name}.{method.name}"):
                    self.assertEqual(wanted, [name for name in real if name not in ("self", "arg0")], line)

    @unittest.skipUnless(shutil.which("mypy"), "no mypy")
    def test_a_program_that_uses_everything_is_well_typed(self):
        program = FOLDER.parent / "typed_program.py"
        program.write_text(
            "import asyncio\nimport arraywire, numpy\n"
            "def told(event: arraywire.Event) -> None: print(event.kind, event.lost_before)\n"
            "def main() -> int:\n"
            "    with arraywire.Context(on_event=told) as context, arraywire.Publisher('s', context, block_limit=None) as publisher:\n"
            "        with publisher.loan((2, 3), numpy.uint16, metadata={'frame_id': 3}) as loan:\n"
            "            loan.array[...] = 1\n"
            "            loan.metadata['attributes'] = {'gain': 2.0}\n"
            "        published = publisher.publish(numpy.zeros(3), borrow=True, release=print)\n"
            "        for sample in arraywire.Subscriber('s', context, when_full='latest'):\n"
            "            with sample:\n"
            "                mean: float = sample.array.mean()\n"
            "                print(mean, sample.info.latency_ns, sample.metadata.get('frame_id'))\n"
            "    return published.sequence\n"
            "async def follow(subscriber: arraywire.Subscriber) -> None:\n"
            "    async for sample in subscriber:\n"
            "        print(sample.sequence, (await subscriber.take_async(1.0)).dtypes)\n"
        )
        self.addCleanup(program.unlink)
        environment = dict(os.environ, MYPYPATH=str(FOLDER.parent), MYPY_CACHE_DIR=os.devnull)
        environment.pop("LD_PRELOAD", None)
        run = subprocess.run([shutil.which("mypy"), "--strict", "--python-executable", sys.executable, str(program),
                              str(FOLDER / "__init__.py")],
                             env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(run.returncode, 0, run.stdout)


class Package(unittest.TestCase):
    def test_every_error_is_an_error(self):
        errors = [value for value in vars(arraywire).values() if inspect.isclass(value) and issubclass(value, BaseException)]
        self.assertGreater(len(errors), 15)
        for error in errors:
            self.assertTrue(issubclass(error, arraywire.Error), error)
            self.assertEqual(error.__module__, "arraywire")
            self.assertEqual(str(error("text")), "text")

    def test_all_is_what_there_is(self):
        there = {name for name, value in vars(arraywire).items() if not name.startswith("_") and not inspect.ismodule(value)}
        self.assertEqual(set(arraywire.__all__), there | {"__version__"})

    def test_the_module_says_its_versions(self):
        said = subprocess.run([sys.executable, "-m", "arraywire"], stdout=subprocess.PIPE, text=True, check=True).stdout
        for what in (f"arraywire {arraywire.__version__}", f"protocol  {arraywire.PROTOCOL_VERSION}",
                     f"libzmq    {arraywire.LIBZMQ_VERSION}", "shared-memory", "inline"):
            self.assertIn(what, said)

    def test_it_says_that_it_is_typed(self):
        self.assertTrue((FOLDER / "py.typed").exists())


if __name__ == "__main__":
    main()
