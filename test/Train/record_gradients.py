#!/usr/bin/env python3
"""Records what PyTorch has for the gradients of every op, so that the tests need no PyTorch.

usage: record_gradients.py        writes gradients.json beside this file

A case is one op of the graph dialect and a function of PyTorch's that means the same. Inputs are few and short numbers,
drawn once; the loss is the sum of the result's elements, each times a weight. Where an op has kinks or ties there is a
case that sits on them.
"""

import json
import math
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Training"))
import philox  # noqa: E402

PLACE = pathlib.Path(__file__).parent / "gradients.json"
rng = np.random.default_rng(5)
CASES = []


def numbers(*shape, low=-2.0, high=2.0):
    """Short numbers, none near zero."""
    values = rng.uniform(low, high, shape)
    return np.round(np.where(np.abs(values) < 0.1, values + 0.3, values), 2)


def type_of(array):
    element = {"f": "f64", "i": "i64", "b": "i1"}[array.dtype.kind]
    return "tensor<" + "".join(f"{size}x" for size in array.shape) + element + ">"


def case(name, op, function, **inputs):
    """`op` is the op's text, behind other ops' lines if there are any; {x} stands for the type of the input x, {} for that
    of the result."""
    inputs = {key: np.asarray(value) for key, value in inputs.items()}
    tensors = {key: torch.tensor(value, requires_grad=value.dtype.kind == "f") for key, value in inputs.items()}
    result = function(*tensors.values())
    weights = numbers(*result.shape)
    (result * torch.tensor(weights)).sum().backward()
    types = {key: type_of(value) for key, value in inputs.items()}
    arguments = [f"%{key}: {type_} {{graph.name = \"{key}\"" + (", graph.trained" if type_.endswith("f64>") else "") + "}"
                 for key, type_ in types.items()]
    shaped = type_of(weights)
    *before, last = op.format(shaped, **types).splitlines()
    lines = [*before, "%result = " + last,
             f"%weighted = graph.mul %result, %weights : ({shaped}, {shaped}) -> {shaped}"]
    if weights.ndim:
        dims = list(range(weights.ndim))
        lines.append(f"%loss = graph.reduce sum %weighted dims {dims} : {shaped} -> tensor<f64>")
    else:
        lines.append("%loss = graph.reshape %weighted : tensor<f64> -> tensor<f64>")
    gradients = {key: tensor.grad.numpy() for key, tensor in tensors.items() if tensor.grad is not None}
    CASES.append({
        "name": name,
        "program": [f"func.func @main({', '.join(arguments)}, %weights: {shaped} {{graph.name = \"weights\"}}) -> (tensor<f64> {{graph.name = \"loss\"}}) {{",
                    *("  " + line for line in lines), "  return %loss : tensor<f64>", "}"],
        "inputs": {key: value.tolist() for key, value in (inputs | {"weights": weights}).items()},
        "gradients": {key: np.vectorize(lambda number: float(f"{number:.13g}"), otypes=[float])(value).tolist()
                      for key, value in gradients.items()},
    })


