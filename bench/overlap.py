#!/usr/bin/env python3
"""Times training steps over a simulated link: how much of communication hides behind work.

Two ranks of one thread each train the byte-level GPT of test/Training. Their exchanges go over a link (--simulate-link)
that alone would take a given share of what a step takes without it; waiting for the link burns no processor time, so that
it does not matter that the ranks share two cores. Without overlap a step would take the sum of both, at best the larger
one and what cannot overlap: the forward program and the optimizer beside the sums of data parallel gradients.
"""

import argparse
import json
import pathlib
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

LAYOUTS = [["--mesh=dp=2", f"--zero={level}"] for level in (0, 1, 3)]
WARM = 2  # first steps of a launch that aren't timed
LATENCY_US = 50


def step_times(build, bundle, data, steps, link):
    with tempfile.TemporaryDirectory() as directory:
        log = pathlib.Path(directory) / "log.jsonl"
        checked([build / "bin/vescale-run", bundle, "--", f"--data={data}", f"--steps={steps + WARM}", "--threads=1",
                 f"--log={log}", *([f"--simulate-link={LATENCY_US},{link:.3f}"] if link else [])])
        return [entry["step_ms"] for entry in map(json.loads, log.read_text().splitlines()) if "step_ms" in entry][WARM:]


def spread(times):
    return f"{statistics.median(times):8.1f} ({min(times):.1f} to {max(times):.1f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", nargs="?", default="build")
    parser.add_argument("--model", default="gpt", help="of test/Training (default gpt)")
    parser.add_argument("--steps", type=int, default=7, help="timed steps of a launch (default 7)")
    parser.add_argument("--shares", default="0.25,0.5,1", help="of the link's time in the step's (default 0.25,0.5,1)")
    parser.add_argument("--only", default="", metavar="TEXT", help="layouts with this in their flags, such as zero=3")
    options = parser.parse_args()
    build = (ROOT / options.build).resolve()
    dims = [f"--dim={name}={size}" for name, size in tool.describe(options.model)[0]["dims"].items()]
    print("step_ms: median (minimum to maximum); shortest: as long as the link, or as the step without it")
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        graph, _ = tool.make(options.model, directory)
        for layout in (layout for layout in LAYOUTS if options.only in " ".join(layout)):
            common = [build / "bin/vescale-compile", graph, f"--train={directory / 'train.json'}", *layout, *dims]
            checked([*common, "--compile-to=lower", "-o", directory / "low.mlir"])
            checked([*common, "-o", directory / "bundle"])
            program = overlap.Program((directory / "low.mlir").read_text())
            data = directory / "tokens.bin"
            alone = step_times(build, directory / "bundle", data, options.steps, None)
            base = statistics.median(alone)
            print(f"{' '.join(layout)}: {program.sent / 2**20:.1f} MiB in {len(program.exchanges)} exchanges; "
                  f"without a link {spread(alone)}", flush=True)
            for share in map(float, options.shares.split(",")):
                transfer_ms = share * base - len(program.exchanges) * LATENCY_US * 1e-3
                link = program.sent / 2**20 / (transfer_ms * 1e-3)
                times = step_times(build, directory / "bundle", data, options.steps, link)
                took = statistics.median(times)
                print(f"  link {share * base:8.1f} ms ({link:.0f} MiB/s): {spread(times)}, {took / (base * max(1, share)):.2f} "
                      f"of the shortest, one by one {1 + share:.2f} of the step without it", flush=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RuntimeError, subprocess.CalledProcessError) as error:
        sys.exit(f"bench/overlap.py: {error}")
