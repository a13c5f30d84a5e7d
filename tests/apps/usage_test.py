"""Wrong options: one line on stderr, status 2, nothing left behind. What is not there: one line, status 1."""

import os
import subprocess
import unittest

import programs
from programs import CONSUMER, PRODUCER

IMAGES = "built without OpenImageIO" not in subprocess.run([PRODUCER, "--source", "image:/nowhere.exr"], capture_output=True, text=True).stderr

USAGE = [
    # program, arguments, what the line must name
    (PRODUCER, ["extra"], "extra"),
    (PRODUCER, ["--no-such-option"], "no-such-option"),
    (PRODUCER, ["--rate", "nan"], "nan"),
    (PRODUCER, ["--rate", "-60"], "-60"),
    (PRODUCER, ["--rate", "inf"], "inf"),
    (PRODUCER, ["--rate"], "rate"),
    (PRODUCER, ["--rate", "1", "--rate", "2"], "rate"),
    (PRODUCER, ["--shape", "0x0"], "0x0"),
    (PRODUCER, ["--shape", "3x"], "3x"),
    (PRODUCER, ["--shape", "-3x4"], "-3x4"),
    (PRODUCER, ["--shape", "x".join(["1"] * 17)], "16"),
    (PRODUCER, ["--shape", "4611686018427387904x4"], "4611686018427387904"),
    (PRODUCER, ["--shape", "99999999999999999999"], "99999999999999999999"),
    (PRODUCER, ["--dtype", "float"], "float"),
    (PRODUCER, ["--stream", "a/b"], "a/b"),
    (PRODUCER, ["--stream", ""], "stream"),
    (PRODUCER, ["--stream", "x" * 65], "x" * 65),
    (PRODUCER, ["--listen", "tcp://127.0.0.1"], "tcp://127.0.0.1"),
    (PRODUCER, ["--listen", "ipc:///tmp/x"], "ipc:///tmp/x"),
    (PRODUCER, ["--listen", "tcp://127.0.0.1:65536"], "65536"),
    (PRODUCER, ["--listen", "tcp://0.0.0.0:0"], "insecure"),
    (PRODUCER, ["--listen", "tcp://*:5000"], "insecure"),
    (PRODUCER, ["--source", "bogus"], "bogus"),
    (PRODUCER, ["--source", "npy:"], "npy:"),
    (PRODUCER, ["--source", "npy:a.npy", "--shape", "2x2"], "shape"),
    (PRODUCER, ["--source", "npy:a.npy", "--dtype", "uint8"], "dtype"),
    (PRODUCER, ["--source", "raw:a", "--split"], "split"),
    (PRODUCER, ["--source", "raw:-", "--loop"], "loop"),
    (PRODUCER, ["--loop"], "loop"),
    (PRODUCER, ["--source", "image:a.exr", "--on-error", "retry"], "retry"),
    (PRODUCER, ["--source", "npy:a.npy", "--on-error", "skip"], "on-error"),
    (PRODUCER, ["--same-shape"], "same-shape"),
    (PRODUCER, ["--count", "-1"], "-1"),
    (PRODUCER, ["--count", "1.5"], "1.5"),
    (PRODUCER, ["--block-limit", "soon"], "soon"),
    (PRODUCER, ["--linger", "-1"], "-1"),
    (PRODUCER, ["--history", "4294967296"], "4294967296"),
    (PRODUCER, ["--delivery", "both"], "both"),
    (PRODUCER, ["--delivery", "distribute", "--history", "2"], "history"),
    (PRODUCER, ["--max-memory", "0"], "0"),
    (PRODUCER, ["--max-memory", "5Q"], "5Q"),
    (PRODUCER, ["--max-memory", "99999999999G"], "99999999999G"),
    (PRODUCER, ["--lane", "shared-memory"], "shared-memory"),
    (PRODUCER, ["--log-level", "loud"], "loud"),
    (CONSUMER, ["extra"], "extra"),
    (CONSUMER, ["--connect", "cam"], "cam"),
    (CONSUMER, ["--connect", "tcp://host:0"], "host:0"),
    (CONSUMER, ["--connect", "tcp://h:5000", "--stream", "cam"], "stream"),
    (CONSUMER, ["--connect", "ipc://" + "x" * 108], "107"),
    (CONSUMER, ["--stream", ".."], ".."),
    (CONSUMER, ["--queue", "0"], "0"),
    (CONSUMER, ["--queue", "1001"], "1001"),
    (CONSUMER, ["--hold", "x"], "x"),
    (CONSUMER, ["--when-full", "never"], "never"),
    (CONSUMER, ["--lane", "fast"], "fast"),
    (CONSUMER, ["--sink", "disk"], "disk"),
    (CONSUMER, ["--sink", "npy:"], "npy:"),
    (CONSUMER, ["--sink", "image:"], "image:"),
    (CONSUMER, ["--sink", "preview:a.exr"], ".png"),
    (CONSUMER, ["--sink", "raw:-", "--json", "-"], "json"),
    (CONSUMER, ["--work", "nan"], "nan"),
    (CONSUMER, ["--timeout", "inf"], "inf"),
    (CONSUMER, ["--timeout", "-1"], "-1"),
    (CONSUMER, ["--count", "many"], "many"),
    (CONSUMER, ["--list", "--follow"], "follow"),
]


