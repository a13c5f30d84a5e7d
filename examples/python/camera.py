"""A camera: 16-bit grey frames of a moving gradient, with dead and hot pixels.  camera.py [FRAMES]"""

import sys

import arraywire
import numpy as np

frames = int(sys.argv[1]) if len(sys.argv) > 1 else 300
height, width, faults = 480, 640, 2000
random = np.random.default_rng(1)
gradient = (8000 + 20 * np.add.outer(np.arange(height), np.arange(width))).astype(np.uint16)

with arraywire.Publisher("camera", block_limit=None, linger=None) as camera:
    camera.wait_for_subscribers(1)
    for frame in range(frames):
        with camera.loan((height, width), np.uint16) as loan:  # sent at the end of the block
            np.add(gradient, np.uint16(50 * (frame % 100)), out=loan.array)
            loan.array.put(random.integers(height * width, size=faults), [0, 65535])
            loan.metadata["frame_id"] = frame
