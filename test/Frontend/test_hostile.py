#!/usr/bin/env python3
"""Files that no exporter wrote: each must be refused with a clear error, fast and without a crash.

usage: test_hostile.py VESCALE_IMPORT
"""

import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import unittest

import numpy as np
import onnx
from onnx import TensorProto, helper

sys.path.insert(0, str(pathlib.Path(__file__).parent / "Inputs"))
from models import F32, I64, make  # noqa: E402

TOOL = sys.argv.pop(1) if len(sys.argv) > 1 else "vescale-import"
BAD_INPUT = 3
CPU_SECONDS = 1.0  # Of the tool; CPU time, so that a busy machine doesn't count.


def relu(name="y", source="x"):
    return helper.make_node("Relu", [source], [name], name=f"make_{name}")


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


class Hostile(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name) / "model"
        self.folder.mkdir()
        self.path = self.folder / "m.onnx"

    def run_tool(self, *arguments):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = subprocess.run([TOOL, self.path, *arguments], capture_output=True, text=True, timeout=60,
                                errors="replace", check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertLess(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, CPU_SECONDS)
        return result

    def refused(self, content, *expected):
        if isinstance(content, onnx.ModelProto):
            content = content.SerializeToString()
        if content is not None:
            self.path.write_bytes(content)
        result = self.run_tool()
        self.assertEqual(result.returncode, BAD_INPUT, result.stderr[-2000:])
        for text in ("m.onnx", *expected):
            self.assertIn(text, result.stderr)
        return result.stderr

    def external(self, location, offset=0, length=64, shape=(16,)):
        tensor = TensorProto(name="w", data_type=F32, dims=shape, data_location=TensorProto.EXTERNAL)
        for key, value in (("location", location), ("offset", offset), ("length", length)):
            if value is not None:
                tensor.external_data.add(key=key, value=str(value))
        model = make([helper.make_node("Add", ["x", "w"], ["y"], name="sum")], [("x", [16])], [("y", None)])
        model.graph.initializer.append(tensor)
        return model

    # The file itself.
    def test_missing_file(self):
        self.refused(None, "can't be opened")

    def test_empty_file(self):
        self.refused(b"", "empty")

    def test_directory(self):
        self.path.mkdir()
        self.refused(None, "not a regular file")

    def test_fifo(self):
        os.mkfifo(self.path)
        self.refused(None, "not a regular file")

    def test_noise(self):
        self.refused(np.random.default_rng(1).bytes(100000), "not an ONNX model")

    def test_text(self):
        self.refused(b"# a comment\n" * 100)

    def test_truncated_everywhere(self):
        whole = make([relu()], [("x", [4])], [("y", None)]).SerializeToString()
        for cut in range(1, len(whole) - 1, 7):
            self.refused(whole[:cut])

    def test_version(self):
        self.refused(make([relu()], [("x", [4])], [("y", None)], ir_version=99), "IR version 99", "8 to 14")
        self.refused(make([relu()], [("x", [4])], [("y", None)], opset=12), "operator set 12", "13 to 28")
        self.refused(make([relu()], [("x", [4])], [("y", None)], opset=29), "operator set 29", "13 to 28")
        self.refused(make([relu()], [("x", [4])], [("y", None)], ir_version=15), "IR version 15", "8 to 14")

    # Structure.
    def test_cycle(self):
        self.refused(make([relu("a", "b"), relu("b", "a"), relu("y", "x")], [("x", [4])], [("y", None)]),
                     "Relu 'make_a'", "cycle")

    def test_order(self):
        self.refused(make([relu("y", "a"), relu("a", "x")], [("x", [4])], [("y", None)]), "topological order")

    def test_undefined(self):
        self.refused(make([relu("y", "nowhere")], [("x", [4])], [("y", None)]), "'nowhere', which nothing defines")

    def test_undefined_output(self):
        self.refused(make([relu()], [("x", [4])], [("z", None)]), "output 'z' is not defined")

    def test_defined_twice(self):
        self.refused(make([relu(), relu()], [("x", [4])], [("y", None)]), "'y', which is defined already")

    def test_no_domain(self):
        node = helper.make_node("Thing", ["x"], ["y"], domain="acme")
        self.refused(make([node], [("x", [4])], [("y", None)]), "domain 'acme'", "not imported")

    def test_attribute_twice(self):
        node = helper.make_node("LeakyRelu", ["x"], ["y"], alpha=0.5)
        node.attribute.append(node.attribute[0])
        self.refused(make([node], [("x", [4])], [("y", None)]), "'alpha' is given twice")

    def test_wrong_attribute_kind(self):
        node = helper.make_node("Concat", ["x", "x"], ["y"], axis="0")
        self.refused(make([node], [("x", [4])], [("y", None)]), "'axis' is of the wrong kind")

    def test_deep_subgraphs(self):
        graph = b""
        for _ in range(10000):
            node = field(4, b"If") + field(1, b"c") + field(5, field(1, b"then_branch") + b"\xa0\x01\x05" +
                                                            field(6, graph))
            graph = field(1, node)
        self.refused(b"\x08\x0a" + field(7, graph) + field(8, b"\x10\x14"), "nests graphs more than")

    def test_deep_types(self):
        kind = field(1, b"\x08\x01")
        for _ in range(10000):
            kind = field(4, field(1, kind))
        self.refused(b"\x08\x0a" + field(7, field(11, field(1, b"x") + field(2, kind))))

    def chain(self, length, calls=1, close=False):
        functions = []
        for i in range(length):
            callee = f"f{i + 1}" if i + 1 < length else "f0" if close else None
            nodes = [helper.make_node(callee, ["a"], [f"t{k}"], domain="d") if callee else
                     helper.make_node("Neg", ["a"], [f"t{k}"]) for k in range(calls)]
            functions.append(helper.make_function("d", f"f{i}", ["a"], ["t0"], nodes,
                                                  [helper.make_opsetid("", 20), helper.make_opsetid("d", 1)]))
        return make([helper.make_node("f0", ["x"], ["y"], domain="d")], [("x", [4])], [("y", None)],
                    functions=functions, domains=["d"])

    def test_recursive_functions(self):
        self.refused(self.chain(3, close=True), "calls itself")

    def test_deep_functions(self):
        self.refused(self.chain(3000), "more than 64 deep")

    def test_explosive_functions(self):
        self.refused(self.chain(60, calls=3), "has more than 1048576 nodes")

    # Tensors.
    def test_short_tensor(self):
        model = make([relu("y", "w")], [("x", [4])], [("y", None)])
        model.graph.initializer.append(TensorProto(name="w", data_type=F32, dims=[4], raw_data=b"123"))
        self.refused(model, "'w' holds 3 bytes", "need 16")

    def test_negative_dimension(self):
        model = make([relu("y", "w")], [("x", [4])], [("y", None)])
        model.graph.initializer.append(TensorProto(name="w", data_type=F32, dims=[-4], raw_data=b""))
        self.refused(model, "'w' has a negative dimension")

    def test_overflowing_tensor(self):
        model = make([relu("y", "w")], [("x", [4])], [("y", None)])
        model.graph.initializer.append(TensorProto(name="w", data_type=F32, dims=[2**40, 2**40]))
        self.refused(model, "'w'")

    def test_petabyte_tensor(self):
        model = make([relu("y", "w")], [("x", [4])], [("y", None)])
        model.graph.initializer.append(TensorProto(name="w", data_type=F32, dims=[2**48]))
        self.refused(model, "'w' would be", "TiB")

    def test_petabyte_input(self):
        self.refused(make([relu()], [("x", [2**31, 2**31])], [("y", None)]), "'x'", "too large")

    def test_petabyte_result(self):
        nodes = [helper.make_node("Expand", ["x", "s"], ["y"], name="grow")]
        self.refused(make(nodes, [("x", [1])], [("y", None)], [("s", np.array([2**30, 2**30]))]),
                     "Expand 'grow'", "too large")
        self.refused(make(nodes, [("x", [1])], [("y", None)], [("s", np.array([2**62, 2**62]))]), "Expand 'grow'")

    def test_endless_range(self):
        nodes = [helper.make_node("Range", ["a", "b", "c"], ["y"], name="count")]
        for limit, step in ((3, 0), (2**62, 1), (-2**62, -1)):
            bounds = [("a", np.array(0)), ("b", np.array(limit)), ("c", np.array(step))]
            self.refused(make(nodes, [("x", [1])], [("y", None, I64)], bounds), "Range 'count'")

    def test_negative_reshape(self):
        nodes = [helper.make_node("Reshape", ["x", "s"], ["y"], name="shape")]
        for target in ([-1, -1], [-7], [5], [0, 0, 0]):
            self.refused(make(nodes, [("x", [4])], [("y", None)], [("s", np.array(target))]), "Reshape 'shape'")

    def test_costly_constants(self):
        """Arithmetic on large constants must not be computed without end."""
        nodes = [helper.make_node("ConstantOfShape", ["s"], ["t0"])]
        nodes += [helper.make_node("Add", [f"t{i}", f"t{i}"], [f"t{i + 1}"]) for i in range(300)]
        model = make(nodes, [("x", [4])], [("t300", None)], [("s", np.array([2000, 2000]))])
        self.path.write_bytes(model.SerializeToString())
        self.assertEqual(self.run_tool().returncode, 0)

    # External data.
    def test_outside(self):
        (self.folder.parent / "secret").write_bytes(bytes(64))
        self.refused(self.external("../secret"), "'w'", "leads out of the model's directory")
        self.refused(self.external("a/../../secret"), "leads out of the model's directory")
        self.refused(self.external("/etc/passwd"), "absolute path")
        self.refused(self.external(""), "names no file")

    def test_link_outside(self):
        (self.folder.parent / "secret").write_bytes(bytes(64))
        (self.folder / "link").symlink_to(self.folder.parent / "secret")
        self.refused(self.external("link"), "link that leads out")
        (self.folder / "up").symlink_to(self.folder.parent)
        self.refused(self.external("up/secret"), "link that leads out")

    def test_link_inside(self):
        (self.folder / "data").write_bytes(bytes(64))
        (self.folder / "link").symlink_to("data")
        self.path.write_bytes(self.external("link").SerializeToString())
        self.assertEqual(self.run_tool().returncode, 0)

    def test_special_file(self):
        os.mkfifo(self.folder / "pipe")
        self.refused(self.external("pipe"), "not a regular file")
        (self.folder / "sub").mkdir()
        self.refused(self.external("sub"), "not a regular file")
        self.refused(self.external("."))

    def test_bounds(self):
        (self.folder / "data").write_bytes(bytes(64))
        self.refused(self.external("data", offset=1), "past the end")
        self.refused(self.external("data", offset=2**64 - 1), "past the end")
        self.refused(self.external("data", offset=-1), "not a number of bytes")
        self.refused(self.external("data", length=32), "is 32 bytes long", "need 64")
        self.refused(self.external("data", length="many"), "not a number of bytes")

    def test_a_missing_file(self):
        # Nobody reads the weights here; whoever does is told, once (test/Models/test_shapes.py).
        self.path.write_bytes(self.external("nothing").SerializeToString())
        self.assertEqual(self.run_tool().returncode, 0)

    def test_terminal_codes(self):
        text = self.refused(make([relu("y", "\x1b[2Jgone")], [("x", [4])], [("y", None)]))
        self.assertNotIn("\x1b", text)


if __name__ == "__main__":
    unittest.main()
