#!/usr/bin/env python3
"""A training run's log and trace in a plan report.

usage: test_report.py BUILD [TEST…]
"""

import json
import re
import statistics
import unittest

from test_training import BUILD, Programs

REPORT = {
    "schema": "vescale.plan-report/1",
    "model": {"name": "gpt-tiny"},
    "cluster": {
        "name": "here",
        "devices": 2,
        "device": {"name": "core", "memory_bytes": 1 << 30},
        "levels": [{"name": "machine", "devices": 2, "latency_us": 3, "bandwidth_bytes_per_s": 14e9}],
    },
    "plans": [
        {
            "title": title,
            "mesh": [{"axis": "dp", "size": 2}],
            "step": {"total_us": 1000, "compute_us": 900, "exposed_us": 100, "bubble_us": 0},
            "memory": [
                {
                    "name": "each",
                    "limit_bytes": 1 << 30,
                    "parameters_bytes": 1,
                    "gradients_bytes": 1,
                    "optimizer_bytes": 1,
                    "activations_bytes": 1,
                    "transient_bytes": 1,
                }
            ],
        }
        for title in ("first", "dp=2")
    ],
}


class Measured(Programs):
    def page(self, *flags, code=0):
        (self.dir / "report.json").write_text(json.dumps(REPORT))
        result = self.check([BUILD / "bin/vescale-report", self.dir / "report.json", "--html=-", *flags], code)
        if code:
            return result.stderr
        return json.loads(re.search(r'id="report">(.*?)</script>', result.stdout, re.DOTALL)[1])["measured"]

    def test_run(self):
        data = self.compile("gpt-tiny/adamw", ["--mesh=dp=2"], "bundle")
        path = self.dir / "trace.json"
        entries, _ = self.train(
            "bundle", data, "--steps=8", f"--trace={path}", "--trace-steps=3", f"--eval={data}", "--eval-batches=1"
        )
        log = f"--log={self.dir / 'log.jsonl'}"
        # By the log alone: the first step warms up.
        measured = self.page(log, "--ran=2")
        times = sorted(1e3 * entry["step_ms"] for step, entry in entries.items() if step > 0)
        self.assertAlmostEqual(measured["step"]["total_us"], statistics.median(times), places=3)
        self.assertEqual(measured["memory_bytes"], max(entry["held_bytes"] for entry in entries.values()))
        self.assertEqual((measured["plan"], measured["what"]), (1, "the median of 7 steps"))
        self.assertNotIn("timeline", measured)
        # By the trace: the last of three steps, all that was computed and sent in it.
        measured = self.page(f"--trace={path}")
        events = [event for event in json.loads(path.read_text())["traceEvents"] if event["ph"] == "X"]
        steps = {event["pid"]: event for event in events if event["name"] == "step 7"}
        begin = min(step["ts"] for step in steps.values())
        end = max(step["ts"] + step["dur"] for step in steps.values())
        self.assertAlmostEqual(measured["step"]["total_us"], end - begin, places=3)
        timeline, busy = measured["timeline"], []
        self.assertEqual([rank["name"] for rank in timeline["ranks"]], ["rank 0", "rank 1"])
        for number, rank in enumerate(timeline["ranks"]):
            own = [
                event
                for event in events
                if event["pid"] == number and event["tid"] > 0 and event["ts"] >= steps[number]["ts"]
            ]
            want = sorted(
                (
                    event["ts"] - begin,
                    event["dur"],
                    "collective" if "collective" in event["args"] else "work",
                    event["args"].get("bytes", 0),
                    ", ".join(filter(None, [event["name"], event["args"]["location"]])),
                )
                for event in own
            )
            got = sorted(
                (start, duration, timeline["kinds"][kind], size, timeline["names"][name])
                for track in rank["tracks"]
                for name, kind, start, duration, _, size in track["events"]
            )
            self.assertEqual(len(got), len(want))
            for one, other in zip(got, want):
                self.assertAlmostEqual(one[0], other[0], places=3)
                self.assertEqual(one[1:], other[1:])
            self.assertIn("collective", {kind for _, _, kind, _, _ in got})
            busy.append(sum(duration for _, duration, kind, _, _ in got if kind == "work"))
        self.assertAlmostEqual(measured["step"]["compute_us"], max(busy), places=3)
        self.assertAlmostEqual(
            sum(measured["step"][f"{part}_us"] for part in ("compute", "exposed")), end - begin, places=3
        )

    def test_refusals(self):
        for name, text, message in (
            ("log", '{"step_ms": 1}\n{"loss": 2}\n', "the log's line 2 has no step_ms"),
            ("log", "", "neither a log nor a trace"),
            ("log", "\n", "the log has no steps"),
            ("log", "[", "the log's line 1: is not JSON"),
            ("trace", "{}", "the trace has no traceEvents"),
            ("trace", '{"traceEvents": []}', "the trace has no ranks"),
            (
                "trace",
                '{"traceEvents": [{"ph": "X", "pid": 3, "name": "a", "tid": 1, "ts": 1, "dur": 2}]}',
                "the trace has no step of process 3",
            ),
            ("trace", '{"traceEvents": [{"ph": "X", "pid": 3, "name": "a", "tid": 1}]}', "event 0 has no time"),
            ("trace", '{"traceEvents": [{"ph": "X"}]}', "event 0 lacks name, ph or pid"),
        ):
            with self.subTest(text=text):
                (self.dir / "file").write_text(text)
                self.assertIn(message, self.page(f"--{name}={self.dir / 'file'}", code=3))
        (self.dir / "file").write_text('{"step_ms": 1}\n')
        self.assertIn("measured.plan: there are 2", self.page(f"--log={self.dir / 'file'}", "--ran=3", code=3))


if __name__ == "__main__":
    unittest.main()
