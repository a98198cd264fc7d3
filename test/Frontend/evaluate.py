#!/usr/bin/env python3
"""Evaluates an imported module of graph ops with NumPy: the frontend's oracle, independent of the compiler's own interpreter.

Reads the generic form that `vescale-opt --mlir-print-op-generic` prints; parameters come from the model's directory.
"""

import math
import re
import sys

import ml_dtypes
import numpy as np

TYPES = {"bf16": ml_dtypes.bfloat16, "f32": np.float32, "f64": np.float64, "f16": np.float16, "i1": np.bool_, "i8": np.int8, "i16": np.int16,
         "i32": np.int32, "i64": np.int64}
OP = re.compile(r'^\s*(%\w+)(?::\d)? = "graph\.(\w+)"\(([^)]*)\)(?: <\{(.*)\}>)?(?: \{.*\})? : \(.*\) -> \(?(tensor<[^()]*>)\)?$')


def parse_type(text):
    *sizes, element = text.removeprefix("tensor<").removesuffix(">").split("x")
    return [int(size) for size in sizes], TYPES[element]


def parse_constant(text):
    match = re.fullmatch(r"dense<(.*)> : (tensor<[^>]*>)", text, re.S)
    shape, dtype = parse_type(match[2])
    body = match[1]
    if body.startswith('"0x'):
        raw = bytes.fromhex(body[3:-1])
        if dtype is np.bool_:
            flat = np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little")[:math.prod(shape)]
            return flat.astype(bool).reshape(shape)
        return np.frombuffer(raw, dtype).reshape(shape)
    words = re.findall(r"0x[0-9A-F]+|true|false|[-+0-9.eE]+", body)

    def number(word):
        if word.startswith("0x"):  # The bits of a float that has no decimal form.
            return np.frombuffer(int(word, 16).to_bytes(np.dtype(dtype).itemsize, "little"), dtype)[0]
        return {"true": True, "false": False}.get(word) if word in ("true", "false") else dtype(float(word) if np.dtype(dtype).kind in "fV" else int(word))
    values = np.array([number(word) for word in words], dtype)
    return np.broadcast_to(values[0], shape) if len(values) == 1 else values.reshape(shape)


def attributes(text):
    """The attributes as text; nested brackets and strings are skipped over."""
    text = (text or "") + ","
    result, depth, start, quoted = {}, 0, 0, False
    for at, char in enumerate(text):
        if char == '"':
            quoted = not quoted
        elif not quoted and char in "<[{(":
            depth += 1
        elif not quoted and char in ">]})":
            depth -= 1
        elif not quoted and char == "," and depth == 0:
            name, _, value = text[start:at].strip().partition(" = ")
            if name:
                result[name] = value
            start = at + 1
    return result


def ints(text):
    return [int(word) for word in re.findall(r"-?\d+", text.removeprefix("array<i64").removeprefix("array<i32"))]


erf = np.vectorize(math.erf, otypes=[np.float64])


def softmax(x, axis):
    x = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=-np.inf))
    return x / np.sum(x, axis=axis, keepdims=True)


def windows(x, attrs, fill):
    """x padded by `fill`, as a view N×C×result×window, for the attributes of conv and pool."""
    low, high = ints(attrs["pad_low"]), ints(attrs["pad_high"])
    x = np.pad(x, [(0, 0), (0, 0), *zip(low, high)], constant_values=fill)
    size = [(w - 1) * d + 1 for w, d in zip(attrs["sizes"], ints(attrs["dilations"]))]
    view = np.lib.stride_tricks.sliding_window_view(x, size, axis=tuple(range(2, x.ndim)))
    spatial = len(size)
    return view[(slice(None), slice(None), *(slice(None, None, s) for s in ints(attrs["strides"])),
                 *(slice(None, None, d) for d in ints(attrs["dilations"])))], spatial


def pool_place(x, attrs, kind):
    """The number in its window of each first extreme, or NaN; -1 where there is padding alone."""
    attrs["sizes"] = ints(attrs["window"])
    view, spatial = windows(x, attrs, -np.inf if kind == "max" else np.inf)
    inside, _ = windows(np.ones_like(x), attrs, 0)
    view, inside = (part.reshape(*part.shape[:2 + spatial], math.prod(attrs["sizes"])) for part in (view, inside))
    extreme = REDUCE[kind](view, axis=-1, keepdims=True)
    holds = (inside == 1) & ((view == extreme) | np.isnan(view))
    return np.where(holds.any(-1), np.argmax(holds, -1), -1)


