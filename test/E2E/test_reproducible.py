#!/usr/bin/env python3
"""Reproducible steps: the same losses and weights, bit for bit, in every layout and split into micro-batches.

usage: test_reproducible.py BUILD [TEST…]
"""

import hashlib
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test" / "Training"))

import tool  # noqa: E402
import weight_uses  # noqa: E402

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
BATCH, SEQUENCE, STEPS = 8, 32, 20

# (flags, micro-batches): 1 to 16 ranks.
LAYOUTS = [("--mesh=dp=2", 1), ("--mesh=dp=4", 1), ("--mesh=dp=8", 1), ("--mesh=tp=2", 1), ("--mesh=tp=4", 1),
           ("--mesh=tp=2 --sp=megatron", 1), ("--mesh=dp=2,tp=2", 1), ("--mesh=dp=2,tp=2 --sp=megatron", 1),
           ("--mesh=dp=2 --zero=1", 1), ("--mesh=dp=2 --zero=2", 1), ("--mesh=dp=2 --zero=3", 1),
           ("--mesh=dp=4 --zero=3 --zero-axes=dp:(2)2", 1), ("--mesh=dp=4 --zero=3 --zero-axes=dp:(1)2", 1),
           ("--mesh=sp=2 --sp=ulysses", 1), ("--mesh=dp=2,sp=2 --sp=ulysses --zero=2", 1),
           ("--mesh=dp=2,tp=2 --zero=3 --sp=megatron", 1), ("--mesh=dp=8,tp=2 --zero=3", 1), ("--recompute=full", 1),
           ("--mesh=dp=2,tp=2 --recompute=selective", 1), ("", 2), ("", 4), ("--mesh=dp=2", 2), ("--mesh=dp=2 --zero=1", 4),
           ("--mesh=dp=2 --zero=2", 2), ("--mesh=dp=2,tp=2 --zero=3", 4), ("", 8), ("--mesh=tp=2 --zero=3 --zero-axes=tp", 8)]


def weights_hash(directory):
    """Of all tensors of a checkpoint in Hugging Face's form, in the order of their names."""
    tensors = {}
    for path in directory.glob("*.safetensors"):
        data = path.read_bytes()
        begin = 8 + int.from_bytes(data[:8], "little")
        for name, entry in json.loads(data[8:begin]).items():
            if name != "__metadata__":
                low, high = entry["data_offsets"]
                tensors[name] = data[begin + low:begin + high]
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode() + b"\0" + tensors[name])
    return digest.hexdigest(), len(tensors)