def elementwise():
    def unary(name, function, x=None, op=None):
        case(name, f"graph.{op or name} %x : {{x}} -> {{}}", function, x=numbers(3, 4) if x is None else x)
    with_zero = np.array([-1.5, 0.0, 2.5, 0.0])
    positive = numbers(6, low=0.2, high=3.0)
    unary("neg", lambda x: -x)
    unary("abs", torch.abs, with_zero)
    unary("exp", torch.exp)
    unary("log", torch.log, positive)
    unary("sqrt", torch.sqrt, positive)
    unary("rsqrt", torch.rsqrt, positive)
    unary("reciprocal", torch.reciprocal)
    unary("tanh", torch.tanh)
    unary("erf", torch.erf)
    unary("sin", torch.sin)
    unary("cos", torch.cos)
    unary("sigmoid", torch.sigmoid)
    unary("relu", torch.relu, with_zero)
    unary("silu", F.silu)
    unary("gelu", F.gelu, op="gelu none")
    unary("gelu tanh", lambda x: F.gelu(x, approximate="tanh"))
    for name in ("sign", "floor", "ceil", "round"):
        unary(name, getattr(torch, name))

    def binary(name, function, x, y, label=None):
        case(label or name, f"graph.{name} %x, %y : ({{x}}, {{y}}) -> {{}}", function, x=x, y=y)
    binary("add", torch.add, numbers(5), numbers(5))
    binary("sub", torch.sub, numbers(5), numbers(5))
    binary("mul", torch.mul, numbers(5), numbers(5))
    binary("div", torch.div, numbers(5), numbers(5))
    binary("rem", torch.fmod, np.array([5.3, -5.3, 7.1, -0.4]), np.array([2.0, 1.5, -3.0, 1.0]))
    binary("pow", torch.pow, numbers(6, low=0.2), numbers(6))
    binary("pow", torch.pow, np.array([0.0, 0.0, 1.5, 2.0]), np.array([2.0, 1.0, 0.0, 3.0]), "pow of zero")
    ties = np.array([1.0, 2.0, -1.0, 0.5]), np.array([1.0, 1.5, -0.5, 0.5])
    binary("max", torch.maximum, *ties)
    binary("min", torch.minimum, *ties)
    case("select", "graph.select %c, %x, %y : ({c}, {x}, {y}) -> {}", torch.where,
         c=np.array([True, False, True, False]), x=numbers(4), y=numbers(4))


def shapes():
    def unary(name, text, function, *shape):
        case(name, f"graph.{text} : {{x}} -> {{}}", function, x=numbers(*shape))
    unary("broadcast", "broadcast %x dims [0, 2]", lambda x: x[:, None, :, None].expand(2, 3, 4, 2), 2, 4)
    unary("reshape", "reshape %x", lambda x: x.reshape(6, 4), 2, 3, 4)
    unary("transpose", "transpose %x perm [2, 0, 1]", lambda x: x.permute(2, 0, 1), 2, 3, 4)
    unary("slice", "slice %x [1, 0, 2] to [3, 3, 6] step [1, 2, 3]", lambda x: x[1:3, 0:3:2, 2:6:3], 4, 3, 7)
    unary("reverse", "reverse %x dim 1", lambda x: x.flip(1), 2, 3)
    case("concat", "graph.concat %x, %y, %x dim 1 : ({x}, {y}, {x}) -> {}",
         lambda x, y: torch.cat([x, y, x], 1), x=numbers(2, 3), y=numbers(2, 2))
    case("pad", "graph.pad %x, %v low [1, 0] high [2, 1] : ({x}, {v}) -> {}",
         lambda x, v: torch.where(F.pad(torch.ones_like(x), (0, 1, 1, 2)) == 1, F.pad(x, (0, 1, 1, 2)), v),
         x=numbers(2, 3), v=numbers())


def reductions():
    def reduce(label, kind, function, x):
        case(label, f"graph.reduce {kind} %x dims [0, 2] : {{x}} -> {{}}", function, x=x)
    ties = np.round(numbers(2, 3, 3) * 2) / 2
    reduce("reduce sum", "sum", lambda x: x.sum((0, 2)), numbers(2, 3, 4))
    reduce("reduce max", "max", lambda x: x.amax((0, 2)), ties)
    reduce("reduce min", "min", lambda x: x.amin((0, 2)), ties)
    zeros = numbers(2, 3, 2)
    zeros[0, 1, 0] = zeros[0, 2, 1] = zeros[1, 2, 0] = 0
    reduce("reduce prod with zeros", "prod", lambda x: x.prod(2).prod(0), zeros)
    for text, function in (("", lambda x: x.cumsum(1)), ("reverse", lambda x: x.flip(1).cumsum(1).flip(1)),
                           ("exclusive", lambda x: x.cumsum(1) - x)):
        case(f"cumsum {text}".strip(), f"graph.cumsum %x dim 1 {text} : {{x}} -> {{}}", function, x=numbers(2, 4))


