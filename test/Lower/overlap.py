#!/usr/bin/env python3
"""Plays the lowered training step of gpt-tiny in virtual time and holds it against the shortest time that is possible.

usage: overlap.py [--bin DIR]

Steps run in order on one processor, each for as long as its operations take there. Exchanges are served by one link, one
after the other, each for a latency and its bytes; a wait ends when the link is done. Links are so fast that all exchanges
together take a half, one, or two times as long as all work.

The shortest time. Cut the step where no transfer reaches across: what is ready before is used before. A stretch takes its
work at least. Nor can it be shorter than the work before some moment, plus all transfers of what is ready no earlier and
used no later than another moment, plus the work behind that. Parameters that are gathered count as ready when work
uses those of four buckets before: earlier they would only cost memory. A time of more than 1.1 times the sum of all
stretches (1.2 for hybrid shards), latencies aside, is an error, as is one that a schedule without overlap would reach.
"""

import argparse
import math
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Training"))

import tool  # noqa: E402

MODEL = "gpt-tiny"
# How much longer than the shortest time a step may take. Hybrid shards are summed twice, one sum behind the other.
LAYOUTS = {"--mesh=dp=2": 1.1, "--mesh=dp=4": 1.1, "--mesh=dp=2 --zero=1": 1.1, "--mesh=dp=2 --zero=2": 1.1,
           "--mesh=dp=2 --zero=3": 1.1, "--mesh=dp=4 --zero=3 --zero-axes=dp:(2)2": 1.2}
BUCKET = 49152  # four have about a layer of this model
AHEAD = 4 * BUCKET
MATRIX_OPS, OTHER_OPS = 100, 10  # operations of the virtual processor a nanosecond
LATENCY = 0.002  # of a transfer, of all work
WIDTH = {"f32": 4, "f64": 8, "i64": 8, "i32": 4, "i8": 1, "bf16": 2, "f16": 2}


def bytes_of(memref):
    *dims, element = re.fullmatch(r"memref<(.*)>", memref)[1].split("x")
    return math.prod(map(int, dims)) * WIDTH[element]


def numbers(text):
    return [int(part) for part in text.split(",")]


def cost(line):
    """The nanoseconds that a step of work takes."""
    op = re.search(r"rank\.(\w+)", line)[1]
    sizes = re.search(r"sizes \[([^\]]*)\]", line)
    if op == "gemm":
        return 2 * math.prod(numbers(sizes[1])) / MATRIX_OPS
    if op in ("attention", "attention_grad"):
        batch, heads, _, queries, keys, size, value_size = numbers(sizes[1])
        products = 2 if op == "attention" else 5
        return products * batch * heads * queries * keys * (size + value_size) / MATRIX_OPS
    if op == "scatter_add":
        return math.prod(numbers(sizes[1])[i] for i in (0, 1, 3)) / OTHER_OPS
    over, flops = re.search(r"over \[([^\]]*)\] flops (\d+)", line).groups()
    return math.prod(numbers(over)) * int(flops) / OTHER_OPS


class Exchange:
    def __init__(self, line, groups):
        kind, inputs, outputs, group = re.search(r"collective (\w+) \w+ (.*?) -> (.*?) group (\d+)", line).groups()
        sources, results = re.search(r" : (memref.*) -> (memref.*)$", line).groups()
        ranks = groups[int(group)]
        rounds = 2 if kind == "all_reduce" else 1
        self.gathers = kind == "all_gather"
        self.parts = []  # buffers, bytes to send, bytes of the larger one
        for source, result, from_type, to_type in zip(inputs.split(", "), outputs.split(", "), sources.split(", "),
                                                      results.split(", "), strict=True):
            whole = max(bytes_of(from_type), bytes_of(to_type))
            self.parts.append(({source, result}, rounds * whole * (ranks - 1) / ranks, whole))
        self.bytes = sum(part[1] for part in self.parts)


