"""Loans: what may be written when, and what publish refuses."""

import gc
import io
import os
import socket
import tempfile

import numpy as np
from case import FRAME, WATCHDOG, Case, main, mapping_of

import arraywire


class Loans(Case):
    def setUp(self):
        super().setUp()
        self.publisher, self.subscriber = self.pair({"block_limit": None})

    def take(self):
        return self.subscriber.take(WATCHDOG)

    def test_with_publishes_what_was_written_in_place(self):
        with self.publisher.loan(FRAME, np.uint16) as loan:
            self.assertEqual((loan.array.shape, loan.array.dtype), (FRAME, np.uint16))
            self.assertIs(loan.array, loan.array)
            self.assertEqual(loan.array.ctypes.data % 64, 0)
            self.assertIn("w", mapping_of(loan.array))
            loan.array[...] = np.arange(loan.array.size).reshape(FRAME)
        self.assertFalse(loan)
        sample = self.take()
        np.testing.assert_array_equal(sample.array, np.arange(np.prod(FRAME)).astype(np.uint16).reshape(FRAME))
        self.assertEqual(self.publisher.statistics().copies, 0)

    def test_with_gives_the_slot_back_when_the_block_raises(self):
        with self.assertRaises(ZeroDivisionError), self.publisher.loan(FRAME, np.uint16):
            1 / 0
        self.assertEqual(self.publisher.statistics().published, 0)

    def test_the_array_that_was_kept_is_read_only_after_publish_and_stays_what_was_sent(self):
        loan = self.publisher.loan(FRAME, np.uint8)
        kept = loan.array
        kept[...] = 7
        self.publisher.publish(loan)
        with self.assertRaises(ValueError):
            kept[0, 0, 0] = 1
        with self.assertRaises(ValueError):
            kept.setflags(write=True)
        with self.assertRaises(ValueError):
            kept[1:].setflags(write=True)
        self.take().release()
        for value in range(20):  # the slot is not used again while `kept` is there
            self.publisher.publish(np.full(FRAME, value, np.uint8))
            self.take().release()
        del loan
        gc.collect()
        self.assertTrue((kept == 7).all())

    def test_publish_refuses_while_other_views_could_write(self):
        def row(loan):
            return loan.array[0]

        def rows_of_a_loop(loan):
            for last in loan.array:
                pass
            return last

        views = {
            "row": row,
            "loop": rows_of_a_loop,
            "reshaped": lambda loan: loan.array.reshape(-1),
            "slice of a slice": lambda loan: loan.array[1:][::2],
            "other dtype": lambda loan: loan.array.view(np.int8),
            "memoryview": memoryview,
            "dlpack": np.from_dlpack,
            "base": lambda loan: loan.array.base,
        }
        for name, make_view in views.items():
            with self.subTest(name):
                loan = self.publisher.loan(FRAME, np.uint8)
                loan.array[...] = 3
                view = make_view(loan)
                with self.assertRaises(arraywire.ViewsExist) as raised:
                    self.publisher.publish(loan)
                self.assertIsInstance(raised.exception, BufferError)
                self.assertTrue(loan)
                loan.array[0, 0, 0] = 3  # still writable
                del view
                loan.publish()
                self.assertTrue((self.take().array == 3).all())

    def test_a_loan_is_published_once(self):
        loan = self.publisher.loan(4, "float32")
        loan.publish()
        for use in (loan.publish, lambda: loan.array, lambda: loan.respec(3), lambda: memoryview(loan), lambda: len(loan)):
            with self.assertRaises((arraywire.Closed, BufferError)):
                use()

    def test_a_loan_of_another_publisher_is_refused(self):
        other = arraywire.Publisher("other")
        self.addCleanup(other.close)
        with self.assertRaises(arraywire.InvalidArgument):
            other.publish(self.publisher.loan(4, "float32"))

    def test_files_and_sockets_fill_loans(self):
        picture = os.urandom(1 << 20)
        loan = self.publisher.loan(len(picture), np.uint8)
        with tempfile.TemporaryFile() as file:
            file.write(picture)
            file.seek(0)
            self.assertEqual(file.readinto(loan), len(picture))
        loan.publish()
        self.assertEqual(bytes(self.take().array), picture)

        ours, theirs = socket.socketpair()
        with ours, theirs, self.publisher.loan(1000, np.uint8) as loan:
            theirs.sendall(picture[:1000])
            self.assertEqual(ours.recv_into(loan, 1000, socket.MSG_WAITALL), 1000)
        self.assertEqual(bytes(self.take().array), picture[:1000])
        self.assertEqual(io.BytesIO(memoryview(self.publisher.loan(3, np.uint8))).getbuffer().nbytes, 3)

    def test_respec_changes_the_shape_in_place(self):
        loan = self.publisher.loan(FRAME, np.uint8)
        view = loan.array
        with self.assertRaises(arraywire.ViewsExist):
            loan.respec((4, 4))
        del view
        address = loan.array.ctypes.data
        loan.respec((4, 4), np.float32)
        self.assertEqual((loan.array.shape, loan.array.dtype, loan.array.ctypes.data), ((4, 4), np.float32, address))
        with self.assertRaises(arraywire.InvalidArgument):
            loan.respec((1 << 20, 1 << 20))
        loan.array[...] = 0.5
        loan.publish()
        self.assertTrue((self.take().array == np.full((4, 4), 0.5, np.float32)).all())

    def test_a_message_of_several_arrays(self):
        with self.publisher.loan_many([((3, 4), "float64"), (5, "int16"), ((), "bool")]) as loan:
            self.assertEqual((len(loan), loan.dtypes), (3, ("float64", "int16", "bool")))
            for array in loan.arrays:
                array[...] = 1
            del array
            loan.metadata["arrays"] = [{"name": "picture"}, {"name": "line"}]
        sample = self.take()
        self.assertEqual([array.shape for array in sample.arrays], [(3, 4), (5,), ()])
        self.assertEqual(sample["line"].dtype, np.int16)
        self.assertEqual(sample[-1].dtype, np.bool_)
        with self.assertRaises(KeyError):
            sample["nothing"]
        with self.assertRaises(IndexError):
            sample[3]

    def test_limits_are_errors_of_their_own(self):
        publisher = arraywire.Publisher("small", max_memory_bytes=1 << 20)
        self.addCleanup(publisher.close)
        with self.assertRaises(arraywire.TooLarge) as raised:
            publisher.loan(2 << 20, np.uint8)
        self.assertIsInstance(raised.exception, MemoryError)
        held = publisher.loan(1 << 19, np.uint8), publisher.loan((1 << 19) - 8192, np.uint8)
        with self.assertRaises(arraywire.Exhausted) as raised:
            publisher.loan(1 << 19, np.uint8, timeout=0.1)
        self.assertIsInstance(raised.exception, TimeoutError)
        with self.assertRaises(arraywire.Exhausted):
            publisher.loan(1 << 19, np.uint8, timeout=0)
        del held

    def test_slots_come_back_when_the_last_array_goes(self):
        publisher = arraywire.Publisher("one", max_memory_bytes=1 << 20)
        self.addCleanup(publisher.close)
        loan = publisher.loan(1 << 19, np.uint8)
        row = loan.array[5:]
        loan.discard()
        row[...] = 1  # it is nobody else's
        with self.assertRaises(arraywire.Exhausted):
            publisher.loan(1 << 20, np.uint8, timeout=0)
        del row
        self.assertEqual(publisher.loan(1 << 20, np.uint8, timeout=0).array.nbytes, 1 << 20)


if __name__ == "__main__":
    main()
