"""Writes nodes the way PyTorch's exporter does: each value a node of its own, sizes computed by nodes, modules as metadata."""

import contextlib

import numpy as np
import onnx
from onnx import TensorProto

LARGEST = np.iinfo(np.int64).max
NAMESPACE = "namespace"
SIGNATURE = "pkg.torch.export.ExportedProgram.graph_signature"


class Graph:
    """A graph of one input of token ids, [batch, sequence], and the output `logits`; names of sizes stay dynamic."""

    def __init__(self, batch, sequence, data):
        self.proto = onnx.GraphProto(name="main_graph")
        self.sizes, self.data = (batch, sequence), data
        self.bytes, self.signature = 0, []
        self.modules, self.shared = [], {}
        self.input = self.declare(self.proto.input, "input_ids", TensorProto.INT64, self.sizes)
        self.batch, self.sequence = (self.node("Squeeze", self.node("Shape", self.input, start=i, end=i + 1)) for i in (0, 1))

    @contextlib.contextmanager
    def module(self, name, kind):
        """What is written inside belongs to the module `name` of the class `kind`."""
        self.modules.append(f"{name}: {kind}")
        yield
        self.modules.pop()

    @staticmethod
    def declare(place, name, dtype, shape):
        place.append(onnx.helper.make_tensor_value_info(name, dtype, shape))
        return name

    def node(self, op, *inputs, output=None, **attributes):
        """A node of one output, whose name is given or made up."""
        index = len(self.proto.node)
        node = self.proto.node.add(op_type=op, name=f"node_{op}_{index}", input=inputs, output=[output or f"val_{index}"])
        for name, value in attributes.items():
            node.attribute.append(onnx.helper.make_attribute(name, value))
        node.metadata_props.add(key=NAMESPACE, value="/".join([*self.modules, f"{op}_{index}: {op}"]))
        return node.output[0]

    # Weights and numbers.

    def weight(self, name, *shape, tied=()):
        """A parameter; `tied` are other names of it."""
        tensor = self.proto.initializer.add(name=name, data_type=TensorProto.FLOAT, dims=shape,
                                            data_location=TensorProto.EXTERNAL)
        size = 4 * int(np.prod(shape, dtype=object))
        for key, value in (("location", self.data), ("offset", self.bytes), ("length", size)):
            tensor.external_data.add(key=key, value=str(value))
        self.bytes += size
        for each in (*tied, name):
            self.signature.append(f"p_{each.replace('.', '_')}: PARAMETER target='{each}'")
        return name

    def buffer(self, name, values):
        """Numbers that no checkpoint holds."""
        self.proto.initializer.append(onnx.numpy_helper.from_array(values, name))
        self.signature.append(f"b_{name.replace('.', '_')}: BUFFER target='{name}' persistent=False")
        return name

    def ints(self, *values):
        return self.node("Constant", value_ints=values)

    def fresh(self, value, dtype=np.float32):
        return self.node("Constant", value=onnx.numpy_helper.from_array(np.array(value, dtype)))

    def number(self, value, dtype=np.int64):
        """A constant that all its users share."""
        key = repr((value, dtype))
        if key not in self.shared:
            self.shared[key] = self.fresh(value, dtype)
        return self.shared[key]

    # Sizes and indices, as the exporter spells them.

    def list_of(self, value):
        return self.node("Reshape", value, self.ints(-1), allowzero=0)

    def shape(self, *sizes):
        """Sizes set together: numbers, and names of scalars, which share the shape they are brought to."""
        flat = self.ints(-1) if any(isinstance(size, str) for size in sizes) else None
        parts = [self.node("Reshape", size, flat, allowzero=0) if isinstance(size, str) else self.ints(size) for size in sizes]
        return self.node("Concat", *parts, axis=0)

    def view(self, x, *sizes):
        return self.node("Reshape", x, self.shape(*sizes), allowzero=1)

    def slice(self, x, axis, start=0, stop=LARGEST):
        bounds = [self.list_of(self.node("Cast", self.number(value) if isinstance(value, int) else value, to=TensorProto.INT64))
                  for value in (start, stop, axis)]
        return self.node("Slice", x, *bounds, self.ints(1))

    def arange(self, size):
        first, step = (self.node("CastLike", self.number(value, np.float32), size) for value in (0.0, 1.0))
        return self.node("Range", first, size, step)

    def unsqueeze(self, x, axis):
        return self.node("Unsqueeze", x, self.number([axis]))

    def linear(self, x, name, inputs, outputs, **options):
        weight = self.node("Transpose", self.weight(name, outputs, inputs), perm=[1, 0])
        return self.node("MatMul", x, weight, **options)

    def model(self, vocabulary):
        """The whole model, whose last node is the logits."""
        self.declare(self.proto.output, "logits", TensorProto.FLOAT, (*self.sizes, vocabulary))
        signature = "\n".join(["", "# inputs", *self.signature, "input_ids: USER_INPUT", "", "# outputs",
                               "logits: USER_OUTPUT", ""])
        self.proto.metadata_props.add(key=SIGNATURE, value=signature)
        return onnx.helper.make_model(self.proto, producer_name="pytorch", ir_version=10,
                                      opset_imports=[onnx.helper.make_opsetid("", 20)])
