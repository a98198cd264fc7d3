#!/usr/bin/env python3
"""Writes plan reports for tests and pictures: small (a GPT on 2 ranks, with a run), large (16,384 devices),
hostile (names that try to become code). The numbers are made up, from a seed, and add up as a planner's do."""

import argparse
import json
import pathlib
import random

from sample_pipeline import large
from sample_parts import (
    BACKWARD,
    COLLECTIVE,
    FORWARD,
    GIB,
    KINDS,
    MIB,
    Names,
    Track,
    UPDATE,
    WAIT,
    certificate,
    memory,
    step,
    tensor,
)


def small_layers(axis):
    """Six blocks between an embedding and a head; the weights of products are cut on `axis`, if one is given."""
    cut = [axis] if axis else []
    block = [
        tensor("attn.c_attn.weight", "parameter", [384, 1152], [[], cut]),
        tensor("attn.c_proj.weight", "parameter", [384, 384], [cut, []]),
        tensor("mlp.c_fc.weight", "parameter", [384, 1536], [[], cut]),
        tensor("mlp.c_proj.weight", "parameter", [1536, 384], [cut, []]),
        tensor(
            "mlp.c_proj",
            "activation",
            [8, 256, 384],
            [[] if axis else ["dp"], [], []],
            **({"partial": {axis: "sum"}} if axis else {}),
        ),
    ]
    ends = [tensor("weight", "parameter", [256, 384], [cut, []])]
    costs = {"time_us": 91000.0, "memory_bytes": 44 * MIB, "sent_bytes": 6 * MIB}
    return [
        {
            "name": "wte",
            "type": "embedding",
            "count": 1,
            "time_us": 1500.0,
            "memory_bytes": 3 * MIB,
            "sent_bytes": 384 << 10,
            "tensors": ends,
        },
        {"name": "h.0 to h.5", "type": "block", "count": 6, **costs, "tensors": block},
        {
            "name": "lm_head",
            "type": "head",
            "count": 1,
            "time_us": 32000.0,
            "memory_bytes": 9 * MIB,
            "sent_bytes": 0,
            "tensors": ends,
        },
    ]


def small_timeline(rng, slower=1.0):
    names, ranks = Names(), []
    for rank in range(2):
        compute, link = Track("compute"), Track("communication")
        for layer in range(6):
            compute.add(names(f"h.{layer}"), FORWARD, 0, slower * 30000 * rng.uniform(0.99, 1.01), 0)
        for layer in reversed(range(6)):
            end = compute.add(names(f"h.{layer} gradient"), BACKWARD, 0, slower * 61000 * rng.uniform(0.99, 1.01), 0)
            link.add(names(f"all_reduce of h.{layer}"), COLLECTIVE, end, slower * 8000, -1, 7 * MIB)
        compute.add(names("waits for all_reduce"), WAIT, compute.now, link.now - compute.now)
        compute.add(names("AdamW"), UPDATE, link.now, slower * 14000)
        rise = [[round(index * 30000 * slower, 3), (120 + 40 * index) * MIB] for index in range(7)]
        fall = [[round((180000 + index * 61000) * slower, 3), (360 - 40 * index) * MIB] for index in range(1, 7)]
        ranks.append({"name": f"rank {rank}", "tracks": [compute.json(), link.json()], "memory": rise + fall})
    return {"kinds": KINDS, "names": names.texts, "ranks": ranks}