class Program:
    """The steps of @main: ("work", ns, buffers), ("start", exchange), ("wait", exchange)."""

    def __init__(self, text):
        groups = [math.prod(numbers(sizes)) for sizes in
                  re.findall(r"#rank\.group<\[([^\]]*)\]", re.search(r"rank\.program .*", text)[0])]
        self.steps, base, tokens, inside = [], {}, {}, False
        for line in text.splitlines():
            line = line.strip()
            if found := re.search(r'rank\.entry "(\w+)"', line):
                inside = found[1] == "main"
            if found := re.match(r"(%\w+) = rank\.reshape (%\w+)", line):
                base[found[1]] = base.get(found[2], found[2])
            if not inside:
                continue
            if found := re.match(r"(%\w+) = rank\.collective", line):
                tokens[found[1]] = Exchange(line, groups)
                self.steps.append(("start", tokens[found[1]]))
            elif found := re.match(r"rank\.wait (%\w+)", line):
                self.steps.append(("wait", tokens[found[1]]))
            elif re.match(r"rank\.(kernel|gemm|attention|attention_grad|scatter_add)\b", line):
                self.steps.append(("work", cost(line), {base.get(name, name) for name in re.findall(r"%\w+", line)}))
        for exchange in tokens.values():
            exchange.parts = [({base.get(name, name) for name in buffers}, *sizes) for buffers, *sizes in exchange.parts]
        self.work = [step for step in self.steps if step[0] == "work"]
        self.exchanges = list(tokens.values())
        self.total = sum(step[1] for step in self.work)
        self.sent = sum(exchange.bytes for exchange in self.exchanges)

    def play(self, latency, rate):
        now = free = 0
        over = {}
        for step in self.steps:
            if step[0] == "work":
                now += step[1]
            elif step[0] == "start":
                free = max(free, now) + latency + step[1].bytes / rate
                over[step[1]] = free
            else:
                now = max(now, over[step[1]])
        return now

    def spans(self):
        """For each tensor that is moved: when it is ready, when it is used, and its bytes, in steps of work."""
        spans, at = [], {}
        done = 0
        for step in self.steps:
            if step[0] == "work":
                done += 1
            elif step[0] == "start":
                at[step[1]] = done
        for exchange in self.exchanges:
            for buffers, size, whole in exchange.parts:
                touched = [number for number, step in enumerate(self.work) if step[2] & buffers]
                before = [number + 1 for number in touched if number < at[exchange]]
                behind = [number for number in touched if number >= at[exchange]]
                spans.append([max(before, default=0), min(behind, default=len(self.work)), size, buffers,
                              whole if exchange.gathers else 0])
        for span in spans:  # what takes another's result is not ready before it
            for other in spans:
                if span is not other and span[3] & other[3]:
                    early, late = sorted((span, other), key=lambda one: one[:2])
                    late[0] = max(late[0], early[0])
                    early[1] = min(early[1], late[1])
        gathers = sorted((span for span in spans if span[4] and span[0] == 0), key=lambda span: span[1])
        for number, span in enumerate(gathers):
            room = AHEAD - span[4]
            for other in reversed(gathers[:number]):
                room -= other[4]
                if room < 0:
                    span[0] = min(other[1], span[1])
                    break
        return [span[:3] for span in spans]

    def shortest(self, rate):
        until = [0]  # the work before each boundary
        for step in self.work:
            until.append(until[-1] + step[1])
        spans = self.spans()
        cuts = [k for k in range(len(until)) if not any(ready < k < use for ready, use, _ in spans)]
        total = 0
        for first, last in zip(cuts, cuts[1:]):
            inside = [span for span in spans if first <= span[0] and span[1] <= last and
                      not (span[0] == span[1] == first and first != 0)]
            best = until[last] - until[first]
            for moment in {span[0] for span in inside}:
                later = sorted((span for span in inside if span[0] >= moment), key=lambda span: span[1])
                sent = 0
                for _, use, size in later:
                    sent += size
                    best = max(best, until[moment] - until[first] + sent / rate + until[last] - until[use])
            total += best
        return total


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", help="where vescale-compile is (default: on PATH)")
    options = parser.parse_args()
    compiler = str(pathlib.Path(options.bin) / "vescale-compile") if options.bin else "vescale-compile"
    dims = tool.describe(MODEL)[0]["dims"] | {"batch": 32}
    good = True
    print("layout                                   exchanges  link/work  shortest  overlapped  one by one (of the work)")
    with tempfile.TemporaryDirectory() as directory:
        scratch = pathlib.Path(directory)
        graph, _ = tool.make(MODEL, scratch)
        for flags, factor in LAYOUTS.items():
            words = [compiler, graph, f"--train={scratch / 'train.json'}", *flags.split(), f"--bucket-bytes={BUCKET}",
                     *(f"--dim={name}={size}" for name, size in dims.items()), "--compile-to=lower", "-o",
                     scratch / "low.mlir"]
            subprocess.run([str(word) for word in words], check=True, stderr=subprocess.PIPE)
            program = Program((scratch / "low.mlir").read_text())
            for share in (0.5, 1, 2):
                rate = program.sent / (share * program.total)
                time = program.play(LATENCY * program.total, rate)
                least = program.shortest(rate)
                apart = program.total * (1 + share + LATENCY * len(program.exchanges))
                waits = LATENCY * program.total * len(program.exchanges)
                fine = least <= time <= factor * least + waits and time < apart
                good &= fine
                print(f"{flags:40} {len(program.exchanges):9} {share:10} {least / program.total:9.3f} "
                      f"{time / program.total:11.3f} {apart / program.total:11.3f}{'' if fine else '  FAILS'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