def unpool(x, places, attrs, shape):
    low, high, strides, dilations = (ints(attrs[k]) for k in ("pad_low", "pad_high", "strides", "dilations"))
    padded = np.zeros([*shape[:2], *(l + size + h for l, size, h in zip(low, shape[2:], high))])
    for number, taps in enumerate(np.ndindex(*ints(attrs["window"]))):
        at = tuple(slice(t * d, t * d + n * s, s) for t, d, n, s in zip(taps, dilations, x.shape[2:], strides))
        padded[(..., *at)] += np.where(places == number, x, 0)
    return padded[(..., *(slice(l, l + size) for l, size in zip(low, shape[2:])))]


def conv(x, weight, attrs):
    attrs["sizes"] = weight.shape[2:]
    view, spatial = windows(x, attrs, 0)
    groups = ints(attrs["groups"].split(":")[0])[0]
    parts = []
    for inputs, weights in zip(np.split(view, groups, 1), np.split(weight, groups, 0)):
        dims = list(range(2 + spatial, 2 + 2 * spatial))
        part = np.tensordot(inputs, weights, ([1, *dims], [1, *range(2, 2 + spatial)]))
        parts.append(np.moveaxis(part, -1, 1))
    return np.concatenate(parts, 1)


def dot(a, b, attrs):
    lb, rb, lc, rc = (ints(attrs[k]) for k in ("lhs_batch", "rhs_batch", "lhs_contract", "rhs_contract"))
    left, right, fresh = list(range(a.ndim)), [0] * b.ndim, a.ndim
    for l, r in zip(lb + lc, rb + rc):
        right[r] = l + 1
    for r in range(b.ndim):
        if not right[r]:
            fresh += 1
            right[r] = fresh
    right = [r - 1 for r in right]
    out = ([left[l] for l in lb] + [l for i, l in enumerate(left) if i not in lb + lc] +
           [r for i, r in enumerate(right) if i not in rb + rc])
    return np.einsum(a, left, b, right, out, optimize=True)


def attention_scores(q, k, masks, attrs):
    """Scores with softcap and mask, and tanh of what softcap bent."""
    scores = np.einsum("bhsd,bhtd->bhst", q, k) * float(attrs["scale"].split()[0])
    cap, bent = float(attrs.get("softcap", "0").split()[0]), 0
    if cap:
        bent = np.tanh(scores / cap)
        scores = cap * bent
    s, t = scores.shape[2:]
    i, j = np.ogrid[:s, :t]
    seen = np.ones((s, t), bool)
    if "causal" in attrs:
        seen &= j <= i + t - s
    if window := ints(attrs.get("window", "0").split()[0])[0]:
        seen &= j > i + t - s - window
    for mask in masks:
        scores = np.where(mask, scores, -np.inf) if mask.dtype == bool else scores + mask
    return np.where(seen, scores, -np.inf), bent


