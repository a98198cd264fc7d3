#!/usr/bin/env python3
"""Every field of a train file has an effect or is refused, as a flag as well; and what a resumed run takes for granted.

usage: test_train_file.py BUILD [TEST…]
"""

import json
import re
import unittest

import numpy as np

from test_training import BUILD, Programs

RUN = "gpt-tiny/adamw"
DIMS = ["--dim=batch=4", "--dim=sequence=32"]
# Another kind has no fields of the first.
LESS = ["loss.logits=", "loss.labels=", "loss.ignore_index=", "loss.label_smoothing="]
MSE = [*LESS, "data.labels=", 'data.target={"from":"values"}', "loss.kind=mse"]
OUTPUT = [*LESS, "loss.kind=output"]
# Data that moves with the name of the input that it is for.
ANSWERS = 'data.answers={"from":"tokens","shift":1}'
SGD = ["optimizer.betas=", "optimizer.epsilon=", "optimizer.kind=sgd"]
CONSTANT = ["learning_rate.final=", "learning_rate.total_steps=", "learning_rate.kind=constant"]
# What changes the program: settings that both have, and those that make the difference, the last of which is meant.
PROGRAM = [([], MSE), (MSE, ["data.target=", ANSWERS, "loss.target=answers"]),
           ([], ["data.labels=", ANSWERS, "loss.labels=answers"]), ([], ["loss.ignore_index=32"]),
           ([], ["loss.label_smoothing=0.1"]), ([], SGD), (SGD, ["optimizer.momentum=0.5"]),
           ([], ["optimizer.betas=[0.5,0.6]"]), ([], ["optimizer.epsilon=1e-4"]), ([], ["optimizer.weight_decay=0.3"]),
           ([], ["optimizer.no_decay=[]"]), ([], CONSTANT), ([], ["learning_rate.peak=0.1"]),
           ([], ["learning_rate.final=0.01"]), ([], ["learning_rate.warmup_steps=3"]),
           ([], ["learning_rate.total_steps=300"]), ([], ["compute=bf16"]), (["compute=bf16"], ["reduce=bf16"]),
           *(([], [f'dropout={{"{place}":0.1}}']) for place in ("embedding", "attention", "residual")),
           ([], ["clip_norm=0.25"]), ([], ["frozen=*.wpe.*"])]
# What is refused, with a word of the error.
REFUSED = [(["loss.logits=answers"], "answers"), ([*MSE, "loss.prediction=answers"], "answers"),
           ([*OUTPUT, "loss.output=answers"], "answers"), (["loss.kind=hinge"], "hinge"),
           (['dropout={"exported":[{"match":"*","rate":0.1}]}'], "but no dropout of the export"),
           (["batch_norm=batch"], "no batch normalization"), (["schema=vescale.train/2"], "no field to change"), (["micro_batches=2"], "micro-batches alone")]
# What changes the losses of the first steps, of tokens and of arrays.
SAMPLES = {"tokens.bin": ["seed=5", "order=sequential", "data.input_ids.shift=7", "data.input_ids={\"fill\":3}"],
           "rows.npz": ["seed=5", "order=sequential", "data.input_ids.from=targets"]}


class Fields(Programs):
    def setUp(self):
        super().setUp()
        self.data = self.compile(RUN, [], "bundle")
        self.model = self.data.parent / "model.onnx"
        self.train_file = self.data.parent / "train.json"

    def flags(self, settings):
        return [f"--train={self.train_file}", *DIMS, *(f"--train-set={setting}" for setting in settings)]

    def program(self, settings):
        """What is computed, beside the text of the file."""
        output = self.dir / "local.mlir"
        self.check([BUILD / "bin/vescale-compile", self.model, "--mesh=dp=2", "--compile-to=partition", "-o", output,
                    *self.flags(settings)])
        return re.sub(r'graph\.train = "(\\.|[^"\\])*"', "", output.read_text())

    def test_program(self):
        known = {}
        for basis, change in PROGRAM:
            with self.subTest(change=change):
                if tuple(basis) not in known:
                    known[tuple(basis)] = self.program(basis)
                self.assertNotEqual(self.program([*basis, *change]), known[tuple(basis)])

    def test_refusals(self):
        for settings, text in REFUSED:
            with self.subTest(settings=settings):
                result = self.check([BUILD / "bin/vescale-compile", self.model, "-o", self.dir / "none",
                                     *self.flags(settings)], 3)
                self.assertIn(text, result.stderr)

    def test_samples(self):
        tokens = np.fromfile(self.data, "<u2").astype(np.int64)
        rows = tokens[np.arange(40)[:, None] * 32 + np.arange(32)]
        np.savez(self.dir / "rows.npz", inputs=rows, targets=(rows + 1) % 256)
        arrays = ["data.input_ids.from=inputs", "data.labels={\"from\":\"targets\"}"]
        for name, settings in SAMPLES.items():
            path, basis = (self.data, []) if name == "tokens.bin" else (self.dir / name, arrays)
            losses = []
            for setting in [None, *settings]:
                self.check([BUILD / "bin/vescale-compile", self.model, "-o", self.dir / "bundle",
                            *self.flags([*basis, *([setting] if setting else [])])])
                entries, _ = self.train("bundle", path, "--steps=2")
                losses.append(tuple(entry["loss"] for entry in entries.values()))
            self.assertEqual(len(set(losses)), len(losses), f"{name}: {settings} {losses}")

    def test_all_are_tried(self):
        """The lists above have every field that the resolved file has, of every kind of loss, optimizer and rate."""
        settings = [change[-1] for _, change in PROGRAM] + [settings[-1] for settings, _ in REFUSED]
        settings += [setting for changes in SAMPLES.values() for setting in changes]
        tried = {re.sub(r"^data\..*", "data", setting.partition("=")[0]) for setting in settings}
        for kind in ([], ["loss.kind=mse"], ["loss.kind=output"], ["optimizer.kind=sgd"], ["learning_rate.kind=constant"]):
            fresh = self.dir / "fresh.json"
            fresh.write_text('{"schema": "vescale.train/1"}')
            result = self.check([BUILD / "bin/vescale-compile", f"--train={fresh}", "--print-train",
                                 *(f"--train-set={setting}" for setting in kind)])
            for name, value in json.loads(result.stdout).items():
                fields = {f"{name}.{inner}" for inner in value} if isinstance(value, dict) and name != "data" else {name}
                self.assertLessEqual(fields, tried)


class Resumed(Programs):
    def test_ranks_follow_rank_0(self):
        """A rank that sees a newer step than rank 0, or not yet the same, does not go its own way."""
        data = self.compile(RUN, ["--mesh=dp=2", "--zero=3"], "bundle")
        older, saved, newer = (self.dir / name for name in ("older", "saved", "newer"))
        for steps, directory, before in ((2, older, None), (4, saved, older), (8, newer, saved)):
            if before:
                self.check(["cp", "-r", before, directory])
            self.train("bundle", data, f"--steps={steps}", f"--save-dir={directory}", *(["--resume"] if before else []))

        def run(second):
            """Both ranks resume, the second one where it sees other steps."""
            each = [[self.dir / "bundle/run", "--steps=6", f"--data={data}", "--resume", f"--save-dir={directory}"]
                    for directory in (saved, second)]
            return self.check(["mpirun", "-q", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none",
                               "-n", "1", *each[0], ":", "-n", "1", *each[1]], 3).stderr

        self.assertIn(f"rank 1: '{older}/step-00000004'", run(older))
        self.assertIn("has step-00000008 already, and the run starts from step-00000004", run(newer))


if __name__ == "__main__":
    unittest.main()
