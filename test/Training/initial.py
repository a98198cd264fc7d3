"""Makes the weights that training starts from: NumPy only, the same bits on every machine, seeded by number and name."""

import fnmatch
import pathlib
import sys

import numpy as np

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "Models"))

import weights  # noqa: E402


def recipe(name, shape, special):
    """What a parameter starts as: the usual initialisation, unless a pattern of `special` gives its deviation.

    Scales of norms and running variances are 1, biases and running means 0, everything else lies around 0 with a deviation of 0.02.
    """
    for pattern, deviation in special.items():
        if fnmatch.fnmatchcase(name, pattern):
            return {"shape": list(shape), "mean": 0.0, "deviation": deviation}
    if name.endswith(("bias", "running_mean")):
        return {"shape": list(shape), "mean": 0.0, "deviation": 0.0}
    if len(shape) == 1:
        return {"shape": list(shape), "mean": 1.0, "deviation": 0.0}
    return {"shape": list(shape), "mean": 0.0, "deviation": 0.02}


def make(name, recipe, seed):
    """Near-normal (a sum of four uniform parts) where the recipe has a deviation, else constant."""
    values = np.full(recipe["shape"], recipe["mean"], np.float32)
    if recipe["deviation"]:
        noise = weights.noise(f"{seed}/{name}", values.size).reshape(values.shape)
        values += noise * np.float32(recipe["deviation"])
    return values