def attention(q, k, v, *rest, attrs):
    k, v = (np.repeat(x, q.shape[1] // k.shape[1], 1) for x in (k, v))
    scores, _ = attention_scores(q, k, rest, attrs)
    top = np.max(scores, -1, keepdims=True)
    top = np.where(np.isinf(top), 0, top)
    weights = np.exp(scores - top)
    total = weights.sum(-1, keepdims=True)
    result = np.einsum("bhst,bhte->bhse", weights / np.where(total == 0, 1, total), v)
    return result, (np.log(total) + top)[..., 0]


def attention_grad(*operands, attrs):
    q, k, v, *masks, grad, lse, delta = (x if x.dtype == bool else x.astype(np.float64) for x in operands)
    groups = q.shape[1] // k.shape[1]

    def shared(x):
        """The sum over the heads of each group."""
        return x.reshape(x.shape[0], -1, groups, *x.shape[2:]).sum(2)
    k, v = np.repeat(k, groups, 1), np.repeat(v, groups, 1)
    scores, bent = attention_scores(q, k, masks, attrs)
    hidden = scores == -np.inf
    weights = np.where(hidden, 0, np.exp(scores - lse[..., None]))
    score_grad = weights * (np.einsum("bhse,bhte->bhst", grad, v) - delta[..., None]) * (1 - bent * bent)
    score_grad = np.where(hidden, 0, score_grad) * float(attrs["scale"].split()[0])
    return (np.einsum("bhst,bhtd->bhsd", score_grad, k), shared(np.einsum("bhst,bhsd->bhtd", score_grad, q)),
            shared(np.einsum("bhst,bhse->bhte", weights, grad)))


def scatter_add(indices, updates, dim, shape):
    result = np.zeros((shape[dim], *shape[:dim], *shape[dim + 1:]), updates.dtype)
    places = tuple(range(dim, dim + indices.ndim))
    terms = np.moveaxis(updates, places, range(indices.ndim))
    np.add.at(result, indices.reshape(-1), terms.reshape(indices.size, *result.shape[1:]))
    return np.moveaxis(result, 0, dim)


def rotary(x, cos, sin, attrs):
    half = cos.shape[-1]
    y = x.copy()
    if "interleaved" in attrs:
        a, b = x[..., 0:2 * half:2], x[..., 1:2 * half:2]
        y[..., 0:2 * half:2], y[..., 1:2 * half:2] = a * cos - b * sin, b * cos + a * sin
    else:
        a, b = x[..., :half], x[..., half:2 * half]
        y[..., :half], y[..., half:2 * half] = a * cos - b * sin, b * cos + a * sin
    return y


def norm(x, *rest, attrs, centre):
    axes = tuple(range(ints(attrs["axis"].split(":")[0])[0], x.ndim))
    present = ints(attrs["operandSegmentSizes"])[1:] if "operandSegmentSizes" in attrs else [len(rest)]
    rest = list(rest)
    y = x - x.mean(axes, keepdims=True) if centre else x
    y = y / np.sqrt((y * y).mean(axes, keepdims=True) + float(attrs["epsilon"].split()[0]))
    if present[0]:
        y = y * rest.pop(0)
    return y + rest.pop(0) if rest else y


def reverse_cumsum(x, attrs):
    dim = ints(attrs["dim"].split(":")[0])[0]
    x = np.flip(x, dim) if "reverse" in attrs else x
    y = np.cumsum(x, dim, dtype=x.dtype)
    y = y - x if "exclusive" in attrs else y
    return np.flip(y, dim) if "reverse" in attrs else y


REDUCE = {"sum": np.sum, "max": np.max, "min": np.min, "prod": np.prod}
UNARY = {"neg": np.negative, "abs": np.abs, "sign": np.sign, "exp": np.exp, "log": np.log, "sqrt": np.sqrt,
         "rsqrt": lambda x: 1 / np.sqrt(x), "reciprocal": lambda x: 1 / x, "tanh": np.tanh, "erf": erf, "sin": np.sin,
         "cos": np.cos, "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "floor": np.floor, "ceil": np.ceil, "round": np.rint,
         "relu": lambda x: np.maximum(x, 0), "silu": lambda x: x / (1 + np.exp(-x)), "not": np.invert, "is_nan": np.isnan}
BINARY = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "pow": np.power, "max": np.maximum, "min": np.minimum,
          "rem": np.fmod, "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor}
COMPARE = {"eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater,
           "ge": np.greater_equal}


def divide(a, b):
    return a / b if a.dtype.kind in "fV" else np.trunc(a / b).astype(a.dtype)


def evaluate_op(op, x, attrs, shape, dtype):
    first = x[0] if x else None
    dim = ints(attrs["dim"].split(":")[0])[0] if "dim" in attrs else None
    kind = re.findall(r"(\w+)>?(?: : i32)?$", attrs.get("kind", attrs.get("comparison", attrs.get("approximation", "none"))))
    kind = kind[0] if kind else None
    if op in UNARY:
        return UNARY[op](first)
    if op in BINARY:
        return BINARY[op](*x)
    if op == "div":
        return divide(*x)
    if op == "compare":
        return COMPARE[kind](*x)
    if op == "select":
        return np.where(*x)
    if op == "cast":
        return first != 0 if dtype is np.bool_ else first
    if op == "gelu":
        inner = (np.tanh(math.sqrt(2 / math.pi) * (first + 0.044715 * first**3)) if kind == "tanh"
                 else erf(first / math.sqrt(2)))
        return first / 2 * (1 + inner)
    if op == "iota":
        view = [1] * len(shape)
        view[dim] = shape[dim]
        return np.broadcast_to(np.arange(shape[dim]).reshape(view), shape)
    if op == "reshape":
        return first.reshape(shape)
    if op == "transpose":
        return first.transpose(ints(attrs["permutation"]))
    if op == "broadcast":
        view = [1] * len(shape)
        for source, target in enumerate(ints(attrs["dims"])):
            view[target] = first.shape[source]
        return np.broadcast_to(first.reshape(view), shape)
    if op == "slice":
        return first[tuple(slice(*s) for s in zip(ints(attrs["starts"]), ints(attrs["limits"]), ints(attrs["strides"])))]
    if op == "reverse":
        return np.flip(first, dim)
    if op == "concat":
        return np.concatenate(x, dim)
    if op == "pad":
        widths = list(zip(ints(attrs["low"]), ints(attrs["high"])))
        return np.pad(first, widths, constant_values=x[1]) if widths else first
    if op == "reduce":
        lowest, highest = ((-np.inf, np.inf) if first.dtype.kind == "f" else
                           (np.iinfo(dtype).min, np.iinfo(dtype).max))
        empty = {"max": {"initial": lowest}, "min": {"initial": highest}}.get(kind, {})
        return REDUCE[kind](first, axis=tuple(ints(attrs["dims"])), **empty)
    if op == "cumsum":
        return reverse_cumsum(first, attrs)
    if op == "argmax":
        return np.argmax(first, dim)
    axis = ints(attrs["axis"].split(":")[0])[0] if "axis" in attrs else None
    if op == "take":
        return np.take(first, x[1], axis)
    if op == "take_along":
        return np.take_along_axis(first, x[1], axis)
    if op == "dot":
        return dot(*x, attrs)
    if op == "conv":
        return conv(*x, attrs)
    if op == "pool":
        attrs["sizes"] = ints(attrs["window"])
        whole = np.dtype(dtype).kind == "i"
        lowest, highest = (np.iinfo(dtype).min, np.iinfo(dtype).max) if whole else (-np.inf, np.inf)
        neutral = {"sum": 0, "max": lowest, "min": highest, "prod": 1}[kind]
        view, spatial = windows(first, attrs, neutral)
        return REDUCE[kind](view, axis=tuple(range(2 + spatial, 2 + 2 * spatial)))
    if op == "pool_place":
        return pool_place(first, attrs, kind)
    if op == "unpool":
        return unpool(*x, attrs, shape)
    if op == "softmax":
        return softmax(first, dim)
    if op == "log_softmax":
        return np.log(softmax(first, dim))
    if op in ("layer_norm", "rms_norm"):
        return norm(*x, attrs=attrs, centre=op == "layer_norm")
    if op == "batch_statistics":
        dims = tuple(dim for dim in range(first.ndim) if dim != 1)
        return (first.mean(dims), first.var(dims)) if "of_batch" in attrs else (x[1], x[2])
    if op == "attention":
        return attention(*x, attrs=attrs)
    if op == "attention_grad":
        return attention_grad(*x, attrs=attrs)
    if op == "scatter_add":
        return scatter_add(*x, ints(attrs["dim"].split(":")[0])[0], shape)
    if op == "rotary":
        return rotary(*x, attrs)
    raise SystemExit(f"evaluate.py knows no graph.{op}")


def load_parameter(attrs, directory):
    file, offset, size, element = re.fullmatch(r'#graph\.source<"(.*)", (\d+), (\d+), (tensor<.*>)>', attrs["source"]).groups()
    shape, dtype = parse_type(element)
    with open(f"{directory}/{file}", "rb") as data:
        data.seek(int(offset))
        return np.frombuffer(data.read(int(size)), dtype).reshape(shape)


def evaluate(text, inputs, directory):
    """The outputs by name of the module `text`; `inputs` by name."""
    def names(kind):
        found = re.search(kind + r"_attrs = \[(.*?)\](?:,|\})", text)
        return re.findall(r'graph\.name = "([^"]*)"', found[1]) if found else []
    values = {f"%arg{i}": inputs[name] for i, name in enumerate(names("arg"))}
    for line in text.splitlines():
        if returned := re.match(r'\s*"func.return"\((.*)\) :', line):
            return {name: values[v] for name, v in zip(names("res"), returned[1].split(", "))}
        match = OP.match(line)
        if not match:
            if '"graph.' in line:
                raise SystemExit(f"evaluate.py can't read: {line[:200]}")
            continue
        result, op, operands, attrs, types = match.groups()
        attrs = attributes(attrs)
        types = [parse_type(type_) for type_ in re.findall("tensor<[^>]*>", types)]
        shape, dtype = types[0]
        if op == "parameter":
            values[result] = load_parameter(attrs, directory)
            continue
        if op == "constant":
            values[result] = parse_constant(attrs["value"])
            continue
        x = [values[v] for v in operands.split(", ")] if operands else []
        x = [v.astype(np.float32) if v.dtype == TYPES["bf16"] else v for v in x]  # NumPy knows no products of bf16.
        with np.errstate(all="ignore"):
            found = evaluate_op(op, x, attrs, shape, dtype)
        for index, (value, (shape, dtype)) in enumerate(zip(found if isinstance(found, tuple) else (found,), types)):
            name, value = result if len(types) == 1 else f"{result}#{index}", np.asarray(value)
            if list(value.shape) != shape:
                raise SystemExit(f"{name} = graph.{op} has shape {list(value.shape)}, its type says {shape}")
            values[name] = value.astype(dtype)
    raise SystemExit("the module has no return")


if __name__ == "__main__":
    module, in_file, out_file, model_directory = sys.argv[1:]
    with open(module) as stream, np.load(in_file) as arrays:
        np.savez(out_file, **evaluate(stream.read(), dict(arrays), model_directory))
