#!/usr/bin/env python3
"""Writes plan reports for tests and pictures: small (a GPT on 2 ranks, with a run), large (a pipeline on 16,384 devices),
hostile (names that try to become code). The numbers are made up, from a seed, and add up as a planner's do."""

import argparse
import json
import pathlib
import random

MIB, GIB = 1 << 20, 1 << 30
KINDS = ["forward", "backward", "update", "collective", "transfer", "wait"]
FORWARD, BACKWARD, UPDATE, COLLECTIVE, SEND, WAIT = range(len(KINDS))


def tensor(name, kind, shape, dims, **more):
    return {"name": name, "kind": kind, "shape": shape, "dims": dims, **more}


class Names:
    """Texts by number, as a timeline has them."""

    def __init__(self):
        self.texts = []

    def __call__(self, text):
        if text not in self.texts:
            self.texts.append(text)
        return self.texts.index(text)


class Track:
    """Events one after the other."""

    def __init__(self, name):
        self.name, self.now, self.events = name, 0.0, []

    def add(self, name, kind, start, duration, *batch_and_bytes):
        start = max(start, self.now)
        self.events.append([name, kind, round(start, 3), round(duration, 3), *batch_and_bytes])
        self.now = start + duration
        return self.now

    def json(self):
        return {"name": self.name, "events": self.events}


def memory(name, parameters, gradients, optimizer, activations, transient, limit, **more):
    return {"name": name, "limit_bytes": limit, "parameters_bytes": parameters, "gradients_bytes": gradients,
            "optimizer_bytes": optimizer, "activations_bytes": activations, "transient_bytes": transient, **more}


def certificate(cost, bound, searched, pruned, binding, **more):
    return {"cost_us": cost, "lower_bound_us": bound, "gap": round(cost / bound - 1, 6), "searched": searched, "pruned": pruned,
            "binding": binding, **more}


def step(compute, exposed, bubble, **more):
    return {"total_us": compute + exposed + bubble, "compute_us": compute, "exposed_us": exposed, "bubble_us": bubble, **more}


