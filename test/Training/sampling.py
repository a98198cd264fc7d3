"""Which samples a training run sees: by global index, so that it depends on no layout, no batch split and no restart.

Row r of step t of a run with batches of B is sample i = t * B + r. Draws are Philox's, keyed by the run's seed.
 - Token files: the sample starts at draw(i) mod (tokens - sequence); labels are the window one further on.
 - Arrays of n samples: i mod n is a position in epoch i / n. "sequential" takes samples by position; "shuffled" takes the
   epoch's permutation, which sorts the positions by their draws (equal draws by position). Batches run across epochs.
"""

import numpy as np

from philox import draw

TOKENS = 0x64617461  # "data"
SHUFFLE = 0x73687566  # "shuf"


def token_offsets(samples, tokens, sequence, seed):
    """Where the samples' windows start in a file of so many tokens."""
    if tokens <= sequence:
        raise ValueError(f"{tokens} tokens hold no window of {sequence} and its labels")
    return (draw(samples, 0, TOKENS, seed) % np.uint64(tokens - sequence)).astype(np.int64)


def permutation(count, epoch, seed):
    return np.argsort(draw(np.arange(count), epoch & 0xFFFFFFFF, SHUFFLE, seed), kind="stable")


def array_indices(samples, count, seed, order):
    """Which of `count` stored samples the run's samples are."""
    samples = np.asarray(samples, np.int64)
    position = samples % count
    if order == "sequential":
        return position
    if order != "shuffled":
        raise ValueError(f"order '{order}' is neither shuffled nor sequential")
    epochs = samples // count
    result = np.empty_like(samples)
    for epoch in np.unique(epochs):
        chosen = epochs == epoch
        result[chosen] = permutation(count, int(epoch), seed)[position[chosen]]
    return result
