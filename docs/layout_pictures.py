#!/usr/bin/env python3
"""Draws docs/Layouts/pictures: what each of four ranks has of a batch, of a layer's weights and of its state."""

import pathlib

PICTURES = pathlib.Path(__file__).resolve().parent / "Layouts" / "pictures"
COLOURS = ["#4477aa", "#ee6677", "#228833", "#ccbb44"]
WHOLE = "#bbbbbb"
RANKS, SIDE, GAP = 4, 64, 26
# Of each tensor the dimension that ranks cut: 0 rows, 1 columns, none: all have all of it.
TENSORS = ("batch × positions", "inside a layer", "weights", "state")
LAYOUTS = {"data-parallel": (0, 0, None, None), "zero": (0, 0, 0, 0), "tensor-parallel": (None, 1, 1, 1),
           "megatron": (1, 1, 1, 1), "ulysses": (1, 0, None, None)}


def tensor(left, top, cut):
    """A square, cut into the ranks' parts."""
    if cut is None:
        return [f'<rect x="{left}" y="{top}" width="{SIDE}" height="{SIDE}" fill="{WHOLE}" stroke="#333"/>']
    part = SIDE // RANKS
    return [f'<rect x="{left + part * rank * cut}" y="{top + part * rank * (1 - cut)}" width="{part if cut else SIDE}" '
            f'height="{SIDE if cut else part}" fill="{COLOURS[rank]}" stroke="#333"/>' for rank in range(RANKS)]


def picture(cuts):
    width, height = GAP + len(TENSORS) * (SIDE + 2 * GAP), SIDE + 70
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
             'font-family="sans-serif" font-size="11" text-anchor="middle">',
             f'<rect width="{width}" height="{height}" fill="white"/>']
    for index, (name, cut) in enumerate(zip(TENSORS, cuts)):
        left = 2 * GAP + index * (SIDE + 2 * GAP) - GAP // 2
        lines.append(f'<text x="{left + SIDE // 2}" y="16">{name}</text>')
        lines += tensor(left, 24, cut)
    for rank, colour in enumerate(COLOURS):
        left = 2 * GAP + rank * 70
        lines.append(f'<rect x="{left}" y="{height - 26}" width="12" height="12" fill="{colour}"/>')
        lines.append(f'<text x="{left + 18}" y="{height - 16}" text-anchor="start">rank {rank}</text>')
    left = 2 * GAP + RANKS * 70
    lines.append(f'<rect x="{left}" y="{height - 26}" width="12" height="12" fill="{WHOLE}"/>')
    lines.append(f'<text x="{left + 18}" y="{height - 16}" text-anchor="start">all have it</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    for name, cuts in LAYOUTS.items():
        (PICTURES / f"{name}.svg").write_text(picture(cuts))