class Reproducible(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.dir = pathlib.Path(directory.name).resolve()

    def check(self, *words, code=0):
        result = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, timeout=600)
        self.assertEqual(result.returncode, code, f"{words}\n{result.stderr}")
        return result

    def compile(self, run, flags, micro_batches, bundle, *more, code=0):
        model = self.dir / run.replace("/", "-")
        is_uses = run == "weight-uses"
        graph, data = weight_uses.write(model) if is_uses else tool.make(run, model)
        dims = {"batch": BATCH // micro_batches} | ({} if is_uses else {"sequence": SEQUENCE})
        result = self.check(BUILD / "bin/vescale-compile", graph, "-o", self.dir / bundle, "--reproducible",
                            f"--train={model / 'train.json'}", *(f"--dim={dim}={size}" for dim, size in dims.items()),
                            f"--micro-batches={micro_batches}", *flags.split(), *more, code=code)
        return data, result

    def train(self, run, flags, micro_batches):
        """Losses and gradient norms of the steps, the hash of the weights after them, and how many ranks there were."""
        data, _ = self.compile(run, flags, micro_batches, "bundle")
        bundle, log, save = self.dir / "bundle", self.dir / "log.jsonl", self.dir / "save"
        ranks = math.prod(size for _, size in json.loads((bundle / "manifest.json").read_text())["mesh"])
        self.check(BUILD / "bin/vescale-run", bundle, "-n", ranks, "--", f"--data={data}", f"--steps={STEPS}", f"--log={log}",
                   f"--save-dir={save}")
        self.check(BUILD / "bin/vescale-ckpt", "export", save, bundle, "-o", self.dir / "hub")
        entries = [json.loads(line) for line in log.read_text().splitlines()]
        result = [(entry["loss"], entry["grad_norm"]) for entry in entries if "loss" in entry], weights_hash(self.dir / "hub")
        self.check("rm", "-rf", bundle, log, save, self.dir / "hub")
        return result, ranks

    def hold(self, run):
        (losses, weights), _ = self.train(run, "", 1)
        self.assertEqual(len(losses), STEPS)
        self.assertGreater(losses[0][0], losses[-1][0])
        self.assertGreater(weights[1], 20)
        seen = set()
        for flags, micro_batches in LAYOUTS:
            with self.subTest(run=run, flags=flags, micro_batches=micro_batches):
                got, ranks = self.train(run, flags, micro_batches)
                self.assertEqual(got, (losses, weights))
                seen.add(ranks)
        self.assertEqual(max(seen), 16)

    def test_gpt(self):
        self.hold("gpt-tiny/adamw")

    def test_llama(self):
        self.hold("llama-tiny/adamw")

    def test_dropout(self):
        """What is dropped does not depend on the layout either."""
        expected, _ = self.train("gpt-tiny-dropout/adamw", "", 1)
        for flags, micro_batches in [("--mesh=dp=4", 1), ("--mesh=tp=2 --sp=megatron", 1), ("--mesh=dp=2,tp=2 --zero=3", 2),
                                     ("--mesh=sp=2 --sp=ulysses", 1), ("--recompute=full", 4)]:
            with self.subTest(flags=flags, micro_batches=micro_batches):
                self.assertEqual(self.train("gpt-tiny-dropout/adamw", flags, micro_batches)[0], expected)

    def test_weight_uses(self):
        """A gradient is added up over micro-batches where it is a sum over samples, and what is made of it behind that."""
        expected, _ = self.train("weight-uses", "", 1)
        for flags, micro_batches in [("", 2), ("", 4), ("", 8), ("--mesh=dp=2", 4), ("--mesh=tp=2", 8), ("--mesh=dp=4 --zero=3", 1)]:
            with self.subTest(flags=flags, micro_batches=micro_batches):
                self.assertEqual(self.train("weight-uses", flags, micro_batches)[0], expected)

    def test_bf16(self):
        """Sums are the same in bf16 too, micro-batches apart: their sums round."""
        expected, _ = self.train("gpt-tiny/bf16", "", 1)
        for flags in ["--mesh=dp=4", "--mesh=tp=2", "--mesh=dp=2,tp=2 --zero=3 --sp=megatron", "--mesh=sp=2 --sp=ulysses"]:
            with self.subTest(flags=flags):
                self.assertEqual(self.train("gpt-tiny/bf16", flags, 1)[0], expected)

    def test_resume(self):
        """A run begins with no sum waiting, whatever the step before it left."""
        expected, _ = self.train("gpt-tiny/adamw", "", 4)
        data, _ = self.compile("gpt-tiny/adamw", "", 4, "bundle")
        entries = []
        for steps, more in [(STEPS // 2, []), (STEPS, ["--resume"])]:
            log = self.dir / f"log-{steps}.jsonl"
            self.check(BUILD / "bin/vescale-run", self.dir / "bundle", "--", f"--data={data}", f"--steps={steps}",
                       f"--log={log}", f"--save-dir={self.dir / 'save'}", *more)
            entries += [json.loads(line) for line in log.read_text().splitlines()]
        self.check(BUILD / "bin/vescale-ckpt", "export", self.dir / "save", self.dir / "bundle", "-o", self.dir / "hub")
        losses = [(entry["loss"], entry["grad_norm"]) for entry in entries if "loss" in entry]
        self.assertEqual((losses, weights_hash(self.dir / "hub")), expected)

    def test_refusals(self):
        _, result = self.compile("gpt-tiny/adamw", "", 3, "bundle", code=3)
        self.assertIn("3 micro-batches; a reproducible step needs a power of two", result.stderr)


if __name__ == "__main__":
    unittest.main()
