"""A model whose weights meet samples in all the ways that make gradients sums over them."""

import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SAMPLES = 64

WEIGHTS = {"block.position": (1, 6, 4), "block.scale": (6, 1), "block.weight": (4, 8), "block.gate": (8,),
           "block.class_token": (1, 1, 4), "block.type.weight": (3, 4), "block.bias": (4,)}

TRAIN = {"schema": "vescale.train/1", "loss": {"kind": "mse", "prediction": "prediction", "target": "target"},
         "optimizer": {"kind": "sgd"}, "learning_rate": {"kind": "constant", "peak": 0.1, "warmup_steps": 0}, "clip_norm": None,
         "data": {"x": {"from": "x"}, "rate": {"fill": 0.7}, "target": {"from": "target"}}}


def model():
    rng = np.random.default_rng(7)
    made = [numpy_helper.from_array(rng.standard_normal(shape).astype(np.float32), name) for name, shape in WEIGHTS.items()]
    constants = {"one": [1], "sequence": [6], "width": [4], "zero": [0], "axis": [1]}
    made += [numpy_helper.from_array(np.array(value, np.int64), name) for name, value in constants.items()]

    def node(kind, inputs, output, **attributes):
        return helper.make_node(kind, inputs.split(), [output], name=output, **attributes)

    nodes = [
        node("Add", "x block.position", "positioned"),                 # the same for each sample
        node("Exp", "block.scale", "scales"), node("Mul", "positioned scales", "scaled"),
        node("Sigmoid", "block.gate", "gate"),                         # summed again behind the sum over samples
        node("Mul", "block.weight gate", "opened"),
        node("Mul", "opened rate", "gated"),                           # a number that all samples share
        node("MatMul", "scaled gated", "wide"), node("Tanh", "wide", "bent"),
        node("Transpose", "block.weight", "turned", perm=[1, 0]),      # a second use
        node("MatMul", "bent turned", "narrow"), node("Add", "narrow block.bias", "biased"),
        node("Shape", "x", "shape"), node("Gather", "shape zero", "batch", axis=0),
        node("Concat", "batch sequence", "positions", axis=0),         # one row of a table for all
        node("ConstantOfShape", "positions", "types", value=numpy_helper.from_array(np.array([1], np.int64))),
        node("Gather", "block.type.weight types", "typed", axis=0), node("Add", "biased typed", "sum"),
        node("Concat", "batch one width", "tokens", axis=0), node("Expand", "block.class_token tokens", "token"),
        node("Concat", "token sum", "all", axis=1), node("Tanh", "all", "squashed"),
        node("ReduceMean", "squashed", "prediction", axes=[1], keepdims=0)]
    shapes = {"x": ["batch", 6, 4], "rate": [], "prediction": ["batch", 4]}
    *inputs, output = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items())
    graph = helper.make_graph(nodes, "uses", inputs, [output], made)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def write(directory):
    """Writes model.onnx, train.json and data.npz; returns the paths of the model and of the data."""
    directory.mkdir(exist_ok=True)
    onnx.save(model(), directory / "model.onnx")
    (directory / "train.json").write_text(json.dumps(TRAIN))
    rng = np.random.default_rng(8)
    np.savez(directory / "data.npz", x=rng.standard_normal((SAMPLES, 6, 4)).astype(np.float32),
             target=rng.standard_normal((SAMPLES, 4)).astype(np.float32))
    return directory / "model.onnx", directory / "data.npz"
