#!/usr/bin/env python3
"""Times training steps over a simulated link: how much of communication hides behind work.

Two ranks of one thread each train the byte-level GPT of test/Training. Their exchanges go over a link (--simulate-link)
that alone would take a given share of the time of all work; waiting for the link burns no processor time, so that it does
not matter that the ranks share two cores. Traces of the same steps tell how long each step of work took, and so the
shortest time in which work and link can do it in any order (test/Lower/shortest.py). All launches take turns.
"""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test" / "Training"))
sys.path.insert(0, str(ROOT / "test" / "Lower"))

import overlap  # noqa: E402
import tool  # noqa: E402
from turns import checked  # noqa: E402

LAYOUTS = ["--mesh=dp=2", "--mesh=dp=2 --zero=3", "--mesh=tp=2"]
WARM = 1  # first steps of a launch that aren't timed
LATENCY_US = 50  # of the link; less where they would take more than a tenth of its time


class Launches:
    """The steps over one link: their times in ms, and the spans of their work in ns, by program step."""

    def __init__(self):
        self.times, self.spans = [], {}

    def program(self, text):
        return overlap.Program(text, {step: statistics.median(spans) for step, spans in self.spans.items()})


class Layout:
    """A layout's bundle, and its launches without a link and over each one."""

    def __init__(self, build, flags, model, directory):
        self.build, self.flags, self.data = build, flags, directory / "tokens.bin"
        self.directory = directory / flags.replace(" ", "")
        self.directory.mkdir()
        self.alone, self.linked, self.links = Launches(), {}, {}
        dims = tool.describe(model)[0]["dims"]
        checked([build / "bin/vescale-compile", directory / "model.onnx", f"--train={directory / 'train.json'}",
                 *flags.split(), *(f"--dim={name}={size}" for name, size in dims.items()),
                 f"--dump-phases={self.directory}", "-o", self.directory / "bundle"])
        self.text = re.sub(r" loc\(.*\)$", "", (self.directory / "5.lower.mlir").read_text(), flags=re.M)

    def run(self, steps, share=None):
        if share is None:
            self.launch(self.alone, steps, [])
            return
        if share not in self.links:
            self.links[share] = share * self.alone.program(self.text).total * 1e-6
        program, link_us = overlap.Program(self.text), self.links[share] * 1e3
        latency_us = min(LATENCY_US, 0.1 * link_us / len(program.exchanges))
        transfer_us = link_us - len(program.exchanges) * latency_us
        self.launch(self.linked.setdefault(share, Launches()), steps,
                    [f"--simulate-link={latency_us:.3f},{program.sent / 2**20 / (transfer_us * 1e-6):.3f}"])

    def launch(self, launches, steps, flags):
        log, trace = self.directory / "log.jsonl", self.directory / "trace.json"
        log.unlink(missing_ok=True)
        checked([self.build / "bin/vescale-run", self.directory / "bundle", "--", f"--data={self.data}",
                 f"--steps={steps + WARM}", "--threads=1", f"--log={log}", f"--trace={trace}", f"--trace-steps={steps}",
                 *flags])
        entries = [json.loads(line) for line in log.read_text().splitlines()]
        launches.times += [entry["step_ms"] for entry in entries if "step_ms" in entry][WARM:]
        for event in json.loads(trace.read_text())["traceEvents"]:
            if "program_step" in event.get("args", {}):
                launches.spans.setdefault(event["args"]["program_step"], []).append(event["dur"] * 1e3)

    def report(self):
        program = self.alone.program(self.text)
        print(f"{self.flags}: {program.sent / 2**20:.1f} MiB in {len(program.exchanges)} exchanges; without a link "
              f"{spread(self.alone.times)} ms, work {program.total * 1e-6:.1f}")
        for share, launches in self.linked.items():
            program, link = launches.program(self.text), self.links[share]
            work = program.total * 1e-6
            least = program.graph.shortest(program.sent / (link * 1e6)) * 1e-6  # latencies are in the link's time
            print(f"  link {link:7.1f} ms, work {work:7.1f}: {spread(launches.times)} ms; shortest {least:.1f}, "
                  f"{statistics.median(launches.times) / least:.2f} of it; one by one {work + link:.1f}", flush=True)


def spread(times):
    return f"{statistics.median(times):.1f} ({min(times):.1f} to {max(times):.1f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", nargs="?", default="build")
    parser.add_argument("--model", default="gpt", help="of test/Training (default gpt)")
    parser.add_argument("--turns", type=int, default=3, help="launches of each layout over each link (default 3)")
    parser.add_argument("--steps", type=int, default=2, help="timed steps of a launch (default 2)")
    parser.add_argument("--shares", default="0.5,1,2", help="of the link's time in that of work (default 0.5,1,2)")
    parser.add_argument("--only", default="", metavar="TEXT", help="layouts with this in their flags, such as zero=3")
    options = parser.parse_args()
    shares = [float(share) for share in options.shares.split(",")]
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        tool.make(options.model, directory)
        layouts = [Layout((ROOT / options.build).resolve(), flags, options.model, directory)
                   for flags in LAYOUTS if options.only in flags]
        for turn in range(options.turns):
            for layout in layouts:
                for share in (None, *shares):
                    layout.run(options.steps, share)
            print(f"turn {turn + 1} of {options.turns}", file=sys.stderr, flush=True)
        print("a step's median (minimum to maximum)")
        for layout in layouts:
            layout.report()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RuntimeError, subprocess.CalledProcessError) as error:
        sys.exit(f"bench/overlap.py: {error}")