def small(seed):
    rng = random.Random(seed)
    timeline, limit = small_timeline(rng), 1 * GIB
    end = max(
        event[2] + event[3] for rank in timeline["ranks"] for track in rank["tracks"] for event in track["events"]
    )
    flat = round(end - 22000, 3)
    parts = [
        {"kind": "parameters", "name": "blocks", "bytes": 41 * MIB},
        {"kind": "activations", "name": "attention", "bytes": 96 * MIB},
        {"kind": "activations", "name": "MLPs", "bytes": 120 * MIB},
    ]
    plans = [
        {
            "title": "dp=2",
            "hash": "5f1c2ab07d3e9944",
            "mesh": [{"axis": "dp", "size": 2, "role": "samples"}],
            "micro_batches": 1,
            "zero": 0,
            "recompute": "none",
            "step": step(flat, 22000.0, 0.0),
            "memory": [
                memory("each rank", 42 * MIB, 42 * MIB, 84 * MIB, 230 * MIB, 18 * MIB, limit, ranks=2, parts=parts)
            ],
            "certificate": certificate(flat + 22000, flat + 22000, 41, 17, "none: computing alone"),
            "layers": small_layers(None),
            "timeline": timeline,
            "communication": {"groups": ["rank 0", "rank 1"], "bytes": [[0, 1, 42 * MIB], [1, 0, 42 * MIB]]},
        },
        {
            "title": "tp=2",
            "mesh": [{"axis": "tp", "size": 2, "role": "heads and hidden"}],
            "micro_batches": 1,
            "zero": 0,
            "recompute": "none",
            "step": step(flat + 40000, 71000.0, 0.0),
            "memory": [memory("each rank", 21 * MIB, 21 * MIB, 42 * MIB, 260 * MIB, 18 * MIB, limit, ranks=2)],
            "certificate": certificate(flat + 111000, flat + 22000, 41, 17, "communication of tp"),
            "layers": small_layers("tp"),
            "communication": {"groups": ["rank 0", "rank 1"], "bytes": [[0, 1, 36 * MIB], [1, 0, 37 * MIB]]},
        },
        {
            "title": "one rank",
            "mesh": [],
            "step": step(2 * flat, 0.0, 0.0),
            "memory": [memory("the rank", 42 * MIB, 42 * MIB, 84 * MIB, 460 * MIB, 18 * MIB, limit)],
        },
    ]
    run = small_timeline(rng, slower=1.04)
    return {
        "schema": "vescale.plan-report/1",
        "model": {"name": "gpt-small", "parameters": 10_800_000, "tokens_per_step": 2048},
        "cluster": {
            "name": "this machine",
            "devices": 2,
            "device": {"name": "core of a laptop", "memory_bytes": limit, "peak_flops": {"f32": 228e9}},
            "levels": [
                {"name": "machine", "devices": 2, "latency_us": 2.9, "bandwidth_bytes_per_s": 14e9, "shared_by": 2}
            ],
        },
        "plans": plans,
        "rejected": [
            {
                "what": "tp=3",
                "reason": "6 heads of 64 are cut into 3, but the cluster has 2 devices",
                "numbers": {"devices": 2},
            },
            {
                "what": "dp=2, micro-batches 16",
                "reason": "a micro-batch would have less than one sample on each rank",
                "numbers": {"samples": 8, "would_take_us": 812000.0},
            },
        ],
        "measured": {
            "what": "20 steps on 2 ranks, the median",
            "plan": 0,
            "step": {"total_us": 1.04 * (flat + 22000), "compute_us": 1.04 * flat, "exposed_us": 22900.0},
            "memory_bytes": 417 * MIB,
            "timeline": run,
        },
    }


HOSTILE = [
    "</script><script>window.broken = 1</script>",
    "<img src=x onerror='window.broken = 2'>",
    "<!-- <script>",
    "a & b &lt;c&gt; \"d\" 'e'",
    "tab\tand\nline\0end\x1b[31m",
    "\u202eright to left\u202c",
    "]]>&#x3c;svg onload=window.broken=3>",
    "\u2028\u2029",
    "__proto__",
    "ünïcödé 漢字 🚀",
]


def hostile(seed):
    """The small one, every text of the user's replaced."""
    rng = random.Random(seed)
    document = small(seed)
    fixed = {"schema", "kind", "kinds", "schedule", "sequence", "partial", "dims", "axis", "zero_axes", "hash"}
    replaced = iter(range(10**6))

    def change(value, key):
        if key in fixed:
            return value
        if isinstance(value, str):
            return f"{HOSTILE[next(replaced) % len(HOSTILE)]} {rng.randrange(100)}"
        if isinstance(value, list):
            return [change(each, key) for each in value]
        if isinstance(value, dict):
            return {name: change(each, name) for name, each in value.items()}
        return value

    document = change(document, "")
    document["cluster"]["device"]["peak_flops"] = {HOSTILE[0]: 1.0, "__proto__": 2.0}
    document["rejected"][0]["numbers"] = {f"{HOSTILE[1]}_bytes": 4096, "constructor": 1}
    axis = HOSTILE[0]
    document["plans"][0]["mesh"][0]["axis"] = axis
    for layer in document["plans"][0]["layers"]:
        for each in layer["tensors"]:
            each["dims"] = [[axis] if names else [] for names in each["dims"]]
    return document


SAMPLES = {"small": small, "large": large, "hostile": hostile}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.directory.mkdir(parents=True, exist_ok=True)
    for name, make in SAMPLES.items():
        (options.directory / f"{name}.json").write_text(json.dumps(make(options.seed), separators=(",", ":")))


if __name__ == "__main__":
    main()
