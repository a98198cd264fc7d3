"""Makes the parameters of the models under test: NumPy only, the same bits on every machine, seeded by the parameter's name."""

import hashlib
import re

import numpy as np

CHUNK = 1 << 22
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def noise(name, count):
    """`count` float32 values of mean 0 and variance 1, near normal: sums of the four 16-bit parts of a hash of the index."""
    seed = np.uint64(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little"))
    out = np.empty(count, np.float32)
    with np.errstate(over="ignore"):
        for start in range(0, count, CHUNK):
            stop = min(start + CHUNK, count)
            bits = np.arange(start, stop, dtype=np.uint64) * GOLDEN + seed
            bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            bits ^= bits >> np.uint64(31)
            parts = bits.view(np.uint16).reshape(-1, 4).sum(axis=1, dtype=np.int32)
            # Four uniform parts of 0..65535: mean 131070, variance 4 * (2**32 - 1) / 12.
            out[start:stop] = (parts - 131070) * np.float32(1 / np.sqrt((2.0**32 - 1) / 3))
    return out


def _scale(name, shape):
    """The standard deviation that keeps activations and logits of order one."""
    if len(shape) < 2:
        return 0.1
    if re.search(r"embed|wte|wpe|lm_head|token", name):
        return 1 / np.sqrt(shape[-1])
    if len(shape) == 2:
        return np.sqrt(2 / (shape[0] + shape[1]))
    return 1 / np.sqrt(np.prod(shape[1:]))


def make(name, shape, norm_offset=1.0):
    """The parameter `name`; `norm_offset` is what a 1-D scale lies around (0 where the model itself adds 1)."""
    shape = tuple(shape)
    values = noise(name, int(np.prod(shape))) * np.float32(_scale(name, shape))
    if len(shape) == 1 and name.endswith("weight"):
        values += np.float32(norm_offset)
    return values.reshape(shape)
