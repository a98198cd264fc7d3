#!/usr/bin/env python3
"""Plays the lowered training step of gpt-tiny in virtual time and holds it against the shortest time that is possible.

usage: overlap.py [--bin DIR]

Steps run in order on one processor, each for as long as its operations take there. Exchanges are served by one link, one
after the other, each for a latency and its bytes; a wait ends when the link is done. Links are so fast that all exchanges
together take a half, one, or two times as long as all work.

The shortest time is that of the steps in any order (shortest.py). Parameters that are gathered come behind the work before
the one that uses those of four buckets before: earlier they would only cost memory. A time of more than 1.1 times the
shortest, latencies aside, is an error, as is one that a schedule without overlap would reach.
"""

import argparse
import math
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Training"))

import shortest  # noqa: E402
import tool  # noqa: E402

MODEL = "gpt-tiny"
LAYOUTS = ["--mesh=dp=2", "--mesh=dp=4", "--mesh=dp=2 --zero=1", "--mesh=dp=2 --zero=2", "--mesh=dp=2 --zero=3",
           "--mesh=dp=4 --zero=3 --zero-axes=dp:(2)2", "--mesh=tp=2", "--mesh=tp=2 --sp=megatron", "--mesh=dp=2,tp=2",
           "--mesh=sp=2 --sp=ulysses"]
FACTOR = 1.1  # how much longer than the shortest time a step may take
BUCKET = 65536  # the largest tensor of this model; four have about a layer
AHEAD = 4 * BUCKET
MATRIX_OPS, OTHER_OPS = 100, 10  # operations of the virtual processor a nanosecond
LATENCY = 0.0002  # of a transfer, of all work
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


def accesses(line):
    """The buffers that a step of work reads, and those that it writes."""
    head, _, tail = line.partition(" -> ")
    reads, writes = re.findall(r"%\w+", head), re.findall(r"%\w+", tail)
    if re.match(r"rank\.gemm", line):
        results = 4 if "scratch" in head else 3
        return reads[:2] + reads[results:], reads[2:results] + writes
    if found := re.search(r" (mask|drop) .*", tail):  # the scratch behind it matters to no other step
        more = re.findall(r"%\w+", found[0])
        return reads + more, [name for name in writes if name not in more]
    return reads, writes


class Exchange:
    def __init__(self, line, groups):
        kind, inputs, outputs, group = re.search(r"collective (\w+) \w+ (.*?) -> (.*?) group (\d+)", line).groups()
        sources, results = re.search(r" : (memref.*) -> (memref.*)$", line).groups()
        ranks = groups[int(group)]
        rounds = 2 if kind == "all_reduce" else 1
        self.gathers = kind == "all_gather"
        self.parts = []  # the buffers read and written, bytes to send, bytes of the larger one
        for source, result, from_type, to_type in zip(inputs.split(", "), outputs.split(", "), sources.split(", "),
                                                      results.split(", "), strict=True):
            whole = max(bytes_of(from_type), bytes_of(to_type))
            self.parts.append((source, result, rounds * whole * (ranks - 1) / ranks, whole))
        self.bytes = sum(part[2] for part in self.parts)


class Program:
    """The steps of @main: ("work", ns), ("start", exchange), ("wait", exchange)."""

    def __init__(self, text, times=None):
        """`times` has the nanoseconds of each step that is work, by its number among all; by default they are estimated."""
        groups = [math.prod(numbers(sizes)) for sizes in
                  re.findall(r"#rank\.group<\[([^\]]*)\]", re.search(r"rank\.program .*", text)[0])]
        self.steps, self.graph = [], shortest.Graph()
        base, tokens, gathers, inside = {}, {}, {}, False

        def bases(names):
            return [base.get(name, name) for name in names]

        for line in map(str.strip, text.splitlines()):
            if found := re.search(r'rank\.entry "(\w+)"', line):
                inside = found[1] == "main"
            if found := re.match(r"(%\w+) = rank\.reshape (%\w+)", line):
                base[found[1]] = base.get(found[2], found[2])
            if not inside:
                continue
            if found := re.match(r"(%\w+) = rank\.collective", line):
                exchange = tokens[found[1]] = Exchange(line, groups)
                self.steps.append(("start", exchange))
                for source, result, sent, whole in exchange.parts:
                    number = self.graph.add(sent, bases([source]), bases([result]), is_tensor=True)
                    if exchange.gathers and not self.graph.before[number] & self.graph.work:
                        gathers[number] = whole
            elif found := re.match(r"rank\.wait (%\w+)", line):
                self.steps.append(("wait", tokens[found[1]]))
            elif re.match(r"rank\.(kernel|gemm|attention|attention_grad|scatter_add)\b", line):
                time = times[len(self.steps)] if times else cost(line)
                self.steps.append(("work", time))
                self.graph.add(time, *map(bases, accesses(line)))
        self.hold_back(gathers)
        self.graph.close()
        self.exchanges = list(tokens.values())
        self.total = sum(step[1] for step in self.steps if step[0] == "work")
        self.sent = sum(exchange.bytes for exchange in self.exchanges)

    def hold_back(self, gathers):
        """Parameters, by number with their bytes, come behind what comes before the use of some before them."""
        uses = {number: min(user for user, before in enumerate(self.graph.before) if before >> number & 1)
                for number in gathers}
        order = sorted(gathers, key=uses.get)
        for place, number in enumerate(order):
            room = AHEAD - gathers[number]
            for other in reversed(order[:place]):
                room -= gathers[other]
                if room < 0:
                    if uses[other] != uses[number]:
                        self.graph.before[number] |= self.graph.before[uses[other]] & ~(1 << number)
                    break

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
        for flags in LAYOUTS:
            words = [compiler, graph, f"--train={scratch / 'train.json'}", *flags.split(), f"--bucket-bytes={BUCKET}",
                     *(f"--dim={name}={size}" for name, size in dims.items()), "--compile-to=lower", "-o",
                     scratch / "low.mlir"]
            subprocess.run([str(word) for word in words], check=True, stderr=subprocess.PIPE)
            program = Program((scratch / "low.mlir").read_text())
            for share in (0.5, 1, 2):
                rate = program.sent / (share * program.total)
                time = program.play(LATENCY * program.total, rate)
                least = program.graph.shortest(rate)
                apart = program.total * (1 + share + LATENCY * len(program.exchanges))
                waits = LATENCY * program.total * len(program.exchanges)
                fine = least <= time <= FACTOR * least + waits and time < apart
                good &= fine
                print(f"{flags:40} {len(program.exchanges):9} {share:10} {least / program.total:9.3f} "
                      f"{time / program.total:11.3f} {apart / program.total:11.3f}{'' if fine else '  FAILS'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