def lookups():
    case("take", "graph.take %x[%i] axis 1 : ({x}, {i}) -> {}",
         lambda x, i: x[:, i], x=numbers(2, 4, 2), i=np.array([[0, 3, 3], [1, -1, 0]]))
    case("take_along", "graph.take_along %x[%i] axis 1 : ({x}, {i}) -> {}",
         lambda x, i: x.gather(1, i % 4), x=numbers(3, 4), i=np.array([[0, 3, 3], [1, -1, 1], [2, 2, 2]]))
    case("take_along, one label", "graph.take_along %x[%i] axis 1 : ({x}, {i}) -> {}",
         lambda x, i: x.gather(1, i), x=numbers(3, 4), i=np.array([[2], [0], [3]]))


def contractions():
    case("dot", "graph.dot %x, %y batch [] x [] contract [2] x [0] : ({x}, {y}) -> {}",
         torch.matmul, x=numbers(2, 3, 4), y=numbers(4, 2))
    case("dot, weight transposed", "graph.dot %x, %y batch [] x [] contract [2] x [1] : ({x}, {y}) -> {}",
         lambda x, y: x @ y.T, x=numbers(2, 3, 4), y=numbers(2, 4))
    case("dot, batch in the middle", "graph.dot %x, %y batch [1, 3] x [2, 0] contract [0, 4] x [4, 3] : ({x}, {y}) -> {}",
         lambda x, y: torch.einsum("abcde,dfbea->bdcf", x, y), x=numbers(2, 3, 2, 2, 3), y=numbers(2, 4, 3, 3, 2))

    def conv(label, attributes, function, x, w):
        case(label, f"graph.conv %x, %w {attributes} : ({{x}}, {{w}}) -> {{}}", function, x=x, w=w)
    conv("conv", "strides [1] dilations [1] pad [1] x [1] groups 1", lambda x, w: F.conv1d(x, w, padding=1),
         numbers(2, 3, 5), numbers(4, 3, 3))
    conv("conv, strides", "strides [2, 3] dilations [1, 1] pad [1, 0] x [0, 2] groups 1",
         lambda x, w: F.conv2d(F.pad(x, (0, 2, 1, 0)), w, stride=(2, 3)), numbers(2, 2, 6, 7), numbers(3, 2, 3, 2))
    conv("conv, groups and dilations", "strides [2, 1] dilations [1, 2] pad [1, 2] x [1, 2] groups 2",
         lambda x, w: F.conv2d(x, w, stride=(2, 1), dilation=(1, 2), padding=(1, 2), groups=2),
         numbers(2, 4, 5, 4), numbers(6, 2, 2, 3))
    conv("conv, depthwise in 3 dimensions", "strides [1, 1, 2] dilations [1, 1, 1] pad [0, 1, 0] x [0, 1, 0] groups 3",
         lambda x, w: F.conv3d(x, w, stride=(1, 1, 2), padding=(0, 1, 0), groups=3), numbers(1, 3, 3, 2, 4), numbers(3, 1, 2, 3, 2))

    def pool(label, text, function, x):
        case(label, f"graph.pool {text} : {{x}} -> {{}}", function, x=x)
    ties = np.round(numbers(2, 2, 5, 6))
    pool("pool max with ties", "max %x window [3, 2] strides [2, 1] dilations [1, 2] pad [1, 0] x [1, 0]",
         lambda x: F.max_pool2d(F.pad(x, (0, 0, 1, 1), value=-math.inf), (3, 2), stride=(2, 1), dilation=(1, 2)), ties)
    pool("pool sum", "sum %x window [2, 3] strides [1, 2] dilations [1, 1] pad [0, 1] x [0, 1]",
         lambda x: F.avg_pool2d(x, (2, 3), stride=(1, 2), padding=(0, 1)) * 6, numbers(2, 2, 4, 5))


