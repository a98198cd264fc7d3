#!/usr/bin/env python3
"""What a training program does beside its steps: evaluation, traces, the log, orders from launchers.

usage: test_training_run.py BUILD [TEST…]
"""

import json
import os
import pathlib
import pty
import signal
import subprocess
import sys
import unittest

import numpy as np

from test_training import BUILD, STOPPED, TOLERANCE, Programs

RUN = "gpt-tiny/adamw"
BATCH, SEQUENCE = 4, 32
# The flags of a layout, and into how many parts it cuts the batch.
LAYOUTS = [("--mesh=dp=2", 1), ("--mesh=tp=2 --sp=megatron", 1), ("--mesh=dp=2,tp=2 --zero=3", 1), ("", 2),
           ("--mesh=dp=2 --zero=3", 2)]
MPIRUN = ["mpirun", "-q", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none"]


class Runs(Programs):
    def build(self, layout="", micro_batches=1, bundle="bundle"):
        flags = [*layout.split(), *([f"--micro-batches={micro_batches}"] if micro_batches > 1 else [])]
        return self.compile(RUN, flags, bundle, micro_batches)

    def manifest(self):
        return json.loads((self.dir / "bundle/manifest.json").read_text())


class Evaluation(Runs):
    def losses(self, entries):
        return {step: entry["eval_loss"] for step, entry in entries.items() if "eval_loss" in entry}

    def windows(self, data, count):
        """An array file of the first windows of the tokens, side by side, and what compiles to read it."""
        tokens = np.fromfile(data, "<u2").astype(np.int64)
        starts = np.arange(count) * SEQUENCE
        rows = starts[:, None] + np.arange(SEQUENCE)
        np.savez(self.dir / "windows.npz", inputs=tokens[rows], targets=tokens[rows + 1])
        train = self.dir / RUN.replace("/", "-") / "train.json"
        settings = json.loads(train.read_text())
        settings |= {"data": {"input_ids": {"from": "inputs"}, "labels": {"from": "targets"}}, "order": "sequential"}
        train.write_text(json.dumps(settings))
        self.check([BUILD / "bin/vescale-compile", train.with_name("model.onnx"), "-o", self.dir / "arrays",
                    f"--train={train}", f"--dim=batch={BATCH}", f"--dim=sequence={SEQUENCE}"])
        return self.dir / "windows.npz"

    def test_layouts(self):
        """Every so many steps and at the end, the same in each layout, and training goes on as if it had not been."""
        data = self.build()
        plain, _ = self.train("bundle", data, "--steps=5")
        entries, result = self.train("bundle", data, "--steps=5", f"--eval={data}", "--eval-every=2")
        want = self.losses(entries)
        self.assertEqual(sorted(want), [1, 3, 4])
        self.assertGreater(want[1], want[4])
        self.assertIn(f"evaluation after step 3: loss {want[3]:.4f}", result.stderr)
        for step, entry in plain.items():
            self.assertEqual(entry["loss"], entries[step]["loss"])
            self.assertEqual(entry["grad_norm"], entries[step]["grad_norm"])
        for layout, micro_batches in LAYOUTS:
            with self.subTest(layout=layout, micro_batches=micro_batches):
                self.build(layout, micro_batches)
                got = self.losses(self.train("bundle", data, "--steps=5", f"--eval={data}", "--eval-every=2")[0])
                self.assertEqual(sorted(got), sorted(want))
                for step, loss in want.items():
                    self.assertLess(abs(got[step] - loss) / loss, TOLERANCE)

    def test_windows(self):
        """Tokens are read as windows side by side, arrays from the first sample to the last full batch."""
        data = self.build()
        tokens, _ = self.train("bundle", data, "--steps=2", f"--eval={data}")
        # The run that is resumed takes the other program, whose samples are arrays.
        _, result = self.train("bundle", data, "--steps=2", f"--save-dir={self.dir / 'saved'}")
        for samples, note in ((10 * BATCH, False), (10 * BATCH + 3, True)):
            arrays = self.windows(data, samples)
            entries, result = self.train("arrays", arrays, "--steps=0", f"--eval={arrays}", "--resume",
                                         f"--save-dir={self.dir / 'saved'}")
            self.assertEqual(entries[1]["eval_loss"], tokens[1]["eval_loss"])
            self.assertEqual("the last 3 samples" in result.stderr, note)

    def test_is_the_loss(self):
        """A step's loss is what evaluating its batch with the weights before it gives."""
        data = self.build()
        arrays = self.windows(data, 3 * BATCH)
        steps, _ = self.train("arrays", arrays, "--steps=3")
        whole = np.load(arrays)
        for step in range(3):
            batch = self.dir / "batch.npz"
            np.savez(batch, **{name: whole[name][step * BATCH:(step + 1) * BATCH] for name in whole.files})
            if step:
                entries, _ = self.train("arrays", arrays, f"--steps={step}", f"--eval={batch}")
                got = entries[step - 1]["eval_loss"]
            else:
                entries, _ = self.train("arrays", arrays, "--steps=0", f"--eval={batch}")
                got = entries[-1]["eval_loss"]
            self.assertLess(abs(got - steps[step]["loss"]) / got, 1e-6)

    def test_refusals(self):
        data = self.build()
        short = self.dir / "short.bin"
        short.write_bytes(bytes(2 * (2 * SEQUENCE + 1)))
        given = (f"--data={data}", "--steps=1")
        for flags, code, text in [((*given, f"--eval={short}"), 3, "has 2 samples, a batch has 4"),
                                  ((*given, f"--eval={data}", "--eval-batches=9999999"), 3, "--eval-batches=9999999"),
                                  ((*given, "--eval-every=1"), 2, "need --eval=FILE"),
                                  ((*given, "--trace-steps=1"), 2, "needs --trace=FILE"),
                                  ((*given, "--trace=/nowhere/t.json"), 2, "/nowhere/t.json"),
                                  (("--steps=0",), 2, "--eval=FILE")]:
            with self.subTest(flags=flags):
                result = self.check([BUILD / "bin/vescale-run", self.dir / "bundle", "--", *flags], code)
                self.assertIn(text, result.stderr)


class Traces(Runs):
    def trace(self, data, *flags):
        path = self.dir / "trace.json"
        self.train("bundle", data, "--steps=4", f"--trace={path}", *flags)
        return json.loads(path.read_text())

    def tracks(self, trace, rank):
        """The events of a rank's tracks, by the track's name."""
        own = [event for event in trace["traceEvents"] if event["pid"] == rank]
        names = {event["tid"]: event["args"]["name"] for event in own if event["name"] == "thread_name"}
        return {name: [e for e in own if e["ph"] == "X" and e["tid"] == tid] for tid, name in names.items()}

    def test_ranks(self):
        """All ranks' operations once each, on one clock, under the user's names."""
        data = self.build("--mesh=dp=2,tp=2", micro_batches=2)
        trace = self.trace(data, "--trace-steps=2")
        error = trace["otherData"]["clock_error_us"]
        ranks = [self.tracks(trace, rank) for rank in range(4)]
        for tracks in ranks:
            self.assertEqual([event["name"] for event in tracks["step"]],
                             [name for step in (2, 3) for name in (f"step {step}", "data", "accumulate", "data", "main")])
            # What is sent overlaps with work and with what else is sent, which then has a track of its own.
            lanes = [events for name, events in tracks.items() if name == "compute" or name.startswith("communication")]
            for events in lanes:
                for before, after in zip(events, events[1:]):
                    self.assertLessEqual(before["ts"] + before["dur"], after["ts"] + 0.01)
            sent = sorted((event for lane in lanes[1:] for event in lane), key=lambda event: event["ts"])
            for events in (tracks["compute"], sent):
                half = len(events) // 2
                order = [event["args"]["program_step"] for event in events]
                self.assertEqual(order[:half], order[half:])
                self.assertEqual(len(set(order[:half])), half)
            self.assertTrue(any("transformer.h.1" in event["args"]["location"] for event in tracks["compute"]))
            what = [(e["args"]["program_step"], e["name"], e["args"]["collective"], e["args"]["bytes"]) for e in sent]
            first = what if tracks is ranks[0] else first
            self.assertEqual(what, first)
        # The gradient's norm is summed over all ranks: none leaves a step before the last has come.
        starts = [tracks["step"][0]["ts"] for tracks in ranks]
        ends = [tracks["step"][0]["ts"] + tracks["step"][0]["dur"] for tracks in ranks]
        self.assertLess(max(starts), min(ends) + error)

    def test_one_rank(self):
        data = self.build()
        tracks = self.tracks(self.trace(data), 0)
        self.assertEqual([event["name"] for event in tracks["step"]], ["step 3", "data", "main"])
        self.assertEqual(tracks["communication"], [])
        self.assertTrue(tracks["compute"])


class Log(Runs):
    def test_fields(self):
        """Rates and sizes fit what the manifest says."""
        data = self.build("--mesh=dp=2", micro_batches=2)
        program = self.manifest()["programs"][0]
        flops = {entry["name"]: entry["flops"] for entry in program["entries"]}
        self.assertEqual(sorted(flops), ["accumulate", "eval", "main"])
        self.assertLess(flops["eval"], flops["main"])
        entries, _ = self.train("bundle", data, "--steps=3")
        for entry in entries.values():
            seconds = entry["step_ms"] * 1e-3
            self.assertAlmostEqual(entry["tokens_per_s"] * seconds, BATCH * SEQUENCE, places=3)
            self.assertAlmostEqual(entry["flops_per_s"] * seconds / (flops["main"] + flops["accumulate"]), 1, places=6)
            self.assertGreater(entry["gemm_peak_share"], 0)
            self.assertLessEqual(entry["gemm_peak_share"], 1)
            self.assertEqual(entry["arena_bytes"], program["arena_bytes"])
            self.assertEqual(entry["comm_bytes"], program["comm_bytes"])
            self.assertGreater(entry["held_bytes"], program["arena_bytes"])
            self.assertGreater(entry["peak_rss_bytes"], program["arena_bytes"])

    def test_terminal(self):
        """A terminal has one line for the steps, anything else one for each."""
        data = self.build()
        _, result = self.train("bundle", data, "--steps=3", f"--eval={data}")
        self.assertNotIn("\r", result.stderr)
        self.assertEqual(len([line for line in result.stderr.splitlines() if line.startswith("step ")]), 3)
        ours, theirs = pty.openpty()
        with subprocess.Popen([BUILD / "bin/vescale-run", self.dir / "bundle", "--", f"--data={data}", "--steps=3",
                               f"--eval={data}"], stderr=theirs) as run:
            os.close(theirs)
            text = b""
            try:
                while chunk := os.read(ours, 4096):
                    text += chunk
            except OSError:  # the other end is closed
                pass
        os.close(ours)
        self.assertEqual(run.returncode, 0)
        self.assertEqual(text.count(b"\r\x1b[Kstep "), 2)
        self.assertIn(b"\r\x1b[Kevaluation after step 2", text)
        self.assertTrue(text.endswith(b"\n"))


class Launchers(Runs):
    def test_mpirun(self):
        """mpirun itself forwards SIGUSR1; the run goes on where it stopped."""
        data = self.build("--mesh=dp=2")
        saved, trace = self.dir / "saved", self.dir / "trace.json"
        words = [*MPIRUN, "-n", "2", self.dir / "bundle/run", f"--data={data}", f"--save-dir={saved}", "--resume"]
        with subprocess.Popen([str(word) for word in [*words, "--steps=99999999", f"--trace={trace}"]],
                              stderr=subprocess.PIPE, text=True) as run:
            lines = []
            while not lines or not lines[-1].startswith("step 3"):
                self.assertIsNone(run.poll(), lines)
                lines.append(run.stderr.readline())
            run.send_signal(signal.SIGUSR1)
            _, errors = run.communicate(timeout=60)
        self.assertIn("has no checkpoint; training begins anew", "".join(lines))
        self.assertEqual(run.returncode, STOPPED, errors)
        self.assertIn("which is saved", errors)
        step = int(next(saved.glob("step-*/COMMIT")).parent.name[len("step-"):])
        steps = [event["name"] for event in json.loads(trace.read_text())["traceEvents"] if event["name"].startswith("step ")]
        self.assertEqual(steps, [f"step {step - 1}"] * 2)
        result = self.check([*words, f"--steps={step + 2}"])
        self.assertIn("resumed from", result.stderr)
        self.assertIn(f"step {step + 1}/{step + 2}", result.stderr)

    @unittest.skipIf(len(os.sched_getaffinity(0)) % 2, "two ranks need as many cores each")
    def test_cores(self):
        """Ranks that fill the machine share its cores out; others go where there is room."""
        data = self.build("--mesh=dp=2")
        cores = os.sched_getaffinity(0)
        words = [*MPIRUN, "-n", "2", self.dir / "bundle/run", f"--data={data}", "--steps=99999999"]
        for threads in (len(cores) // 2, len(cores)):
            with subprocess.Popen([str(word) for word in [*words, f"--threads={threads}"]],
                                  stderr=subprocess.PIPE, text=True) as run:
                while not (line := run.stderr.readline()).startswith("step "):
                    self.assertIsNone(run.poll(), line)
                children = pathlib.Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
                sets = [os.sched_getaffinity(int(child)) for child in children]
                run.send_signal(signal.SIGUSR1)
                run.communicate(timeout=60)
            self.assertEqual(len(sets), 2)
            if threads < len(cores):
                self.assertEqual(sorted(map(len, sets)), [threads] * 2)
                self.assertEqual(sets[0] | sets[1], cores)
            else:
                self.assertEqual(sets, [cores] * 2)

    def test_other_size(self):
        data = self.build("--mesh=dp=2")
        result = self.check([*MPIRUN, "-n", "3", self.dir / "bundle/run", f"--data={data}", "--steps=1"], 3)
        self.assertIn("but 3 are running", result.stderr)


if __name__ == "__main__":
    unittest.main()