def small_layers(axis):
    """Six blocks between an embedding and a head; the weights of products are cut on `axis`, if one is given."""
    cut = [axis] if axis else []
    block = [tensor("attn.c_attn.weight", "parameter", [384, 1152], [[], cut]), tensor("attn.c_proj.weight", "parameter", [384, 384], [cut, []]),
             tensor("mlp.c_fc.weight", "parameter", [384, 1536], [[], cut]), tensor("mlp.c_proj.weight", "parameter", [1536, 384], [cut, []]),
             tensor("mlp.c_proj", "activation", [8, 256, 384], [[] if axis else ["dp"], [], []], **({"partial": {axis: "sum"}} if axis else {}))]
    ends = [tensor("weight", "parameter", [256, 384], [cut, []])]
    costs = {"time_us": 91000.0, "memory_bytes": 44 * MIB, "sent_bytes": 6 * MIB}
    return [{"name": "wte", "type": "embedding", "count": 1, "time_us": 1500.0, "memory_bytes": 3 * MIB, "sent_bytes": 384 << 10, "tensors": ends},
            {"name": "h.0 to h.5", "type": "block", "count": 6, **costs, "tensors": block},
            {"name": "lm_head", "type": "head", "count": 1, "time_us": 32000.0, "memory_bytes": 9 * MIB, "sent_bytes": 0, "tensors": ends}]


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
    end = max(event[2] + event[3] for rank in timeline["ranks"] for track in rank["tracks"] for event in track["events"])
    flat = round(end - 22000, 3)
    parts = [{"kind": "parameters", "name": "blocks", "bytes": 41 * MIB}, {"kind": "activations", "name": "attention", "bytes": 96 * MIB},
             {"kind": "activations", "name": "MLPs", "bytes": 120 * MIB}]
    plans = [
        {"title": "dp=2", "hash": "5f1c2ab07d3e9944", "mesh": [{"axis": "dp", "size": 2, "role": "samples"}], "micro_batches": 1, "zero": 0,
         "recompute": "none", "step": step(flat, 22000.0, 0.0),
         "memory": [memory("each rank", 42 * MIB, 42 * MIB, 84 * MIB, 230 * MIB, 18 * MIB, limit, ranks=2, parts=parts)],
         "certificate": certificate(flat + 22000, flat + 22000, 41, 17, "none: computing alone"),
         "layers": small_layers(None), "timeline": timeline,
         "communication": {"groups": ["rank 0", "rank 1"], "bytes": [[0, 1, 42 * MIB], [1, 0, 42 * MIB]]}},
        {"title": "tp=2", "mesh": [{"axis": "tp", "size": 2, "role": "heads and hidden"}], "micro_batches": 1, "zero": 0, "recompute": "none",
         "step": step(flat + 40000, 71000.0, 0.0),
         "memory": [memory("each rank", 21 * MIB, 21 * MIB, 42 * MIB, 260 * MIB, 18 * MIB, limit, ranks=2)],
         "certificate": certificate(flat + 111000, flat + 22000, 41, 17, "communication of tp"), "layers": small_layers("tp"),
         "communication": {"groups": ["rank 0", "rank 1"], "bytes": [[0, 1, 36 * MIB], [1, 0, 37 * MIB]]}},
        {"title": "one rank", "mesh": [], "step": step(2 * flat, 0.0, 0.0),
         "memory": [memory("the rank", 42 * MIB, 42 * MIB, 84 * MIB, 460 * MIB, 18 * MIB, limit)]}]
    run = small_timeline(rng, slower=1.04)
    return {"schema": "vescale.plan-report/1", "model": {"name": "gpt-small", "parameters": 10_800_000, "tokens_per_step": 2048},
            "cluster": {"name": "this machine", "devices": 2, "device": {"name": "core of a laptop", "memory_bytes": limit, "peak_flops": {"f32": 228e9}},
                        "levels": [{"name": "machine", "devices": 2, "latency_us": 2.9, "bandwidth_bytes_per_s": 14e9, "shared_by": 2}]},
            "plans": plans,
            "rejected": [{"what": "tp=3", "reason": "6 heads of 64 are cut into 3, but the cluster has 2 devices", "numbers": {"devices": 2}},
                         {"what": "dp=2, micro-batches 16", "reason": "a micro-batch would have less than one sample on each rank",
                          "numbers": {"samples": 8, "would_take_us": 812000.0}}],
            "measured": {"what": "20 steps on 2 ranks, the median", "plan": 0,
                         "step": {"total_us": 1.04 * (flat + 22000), "compute_us": 1.04 * flat, "exposed_us": 22900.0},
                         "memory_bytes": 417 * MIB, "timeline": run}}


STAGES, BATCHES, CHUNK_LAYERS = 16, 32, 8
LIMIT = 80 * GIB
PARAMETERS, TOKENS, PEAK = 405_853_388_800, 16_777_216, 989.4e12


def one_f_one_b(stage):
    """What a stage does, in order: (is it backward, micro-batch)."""
    ahead = min(STAGES - stage - 1, BATCHES)
    order = [(False, batch) for batch in range(ahead)]
    for batch in range(BATCHES - ahead):
        order += [(False, ahead + batch), (True, batch)]
    return order + [(True, batch) for batch in range(BATCHES - ahead, BATCHES)]