def normalization():
    case("softmax", "graph.softmax %x dim 1 : {x} -> {}", lambda x: x.softmax(1), x=numbers(2, 4, 3))
    case("log_softmax", "graph.log_softmax %x dim 2 : {x} -> {}", lambda x: x.log_softmax(2), x=numbers(2, 4, 3))
    case("layer_norm", "graph.layer_norm %x scale %s : {s} bias %b : {b} axis 1 epsilon 0.01 : {x} -> {}",
         lambda x, s, b: F.layer_norm(x, (3, 4), s, b, 0.01), x=numbers(2, 3, 4), s=numbers(3, 4), b=numbers(3, 4))
    case("layer_norm, no scale", "graph.layer_norm %x bias %b : {b} axis 2 epsilon 0.01 : {x} -> {}",
         lambda x, b: F.layer_norm(x, (4,), None, b, 0.01), x=numbers(2, 3, 4), b=numbers(4))
    case("rms_norm", "graph.rms_norm %x scale %s : {s} axis 2 epsilon 0.01 : {x} -> {}",
         lambda x, s: F.rms_norm(x, (4,), s, 0.01), x=numbers(2, 3, 4), s=numbers(4))


def attention():
    def rotary(x, c, s, interleaved):
        count = 2 * c.shape[-1]
        turned, rest = x[..., :count], x[..., count:]
        a, b = (turned[..., 0::2], turned[..., 1::2]) if interleaved else turned.chunk(2, -1)
        pair = a * c - b * s, b * c + a * s
        turned = torch.stack(pair, -1).flatten(-2) if interleaved else torch.cat(pair, -1)
        return torch.cat([turned, rest], -1)
    def sdpa(q, k, v, mask=None, causal=False, softcap=0.0, scale=0.3):
        group = q.shape[1] // k.shape[1]
        if not softcap:
            return F.scaled_dot_product_attention(q, k, v, mask, is_causal=causal, scale=scale, enable_gqa=group > 1)
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        scores = softcap * torch.tanh(q @ k.mT * scale / softcap)
        return (scores + mask).softmax(-1) @ v
    shapes = {"q": numbers(2, 4, 3, 2), "k": numbers(2, 2, 3, 2), "v": numbers(2, 2, 3, 3)}
    types = "({q}, {k}, {v}) -> {}"
    case("attention", f"graph.attention %q, %k, %v scale 0.3 : {types}", sdpa, **shapes)
    case("attention causal", f"graph.attention %q, %k, %v scale 0.3 causal : {types}",
         lambda q, k, v: sdpa(q, k, v, causal=True), **shapes)
    seen = np.array([[True, False, True], [True, True, False], [False, True, True]])[None, None]
    case("attention, padding", f"graph.attention %q, %k, %v mask %m : {{m}} scale 0.3 : {types}",
         sdpa, **shapes, m=seen)
    case("attention, trained mask and softcap", f"graph.attention %q, %k, %v mask %m : {{m}} scale 0.3 softcap 1.5 : {types}",
         lambda q, k, v, m: sdpa(q, k, v, m, softcap=1.5), **shapes, m=numbers(1, 4, 3, 3))
    for interleaved in (False, True):
        text = "interleaved" if interleaved else ""
        case(f"rotary {text}".strip(), f"graph.rotary %x, %c, %s {text} : ({{x}}, {{c}}, {{s}}) -> {{}}",
             lambda x, c, s, interleaved=interleaved: rotary(x, c, s, interleaved),
             x=numbers(2, 3, 4, 6), c=numbers(1, 4, 2), s=numbers(1, 4, 2))


