#!/usr/bin/env python3
"""The recorded models in full size, all steps on two threads: PyTorch's losses.

usage: test_full_training.py BUILD [TEST…]
"""

import json
import unittest

from test_training import ROOT, TOLERANCE, Programs, tool


class FullTraining(Programs):
    def hold(self, run):
        """Norms of gradients are left out: where one moment blows roundings up, PyTorch's own differ by more than a loss may."""
        data = self.compile(run, [], "bundle")
        entries, _ = self.train("bundle", data, "--steps=100", "--threads=2")
        want = json.loads((ROOT / "test/Training" / run / "losses.json").read_text())
        losses = (json.dumps({"step": step, "loss": entry["loss"]}) for step, entry in entries.items())
        for line, fine in tool.compare_losses(losses, want, TOLERANCE):
            print(f"{run}: {line}", flush=True)
            self.assertTrue(fine, f"{run}: {line}")

    def test_gpt(self):
        self.hold("gpt/adamw")

    def test_llama(self):
        self.hold("llama/adamw")

    def test_bert(self):
        self.hold("bert/adamw")


if __name__ == "__main__":
    unittest.main()
