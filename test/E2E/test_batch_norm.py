#!/usr/bin/env python3
"""Batch normalization in training: PyTorch's losses and running statistics, whatever ranks share the batch.

usage: test_batch_norm.py BUILD [TEST…]
"""

import json
import unittest

import numpy as np
from safetensors.numpy import load_file

from test_training import BUILD, ROOT, Programs, tool

import check  # noqa: E402  (beside tool)

RUN = "resnet/sgd"
LAYOUTS = ["--mesh=dp=2", "--mesh=dp=4", "--mesh=dp=2 --zero=1", "--mesh=dp=2 --zero=3", "--mesh=tp=2",
           "--mesh=dp=2,tp=2 --zero=2", "--recompute=full"]
STATISTICS = ("running_mean", "running_var")


class BatchNorm(Programs):
    def train(self, bundle, data, *flags, code=0):
        """On one thread a rank: steps are too small to be shared."""
        return super().train(bundle, data, "--threads=1", *flags, code=code)

    def hold(self, run, bundle, data, saved, *flags):
        """Trains up to step 100; losses, last weights and running statistics are PyTorch's."""
        record, name = tool.describe(run)
        want = json.loads((ROOT / "test/Training" / record["name"] / name / "losses.json").read_text())
        entries, _ = self.train(bundle, data, "--steps=100", f"--save-dir={saved}", *flags)
        hub = self.export(bundle, saved)
        statistics = 0
        for line, fine in [*tool.compare_losses(map(json.dumps, entries.values()), want, 1e-4),
                           *tool.compare_weights(hub / "model.safetensors", want, 1e-3)]:
            self.assertTrue(fine, f"{run}: {line}")
            statistics += line.split(":")[0].endswith(STATISTICS)
        self.assertEqual(statistics, 14)

    def export(self, bundle, saved):
        hub = self.dir / f"hub-{bundle}-{len(list(self.dir.glob('hub-*')))}"
        self.check([BUILD / "bin/vescale-ckpt", "export", saved, self.dir / bundle, "-o", hub])
        return hub

    def test_runs(self):
        for run in ("resnet/adamw", "resnet/sgd", "resnet/frozen"):
            with self.subTest(run=run):
                data = self.compile(run, [], "bundle")
                self.hold(run, "bundle", data, self.dir / run.replace("/", "-") / "saved")

    def test_layouts(self):
        """A batch is all of a step's samples: statistics do not depend on who has which."""
        for number, layout in enumerate(LAYOUTS):
            with self.subTest(layout=layout):
                data = self.compile(RUN, layout.split(), "bundle")
                self.hold(RUN, "bundle", data, self.dir / f"saved-{number}")

    def test_reproducible(self):
        expected = None
        for number, layout in enumerate(["", *LAYOUTS]):
            with self.subTest(layout=layout):
                data = self.compile(RUN, ["--reproducible", *layout.split()], "bundle")
                saved = self.dir / f"saved-{number}"
                entries, _ = self.train("bundle", data, "--steps=20", f"--save-dir={saved}")
                losses = [(entry["loss"], entry["grad_norm"]) for entry in entries.values()]
                tensors = load_file(self.export("bundle", saved) / "model.safetensors")
                got = losses, {key: value.tobytes() for key, value in tensors.items()}
                expected = expected or got
                self.assertEqual(got, expected)

    def test_resume(self):
        """Running statistics are part of a checkpoint, which goes on bit for bit, and in other layouts."""
        data = self.compile(RUN, ["--mesh=dp=2", "--zero=3"], "bundle")
        whole, _ = self.train("bundle", data, "--steps=20", f"--save-dir={self.dir / 'whole'}")
        self.train("bundle", data, "--steps=12", f"--save-dir={self.dir / 'parts'}")
        entries, _ = self.train("bundle", data, "--steps=20", f"--save-dir={self.dir / 'parts'}", "--resume")
        self.assertEqual([entry["loss"] for entry in entries.values()], [entry["loss"] for entry in whole.values()])
        self.check([BUILD / "bin/vescale-ckpt", "diff", self.dir / "whole", self.dir / "parts"])
        self.compile(RUN, [], "other")
        self.hold(RUN, "other", data, self.dir / "whole", "--resume")

    def test_evaluation(self):
        """Evaluation goes by running statistics: before training by the first ones, later as inference of what was saved."""
        record, name = tool.describe(RUN)
        want = json.loads((ROOT / "test/Training" / record["name"] / name / "losses.json").read_text())
        data = self.compile(RUN, ["--mesh=dp=2"], "bundle")
        train = json.loads((data.parent / "train.json").read_text())
        fields = check.first_batch(record, train, data)
        batch = self.dir / "batch.npz"
        np.savez(batch, **fields)
        entries, _ = self.train("bundle", data, "--steps=0", f"--eval={batch}")
        self.assertLess(abs(entries[-1]["eval_loss"] / want["start_in_evaluation"] - 1), 1e-5)
        saved = self.dir / "saved"
        entries, _ = self.train("bundle", data, "--steps=30", f"--save-dir={saved}", f"--eval={batch}")
        hub = self.export("bundle", saved)
        self.check([BUILD / "bin/vescale-compile", data.parent / "model.onnx", "-o", self.dir / "inference",
                    f"--checkpoint={hub}", "--dim=batch=32"])
        np.savez(self.dir / "in.npz", pixel_values=fields["pixel_values"])
        self.check([BUILD / "bin/vescale-run", self.dir / "inference", f"--input={self.dir / 'in.npz'}",
                    f"--output={self.dir / 'out.npz'}"])
        with np.load(self.dir / "out.npz") as out:
            loss = check.loss_of(train["loss"], out["logits"], fields)
        self.assertLess(abs(entries[29]["eval_loss"] / loss - 1), 1e-5)
        first, last = load_file(data.parent / "model.safetensors"), load_file(hub / "model.safetensors")
        for key in first:
            self.assertFalse(np.array_equal(first[key], last[key]), key)

    def test_refusals(self):
        record, _ = tool.describe(RUN)
        graph, _ = tool.make(RUN, self.dir / "model")
        command = [BUILD / "bin/vescale-compile", graph, "-o", self.dir / "none", f"--train={graph.with_name('train.json')}",
                   f"--dim=batch={record['dims']['batch']}"]
        for flags, text in [(["--train-set=batch_norm="], 'set "batch_norm" in the train file to "batch"'),
                            (["--micro-batches=2"], "2 micro-batches: each would have its own"),
                            (["--train-set=batch_norm=group"], "can be batch, frozen")]:
            with self.subTest(flags=flags):
                self.assertIn(text, self.check([*command, *flags], 3).stderr)


if __name__ == "__main__":
    unittest.main()
