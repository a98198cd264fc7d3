#!/usr/bin/env python3
"""The recorded models in full size: PyTorch's losses, in fp32 and in fp64; and the memory that was planned.

usage: test_full_training.py BUILD [TEST…]
"""

import json
import unittest

from test_training import ROOT, TOLERANCE, Programs, tool


MEMORY_LAYOUTS = ("", "--mesh=dp=2", "--mesh=dp=2 --zero=3", "--mesh=tp=2", "--mesh=tp=2 --sp=megatron")


class FullTraining(Programs):
    def hold(self, run):
        """All steps on two threads.

        Norms of gradients are left out: where one moment blows roundings up, PyTorch's own differ by more than a loss may.
        The same moments are why the losses must also be about as near to PyTorch's in fp64 as PyTorch's in fp32 are: two runs
        in fp32 may be on either side of them.
        """
        data = self.compile(run, [], "bundle")
        entries, _ = self.train("bundle", data, "--steps=100", "--threads=2")
        want = json.loads((ROOT / "test/Training" / run / "losses.json").read_text())
        losses = (json.dumps({"step": step, "loss": entry["loss"]}) for step, entry in entries.items())
        for line, fine in tool.compare_losses(losses, want, TOLERANCE):
            print(f"{run}: {line}", flush=True)
            self.assertTrue(fine, f"{run}: {line}")
        exact = want["drift"]["float64"]
        error = max(abs(entry["loss"] / exact["loss"][step] - 1) for step, entry in entries.items())
        print(f"{run}: at most {error:.1e} from PyTorch in fp64, whose fp32 is {exact['largest']:.1e} from it", flush=True)
        self.assertLess(error, 2 * exact["largest"], run)

    def test_gpt(self):
        self.hold("gpt/adamw")

    def test_llama(self):
        self.hold("llama/adamw")

    def test_bert(self):
        self.hold("bert/adamw")

    def test_memory(self):
        """A rank holds what was planned, and 2 % at most beyond it."""
        for layout in MEMORY_LAYOUTS:
            with self.subTest(layout=layout):
                data = self.compile("gpt/adamw", layout.split(), "bundle")
                program = json.loads((self.dir / "bundle/manifest.json").read_text())["programs"][0]
                planned = program["arena_bytes"] + program["comm_bytes"]
                entries, _ = self.train("bundle", data, "--steps=3", "--threads=1")
                self.assertEqual({entry["arena_bytes"] + entry["comm_bytes"] for entry in entries.values()}, {planned})
                held = entries[2]["held_bytes"] / planned
                print(f"gpt {layout}: holds {held:.4f} of the {planned} bytes planned", flush=True)
                self.assertLess(abs(held - 1), 0.02)


if __name__ == "__main__":
    unittest.main()
