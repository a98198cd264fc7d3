"""Dropout by vescale's masks instead of PyTorch's generator, so that a run of one can be held against the other's."""

import contextlib

import numpy as np
import torch

import philox


def kept(shape, rows, rate, step, site, seed):
    """Which elements of a tensor are kept whose first dimension are these rows of the step's batch."""
    length = -(-shape[-1] // 64) * 64
    number = np.asarray(rows, np.uint64).reshape(-1, *[1] * (len(shape) - 1))
    for dim, size in list(enumerate(shape))[1:-1]:
        number = number * np.uint64(size) + np.arange(size, dtype=np.uint64).reshape(-1, *[1] * (len(shape) - 1 - dim))
    counter = number * np.uint64(length) + np.arange(shape[-1], dtype=np.uint64)
    return philox.words_of(counter, step, site, seed) >= round(rate * 2**32)


class Masks:
    """Numbers the dropouts of a forward pass in the order in which they run."""

    def __init__(self, seed):
        self.seed, self.step, self.rows, self.site = seed, 0, None, 0

    def begin(self, step, rows):
        """Before each forward pass: the step and which rows of its batch the model is given."""
        self.step, self.rows, self.site = step, rows, 0

    def dropout(self, value, p=0.5, training=True, inplace=False):
        if not training or p == 0:
            return value
        mask = kept(value.shape, self.rows, p, self.step, self.site, self.seed)
        self.site += 1
        return torch.where(torch.from_numpy(mask), value * (1 / (1 - p)), torch.zeros((), dtype=value.dtype))


@contextlib.contextmanager
def drawn(masks):
    """Inside, PyTorch's modules drop by these masks."""
    usual = torch.nn.functional.dropout
    torch.nn.functional.dropout = masks.dropout
    try:
        yield
    finally:
        torch.nn.functional.dropout = usual