class Usage(programs.ProgramTest):
    def one_line(self, program, arguments, status):
        process = self.start(program, *arguments)
        self.assertEqual(process.finish(status), b"")
        lines = process.stderr().splitlines()
        self.assertEqual(len(lines), 1, lines)
        self.assertTrue(lines[0].startswith(os.path.basename(program) + ": "), lines)
        return lines[0]

    def test_wrong_options_are_one_line_and_status_2(self):
        for program, arguments, named in USAGE:
            with self.subTest(arguments=arguments):
                self.assertIn(named, self.one_line(program, arguments, 2))
        self.assertEqual(os.listdir(self.directory), [])

    def test_a_wrong_option_leaves_no_file(self):
        self.one_line(CONSUMER, ["--sink", "npy:" + self.path("out"), "--json", self.path("s.json"), "--count", "x"], 2)
        self.one_line(CONSUMER, ["--sink", "raw:" + self.path("out"), "--queue", "0"], 2)
        self.assertEqual(os.listdir(self.directory), [])

    def test_what_is_not_there_is_one_line_and_status_1(self):
        missing = self.path("missing")
        os.mkdir(self.path("folder"))
        with open(self.path("text.npy"), "w") as file:
            file.write("no array")
        for program, arguments, named in [
            (PRODUCER, ["--source", "npy:" + missing], missing),
            (PRODUCER, ["--source", "npy:" + self.path("*.npz")], "*.npz"),
            (PRODUCER, ["--source", "npy:" + self.path("folder")], "folder"),
            (PRODUCER, ["--source", "npy:" + self.path("text.npy")], "text.npy"),
            (PRODUCER, ["--source", "npy:/dev/null"], "/dev/null"),
            (PRODUCER, ["--source", "raw:" + missing], missing),
            (PRODUCER, ["--source", "raw:" + self.path("folder")], "folder"),
            (PRODUCER, ["--source", "image:" + missing], "OpenImageIO" if not IMAGES else missing),
            (PRODUCER, ["--json", missing + "/s.json"], missing),
            (PRODUCER, ["--config", missing], missing),
            (CONSUMER, ["--sink", "raw:" + missing + "/x"], missing),
            (CONSUMER, ["--sink", "npy:" + self.path("text.npy")], "text.npy"),
        ]:
            with self.subTest(arguments=arguments):
                self.assertIn(named, self.one_line(program, arguments, 1))

    def test_help_and_version(self):
        for program in (PRODUCER, CONSUMER):
            text = self.start(program, "--help").finish(0).decode()
            self.assertIn("--stream", text)
            self.assertIn("ARRAYWIRE_STREAM", text)
            self.assertRegex(self.start(program, "--version").finish(0).decode(), r"^arraywire-\w+ \d+\.\d+\.\d+\n$")


class Origins(programs.ProgramTest):
    """An option's value: the command line, else the environment, else the file."""

    def messages(self, *arguments):
        return self.produce("--shape", "4", "--rate", "0", *arguments).finish_json()["messages"]

    def test_the_environment_sets_options(self):
        self.environment["ARRAYWIRE_COUNT"] = "3"
        self.assertEqual(self.messages(), 3)

    def test_the_command_line_goes_first_then_the_environment_then_the_file(self):
        with open(self.path("options.ini"), "w") as file:
            file.write('count=7\nchecksum=true\nlisten=["tcp://127.0.0.1:0","tcp://127.0.0.1:0"]\n')
        config = ("--config", self.path("options.ini"))
        self.assertEqual(self.messages(*config), 7)
        self.environment["ARRAYWIRE_COUNT"] = "5"
        self.assertEqual(self.messages(*config), 5)
        self.assertEqual(self.messages(*config, "--count", "2"), 2)

    def test_a_wrong_variable_is_named(self):
        self.environment["ARRAYWIRE_MAX_MEMORY"] = "lots"
        process = self.produce("--count", "1")
        process.finish(2)
        self.assertIn("ARRAYWIRE_MAX_MEMORY", process.stderr())

    def test_a_word_that_is_no_option_in_the_file_is_named(self):
        with open(self.path("options.ini"), "w") as file:
            file.write("rats=60\n")
        process = self.produce("--config", self.path("options.ini"))
        process.finish(2)
        self.assertIn("rats", process.stderr())
        self.assertEqual(len(process.stderr().splitlines()), 1)


if __name__ == "__main__":
    programs.main()
