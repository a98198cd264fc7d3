#!/usr/bin/env python3
"""Weights by name: from checkpoints at compile time and at start, copied and referenced.

usage: test_checkpoint.py BUILD [TEST…]

Where the weights come from a checkpoint, the model's own data file is filled with zeros first, so that a weight that
still came from there would show.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import numpy as np
from safetensors.numpy import load_file, save_file

from common import dim_flags, tool

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
TOLERANCE = 1e-4
BAD_INPUT = 3
FAMILIES = ["gpt2-tiny", "bert-tiny", "llama-tiny", "vit-tiny"]
# What the exporter folded weights into without leaving a trace, or whose name no trace tells.
UNNAMED = {"gpt2-tiny/dynamo20-static": "embedding_1", "bert-tiny/dynamo20-static": "embedding_2",
           "llama-tiny/dynamo20-static": "unsqueeze_14", "gpt2-tiny/tracer17": "onnx::MatMul_"}


class Checkpoint(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.dir = pathlib.Path(directory.name).resolve()

    def make(self, model, scale=1):
        """The model with weights times `scale`, its checkpoint, inputs and the outputs that it should have."""
        self.record, self.style = tool.describe(model)
        original, tool.parameter = tool.parameter, lambda record, name: original(record, name) * np.float32(scale)
        try:
            graph = tool.make(model, self.dir / f"model-{scale}", safetensors=True)
        finally:
            tool.parameter = original
        feeds = tool.inputs(model)
        np.savez(self.dir / "in.npz", **feeds)
        return graph, graph.parent / "model.safetensors", tool.reference(graph, feeds)

    def forget_weights(self, graph):
        data = graph.with_suffix(".data")
        data.write_bytes(bytes(data.stat().st_size))

    def tool(self, name, *words):
        return subprocess.run([str(word) for word in (BUILD / "bin" / name, *words)], capture_output=True, text=True,
                              check=False)

    def compile(self, graph, *flags, bundle="bundle"):
        result = self.tool("vescale-compile", graph, "-o", self.dir / bundle, *dim_flags(self.record, self.style), *flags)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stderr

    def run_bundle(self, *flags, bundle="bundle"):
        return self.tool("vescale-run", self.dir / bundle, f"--input={self.dir / 'in.npz'}",
                         f"--output={self.dir / 'out.npz'}", "--", "--threads=1", *flags)

    def expect_outputs(self, want, *flags, bundle="bundle"):
        result = self.run_bundle(*flags, bundle=bundle)
        self.assertEqual(result.returncode, 0, result.stderr)
        with np.load(self.dir / "out.npz") as got:
            for line, good in tool.compare(dict(got), want, TOLERANCE):
                self.assertTrue(good, line)
        return result.stderr

    def expect_refusal(self, result, *texts):
        self.assertEqual(result.returncode, BAD_INPUT, result.stderr)
        for text in texts:
            self.assertIn(str(text), result.stderr)

    def refuse_compile(self, graph, checkpoint, *texts):
        result = self.tool("vescale-compile", graph, "-o", self.dir / "refused", *dim_flags(self.record, self.style),
                           f"--checkpoint={checkpoint}")
        self.expect_refusal(result, *texts)
        self.assertFalse((self.dir / "refused").exists())

    # Every family in every style.
    def every_style(self, family):
        named = 0
        for model in tool.all_models():
            if model.partition("/")[0] != family:
                continue
            with self.subTest(model=model):
                graph, checkpoint, want = self.make(model)
                self.forget_weights(graph)
                if model in UNNAMED:
                    self.refuse_compile(graph, checkpoint, f"'{UNNAMED[model]}", "optimize=False")
                    continue
                named += 1
                for mesh in ("--mesh=tp=1", "--mesh=tp=2"):
                    self.compile(graph, f"--checkpoint={checkpoint}", mesh)
                    self.expect_outputs(want)
        self.assertGreaterEqual(named, 3)

    def test_gpt2(self):
        self.every_style("gpt2-tiny")

    def test_bert(self):
        self.every_style("bert-tiny")

    def test_llama(self):
        self.every_style("llama-tiny")

    def test_vit(self):
        self.every_style("vit-tiny")

    # Forms and names.
    def test_forms_and_prefixes(self):
        graph, checkpoint, want = self.make("gpt2-tiny/dynamo20")
        graph.with_suffix(".data").unlink()
        tensors = load_file(checkpoint)
        stripped = {name.removeprefix("transformer."): value for name, value in tensors.items()}
        shards = self.dir / "shards"
        shards.mkdir()
        names = sorted(stripped)
        files = {name: f"model-0000{1 + (i >= len(names) // 2)}-of-00002.safetensors" for i, name in enumerate(names)}
        for file in set(files.values()):
            save_file({name: stripped[name] for name in names if files[name] == file}, shards / file)
        (shards / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": files}))
        said = self.compile(graph, f"--checkpoint={shards}", "--mesh=tp=2")
        self.assertIn("remark: checkpoint", said)
        self.assertIn("without the prefix 'transformer.'", said)
        self.expect_outputs(want)
        # The directory may go: the bundle has copies.
        shutil.rmtree(shards)
        (self.dir / "bundle").rename(self.dir / "moved")
        self.expect_outputs(want, bundle="moved")

    def test_a_plan_holds_for_every_way_of_storing(self):
        graph, checkpoint, _ = self.make("bert-tiny/dynamo20")
        self.compile(graph, "--mesh=tp=2")
        plan = (self.dir / "bundle/plan.json").read_text()
        self.assertIn("query.weight", plan)
        for flags in (["--mesh=tp=2"], [f"--plan={self.dir / 'bundle/plan.json'}"]):
            self.compile(graph, f"--checkpoint={checkpoint}", *flags, bundle="other")
            self.assertEqual((self.dir / "other/plan.json").read_text(), plan)

    def test_refusals(self):
        graph, checkpoint, _ = self.make("bert-tiny/dynamo20")
        tensors = load_file(checkpoint)
        name = "encoder.layer.1.attention.self.query.weight"
        changed = self.dir / "changed.safetensors"

        def refused(change, *texts):
            copy = dict(tensors)
            change(copy)
            save_file(copy, changed)
            self.refuse_compile(graph, changed, *texts)

        refused(lambda t: t.pop(name), name, "lacks 1 of", "optimize=False", changed)
        refused(lambda t: t.update({name: t[name][:5].copy()}), name, "48x48", "5x48")
        refused(lambda t: t.update({name: t[name].astype(np.float16)}), name, "f32", "f16")
        whole = checkpoint.read_bytes()
        changed.write_bytes(whole[:len(whole) // 2])
        self.refuse_compile(graph, changed, "changed.safetensors")
        self.refuse_compile(graph, self.dir / "nothing", "nothing")

    def test_scalars_are_parameters_where_listed(self):
        """A learned number is no constant of the formula that it stands in."""
        import onnx
        from onnx import TensorProto, helper
        weight = helper.make_tensor("logit_scale", TensorProto.FLOAT, [], np.float32(2).tobytes(), raw=True)
        graph = helper.make_graph([helper.make_node("Mul", ["x", "logit_scale"], ["y"])], "g",
                                  [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4])],
                                  [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4])], [weight])
        graph.metadata_props.add(key="pkg.torch.export.ExportedProgram.graph_signature",
                                 value="# inputs\np_logit_scale: PARAMETER target='logit_scale'")
        path = self.dir / "m.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)
        save_file({"logit_scale": np.array(3, np.float32)}, self.dir / "c.safetensors")
        x = np.arange(4, dtype=np.float32)
        np.savez(self.dir / "in.npz", x=x)
        self.record, self.style = {"styles": {"m": {"inputs": {}}}, "dims": {}}, "m"
        self.compile(path)
        self.expect_outputs({"y": x * 2})
        self.expect_outputs({"y": x * 3}, f"--checkpoint={self.dir / 'c.safetensors'}")
        self.compile(path, f"--checkpoint={self.dir / 'c.safetensors'}")
        self.expect_outputs({"y": x * 3})

    # At start.
    def test_another_checkpoint_at_start(self):
        for model in ("gpt2-tiny/dynamo20", "bert-tiny/dynamo20", "llama-tiny/dynamo23", "vit-tiny/tracer17"):
            graph, checkpoint, want = self.make(model)
            _, other, want_other = self.make(model, scale=0.75)
            for mesh in ("--mesh=tp=1", "--mesh=tp=2"):
                for source in ((), (f"--checkpoint={checkpoint}",), (f"--checkpoint={checkpoint}", "--weights=reference")):
                    with self.subTest(model=model, mesh=mesh, source=source):
                        self.compile(graph, mesh, *source)
                        self.expect_outputs(want)
                        self.expect_outputs(want_other, f"--checkpoint={other}")
                        self.expect_outputs(want_other, f"--checkpoint={other.parent}")

    def test_refusals_at_start(self):
        graph, checkpoint, _ = self.make("bert-tiny/dynamo20")
        tensors = load_file(checkpoint)
        name = "encoder.layer.0.attention.self.value.weight"
        changed = self.dir / "changed.safetensors"
        for mesh in ("--mesh=tp=1", "--mesh=tp=2"):
            self.compile(graph, mesh)

            def refused(change, *texts):
                copy = dict(tensors)
                change(copy)
                save_file(copy, changed)
                self.expect_refusal(self.run_bundle(f"--checkpoint={changed}"), *texts)

            refused(lambda t: t.pop(name), name, "lacks 1 of", changed)
            refused(lambda t: t.update({name: t[name][:5].copy()}), name, "48x48", "5x48")
            refused(lambda t: t.update({name: t[name].astype(np.float16)}), name, "f32", "f16")
            self.expect_refusal(self.run_bundle(f"--checkpoint={self.dir / 'nothing'}"), "nothing")
        graph, checkpoint, _ = self.make("gpt2-tiny/dynamo20-static")
        self.compile(graph)
        self.expect_refusal(self.run_bundle(f"--checkpoint={checkpoint}"), "'embedding_1'", "optimize=False")

    # References.
    def test_references(self):
        graph, checkpoint, want = self.make("gpt2-tiny/dynamo20")
        for mesh, flags, file in (("--mesh=tp=1", [], graph.with_suffix(".data")),
                                  ("--mesh=tp=2", [f"--checkpoint={checkpoint}"], checkpoint)):
            with self.subTest(mesh=mesh):
                self.compile(graph, mesh, "--weights=reference", *flags)
                self.assertFalse((self.dir / "bundle/weights").exists())
                self.assertNotIn("was touched", self.expect_outputs(want))
                (self.dir / "bundle").rename(self.dir / "moved")
                self.assertNotIn("was touched", self.expect_outputs(want, bundle="moved"))
                known = json.loads((self.dir / "moved/manifest.json").read_text())["files"]
                self.assertEqual([entry["path"] for entry in known], [str(file)])
                # Touched, but the same: said, and run.
                before = file.stat()
                file.touch()
                self.assertIn("was touched", self.expect_outputs(want, bundle="moved"))
                # Changed, with size and time of modification as before.
                content = bytearray(file.read_bytes())
                content[-1] ^= 1
                file.write_bytes(content)
                os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
                result = self.run_bundle(bundle="moved")
                self.expect_refusal(result, file, "has changed", known[0]["xxh3_128"])
                self.assertEqual(len(set(word.strip(";,") for word in result.stderr.split() if len(word.strip(";,")) == 32)), 2)
                content[-1] ^= 1
                file.write_bytes(content)
                self.assertIn("was touched", self.expect_outputs(want, bundle="moved"))
                file.write_bytes(content[:-4])
                self.expect_refusal(self.run_bundle(bundle="moved"), file, len(content), len(content) - 4)
                file.rename(file.with_suffix(".away"))
                self.expect_refusal(self.run_bundle(bundle="moved"), file, "o such file")
                file.with_suffix(".away").write_bytes(content)
                file.with_suffix(".away").rename(file)
                shutil.rmtree(self.dir / "moved")

    def test_a_reference_that_is_not_used_is_not_read(self):
        graph, checkpoint, _ = self.make("gpt2-tiny/dynamo20")
        _, other, want = self.make("gpt2-tiny/dynamo20", scale=0.75)
        self.compile(graph, "--weights=reference")
        graph.with_suffix(".data").unlink()
        self.expect_refusal(self.run_bundle(), "dynamo20.data")
        self.expect_outputs(want, f"--checkpoint={other}")

    def test_usage(self):
        graph, checkpoint, _ = self.make("gpt2-tiny/dynamo20")
        for flags in (["--weights=elsewhere", "-o", self.dir / "b"],
                      ["--compile-to=plan", "--weights=reference", "-o", self.dir / "b.mlir"]):
            result = self.tool("vescale-compile", graph, *dim_flags(self.record, self.style), *flags)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn("--weights", result.stderr)


if __name__ == "__main__":
    unittest.main()
