#!/usr/bin/env python3
"""Training programs: PyTorch's losses on every layout, checkpoints that any layout goes on from, orderly stops.

usage: test_training.py BUILD [TEST…]
"""

import json
import math
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test" / "Training"))

import tool  # noqa: E402

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
TOLERANCE = 1e-4
STOPPED = 75

# Every kind of run that is recorded, on one rank.
RUNS = ["gpt-tiny/adamw", "gpt-tiny/sgd", "gpt-tiny/linear", "gpt-tiny/smoothing", "gpt-tiny/ignore", "gpt-tiny/frozen",
        "gpt-tiny/no-decay", "gpt-tiny-untied/adamw", "llama-tiny/adamw", "vit/adamw", "vit/mse"]
# Layouts of training; each is run for the GPT and the LLaMA.
LAYOUTS = ["--mesh=dp=2", "--mesh=tp=2", "--mesh=tp=2 --sp=megatron", "--mesh=dp=2,tp=2", "--mesh=dp=2 --zero=1",
           "--mesh=dp=2 --zero=3", "--mesh=dp=2,tp=2 --zero=3 --sp=megatron", "--mesh=dp=4 --zero=3 --zero-axes=dp:(2)2",
           "--mesh=sp=2 --sp=ulysses", "--mesh=dp=2,sp=2 --sp=ulysses --zero=2", "--recompute=selective",
           "--mesh=dp=2,tp=2 --zero=3 --recompute=full"]
# What micro-batches may be combined with.
SPLITS = ["", "--mesh=dp=2", "--mesh=tp=2", "--mesh=dp=2 --zero=1", "--mesh=dp=2 --zero=2", "--mesh=dp=2 --zero=3"]


