"""Big frames between two processes: nothing is copied, nothing leaks."""

import os

import numpy as np
from case import WATCHDOG, Case, main, mapping_of, private_bytes

import arraywire

SHAPE = (2160, 3840, 3)  # float64: 199,065,600 bytes
SANITIZED = "LD_PRELOAD" in os.environ  # then freed memory is kept for a while, on purpose

RECEIVER = """
import arraywire, numpy, sys
from case import mapping_of, private_bytes
subscriber = arraywire.Subscriber('big', when_full='block')
before = None
for sample in subscriber:
    with sample:
        array = sample.array
        number = sample.frame_id
        before = before or private_bytes()
        whole = bool((array == number).all()) if number <= 2 else array[0, 0, 0] == array[-1, -1, -1] == number
        try:
            array[0, 0, 0] = 1
            written = True
        except ValueError:
            written = False
        print(number, whole, sample.lane, mapping_of(array), written, array.nbytes, flush=True)
        del array
print('grown', private_bytes() - before, 'copies', subscriber.statistics().copies, flush=True)
"""


class BigFrames(Case):
    def test_199_megabytes_of_float64_are_not_copied(self):
        child = self.child(RECEIVER)
        frame_bytes = int(np.prod(SHAPE)) * 8
        publisher = arraywire.Publisher("big", block_limit=None, linger=WATCHDOG)
        publisher.wait_for_subscribers(1, WATCHDOG)
        before = private_bytes()
        for number in range(1, 9):
            with publisher.loan(SHAPE, np.float64, metadata={"frame_id": number}) as loan:
                self.assertIn("w", mapping_of(loan.array))
                loan.array[...] = number
            self.assertEqual(child.line(), f"{number} True shared-memory r--s False {frame_bytes}")
        bound = frame_bytes if SANITIZED else frame_bytes // 4  # of eight frames
        self.assertLess(private_bytes() - before, bound)
        self.assertEqual(publisher.statistics().copies, 0)
        self.assertLessEqual(publisher.statistics().slots, 3)
        publisher.close()
        words = child.line().split()
        self.assertEqual((words[0], words[2:]), ("grown", ["copies", "0"]))
        self.assertLess(int(words[1]), bound)
        child.finish()


COUNTING = """
import arraywire
from case import private_bytes
subscriber = arraywire.Subscriber('many', when_full='block')
total = 0
for sample in subscriber:
    with sample:
        total += int(sample.array[0, 0])
        if sample.sequence == 2000:
            before = private_bytes()
print(total, private_bytes() - before, subscriber.statistics().taken, subscriber.statistics().missed, flush=True)
"""


class ManyFrames(Case):
    FRAMES = 10_000
    SHAPE = (256, 256)

    def test_ten_thousand_frames_leave_nothing_behind(self):
        child = self.child(COUNTING)
        publisher = arraywire.Publisher("many", block_limit=None, linger=WATCHDOG)
        publisher.wait_for_subscribers(1, WATCHDOG)
        pattern = np.ones(self.SHAPE, np.float64)
        released = []
        for number in range(1, self.FRAMES + 1):
            metadata = {"frame_id": number, "attributes": {"number": number}}
            way = number % 3
            if way == 0:
                with publisher.loan(self.SHAPE, np.float64, metadata=metadata) as loan:
                    loan.array[...] = 1
            elif way == 1:
                publisher.publish(pattern, metadata)
            else:
                publisher.publish(pattern, metadata, borrow=True, release=released.append)
            if number == 2000:
                before, slots = private_bytes(), publisher.statistics().slots
        grown = private_bytes() - before
        self.assertLessEqual(publisher.statistics().slots, max(slots, 16))
        publisher.close()
        total, childs_growth, taken, missed = map(int, child.finish().split())
        self.assertEqual((total, taken, missed), (self.FRAMES, self.FRAMES, 0))
        self.eventually(lambda: len(released) == len(range(2, self.FRAMES + 1, 3)), "every release")
        self.assertTrue(pattern.flags.writeable)
        if not SANITIZED:
            # 8,000 frames of 512 KiB: a byte of each would be 4 GB, a kilobyte per frame 8 MB
            self.assertLess(grown, 4 << 20)
            self.assertLess(childs_growth, 4 << 20)


if __name__ == "__main__":
    main()
