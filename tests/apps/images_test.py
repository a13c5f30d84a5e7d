"""Image files as source and sink: bit for bit, with what they say of themselves; damaged ones; pictures to look at."""

import glob
import os
import random
import subprocess
import unittest
import zlib

import numpy as np

import programs
from programs import CONSUMER, PRODUCER

try:
    import OpenImageIO as oiio
except ImportError:
    oiio = None

DATA = os.environ.get("ARRAYWIRE_TEST_DATA")
BUILT = "built without OpenImageIO" not in subprocess.run([PRODUCER, "--source", "image:/nowhere.exr"], capture_output=True, text=True).stderr

# What each format holds, and with how many channels.
FORMATS = [
    ("exr", ["float16", "float32", "uint32"], [1, 2, 3, 4, 5, 20]),
    ("tif", ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float16", "float32", "float64"], [1, 2, 3, 4, 5]),
    ("png", ["uint8", "uint16"], [1, 2, 3, 4]),
    ("dpx", ["uint8", "uint16"], [3, 4]),
    ("hdr", ["float32"], [3]),
]


def noise(shape, dtype, seed=1):
    """Any bits at all."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8).view(dtype).reshape(shape)


def shared_exponents(shape):
    """What RGBE holds: a common exponent and 8 bits each."""
    mantissas = np.random.default_rng(2).integers(128, 256, shape).astype("float32")
    return mantissas * np.float32(2.0**-8)


def srgb(light):
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.power(np.maximum(light, 1e-9), 1 / 2.4) - 0.055)


@unittest.skipUnless(BUILT, "built without OpenImageIO")
class Images(programs.ProgramTest):
    def transfer(self, source, sink, *options, status=0, consumer_status=0):
        """Both summaries, and what each program said."""
        consumer = self.consume("--sink", sink, "--log-level", "warn")
        producer = self.produce("--source", source, "--log-level", "warn", *options)
        sent = producer.finish(status)
        if consumer_status:
            consumer.finish(consumer_status)
            return None, None, producer.stderr(), consumer.stderr()
        taken = consumer.finish_json()
        self.assertEqual(taken["end"], "stream-ended")
        sent = programs.json.loads(sent)
        self.assertEqual((taken["messages"], taken["missed"]), (sent["messages"], 0))
        return sent, taken, producer.stderr(), consumer.stderr()

    def load(self, source, *options):
        """The images as arrays."""
        self.directories = getattr(self, "directories", 0) + 1
        out = self.path(f"loaded{self.directories}")
        self.transfer("image:" + source, "npy:" + out, *options)
        return [np.load(os.path.join(out, name)) for name in sorted(os.listdir(out))]

    def store(self, arrays, pattern):
        """The arrays as images."""
        folder = self.path("arrays")
        os.makedirs(folder, exist_ok=True)
        for name in os.listdir(folder):
            os.remove(os.path.join(folder, name))
        for i, array in enumerate(arrays):
            np.save(os.path.join(folder, f"{i:04}.npy"), array)
        return self.transfer("npy:" + os.path.join(folder, "*.npy"), "image:" + pattern)

    def assert_same(self, got, wanted):
        self.assertEqual((got.dtype, got.shape), (wanted.dtype, wanted.shape))
        self.assertEqual(np.ascontiguousarray(got).tobytes(), np.ascontiguousarray(wanted).tobytes())


class RoundTrip(Images):
    def test_every_format_dtype_and_channel_count(self):
        for extension, dtypes, channels in FORMATS:
            for dtype in dtypes:
                with self.subTest(format=extension, dtype=dtype):
                    shapes = [(11, 17, count) for count in channels]
                    make = shared_exponents if extension == "hdr" else lambda shape, dtype=dtype: noise(shape, dtype)
                    arrays = [make(shape) for shape in shapes]
                    folder = self.path(extension + dtype)
                    self.store(arrays, os.path.join(folder, f"%04d.{extension}"))
                    self.assertEqual(sorted(os.listdir(folder)), [f"{i:04}.{extension}" for i in range(len(arrays))])
                    got = self.load(os.path.join(folder, "*"))
                    self.assertEqual(len(got), len(arrays))
                    for one, wanted in zip(got, arrays):
                        self.assert_same(one, wanted)

    def test_any_layout_in_memory(self):
        flat = noise((9, 13), "uint16")
        fortran = np.asfortranarray(noise((9, 13, 3), "uint16"))
        self.store([flat, fortran], self.path("out", "%d.tif"))
        got = self.load(self.path("out", "*"))
        self.assert_same(got[0], flat.reshape(9, 13, 1))
        self.assert_same(got[1], fortran)

    def test_what_would_be_converted_is_refused(self):
        for array, extension, named in [(noise((4, 5, 3), "float16"), "png", "float16"), (noise((4, 5, 3), "uint8"), "exr", "uint8"),
                                        (noise((4, 5, 3), "complex64"), "exr", "complex64"), (noise((4, 5, 3), "uint64"), "tif", "uint64"),
                                        (noise((4, 5, 2), "uint8"), "dpx", "crashed"), (noise((2, 4, 5, 3), "uint8"), "png", "2x4x5x3"), (noise((6,), "uint8"), "png", "6"),
                                        (np.full((4, 5, 3), 1.2345678, "float32"), "hdr", "exactly")]:
            with self.subTest(array=array.dtype, shape=array.shape, extension=extension):
                np.save(self.path("a.npy"), array)
                _, _, _, said = self.transfer("npy:" + self.path("a.npy"), "image:" + self.path("no", f"%d.{extension}"), consumer_status=1)
                lines = said.splitlines()
                self.assertEqual(len(lines), 1, lines)
                self.assertIn(self.path("no", "0." + extension), lines[0])
                self.assertIn(named, lines[0])
                self.assertEqual(os.listdir(self.path("no")), [])

    def test_patterns_without_exactly_one_number_are_refused(self):
        for pattern, named in [("a.exr", "%06d"), ("%d%d.exr", "%06d"), ("%s.exr", "%06d"), ("%6d.exr", "%06d"), ("%021d.exr", "%06d"),
                               ("%", "%06d"), ("%d.jpg", ".jpg"), ("%d", "exr")]:
            with self.subTest(pattern=pattern):
                consumer = self.start(CONSUMER, "--sink", "image:" + self.path(pattern))
                consumer.finish(2)
                self.assertEqual(len(consumer.stderr().splitlines()), 1)
                self.assertIn(named, consumer.stderr())
        self.store([noise((4, 5, 3), "uint8")], self.path("100%%_%03d.png"))
        self.assertTrue(os.path.exists(self.path("100%_000.png")))

    def test_a_full_disk_leaves_complete_files_only(self):
        if os.geteuid() != 0:
            self.skipTest("mounting a small tmpfs needs root")
        disk = self.path("disk")
        os.mkdir(disk)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", disk], capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest("tmpfs cannot be mounted here: " + mounted.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        for extension, dtype in [("exr", "float16"), ("tif", "uint16"), ("png", "uint16"), ("dpx", "uint16"), ("hdr", "float32")]:
            with self.subTest(format=extension):
                for name in os.listdir(disk):
                    os.remove(os.path.join(disk, name))
                array = shared_exponents((100, 100, 3)) if extension == "hdr" else noise((100, 100, 3), dtype)
                np.save(self.path("a.npy"), array)
                consumer = self.consume("--sink", "image:" + os.path.join(disk, "%d." + extension), "--log-level", "error")
                producer = self.produce("--source", "npy:" + self.path("a.npy"), "--loop", "--count", 20)
                consumer.finish(1)
                producer.finish()
                self.assertEqual(len(consumer.stderr().splitlines()), 1, consumer.stderr())
                self.assertIn(os.strerror(28), consumer.stderr())
                files = sorted(os.listdir(disk))
                self.assertGreater(len(files), 1)
                self.assertEqual(files, sorted(f"{i}.{extension}" for i in range(len(files))))
                for got in self.load(os.path.join(disk, "*." + extension)):
                    self.assert_same(got, array)


class Metadata(Images):
    def header(self, path):
        image = oiio.ImageInput.open(path)
        self.assertTrue(image, path)
        spec = image.spec()
        names = ["x", "y", "width", "height", "full_x", "full_y", "full_width", "full_height", "tile_width", "tile_height", "channelnames",
                 "channelformats", "format"]
        attributes = {a.name: (str(a.type), repr(a.value)) for a in spec.extra_attribs}
        return {**{name: repr(getattr(spec, name)) for name in names}, **attributes}

    def same_files(self, paths):
        sent, _, _, said = self.transfer("image:" + ",".join(paths), "image:" + self.path("back", "%04d" + os.path.splitext(paths[0])[1]))
        self.assertEqual((sent["messages"], sent["copies"], sent["skipped"]), (len(paths), 0, 0))
        self.assertEqual(said, "")
        for path, back in zip(paths, sorted(glob.glob(self.path("back", "*")))):
            if oiio:
                self.assertEqual(self.header(back), self.header(path))
            self.assert_same(self.load(back)[0], self.load(path)[0])

    @unittest.skipUnless(DATA, "ARRAYWIRE_TEST_DATA names no folder of EXR images")
    def test_real_pictures_come_back_with_all_that_they_say(self):
        self.same_files(sorted(glob.glob(os.path.join(DATA, "*.exr"))))

    @unittest.skipUnless(oiio, "no python3-openimageio")
    def test_attributes_of_every_type_and_windows(self):
        spec = oiio.ImageSpec(20, 10, 5, "float")
        spec.channelformats = ("half",) * 4 + ("float",)
        spec.channelnames = ("R", "G", "B", "A", "depth.Z")
        spec.x, spec.y, spec.full_x, spec.full_y, spec.full_width, spec.full_height = -3, 2, -5, 0, 40, 30
        for name, kind, value in [("count", "int", -3), ("ratio", "float", 0.1), ("text", "string", "hällo"), ("exact", "double", 0.1),
                                  ("smpte:TimeCode", "timecode", (0x1234, 5)), ("smpte:KeyCode", "keycode", (1, 2, 3, 4, 5, 4, 64)),
                                  ("framesPerSecond", "rational", (24000, 1001)), ("matrix", "matrix", tuple(range(16))),
                                  ("window", "box2i", (0, 1, 5, 6)), ("list", "string[3]", ("a", 'b"', "c,d")), ("numbers", "float[5]", (1, 2, 3, 4, 5)),
                                  ("chromaticities", "float[8]", (.708, .292, .17, .797, .131, .046, .3127, .329)),
                                  ("PixelAspectRatio", "float", 2.0), ("compression", "string", "piz"), ("DateTime", "string", "2004:01:04 18:10:00")]:
            spec.attribute(name, kind, value)
        out = oiio.ImageOutput.create("exr")
        self.assertTrue(out.open(self.path("all.exr"), spec))
        self.assertTrue(out.write_image(np.random.default_rng(1).random((10, 20, 5)).astype("float16").astype("float32")))
        out.close()
        self.same_files([self.path("all.exr")])

    @unittest.skipUnless(oiio, "no python3-openimageio")
    def test_ten_bits_and_alpha_stay_as_they_are(self):
        for name, bits, channels in [("ten.dpx", 10, 3), ("ten.tif", 10, 3), ("alpha.png", 16, 4), ("alpha.tif", 16, 4)]:
            with self.subTest(name=name):
                spec = oiio.ImageSpec(16, 8, channels, "uint16")
                spec.attribute("oiio:BitsPerSample", bits)
                spec.attribute("oiio:UnassociatedAlpha", 1)
                codes = np.random.default_rng(1).integers(0, 2**bits, (8, 16, channels)).astype("uint16")
                out = oiio.ImageOutput.create(name)
                self.assertTrue(out.open(self.path(name), spec))
                out.write_image((codes << (16 - bits)) | (codes >> max(2 * bits - 16, 0) if bits < 16 else 0))
                out.close()
                folder = self.path("back-" + name)
                self.transfer("image:" + self.path(name), "image:" + os.path.join(folder, "%d" + os.path.splitext(name)[1]))
                back = glob.glob(os.path.join(folder, "*"))[0]
                self.assert_same(self.load(back)[0], self.load(self.path(name))[0])
                mine, theirs = (oiio.ImageInput.open(path).spec().get_int_attribute("oiio:BitsPerSample") for path in (back, self.path(name)))
                self.assertEqual(mine, theirs)

    @unittest.skipUnless(DATA, "ARRAYWIRE_TEST_DATA names no folder of EXR images")
    def test_from_one_format_to_another(self):
        """A tiled EXR with Exif data, as TIFF."""
        name = os.path.join(DATA, "golden_gate.exr")
        _, _, _, said = self.transfer("image:" + name, "image:" + self.path("out", "%d.tif"))
        self.assertRegex(said, r"\A[^\n]*does not keep: [^\n]*altitude[^\n]*\n\Z")
        self.assert_same(self.load(self.path("out", "0.tif"))[0], self.load(name)[0])

    def test_what_a_format_cannot_keep_is_said_once(self):
        """The pattern is PQ with the primaries of BT.2020: a TIFF has no place for that."""
        consumer = self.consume("--sink", "image:" + self.path("out", "%d.tif"), "--log-level", "warn")
        self.produce("--shape", "32x64x3", "--rate", 0, "--count", 3, "--wait-for", 1, "--block-limit", "inf").finish()
        self.assertEqual(consumer.finish_json()["messages"], 3)
        self.assertRegex(consumer.stderr(), r"\A[^\n]*0\.tif: this format does not keep: [^\n]*colour[^\n]*\(said once\)\n\Z")


    def chunks(self, path):
        data = self.read(path)
        at, found = 8, []
        while at < len(data):
            size = int.from_bytes(data[at:at + 4], "big")
            found.append((data[at + 4:at + 8], data[at + 8:at + 8 + size]))
            at += 12 + size
        return found

    def write_chunks(self, path, chunks):
        with open(self.path(path), "wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n")
            for name, data in chunks:
                file.write(len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big"))

    def test_a_png_says_of_its_colours_what_it_said(self):
        self.store([noise((4, 5, 3), "uint16")], self.path("plain%d.png"))
        first, *rest = [chunk for chunk in self.chunks("plain0.png") if chunk[0] in (b"IHDR", b"IDAT", b"IEND")]
        pq, linear = (b"cICP", bytes([9, 16, 0, 1])), (b"gAMA", (100000).to_bytes(4, "big"))
        xy = lambda *values: (b"cHRM", b"".join(value.to_bytes(4, "big") for value in values))
        bt2020, unknown = xy(31270, 32900, 70800, 29200, 17000, 79700, 13100, 4600), xy(31270, 32900, 70000, 30000, 20000, 70000, 10000, 5000)
        no_profile = (b"iCCP", b"no\0\0" + zlib.compress(b"profile"))
        for i, (said, wanted, warned) in enumerate([
            ([], [], ""),
            ([pq], [pq], ""),
            ([pq, linear], [pq], ""),
            ([linear], [linear], ""),
            ([linear, bt2020], [(b"cICP", bytes([9, 8, 0, 1])), linear], ""),
            ([linear, unknown], [linear], "cHRM"),
            ([(b"gAMA", (50000).to_bytes(4, "big"))], [(b"gAMA", (50000).to_bytes(4, "big"))], ""),
            ([no_profile], [], ""),
            ([(b"cICP", b"\x09")], [], ""),
        ]):
            with self.subTest(said=said):
                self.write_chunks("in.png", [first, *said, *rest])
                _, _, warnings, _ = self.transfer("image:" + self.path("in.png"), "image:" + self.path(f"out{i}_%d.png"))
                got = [chunk for chunk in self.chunks(f"out{i}_0.png") if chunk[0] in (b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM")]
                self.assertEqual(got, wanted)
                self.assertIn(warned, warnings) if warned else self.assertEqual(warnings, "")


    @unittest.skipUnless(oiio, "no python3-openimageio")
    def test_what_openimageio_passes_over_is_said(self):
        spec = oiio.ImageSpec(8, 4, 3, "half")
        for name in ("opaque", "image:x", "owner", "expTime", "comments"):
            spec.attribute(name, "string", "value")
        out = oiio.ImageOutput.create("exr")
        self.assertTrue(out.open(self.path("in.exr"), spec))
        out.write_image(np.zeros((4, 8, 3), "float32"))
        out.close()
        data = self.read("in.exr").replace(b"opaque\0string\0", b"opaque\0strung\0").replace(b"lineOrder\0\x01\0\0\0\0", b"lineOrder\0\x01\0\0\0\x01")
        with open(self.path("in.exr"), "wb") as file:
            file.write(data)
        _, _, said, _ = self.transfer("image:" + self.path("in.exr"), "image:" + self.path("out%d.exr"))
        self.assertRegex(said, r"\A[^\n]*not sent: image:x, lineOrder, opaque \(said once\)\n\Z")

    @unittest.skipUnless(oiio, "no python3-openimageio")
    def test_a_conversion_to_rgb_is_said(self):
        spec = oiio.ImageSpec(8, 4, 4, "uint8")
        spec.attribute("tiff:ColorSpace", "CMYK")
        spec.channelnames = ("C", "M", "Y", "K")
        out = oiio.ImageOutput.create("tiff")
        self.assertTrue(out.open(self.path("in.tif"), spec))
        out.write_image(noise((4, 8, 4), "uint8"))
        out.close()
        _, _, said, _ = self.transfer("image:" + self.path("in.tif"), "image:" + self.path("out%d.tif"))
        self.assertRegex(said, r"\A[^\n]*not sent: its CMYK, which is converted to RGB \(said once\)\n\Z")

    def test_the_orientation_of_a_png_comes_out_of_a_tiff(self):
        self.store([noise((4, 5, 3), "uint16")], self.path("plain%d.png"))
        first, *rest = self.chunks("plain0.png")
        turned = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
        self.write_chunks("in.png", [first, (b"eXIf", turned), *rest])
        _, _, _, said = self.transfer("image:" + self.path("in.png"), "image:" + self.path("out%d.tif"))
        self.assertEqual(said, "")
        if oiio:
            self.assertEqual(oiio.ImageInput.open(self.path("out0.tif")).spec().get_int_attribute("Orientation"), 6)


class Errors(Images):
    def write_images(self, count, shape=(24, 32, 3)):
        self.store([noise(shape, "float16", i) for i in range(count)], self.path("in", "f_%02d.exr"))
        return [self.path("in", f"f_{i:02}.exr") for i in range(count)]

    def expect(self, path, named, *options):
        """One line that names the file, before anything is sent."""
        producer = self.start(PRODUCER, "--source", "image:" + path, "--log-level", "error", "--wait-for", 0, *options)
        producer.finish(1)
        lines = producer.stderr().splitlines()
        self.assertEqual(len(lines), 1, lines)
        self.assertTrue(lines[0].startswith("arraywire-producer: " + path + ": "), lines)
        self.assertRegex(lines[0], named)

    def test_what_is_no_image_is_named(self):
        os.mkdir(self.path("folder.exr"))
        os.mkfifo(self.path("fifo.exr"))
        for name, content in [("empty.exr", b""), ("text.exr", b"no picture"), ("short.exr", b"\x76\x2f\x31\x01"), ("short.png", b"\x89PNG")]:
            with open(self.path(name), "wb") as file:
                file.write(content)
        for name, why in [("missing.exr", "No such file"), ("folder.exr", "directory"), ("fifo.exr", "no regular file"), ("empty.exr", "is empty"),
                          ("text.exr", "none of EXR"), ("short.exr", "."), ("short.png", ".")]:
            with self.subTest(name=name):
                self.expect(self.path(name), why)

    def test_a_file_that_may_not_be_read_is_named(self):
        self.write_images(1)
        os.chmod(self.path("in", "f_00.exr"), 0)
        if os.access(self.path("in", "f_00.exr"), os.R_OK):
            self.skipTest("root may read everything")
        self.expect(self.path("in", "f_00.exr"), "Permission denied")

    def test_a_dpx_with_padded_lines_is_refused(self):
        for channels, dtype in [(3, "uint8"), (3, "uint16"), (1, "uint8")]:
            array = noise((6, 5, channels), dtype)
            self.store([array], self.path("plain%d.dpx"))
            self.assert_same(self.load(self.path("plain0.dpx"))[0], array)
            data, lines = self.read("plain0.dpx"), array.tobytes()
            size = len(lines) // 6
            padding = -size % 4
            head = data[:len(data) - len(lines)]
            with open(self.path("padded.dpx"), "wb") as file:
                file.write(head + b"".join(data[len(head) + y * size:][:size] + bytes(padding) for y in range(6)))
            self.expect(self.path("padded.dpx"), "padded to 32 bits")
            with open(self.path("padded.dpx"), "r+b") as file:  # as the header may say
                file.seek(812)
                file.write(padding.to_bytes(4, "little"))
            self.assert_same(self.load(self.path("padded.dpx"))[0], array)

    def test_nothing_matches(self):
        producer = self.start(PRODUCER, "--source", "image:" + self.path("*.exr"))
        producer.finish(1)
        self.assertIn("no file matches", producer.stderr())

    def test_a_folder_that_cannot_be_listed_is_named(self):
        os.symlink("loop", self.path("loop"))
        producer = self.start(PRODUCER, "--source", "image:" + self.path("loop", "*.exr"))
        producer.finish(1)
        self.assertIn(os.strerror(40), producer.stderr())

    def test_a_folder_that_may_not_be_written_to_is_said_at_once(self):
        os.mkdir(self.path("locked"), 0o555)
        if os.access(self.path("locked"), os.W_OK):
            self.skipTest("root may write everywhere")
        consumer = self.start(CONSUMER, "--sink", "image:" + self.path("locked", "%d.exr"))
        consumer.finish(1)
        self.assertIn("locked: Permission denied", consumer.stderr())

    def test_lists_keep_their_order_and_globs_are_sorted(self):
        arrays = [noise((3, 4, 3), "uint16", i) for i in range(4)]
        self.store(arrays, self.path("in", "%d.png"))
        got = self.load(f"{self.path('in', '3.png')},{self.path('in', '[012].png')}")
        for one, wanted in zip(got, [arrays[3]] + arrays[:3]):
            self.assert_same(one, wanted)
        os.rename(self.path("in", "1.png"), self.path("in", "a,b*.png"))
        self.assert_same(self.load(self.path("in", "a,b*.png"))[0], arrays[1])

    def test_at_a_damaged_file_the_stream_ends_in_order_or_goes_on(self):
        paths = self.write_images(5)
        os.truncate(paths[2], os.path.getsize(paths[2]) - 500)
        source = "image:" + self.path("in", "*.exr")
        consumer = self.consume()
        producer = self.produce("--source", source, "--log-level", "error")
        self.assertEqual(producer.finish_json(1)["messages"], 2)
        self.assertRegex(producer.stderr(), r"\Aarraywire-producer: " + paths[2] + r": [^\n]+\n\Z")
        taken = consumer.finish_json()
        self.assertEqual((taken["messages"], taken["end"]), (2, "stream-ended"))
        sent, _, said, _ = self.transfer(source, "null", "--on-error", "skip")
        self.assertEqual((sent["messages"], sent["skipped"]), (4, 1))
        self.assertRegex(said, r"\A[^\n]*skipped " + paths[2] + r": [^\n]+\n\Z")

    def test_missing_files_are_skipped_too(self):
        paths = self.write_images(2)
        source = f"image:{paths[0]},{self.path('missing.exr')},{paths[1]}"
        sent, _, said, _ = self.transfer(source, "null", "--on-error", "skip")
        self.assertEqual((sent["messages"], sent["skipped"]), (2, 1))
        self.assertIn("missing.exr", said)

    def test_a_loop_over_nothing_readable_ends(self):
        paths = self.write_images(1)
        os.truncate(paths[0], 100)
        sent, _, said, _ = self.transfer("image:" + paths[0], "null", "--on-error", "skip", "--loop", status=1)
        self.assertIn("f_00.exr: none of these files can be read\n", said)
        self.assertEqual(sent["messages"], 0)
        self.assertGreaterEqual(sent["skipped"], 1)

    def test_shapes_may_change_unless_they_may_not(self):
        shapes = [(8, 9, 3), (8, 9, 3), (9, 8, 3), (8, 9, 1), (8, 9, 3)]
        self.store([noise(shape, "float16") for shape in shapes], self.path("in", "%d.exr"))
        source = self.path("in", "*.exr")
        self.assertEqual([array.shape for array in self.load(source)], shapes)
        consumer = self.consume()
        producer = self.produce("--source", "image:" + source, "--same-shape", "--log-level", "error")
        self.assertEqual(producer.finish_json(1)["messages"], 2)
        self.assertRegex(producer.stderr(), r"2\.exr: it is float16 9x8x3, but the first file was float16 8x9x3\n\Z")
        self.assertEqual(consumer.finish_json()["end"], "stream-ended")
        sent, _, _, _ = self.transfer("image:" + source, "null", "--same-shape", "--on-error", "skip")
        self.assertEqual((sent["messages"], sent["skipped"]), (3, 2))

    def test_more_than_the_pool_may_hold_is_named(self):
        paths = self.write_images(1, (600, 600, 3))
        producer = self.produce("--source", "image:" + paths[0], "--max-memory", "1M", "--wait-for", 0, "--log-level", "error")
        producer.finish(1)
        self.assertRegex(producer.stderr(), r"\A[^\n]*f_00\.exr: [^\n]*\n\Z")

    def damage(self, contents, files, seed):
        """Cut off anywhere, or with bytes changed, most of them in the header."""
        rng = random.Random(seed)
        os.mkdir(self.path("damaged"))
        for i in range(files):
            extension, content = rng.choice(contents)
            data = bytearray(content)
            if i % 4 == 0:
                data = data[:rng.randrange(len(data))]
            for _ in range(rng.choice([1, 1, 2, 8]) if i % 4 else 0):
                at = rng.randrange(4, min(len(data), 800) if i % 4 < 3 else len(data))
                data[at] = rng.choice([rng.randrange(256), 0, 255, data[at] ^ (1 << rng.randrange(8))])
            with open(self.path("damaged", f"{i:04}{extension}"), "wb") as file:
                file.write(data)

    def send_damaged(self, files):
        sent, taken, said, _ = self.transfer("image:" + self.path("damaged", "*"), "read", "--on-error", "skip")
        self.assertEqual(sent["messages"] + sent["skipped"], files)
        self.assertGreater(sent["skipped"], files // 10)
        self.assertEqual(said.count(": skipped "), sent["skipped"])
        for line in said.splitlines():
            self.assertTrue(line.isprintable(), line)

    def test_damaged_images_of_every_kind_are_survived(self):
        contents = []
        for extension, dtypes, channels in FORMATS:
            array = shared_exponents((24, 32, 3)) if extension == "hdr" else noise((24, 32, 3), dtypes[0])
            self.store([array], self.path(extension, "%d." + extension))
            contents.append(("." + extension, self.read(extension, "0." + extension)))
        self.damage(contents + contents[:1] * 3, 150, 7)
        self.send_damaged(150)

    @unittest.skipUnless(DATA, "ARRAYWIRE_TEST_DATA names no folder of EXR images")
    def test_damaged_real_pictures_are_survived(self):
        contents = []
        for name in ("golden_gate.exr", "beachball.0001.exr"):
            with open(os.path.join(DATA, name), "rb") as file:
                contents.append((".exr", file.read()))
        self.damage(contents, 30, 11)
        self.send_damaged(30)


class Preview(Images):
    def preview(self, *arrays):
        """The picture that is left when these were sent."""
        folder = self.path("arrays")
        os.makedirs(folder, exist_ok=True)
        for name in os.listdir(folder):
            os.remove(os.path.join(folder, name))
        for i, array in enumerate(arrays):
            np.save(os.path.join(folder, f"{i:04}.npy"), array)
        self.transfer("npy:" + os.path.join(folder, "*.npy"), "preview:" + self.path("look.png"))
        return self.load(self.path("look.png"))[0]

    def test_integers_look_as_they_are(self):
        image = noise((20, 30, 3), "uint8")
        self.assert_same(self.preview(image), image)
        wide = image.astype("uint16") * 257
        self.assert_same(self.preview(wide), image)
        self.assert_same(self.preview(image[..., :2]), image[..., :1])
        self.assert_same(self.preview(np.concatenate([image, image], axis=2)), image)
        self.assert_same(self.preview(image[..., 0]), image[..., :1])

    def test_linear_light_becomes_srgb(self):
        ramp = np.linspace(0, 0.49, 300, dtype="float32").reshape(10, 30, 1)
        for dtype in ("float16", "float32", "float64"):
            light = ramp.astype(dtype)
            got = self.preview(light).astype(float)
            self.assertLessEqual(np.abs(got - 255 * srgb(light.astype(float))).max(), 0.51)

    def test_light_beyond_white_keeps_its_order(self):
        ramp = np.geomspace(0.01, 60, 300).astype("float32").reshape(1, 300, 1)
        got = self.preview(np.repeat(ramp, 20, axis=0))[0, :, 0].astype(int)
        self.assertTrue((np.diff(got) >= 0).all())
        self.assertGreater(len(set(got)), 150)
        self.assertEqual(got[-1], 255)

    def test_counts_of_a_detector_are_scaled_into_sight(self):
        counts = np.random.default_rng(1).poisson(5000, (40, 40)).astype("float32")
        self.assertGreater(self.preview(counts).mean(), 150)

    def test_what_is_not_finite_disturbs_nothing(self):
        image = np.full((20, 20, 3), 0.25, "float32")
        image[3, 4] = [np.nan, np.inf, -np.inf]
        got = self.preview(image)
        self.assertEqual(list(got[10, 10]), [137, 137, 137])
        self.assertEqual(list(got[3, 4]), [0, 255, 0])

    def test_a_few_lamps_darken_nothing(self):
        for lamp in (np.inf, 5000):
            image = np.full((100, 100, 3), 0.25, "float32")
            image[:2] = lamp
            got = self.preview(image)
            self.assertEqual(list(got[50, 50]), [137, 137, 137])
            self.assertEqual(list(got[0, 0]), [255, 255, 255])
        self.assertEqual(self.preview(np.full((4, 4), np.inf, "float32")).min(), 255)

    def test_a_small_thing_on_black_brightens_nothing(self):
        image = np.full((100, 100, 3), 0.005, "float32")
        image[50, :50] = 0.45
        got = self.preview(image)
        self.assertLessEqual(abs(int(got[40, 0, 0]) - 255 * srgb(0.005)), 0.51)
        self.assertLessEqual(abs(int(got[50, 0, 0]) - 255 * srgb(0.45)), 0.51)
        self.assertGreater(self.preview(image * 0.01).max(), 250)

    @unittest.skipUnless(oiio, "no python3-openimageio")
    def test_colours_of_a_layer_are_shown(self):
        for names, wanted in [(("A", "Z", "diffuse.R", "diffuse.G", "diffuse.B"), [.5, .25, .1]), (("A", "Z"), [1]), (("Z", "v"), [.4]),
                              (("u", "v", "Z"), [.4])]:
            value = {"A": 1, "Z": 300, "diffuse.R": .5, "diffuse.G": .25, "diffuse.B": .1, "v": .4, "u": .4}
            spec = oiio.ImageSpec(8, 8, len(names), "half")
            spec.channelnames = names
            out = oiio.ImageOutput.create("exr")
            self.assertTrue(out.open(self.path("layers.exr"), spec))
            out.write_image(np.tile(np.array([value[name] for name in names], "float32"), (8, 8, 1)))
            out.close()
            self.transfer("image:" + self.path("layers.exr"), "preview:" + self.path("look.png"))
            got = self.load(self.path("look.png"))[0][4, 4]
            self.assertEqual(len(got), len(wanted))
            if wanted != [1]:
                self.assertLess(np.abs(got - 255 * srgb(np.array(wanted, "float16").astype(float))).max(), 1)

    def test_large_frames_become_small(self):
        image = np.repeat(np.repeat(noise((50, 100, 3), "uint8"), 20, axis=0), 20, axis=1)  # 1000 x 2000
        got = self.preview(image)
        self.assertEqual(got.shape, (334, 667, 3))
        self.assertEqual(list(got[3, 3]), list(image[10, 10]))

    def test_the_last_message_is_what_stays(self):
        frames = [np.full((30, 40, 3), i, "uint8") for i in range(60)]
        self.assertEqual(self.preview(*frames)[0, 0, 0], 59)

    def test_the_pattern_shows_its_bars(self):
        consumer = self.consume("--sink", "preview:" + self.path("look.png"))
        self.produce("--shape", "540x960x3", "--count", 5, "--wait-for", 1, "--block-limit", "inf").finish()
        self.assertEqual(consumer.finish_json()["messages"], 5)
        got = self.load(self.path("look.png"))[0]
        bars = [got[310, 60 + 120 * i].astype(int) for i in range(8)]
        wanted = [(1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1), (0, 0, 0)]
        for bar, lit in zip(bars, wanted):
            for code, on in zip(bar, lit):
                self.assertTrue(code > 200 if on else code < 60, (bar, lit))

    def test_a_folder_that_is_not_there_is_one_line(self):
        for path, status in [(self.path("missing", "a.png"), 1), (self.path("a.jpg"), 2)]:
            consumer = self.start(CONSUMER, "--sink", "preview:" + path)
            consumer.finish(status)
            self.assertEqual(len(consumer.stderr().splitlines()), 1)

    def test_what_is_no_picture_ends_the_run(self):
        np.save(self.path("a.npy"), noise((5,), "uint8"))
        _, _, _, said = self.transfer("npy:" + self.path("a.npy"), "preview:" + self.path("look.png"), consumer_status=1)
        self.assertIn("is no image", said)

    @unittest.skipUnless(DATA, "ARRAYWIRE_TEST_DATA names no folder of EXR images")
    def test_a_real_picture_looks_like_itself(self):
        name = os.path.join(DATA, "beachball.0001.exr")
        self.transfer("image:" + name, "preview:" + self.path("look.png"))
        got = self.load(self.path("look.png"))[0].astype(float)
        light = np.clip(self.load(name)[0][..., :3].astype(float), 0, 0.5)
        self.assertEqual(got.shape, light.shape)
        self.assertLess(np.abs(got - 255 * srgb(light)).mean(), 1)


if __name__ == "__main__":
    programs.main()
