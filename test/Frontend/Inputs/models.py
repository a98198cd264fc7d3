#!/usr/bin/env python3
"""Small ONNX models for the frontend's tests: models.py NAME FILE writes one."""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

F32, I64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
MODELS = {}


def model(function):
    MODELS[function.__name__] = function
    return function


def make(nodes, inputs, outputs, initializers=(), opset=20, functions=(), ir_version=10, domains=()):
    """`inputs` and `outputs`: (name, shape) or (name, shape, type)."""
    def infos(entries):
        return [helper.make_tensor_value_info(e[0], e[2] if len(e) > 2 else F32, e[1]) for e in entries]
    graph = helper.make_graph(nodes, "g", infos(inputs), infos(outputs),
                              [numpy_helper.from_array(value, name) for name, value in initializers])
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in domains)]
    return helper.make_model(graph, opset_imports=opsets, functions=list(functions), ir_version=ir_version)


def metadata(thing, **entries):
    for key, value in entries.items():
        thing.metadata_props.add(key=key.replace("__", "."), value=value)
    return thing


@model
def shape_arithmetic():
    """Flattens all but the first dimension by Shape, Slice, ReduceProd and Concat, as exporters do."""
    one = helper.make_node
    return make([
        one("Shape", ["x"], ["shape"]),
        one("Slice", ["shape", "zero", "first"], ["batch"]),
        one("Slice", ["shape", "first", "last"], ["rest"]),
        one("ReduceProd", ["rest"], ["product"], keepdims=1),
        one("Concat", ["batch", "product"], ["target"], axis=0),
        one("Reshape", ["x", "target"], ["y"]),
    ], [("x", ["batch", 3, "width"])], [("y", None)],
        [("zero", np.array([0])), ("first", np.array([1])), ("last", np.array([9]))])


@model
def broadcast():
    return make([helper.make_node("Add", ["x", "b"], ["y"])], [("x", [2, 3, 4])], [("y", None)],
                [("b", np.arange(400, dtype=np.float32).reshape(1, 1, 400)[:, :, :4].copy())])


@model
def grid():
    """mask[batch, key], read through GatherND with an index grid."""
    one = helper.make_node
    return make([
        one("Cast", ["mask"], ["truth"], to=BOOL),
        one("Range", ["nought", "n", "step"], ["rows"]),
        one("Range", ["nought", "t", "step"], ["keys"]),
        one("Reshape", ["rows", "row_shape"], ["rows4"]),
        one("Reshape", ["keys", "key_shape"], ["keys4"]),
        one("Expand", ["rows4", "full"], ["rows_full"]),
        one("Expand", ["keys4", "full"], ["keys_full"]),
        one("Concat", ["rows_full", "keys_full"], ["index"], axis=-1),
        one("GatherND", ["truth", "index"], ["y"]),
    ], [("mask", [2, 5], I64)], [("y", None, BOOL)],
        [("nought", np.array(0)), ("n", np.array(2)), ("t", np.array(5)), ("step", np.array(1)),
         ("row_shape", np.array([2, 1, 1, 1, 1])), ("key_shape", np.array([1, 1, 1, 5, 1])),
         ("full", np.array([2, 1, 1, 5, 1]))])


@model
def origins():
    """A node with the metadata that PyTorch's exporter writes."""
    node = helper.make_node("Relu", ["x"], ["y"], name="node_relu")
    metadata(node, namespace=": Net/encoder: Encoder/encoder.act: torch.nn.ReLU/relu: aten.relu.default")
    metadata(node, pkg__torch__onnx__stack_trace='File "net.py", line 12, in forward\n    x = self.act(x)\n'
             '  File "lib/site-packages/torch/nn/modules/activation.py", line 135, in forward\n    return F.relu(x)')
    return make([node], [("x", [2])], [("y", None)])


