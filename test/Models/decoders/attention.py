"""Positions, the causal mask and scaled dot product attention, as the exporter writes what `transformers` computes."""

import numpy as np
from onnx import TensorProto


def positions(g):
    """The positions 0, 1, …: [1, sequence]."""
    return g.unsqueeze(g.node("Add", g.arange(g.sequence), g.number(0)), 0)


def starts(g, expanded):
    """The number of the packed sequence that each position is in: it grows where positions don't follow each other."""
    first = g.slice(g.slice(expanded, 0), 1, 0, 1)
    steps = g.node("Concat", g.node("Sub", first, g.number(1)), expanded, axis=-1)
    end = g.node("Add", g.number(1), g.sequence)
    difference = differences(g, steps, end)
    jumps = g.node("Not", g.node("Equal", difference, g.number(1)))
    return g.node("CumSum", g.node("Cast", jumps, to=TensorProto.INT64), g.number(-1), exclusive=0, reverse=0)


def differences(g, steps, end):
    before = g.slice(steps, -1, 0, g.sequence)
    return g.node("Sub", g.slice(steps, -1, 1, end), before)


def gather(g, table, rows, columns):
    """table[rows, columns], all indices broadcast."""
    table = g.node("Transpose", table, perm=[0, 1])
    shape = g.node("Shape", g.node("Max", rows, columns), start=0)
    indices = [g.node("Unsqueeze", g.node("Expand", each, shape), g.number([-1])) for each in (rows, columns)]
    found = g.node("GatherND", table, g.node("Concat", *indices, axis=-1), batch_dims=0)
    return g.node("Transpose", found, perm=[0, 1, 2, 3])


def causal_mask(g, positions):
    """What may be seen: [batch, 1, sequence, sequence]."""
    repeated = [g.node("Expand", positions, g.shape(g.batch, 1))]
    packed = starts(g, repeated[0])
    repeated.append(g.node("Expand", positions, g.shape(g.batch, 1)))
    batches = g.arange(g.batch)
    queries, keys = (g.node("Add", g.arange(g.sequence), g.number(0)) for _ in range(2))
    batches = g.slice(batches, 0)
    for axis in (1, 2, 3):
        batches = g.unsqueeze(batches, axis)
    queries = g.slice(g.unsqueeze(g.unsqueeze(queries, 0), 1), 2)
    queries = g.unsqueeze(queries, 3)
    for axis in (0, 1, 2):
        keys = g.unsqueeze(keys, axis)
    keys = g.slice(keys, 3)
    ones = g.node("Expand", g.node("Constant", value_float=1.0), g.fresh([], np.int64))
    ones = g.node("Cast", ones, to=TensorProto.BOOL)
    same = g.node("Equal", *(gather(g, packed, batches, each) for each in (queries, keys)))
    same = g.node("And", ones, same)
    query, key = (gather(g, repeated[1], batches, each) for each in (queries, keys))
    mask = g.node("And", same, g.node("LessOrEqual", key, query))
    return g.node("Expand", mask, g.shape(g.batch, 1, g.sequence, g.sequence))


def attention(g, q, k, v, mask, heads, width):
    """Heads side by side again: [batch, sequence, heads · width]."""
    scale = g.node("CastLike", g.number(width**-0.5, np.float32), q)
    shape = g.node("Shape", k, start=0)
    last = g.node("Slice", shape, g.number([-1]), g.ints(np.iinfo(np.int64).max))
    rows = g.node("Slice", shape, g.number([-2]), g.number([-1]))
    outer = g.node("Slice", shape, g.ints(np.iinfo(np.int64).min), g.number([-2]))
    k = g.node("Reshape", k, g.node("Concat", g.ints(-1), rows, last, axis=0), allowzero=0)
    k = g.node("Transpose", k, perm=[0, 2, 1])
    k = g.node("Reshape", k, g.node("Concat", outer, last, rows, axis=0), allowzero=0)
    q = g.node("Mul", q, g.node("Sqrt", scale))
    k = g.node("Mul", k, g.node("Sqrt", scale))
    zero, lowest = g.fresh(0.0), g.fresh(np.finfo(np.float32).min)
    bias = g.node("Where", mask, zero, lowest)
    weights = g.node("Softmax", g.node("Add", g.node("MatMul", q, k), bias), axis=-1)
    weights = g.node("Where", g.node("IsNaN", weights), zero, weights)
    mixed = g.view(g.node("MatMul", weights, v), g.batch, heads, g.sequence, width)
    return g.view(g.node("Transpose", mixed, perm=[0, 2, 1, 3]), g.batch, g.sequence, -1)