def large_timeline(rng):
    """One pipeline under 1F1B: stages wait for their neighbours; each layer has its sums over tp."""
    names, tracks, done, held = Names(), [], {}, [[[0.0, 44 * GIB]] for _ in range(STAGES)]
    orders = [one_f_one_b(stage) for stage in range(STAGES)]
    layers = [CHUNK_LAYERS - (stage in (0, STAGES - 1)) for stage in range(STAGES)]
    tracks = [(Track("compute"), Track("communication")) for _ in range(STAGES)]
    while any(orders):
        for stage in range(STAGES):
            while orders[stage]:
                backward, batch = orders[stage][0]
                source = stage + 1 if backward else stage - 1
                if 0 <= source < STAGES and (backward, batch, source) not in done:
                    break
                ready = done.get((backward, batch, source), 0.0)
                orders[stage].pop(0)
                compute, link = tracks[stage]
                if ready > compute.now + 1:
                    compute.add(names("waits for a stage"), WAIT, compute.now, ready - compute.now)
                for layer in range(layers[stage]):
                    name = names("layer's gradient" if backward else "layer")
                    end = compute.add(name, BACKWARD if backward else FORWARD, ready, (8000 if backward else 4000) * rng.uniform(0.98, 1.02), batch)
                    link.add(names("reduce_scatter over tp"), COLLECTIVE, end - 900, 700, batch)
                end = link.add(names("gradient to the stage before" if backward else "states to the next stage"), SEND, compute.now, 350, batch)
                done[backward, batch, stage] = end
                last = held[stage][-1][1]
                held[stage].append([round(end, 3), last + (-1 if backward else 1) * 1200 * MIB])
    ranks = []
    for stage, (compute, link) in enumerate(tracks):
        end = link.add(names("reduce_scatter over dp"), COLLECTIVE, compute.now, 21000)
        compute.add(names("waits for gradients"), WAIT, compute.now, end - compute.now)
        compute.add(names("AdamW"), UPDATE, end, 9000)
        for tp in range(2):
            ranks.append({"name": f"stage {stage}, tp {tp}", "stage": stage, "ranks": 128 if tp == 0 else 896,
                          "tracks": [compute.json(), link.json()], "memory": held[stage]})
    return {"kinds": KINDS, "names": names.texts, "ranks": ranks}


def large_layers():
    block = [tensor("wq.weight", "parameter", [16384, 16384], [["tp"], []]), tensor("wk.weight", "parameter", [1024, 16384], [["tp"], []]),
             tensor("wv.weight", "parameter", [1024, 16384], [["tp"], []]), tensor("wo.weight", "parameter", [16384, 16384], [[], ["tp"]]),
             tensor("w1.weight", "parameter", [53248, 16384], [["tp"], []]), tensor("w2.weight", "parameter", [16384, 53248], [[], ["tp"]]),
             tensor("w1#exp_avg", "parameter", [53248, 16384], [["tp", "dp"], []]),
             tensor("states", "activation", [128, 8192, 16384], [["dp"], ["tp"], []]),
             tensor("w2", "activation", [128, 8192, 16384], [["dp"], [], []], partial={"tp": "sum"})]
    ends = [tensor("weight", "parameter", [128256, 16384], [["tp"], []])]
    layers, first = [], 0
    for stage in range(STAGES):
        number = CHUNK_LAYERS - (stage in (0, STAGES - 1))
        costs = {"stage": stage, "time_us": 192000.0, "memory_bytes": 6 * GIB + stage * 100 * MIB, "sent_bytes": 512 * MIB}
        if stage == 0:
            layers.append({"name": "tok_embeddings", "type": "embedding", "count": 1, **costs, "tensors": ends})
        other = [tensor("states", "activation", [128, 8192, 16384], [["dp"], [], []]) if each["name"] == "states" else each for each in block]
        layers.append({"name": f"layers.{first} to {first + number - 1}", "type": "block", "count": number, **costs,
                       "tensors": other if stage in (0, 1) else block})
        if stage == STAGES - 1:
            layers.append({"name": "output", "type": "head", "count": 1, **costs, "tensors": ends})
        first += number
    return layers


def large_communication():
    """Groups of eight: a stage's tp ranks in two of the data-parallel replicas."""
    groups = [f"stage {stage}, dp {dp}" for stage in range(STAGES) for dp in range(2)]
    flows = []
    for group in range(len(groups)):
        stage = group // 2
        flows.append([group, group, 900 * GIB])
        flows.append([group, group ^ 1, 25 * GIB])
        if stage + 1 < STAGES:
            flows.append([group, group + 2, 4 * GIB])
            flows.append([group + 2, group, 4 * GIB])
    return {"what": "two of 128 replicas", "groups": groups, "bytes": flows}