@model
def renamed_weight():
    """A linear layer whose weight the optimiser transposed and renamed."""
    node = helper.make_node("MatMul", ["x", "val_7"], ["y"], name="node_mm")
    metadata(node, pkg__torch__onnx__fx_node="%linear : [num_users=1] = call_function[target=torch.ops.aten.linear."
             "default](args = (%x, %p_fc_weight), kwargs = {})")
    result = make([node], [("x", [2, 16])], [("y", None)],
                  [("val_7", np.ones((16, 32), np.float32))])
    metadata(result.graph, pkg__torch__export__ExportedProgram__graph_signature=
             "\n# inputs\np_fc_weight: PARAMETER target='fc.weight'\nx: USER_INPUT\n")
    return result


@model
def tied_weight():
    """An embedding and a head that share their weight."""
    gather = helper.make_node("Gather", ["head.weight", "ids"], ["h"])
    metadata(gather, namespace=": Net/embed: Embedding/embedding: aten.embedding.default",
             pkg__torch__onnx__fx_node="%embedding : [num_users=1] = call_function[target=torch.ops.aten.embedding."
             "default](args = (%p_head_weight, %ids), kwargs = {})")
    turn = helper.make_node("Transpose", ["head.weight"], ["t"], perm=[1, 0])
    metadata(turn, namespace=": Net/head: Linear/linear: aten.linear.default")
    result = make([gather, turn, helper.make_node("MatMul", ["h", "t"], ["y"])], [("ids", [4], onnx.TensorProto.INT64)],
                  [("y", None)], [("head.weight", np.ones((32, 16), np.float32))])
    metadata(result.graph, pkg__torch__export__ExportedProgram__graph_signature=
             "\n# inputs\np_embed_weight: PARAMETER target='embed.weight'\n"
             "p_head_weight: PARAMETER target='head.weight'\np_other_weight: PARAMETER target='other.weight'\n")
    return result


@model
def folded_tables():
    """Tensors that hold weights or not, by what the file says of them."""
    tables = ["positions", "inv_freq", "mask", "sum", "scale"]
    sizes = [16, 16, 16, 16, 1]
    nodes = [helper.make_node("Add", [tables[i - 1] + "_y" if i else "x", name], [name + "_y"])
             for i, name in enumerate(tables)]
    result = make(nodes, [("x", [16])], [("scale_y", None)],
                  [(name, np.arange(size, dtype=np.float32)) for name, size in zip(tables, sizes)])
    for name, origin in (("mask", "['b_inv_freq']"), ("sum", "['p_weight', 'b_inv_freq']")):
        info = result.graph.value_info.add()
        info.CopyFrom(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [16]))
        metadata(info, pkg__onnxscript__optimizer__folded_from=origin)
    metadata(result.graph, pkg__torch__export__ExportedProgram__graph_signature=
             "\n# inputs\np_weight: PARAMETER target='weight'\n"
             "b_inv_freq: BUFFER target='inv_freq' persistent=False\n")
    return result


@model
def folded_norm():
    """A convolution into which the optimiser multiplied a BatchNorm, its weights under their old names."""
    node = helper.make_node("Conv", ["x", "conv.weight", "conv.bias"], ["y"])
    metadata(node, pkg__onnxscript__rewriter__rule_name="FuseBatchNormIntoConv")
    result = make([node], [("x", [1, 2, 4, 4])], [("y", None)],
                  [("conv.weight", np.ones((3, 2, 3, 3), np.float32)), ("conv.bias", np.ones(3, np.float32))])
    metadata(result.graph, pkg__torch__export__ExportedProgram__graph_signature=
             "\n# inputs\np_conv_weight: PARAMETER target='conv.weight'\np_conv_bias: PARAMETER target='conv.bias'\n"
             "p_bn_weight: PARAMETER target='bn.weight'\nx: USER_INPUT\n")
    return result


@model
def made_up_name():
    result = renamed_weight()
    del result.graph.metadata_props[:]
    return result


@model
def function():
    """A function with an attribute that its body passes on, called twice."""
    scale = helper.make_node("LeakyRelu", ["a"], ["b"])
    reference = scale.attribute.add()
    reference.name, reference.ref_attr_name, reference.type = "alpha", "slope", onnx.AttributeProto.FLOAT
    body = helper.make_function("custom", "Twice", ["a"], ["c"], [scale, helper.make_node("Neg", ["b"], ["c"])],
                                [helper.make_opsetid("", 20)], ["slope"])
    return make([helper.make_node("Twice", ["x"], ["h"], domain="custom", slope=0.5),
                 helper.make_node("Twice", ["h"], ["y"], domain="custom", slope=0.25)],
                [("x", [4])], [("y", None)], functions=[body], domains=["custom"])


