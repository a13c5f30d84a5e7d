"""Writes every frame into one .npy file, and says if any is missing.  recorder.py [NPY]"""

import sys

import arraywire
import numpy as np

frames = []
with arraywire.Subscriber("denoised") as denoised:
    for sample in denoised:
        with sample:
            frames.append(sample.array.copy())  # the memory itself goes back
    missed = denoised.statistics().missed

np.save(sys.argv[1] if len(sys.argv) > 1 else "record.npy", frames)
print(f"{len(frames)} frames, {missed} missed")
sys.exit(missed > 0)