def dropouts():
    drop = "<rate = 0.5, seed = 77, site = 3>"

    def kept(counters, columns, step):
        numbered = counters.numpy().astype(np.uint64)[..., None] + np.arange(columns, dtype=np.uint64)
        return 2.0 * torch.from_numpy(philox.words_of(numbered, int(step), 3, 77) >= 1 << 31)

    def sdpa(q, k, v, counters, step):
        k, v = k.repeat_interleave(2, 1), v.repeat_interleave(2, 1)
        return ((q @ k.mT * 0.3).softmax(-1) * kept(counters, 5, step)) @ v
    step = np.array(9)
    case("dropout", f"graph.dropout %x counters %c step %t : {{c}}, {{t}} {drop} : {{x}} -> {{}}",
         lambda x, c, t: x * kept(c, 4, t), x=numbers(2, 3, 4), c=np.array([[0, 64, 1000], [5, 1 << 33, 77]]), t=step)
    case("attention with dropout", f"graph.attention %q, %k, %v scale 0.3 drop {drop} counters %c step %t : {{c}}, {{t}} : "
         "({q}, {k}, {v}) -> {}", sdpa, q=numbers(2, 4, 3, 2), k=numbers(2, 2, 5, 2), v=numbers(2, 2, 5, 3),
         c=64 * np.arange(24).reshape(2, 4, 3), t=step)


def batch_norms():
    """As the frontend writes batch normalization down."""
    row = "tensor<3xf64>"

    def text(mode):
        pair = f"({row}, {row}) -> {row}"
        return "\n".join([
            f"%m = graph.constant dense<0.25> : {row} -> {row}", f"%v = graph.constant dense<1.5> : {row} -> {row}",
            f"%mean, %var = graph.batch_statistics %x running %m, %v momentum 0.9 {mode}: {{x}}, {row}, {row} -> {row}, {row}",
            f"%e = graph.constant dense<0.01> : {row} -> {row}",
            f"%shifted = graph.add %var, %e : {pair}", f"%root = graph.sqrt %shifted : {row} -> {row}",
            f"%factor = graph.div %s, %root : {pair}",
            *(f"%{to} = graph.broadcast %{what} dims [1] : {row} -> {{x}}"
              for to, what in (("a", "mean"), ("c", "factor"), ("d", "b"))),
            "%centred = graph.sub %x, %a : ({x}, {x}) -> {x}", "%scaled = graph.mul %centred, %c : ({x}, {x}) -> {x}",
            "graph.add %scaled, %d : ({x}, {x}) -> {}"])

    for training in (True, False):
        for shape in ((5, 3), (2, 3, 4), (2, 3, 2, 2)):
            def norm(x, s, b, training=training):
                mean, variance = (torch.full((3,), value, dtype=x.dtype) for value in (0.25, 1.5))
                return F.batch_norm(x, mean, variance, s, b, training, eps=0.01)
            case(f"batch norm of {len(shape)} dimensions{'' if training else ', running'}",
                 text("of_batch " if training else ""), norm, x=numbers(*shape), s=numbers(3), b=numbers(3))


def extremes():
    """Windows that overlap and that do not, and more than are written out; first of equals wins."""
    for label, kind, window, strides, pad, shape in (("overlapping", "max", 3, 2, 1, (2, 2, 7, 6)),
                                                     ("side by side", "max", 2, 2, 0, (1, 2, 4, 6)),
                                                     ("with gaps", "min", 2, 3, 0, (1, 2, 8, 7)),
                                                     ("of many places", "max", 9, 1, 4, (1, 1, 10, 9))):
        sign = 1 if kind == "max" else -1
        case(f"pool {kind}, {label}",
             f"graph.pool {kind} %x window [{window}, {window}] strides [{strides}, {strides}] dilations [1, 1] "
             f"pad [{pad}, {pad}] x [{pad}, {pad}] : {{x}} -> {{}}",
             lambda x, window=window, strides=strides, pad=pad, sign=sign:
             sign * F.max_pool2d(sign * x, window, strides, pad), x=np.round(numbers(*shape) * 2) / 2)


def main():
    for family in (elementwise, shapes, reductions, lookups, contractions, normalization, attention, dropouts, batch_norms,
                   extremes):
        family()
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) for entry in CASES)
    PLACE.write_text(f'{{"torch": "{torch.__version__}", "cases": [\n{lines}\n]}}\n')
    print(f"{len(CASES)} cases, {PLACE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