@model
def branch():
    """An If whose condition is known once the dimensions are."""
    def body(op):
        return helper.make_graph([helper.make_node(op, ["x"], ["r"])], op, [],
                                 [helper.make_tensor_value_info("r", F32, None)])
    return make([
        helper.make_node("Size", ["x"], ["size"]),
        helper.make_node("Greater", ["size", "limit"], ["large"]),
        helper.make_node("If", ["large"], ["y"], then_branch=body("Neg"), else_branch=body("Abs")),
    ], [("x", ["n"])], [("y", None)], [("limit", np.array(3))])


@model
def sequence():
    return make([
        helper.make_node("SplitToSequence", ["x", "two"], ["parts"], axis=1),
        helper.make_node("SequenceAt", ["parts", "last"], ["y"]),
    ], [("x", [3, 6])], [("y", None)], [("two", np.array(2)), ("last", np.array(-1))])


@model
def unsupported():
    return make([
        helper.make_node("Unique", ["x"], ["a"], name="first"),
        helper.make_node("Unique", ["x"], ["b"], name="second"),
        helper.make_node("Frobnicate", ["x"], ["c"], name="third", domain="acme"),
    ], [("x", [4])], [("a", None)], domains=["acme"])


@model
def standard_function():
    return make([helper.make_node("Shrink", ["x"], ["y"], name="shrink", bias=0.25)], [("x", [4])], [("y", None)])


@model
def unknown_function_attribute():
    return make([helper.make_node("Shrink", ["x"], ["y"], name="shrink", **{"lambda": 0.25})], [("x", [4])], [("y", None)])


@model
def resize():
    """Doubles the last two dimensions by scales that look like a weight."""
    return make([helper.make_node("Resize", ["x", "", "scales"], ["y"], mode="linear")], [("x", [1, 2, 3, 3])], [("y", None)],
                [("scales", np.array([1, 1, 2, 2], np.float32))])


@model
def unknown_attribute():
    return make([helper.make_node("Relu", ["x"], ["y"], name="act", slope=0.5)], [("x", [4])], [("y", None)])


@model
def mismatch():
    return make([helper.make_node("Add", ["x", "z"], ["y"], name="sum")], [("x", [2, 3]), ("z", [4])], [("y", None)])


def dropouts(mask):
    """Two of the same operand in training mode, one that is off; with the mask as an output, or not."""
    def one(output, *inputs):
        return helper.make_node("Dropout", ["x", *inputs], output, name="node_" + output[0])

    return make([one(["a"], "rate", "on"), one(["b", *mask], "rate", "on"), one(["c"], "rate")], [("x", [2, 3])],
                [("a", None), ("b", None), ("c", None), *((name, None, BOOL) for name in mask)],
                [("rate", np.array(0.25, np.float32)), ("on", np.array(True))])


@model
def dropout():
    return dropouts([])


@model
def dropout_mask():
    return dropouts(["m"])


def batch_norms(outputs, **mode):
    names = ("scale", "bias", "running_mean", "running_var")
    return make([helper.make_node("BatchNormalization", ["x", *names], outputs, **mode)], [("x", [2, 300, 4])],
                [(name, None) for name in outputs],
                [(name, np.linspace(1, 2, 300, dtype=np.float32) + index) for index, name in enumerate(names)])


@model
def batch_norm():
    """By running statistics, unless it is trained otherwise."""
    return batch_norms(["y"])


@model
def batch_norm_training():
    """By the batch's, with the statistics that run on."""
    return batch_norms(["y", "next_mean", "next_var"], training_mode=1)


if __name__ == "__main__":
    name, path = sys.argv[1:]
    with open(path, "wb") as out:
        out.write(MODELS[name]().SerializeToString())