class Programs(unittest.TestCase):
    """Makes training programs and runs them."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.dir = pathlib.Path(directory.name).resolve()

    def check(self, words, code=0):
        result = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, timeout=600)
        self.assertEqual(result.returncode, code, f"{words}\n{result.stderr}")
        return result

    def compile(self, run, flags, bundle, micro_batches=1):
        """Makes the run's model and data and compiles its step; returns what the program takes as data."""
        record, _ = tool.describe(run)
        model = self.dir / run.replace("/", "-")
        graph, data = tool.make(run, model)
        dims = {**record["dims"], "batch": record["dims"]["batch"] // micro_batches}
        self.check([BUILD / "bin/vescale-compile", graph, "-o", self.dir / bundle, f"--train={model / 'train.json'}",
                    *(f"--dim={dim}={size}" for dim, size in dims.items()), *flags])
        return data

    def train(self, bundle, data, *flags, code=0):
        """The log's entries by step, and what the run said."""
        mesh = json.loads((self.dir / bundle / "manifest.json").read_text())["mesh"]
        log = self.dir / "log.jsonl"
        ranks = math.prod(size for _, size in mesh)
        result = self.check([BUILD / "bin/vescale-run", self.dir / bundle, "-n", ranks, "--", f"--data={data}",
                             f"--log={log}", *flags], code)
        return {entry["step"]: entry for entry in map(json.loads, log.read_text().splitlines())}, result


class Training(Programs):
    def hold(self, run, entries):
        """Holds a whole run's log against PyTorch's."""
        record, name = tool.describe(run)
        want = json.loads((ROOT / "test/Training" / record["name"] / name / "losses.json").read_text())
        for line, fine in tool.compare_losses(map(json.dumps, entries.values()), want, TOLERANCE):
            self.assertTrue(fine, f"{run}: {line}")
        return want

    def test_runs(self):
        """Every optimizer, loss and schedule; the last weights, too."""
        for run in RUNS:
            with self.subTest(run=run):
                data = self.compile(run, [], "bundle")
                saved = self.dir / run.replace("/", "-") / "saved"
                entries, _ = self.train("bundle", data, "--steps=100", f"--save-dir={saved}")
                want = self.hold(run, entries)
                hub = self.dir / run.replace("/", "-") / "hub"
                self.check([BUILD / "bin/vescale-ckpt", "export", saved, self.dir / "bundle", "-o", hub])
                for line, fine in tool.compare_weights(hub / "model.safetensors", want, 1e-3,
                                                       tool.describe(run)[0]["tied"]):
                    self.assertTrue(fine, f"{run}: {line}")

    def test_layouts(self):
        for run in ("gpt-tiny/adamw", "llama-tiny/adamw"):
            for layout in LAYOUTS:
                with self.subTest(run=run, layout=layout):
                    data = self.compile(run, layout.split(), "bundle")
                    self.hold(run, self.train("bundle", data, "--steps=100")[0])

    def test_bf16(self):
        """Products in bf16 stay near PyTorch's under autocast; ranks sum gradients in f32 or in bf16."""
        run = "gpt-tiny/bf16"
        want = json.loads((ROOT / "test/Training/gpt-tiny/bf16/losses.json").read_text())
        for flags in ([], ["--mesh=dp=2", "--zero=1"], ["--mesh=tp=2"]):
            with self.subTest(flags=flags):
                data = self.compile(run, flags, "bundle")
                entries, _ = self.train("bundle", data, "--steps=100")
                for step, entry in entries.items():
                    self.assertLess(abs(entry["loss"] / want["loss"][step] - 1), 0.02, f"step {step}")

    def test_micro_batches(self):
        """Splitting the batch changes nothing, also where its parts have different numbers of labels."""
        for run in ("gpt-tiny/accumulate", "gpt-tiny/accumulate-ignore"):
            for layout in SPLITS:
                with self.subTest(run=run, layout=layout):
                    data = self.compile(run, [*layout.split(), "--micro-batches=2"], "bundle", micro_batches=2)
                    self.hold(run, self.train("bundle", data, "--steps=100")[0])

    def test_dropout(self):
        """What is dropped is what PyTorch was made to drop, in all layouts and micro-batches, recomputed or not."""
        run = "gpt-tiny-dropout/adamw"
        data = self.compile(run, [], "bundle")
        alone, _ = self.train("bundle", data, "--steps=100")
        want = self.hold(run, alone)
        plain = json.loads((ROOT / "test/Training/gpt-tiny/adamw/losses.json").read_text())
        self.assertGreater(abs(want["loss"][0] / plain["loss"][0] - 1), 1e-4)
        for layout, parts in [*((layout, 1) for layout in LAYOUTS), ("", 4), ("--mesh=dp=2", 2), ("--mesh=dp=2 --zero=3", 2)]:
            with self.subTest(layout=layout, parts=parts):
                split = [f"--micro-batches={parts}"] if parts > 1 else []
                data = self.compile(run, [*layout.split(), *split], "bundle", parts)
                entries, _ = self.train("bundle", data, "--steps=10")
                for step, entry in entries.items():
                    self.assertLess(abs(entry["loss"] / alone[step]["loss"] - 1), 1e-6, f"step {step}")

    def ask(self, run, dropout):
        """Compiles the run with this "dropout" in its train file."""
        record, _ = tool.describe(run)
        graph, data = tool.make(run, self.dir / "asked")
        train = graph.with_name("train.json")
        train.write_text(json.dumps(json.loads(train.read_text()) | {"dropout": dropout}))
        result = subprocess.run([str(BUILD / "bin/vescale-compile"), str(graph), "-o", str(self.dir / "bundle"),
                                 f"--train={train}", *(f"--dim={dim}={size}" for dim, size in record["dims"].items())],
                                capture_output=True, text=True, check=False, timeout=600)
        return data, result

    def test_asked_dropout(self):
        """An export without dropouts gets those that are asked for, in the places that its author's model has them."""
        data, result = self.ask("gpt-tiny/adamw", {"embedding": 0.1, "attention": 0.1, "residual": 0.1})
        self.assertEqual(result.returncode, 0, result.stderr)
        self.hold("gpt-tiny-dropout/adamw", self.train("bundle", data, "--steps=100")[0])
        # An export's own are switched off by name: what is left is evaluation's model.
        data, result = self.ask("gpt-tiny-dropout/adamw", {"exported": [{"match": "*", "rate": 0}]})
        self.assertEqual(result.returncode, 0, result.stderr)
        self.hold("gpt-tiny/adamw", self.train("bundle", data, "--steps=100")[0])
        _, result = self.ask("gpt-tiny-dropout/adamw", {"exported": [{"match": "decoder.*", "rate": 0.2}]})
        self.assertEqual(result.returncode, 3)
        self.assertIn('matches "decoder.*", but no dropout of the export', result.stderr)
        _, result = self.ask("vit/adamw", {"embedding": 0.1})
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_overlap(self):
        """Neither what goes together nor how it travels, and how fast, changes a bit."""
        run = "gpt-tiny/adamw"
        ways = [("0", []), ("20000", []), ("20000", ["--transport=plain"]), ("2097152", []),
                ("20000", ["--simulate-link=200,50"])]
        for layout in ("--mesh=dp=2", "--mesh=dp=2 --zero=3", "--mesh=dp=2,tp=2 --zero=1 --sp=megatron",
                       "--mesh=dp=4 --zero=3 --zero-axes=dp:(2)2"):
            logs = []
            for number, (bucket, flags) in enumerate(ways):
                with self.subTest(layout=layout, bucket=bucket, flags=flags):
                    data = self.compile(run, [*layout.split(), f"--bucket-bytes={bucket}"], "bundle")
                    saved = self.dir / f"saved-{number}-{layout}"
                    entries, _ = self.train("bundle", data, "--steps=4", f"--save-dir={saved}", *flags)
                    logs.append([(entry["loss"], entry["grad_norm"]) for entry in entries.values()])
                    self.assertEqual(logs[-1], logs[0])
                    if number:
                        self.check([BUILD / "bin/vescale-ckpt", "diff", self.dir / f"saved-0-{layout}", saved])

    def test_resume(self):
        """A run that was cut in two gives the same bits, a checkpoint goes on in any layout."""
        run = "gpt-tiny-dropout/adamw"
        data = self.compile(run, ["--mesh=dp=2", "--zero=1"], "bundle")
        whole, _ = self.train("bundle", data, "--steps=40", f"--save-dir={self.dir / 'whole'}")
        first, _ = self.train("bundle", data, "--steps=25", f"--save-dir={self.dir / 'parts'}")
        entries, result = self.train("bundle", data, "--steps=40", f"--save-dir={self.dir / 'parts'}", "--resume")
        self.assertIn("resumed from", result.stderr)
        self.assertEqual(sorted(entries), list(range(40)))
        for step, entry in entries.items():
            for key in ("loss", "grad_norm", "learning_rate"):
                self.assertEqual(entry[key], whole[step][key], f"step {step}")
        result = self.check([BUILD / "bin/vescale-ckpt", "diff", self.dir / "whole", self.dir / "parts"])
        for flags in (["--mesh=dp=2,tp=2", "--zero=3"], ["--mesh=tp=2", "--sp=megatron"], []):
            with self.subTest(flags=flags):
                self.compile(run, flags, "other")
                copy = self.dir / ("copy" + "".join(flags))
                self.check(["cp", "-r", self.dir / "whole", copy])
                entries, _ = self.train("other", data, "--steps=100", f"--save-dir={copy}", "--resume")
                self.hold(run, {**whole, **entries})

    def test_stop(self):
        """A signal ends the run after a step that is saved, with the exit code that asks for another start."""
        data = self.compile("gpt-tiny/adamw", ["--mesh=dp=2"], "bundle")
        saved = self.dir / "saved"
        command = [BUILD / "bin/vescale-run", self.dir / "bundle", "-n", "2", "--", f"--data={data}",
                   "--steps=99999999", f"--save-dir={saved}"]
        for number in (signal.SIGTERM, signal.SIGUSR1):
            with subprocess.Popen([str(word) for word in [*command, "--resume"]], stderr=subprocess.PIPE, text=True) as run:
                while "step" not in run.stderr.readline():
                    self.assertIsNone(run.poll())
                time.sleep(0.5)
                run.send_signal(number)
                _, errors = run.communicate(timeout=60)
            self.assertEqual(run.returncode, STOPPED, errors)
            self.assertIn("which is saved", errors)
        self.assertEqual(len(list(saved.glob("step-*/COMMIT"))), 2)

    def test_refusals(self):
        data = self.compile("gpt-tiny/adamw", [], "bundle")
        short = self.dir / "short.bin"
        short.write_bytes(bytes(20))
        for flags, code, text in [((f"--data={data}",), 2, "--steps=N"), (("--steps=1",), 2, "--data=FILE"),
                                  ((f"--data={short}", "--steps=1"), 3, "10 tokens"),
                                  ((f"--data={self.dir / 'none.bin'}", "--steps=1"), 3, "none.bin"),
                                  ((f"--data={data}", "--steps=1", "--resume"), 2, "--save-dir"),
                                  ((f"--data={data}", "--steps=1", "--repeat=2"), 2, "--repeat: this is a training program"),
                                  ((f"--data={self.dir / 'rows.npz'}", "--steps=1", "--tokens=uint32"), 2, "--tokens")]:
            with self.subTest(flags=flags):
                result = self.check([BUILD / "bin/vescale-run", self.dir / "bundle", "--", *flags], code)
                self.assertIn(text, result.stderr)


if __name__ == "__main__":
    unittest.main()
