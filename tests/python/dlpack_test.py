"""DLPack both ways. The other side is NumPy, and what is written here for importers and exporters that NumPy is too old to be."""

import ctypes
import gc

import numpy as np
from case import FRAME, WATCHDOG, Case, main

import arraywire

capsule_name = ctypes.pythonapi.PyCapsule_GetName
capsule_name.restype, capsule_name.argtypes = ctypes.c_char_p, [ctypes.py_object]
capsule_pointer = ctypes.pythonapi.PyCapsule_GetPointer
capsule_pointer.restype, capsule_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
READ_ONLY = 1


class Exporter:
    """An object with DLPack alone, as tensors of other libraries are."""

    def __init__(self, owner, versioned=True, **overrides):
        self.owner, self.versioned, self.overrides = owner, versioned, overrides

    def __dlpack__(self, **request):
        if request and not self.versioned:
            raise TypeError("__dlpack__() got an unexpected keyword argument")
        return self.owner.__dlpack__(**request)

    def __dlpack_device__(self):
        return self.overrides.get("device", (1, 0))


def flags_of(capsule):
    """DLManagedTensorVersioned.flags"""
    address = capsule_pointer(capsule, b"dltensor_versioned")
    return ctypes.c_uint64.from_address(address + 8 + 2 * ctypes.sizeof(ctypes.c_void_p)).value


class DLPack(Case):
    def setUp(self):
        super().setUp()
        self.publisher, self.subscriber = self.pair({"block_limit": None})

    def sample_of(self, array):
        self.publisher.publish(array)
        return self.subscriber.take(WATCHDOG)

    def test_a_loan_is_filled_through_dlpack(self):
        loan = self.publisher.loan(FRAME, np.float32)
        loan.array[...] = 2
        tensor = np.from_dlpack(loan)
        self.assertEqual(tensor.ctypes.data, loan.array.ctypes.data)
        self.assertEqual((loan.__dlpack_device__(), tensor.shape, tensor.dtype), ((1, 0), FRAME, np.float32))
        self.assertEqual(capsule_name(loan.__dlpack__()), b"dltensor")
        self.assertEqual(flags_of(loan.__dlpack__(max_version=(1, 1))), 0)
        with self.assertRaises(arraywire.ViewsExist):
            loan.publish()
        del tensor
        loan.publish()

    def test_read_only_stays_read_only(self):
        sample = self.sample_of(np.arange(6).reshape(2, 3))
        with self.assertRaises(BufferError):
            sample.__dlpack__()
        self.assertEqual(flags_of(sample.__dlpack__(max_version=(1, 0))), READ_ONLY)
        self.assertEqual(capsule_name(sample.__dlpack__(copy=True)), b"dltensor")
        self.assertEqual(capsule_name(sample.dlpack()), b"dltensor")
        with self.assertRaises(BufferError):
            sample.__dlpack__(dl_device=(2, 0))
        self.publisher.publish(Exporter(sample), borrow=True)
        self.assertEqual(self.subscriber.take(WATCHDOG).array.tolist(), [[0, 1, 2], [3, 4, 5]])

    def test_an_export_keeps_the_sample(self):
        sample = self.sample_of(np.arange(6))
        capsule = sample.dlpack()
        sample.release()
        self.assertEqual(self.subscriber.status().unreleased, 1)
        del capsule
        gc.collect()
        self.assertEqual(self.subscriber.status().unreleased, 0)

    def test_tensors_are_published(self):
        array = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
        for versioned in (True, False):
            with self.subTest(versioned=versioned):
                loan = self.publisher.loan(array.shape, array.dtype)
                loan.array[...] = array
                sample = self.sample_of(Exporter(loan, versioned))
                np.testing.assert_array_equal(sample.array, array)
                loan.discard()
        np.testing.assert_array_equal(self.sample_of(Exporter(ArrayOwner(array[:, ::2]), False)).array, array[:, ::2])
        np.testing.assert_array_equal(self.sample_of(Exporter(ArrayOwner(array.T), False)).array, array.T)

    def test_bfloat16_goes_through(self):
        with self.publisher.loan((2, 2), "bfloat16") as loan:
            loan.array.view(np.uint16)[...] = 0x4000
        sample = self.subscriber.take(WATCHDOG)
        again = self.sample_of(Exporter(sample))
        self.assertEqual(again.dtypes, ("bfloat16",))
        self.assertTrue((again.array.view(np.uint16) == 0x4000).all())

    def test_what_cannot_be_read_here_is_refused(self):
        sample = self.sample_of(np.arange(3))
        with self.assertRaisesRegex(arraywire.UnsupportedArray, "device type 2"):
            self.publisher.publish(Exporter(sample, device=(2, 0)))

        class Nonsense:
            def __dlpack__(self, **_):
                return 3

        with self.assertRaises(arraywire.UnsupportedArray):
            self.publisher.publish(Nonsense())


class ArrayOwner:
    def __init__(self, array):
        self.array = array

    def __dlpack__(self):
        return self.array.__dlpack__()


if __name__ == "__main__":
    main()
