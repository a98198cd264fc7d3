"""Makes the data that models are trained on: bytes of a text, masked sentences of it, and scikit-learn's digits."""

import pathlib

import numpy as np

from philox import draw

HERE = pathlib.Path(__file__).resolve().parent
TEXT = HERE / "text" / "genesis.txt"
DIGITS = HERE / "digits.npy"

# The tokens of masked text beside the 256 bytes.
PAD, MASK, CLS, SEP = 256, 257, 258, 259
IGNORED = -100
# What the draws are for: the fourth word of their counters.
PLACE, LENGTH, CHOOSE, REPLACE = 0x706C6163, 0x6C656E67, 0x63686F6F, 0x7265706C


def text():
    return np.fromfile(TEXT, np.uint8)


def write_tokens(path):
    """The text's bytes as tokens: little-endian uint16, as nanoGPT writes them."""
    text().astype("<u2").tofile(path)


def masked_text(samples, sequence, seed):
    """Pieces of the text of different lengths, padded, with some of their bytes masked, and those bytes as labels.

    Of the bytes 15 % are to be predicted; of these 80 % are masked, 10 % are another byte, 10 % stay.
    """
    source = text().astype(np.int64)
    row = np.arange(samples)
    length = sequence // 2 + (draw(row, 0, LENGTH, seed) % np.uint64(sequence // 2 - 1)).astype(np.int64)
    start = (draw(row, 0, PLACE, seed) % np.uint64(len(source) - sequence)).astype(np.int64)
    place = np.arange(sequence)[None, :]
    inside = (place > 0) & (place <= length[:, None])
    window = np.clip(start[:, None] + place - 1, 0, len(source) - 1)
    ids = np.where(inside, source[window], PAD)
    ids[:, 0] = CLS
    ids[row, length + 1] = SEP
    cell = row[:, None] * sequence + place
    chosen = inside & (draw(cell, 0, CHOOSE, seed) % np.uint64(100) < 15)
    how = draw(cell, 0, REPLACE, seed)
    kind, other = how % np.uint64(10), (how >> np.uint64(32)) % np.uint64(256)
    replacement = np.where(kind < 8, MASK, np.where(kind == 8, other.astype(np.int64), ids))
    return {"input_ids": np.where(chosen, replacement, ids),
            "attention_mask": (place < length[:, None] + 2).astype(np.int64),
            "labels": np.where(chosen, ids, IGNORED)}


def digits():
    """Images of 8 by 8 pixels from 0 to 1, one channel, and the digits they show, also as one of ten."""
    table = np.load(DIGITS)
    labels = table[:, 64].astype(np.int64)
    return {"pixel_values": (table[:, :64].astype(np.float32) / 16).reshape(-1, 1, 8, 8), "labels": labels,
            "one_hot": np.eye(10, dtype=np.float32)[labels]}


def record_digits():
    """Writes digits.npy from scikit-learn: a row is 64 pixels from 0 to 16, then the label."""
    from sklearn.datasets import load_digits
    bunch = load_digits()
    np.save(DIGITS, np.concatenate([bunch.data, bunch.target[:, None]], axis=1).astype(np.uint8))
