"""Philox4x32-10, the counter-based generator of Salmon et al. (SC 2011), on NumPy arrays."""

import numpy as np

LOW = np.uint64(0xFFFFFFFF)
MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
WEYL = 0x9E3779B9, 0xBB67AE85


def philox(counter, key):
    """The four 32-bit words (as uint64 arrays) at a counter of four words and a key of two; words broadcast."""
    c0, c1, c2, c3 = np.broadcast_arrays(*(np.asarray(word, np.uint64) for word in counter))
    k0, k1 = key
    for _ in range(10):
        left, right = MULTIPLIERS[0] * c0, MULTIPLIERS[1] * c2
        high = np.uint64(32)
        c0, c1, c2, c3 = ((right >> high) ^ c1 ^ np.uint64(k0), right & LOW, (left >> high) ^ c3 ^ np.uint64(k1), left & LOW)
        k0, k1 = (k0 + WEYL[0]) & 0xFFFFFFFF, (k1 + WEYL[1]) & 0xFFFFFFFF
    return c0, c1, c2, c3


def words_of(counter, step, site, seed):
    """The word that decides about each element of a dropout, by the elements' numbers (#graph.drop)."""
    counter = np.asarray(counter, np.uint64)
    block = counter // np.uint64(64) * np.uint64(16) + counter % np.uint64(16)
    words = philox((block & LOW, block >> np.uint64(32), step, site), (seed & 0xFFFFFFFF, seed >> 32))
    return np.choose((counter // np.uint64(16) % np.uint64(4)).astype(np.intp), words)


def draw(index, third, fourth, seed):
    """The first 64 bits (word 0 low) at counter (index low, index high, third, fourth) under the key (seed low, seed high)."""
    index = np.asarray(index, np.uint64)
    low, high, _, _ = philox((index & LOW, index >> np.uint64(32), third, fourth), (seed & 0xFFFFFFFF, seed >> 32))
    return low | high << np.uint64(32)
