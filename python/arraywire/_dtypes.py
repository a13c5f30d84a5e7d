"""The one dtype that NumPy has not got."""

import functools

import numpy as np


@functools.lru_cache(maxsize=None)
def bfloat16() -> np.dtype:  # type: ignore[type-arg]
    """ml_dtypes' bfloat16 where that package is there, else uint16: the same bits."""
    try:
        import ml_dtypes
    except ImportError:
        return np.dtype(np.uint16)
    return np.dtype(ml_dtypes.bfloat16)