def large_plan(title, mesh, times, used, **more):
    stages = dict((axis["axis"], axis["size"]) for axis in mesh).get("pp", 1)
    ranks = [memory(f"stage {stage}", 6 * GIB, 6 * GIB, 3 * GIB, int((used - 17) * GIB * (1 - 0.5 * stage / stages)), 2 * GIB, LIMIT, ranks=16384 // stages)
             for stage in range(stages)]
    return {"title": title, "mesh": mesh, "pipeline": {"axis": "pp", "schedule": "1f1b"}, "micro_batches": BATCHES, "zero": 1,
            "zero_axes": ["dp"], "recompute": "none", "sequence": "megatron", "step": times, "memory": ranks, **more}


def large(seed):
    rng = random.Random(seed)

    def mesh(dp, pp, tp):
        return [{"axis": "dp", "size": dp, "role": "samples"}, {"axis": "pp", "size": pp, "role": "stages"},
                {"axis": "tp", "size": tp, "role": "heads and hidden"}]

    timeline = large_timeline(rng)
    end = max(event[2] + event[3] for rank in timeline["ranks"] for track in rank["tracks"] for event in track["events"])
    compute = sum(event[3] for event in timeline["ranks"][2]["tracks"][0]["events"] if event[1] != WAIT)
    mfu = 6 * PARAMETERS * TOKENS / (end * 1e-6 * 16384 * PEAK)
    best = step(compute, 21000.0, end - compute - 21000.0, mfu=round(mfu, 4))
    plans = [large_plan("dp=128 × pp=16 × tp=8", mesh(128, 16, 8), best, 61, hash="9b3370c1d2ee4f56", layers=large_layers(), timeline=timeline,
                        communication=large_communication(),
                        certificate=certificate(end, end * 0.992, 1204, 1180, "memory of stage 0", stopped="by --time-limit=10"))]
    for index, sizes in enumerate([(64, 32, 8), (256, 8, 8), (128, 32, 4), (64, 16, 16)]):
        worse = 1.02 + 0.03 * index
        plans.append(large_plan("dp={} × pp={} × tp={}".format(*sizes), mesh(*sizes), step(compute * worse, 40000.0, (end - compute) * worse),
                                61 + 4 * index, certificate=certificate(end * worse, end * 0.992, 1204, 1180, "bandwidth between nodes")))
    return {"schema": "vescale.plan-report/1", "model": {"name": "example-405b", "parameters": PARAMETERS, "tokens_per_step": TOKENS},
            "cluster": {"name": "example:16384", "devices": 16384,
                        "device": {"name": "80 GiB accelerator", "memory_bytes": LIMIT, "peak_flops": {"bf16": PEAK, "f32": 66.9e12}},
                        "levels": [{"name": "node", "devices": 8, "latency_us": 2.0, "bandwidth_bytes_per_s": 450e9},
                                   {"name": "pod", "devices": 2048, "latency_us": 8.0, "bandwidth_bytes_per_s": 50e9},
                                   {"name": "cluster", "devices": 16384, "latency_us": 14.0, "bandwidth_bytes_per_s": 50e9, "shared_by": 7}]},
            "plans": plans,
            "rejected": [{"what": "pp=1", "reason": "does not fit: ZeRO-3 would, at 1.6 of the time",
                          "numbers": {"needs_bytes": 131 * GIB, "limit_bytes": LIMIT}},
                         {"what": "tp=24", "reason": "128 heads are no multiple of 24"}]}


HOSTILE = ["</script><script>window.broken = 1</script>", "<img src=x onerror='window.broken = 2'>", "<!-- <script>", "a & b &lt;c&gt; \"d\" 'e'",
           "tab\tand\nline\0end\x1b[31m", "\u202eright to left\u202c", "]]>&#x3c;svg onload=window.broken=3>", "\u2028\u2029", "__proto__", "ünïcödé 漢字 🚀"]


def hostile(seed):
    """The small one, every text of the user's replaced."""
    rng = random.Random(seed)
    document = small(seed)
    fixed = {"schema", "kind", "kinds", "schedule", "sequence", "partial", "dims", "axis", "zero_axes", "hash"}
    replaced = iter(range(10 ** 6))

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
