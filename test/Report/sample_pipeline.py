"""The sample of a pipeline on 16,384 devices."""

import random

from sample_parts import (
    BACKWARD,
    COLLECTIVE,
    FORWARD,
    GIB,
    KINDS,
    MIB,
    Names,
    SEND,
    Track,
    UPDATE,
    WAIT,
    certificate,
    memory,
    step,
    tensor,
)

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
                    end = compute.add(
                        name,
                        BACKWARD if backward else FORWARD,
                        ready,
                        (8000 if backward else 4000) * rng.uniform(0.98, 1.02),
                        batch,
                    )
                    link.add(names("reduce_scatter over tp"), COLLECTIVE, end - 900, 700, batch)
                end = link.add(
                    names("gradient to the stage before" if backward else "states to the next stage"),
                    SEND,
                    compute.now,
                    350,
                    batch,
                )
                done[backward, batch, stage] = end
                last = held[stage][-1][1]
                held[stage].append([round(end, 3), last + (-1 if backward else 1) * 1200 * MIB])
    ranks = []
    for stage, (compute, link) in enumerate(tracks):
        end = link.add(names("reduce_scatter over dp"), COLLECTIVE, compute.now, 21000)
        compute.add(names("waits for gradients"), WAIT, compute.now, end - compute.now)
        compute.add(names("AdamW"), UPDATE, end, 9000)
        for tp in range(2):
            ranks.append(
                {
                    "name": f"stage {stage}, tp {tp}",
                    "stage": stage,
                    "ranks": 128 if tp == 0 else 896,
                    "tracks": [compute.json(), link.json()],
                    "memory": held[stage],
                }
            )
    return {"kinds": KINDS, "names": names.texts, "ranks": ranks}


def large_layers():
    block = [
        tensor("wq.weight", "parameter", [16384, 16384], [["tp"], []]),
        tensor("wk.weight", "parameter", [1024, 16384], [["tp"], []]),
        tensor("wv.weight", "parameter", [1024, 16384], [["tp"], []]),
        tensor("wo.weight", "parameter", [16384, 16384], [[], ["tp"]]),
        tensor("w1.weight", "parameter", [53248, 16384], [["tp"], []]),
        tensor("w2.weight", "parameter", [16384, 53248], [[], ["tp"]]),
        tensor("w1#exp_avg", "parameter", [53248, 16384], [["tp", "dp"], []]),
        tensor("states", "activation", [128, 8192, 16384], [["dp"], ["tp"], []]),
        tensor("w2", "activation", [128, 8192, 16384], [["dp"], [], []], partial={"tp": "sum"}),
    ]
    ends = [tensor("weight", "parameter", [128256, 16384], [["tp"], []])]
    layers, first = [], 0
    for stage in range(STAGES):
        number = CHUNK_LAYERS - (stage in (0, STAGES - 1))
        costs = {
            "stage": stage,
            "time_us": 192000.0,
            "memory_bytes": 6 * GIB + stage * 100 * MIB,
            "sent_bytes": 512 * MIB,
        }
        if stage == 0:
            layers.append({"name": "tok_embeddings", "type": "embedding", "count": 1, **costs, "tensors": ends})
        other = [
            tensor("states", "activation", [128, 8192, 16384], [["dp"], [], []]) if each["name"] == "states" else each
            for each in block
        ]
        layers.append(
            {
                "name": f"layers.{first} to {first + number - 1}",
                "type": "block",
                "count": number,
                **costs,
                "tensors": other if stage in (0, 1) else block,
            }
        )
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
            flows.append([group + 2, group, 3 * GIB])
    return {"what": "two of 128 replicas", "groups": groups, "bytes": flows}


def large_plan(title, mesh, times, used, **more):
    stages = dict((axis["axis"], axis["size"]) for axis in mesh).get("pp", 1)
    ranks = [
        memory(
            f"stage {stage}",
            6 * GIB,
            6 * GIB,
            3 * GIB,
            int((used - 17) * GIB * (1 - 0.5 * stage / stages)),
            2 * GIB,
            LIMIT,
            ranks=16384 // stages,
        )
        for stage in range(stages)
    ]
    return {
        "title": title,
        "mesh": mesh,
        "pipeline": {"axis": "pp", "schedule": "1f1b"},
        "micro_batches": BATCHES,
        "zero": 1,
        "zero_axes": ["dp"],
        "recompute": "none",
        "sequence": "megatron",
        "step": times,
        "memory": ranks,
        **more,
    }


def large(seed):
    rng = random.Random(seed)

    def mesh(dp, pp, tp):
        return [
            {"axis": "dp", "size": dp, "role": "samples"},
            {"axis": "pp", "size": pp, "role": "stages"},
            {"axis": "tp", "size": tp, "role": "heads and hidden"},
        ]

    timeline = large_timeline(rng)
    end = max(
        event[2] + event[3] for rank in timeline["ranks"] for track in rank["tracks"] for event in track["events"]
    )
    compute = sum(event[3] for event in timeline["ranks"][2]["tracks"][0]["events"] if event[1] != WAIT)
    mfu = 6 * PARAMETERS * TOKENS / (end * 1e-6 * 16384 * PEAK)
    best = step(compute, 21000.0, end - compute - 21000.0, mfu=round(mfu, 4))
    plans = [
        large_plan(
            "dp=128 × pp=16 × tp=8",
            mesh(128, 16, 8),
            best,
            61,
            hash="9b3370c1d2ee4f56",
            layers=large_layers(),
            timeline=timeline,
            communication=large_communication(),
            certificate=certificate(end, end * 0.992, 1204, 1180, "memory of stage 0", stopped="by --time-limit=10"),
        )
    ]
    for index, sizes in enumerate([(64, 32, 8), (256, 8, 8), (128, 32, 4), (64, 16, 16)]):
        worse = 1.02 + 0.03 * index
        plans.append(
            large_plan(
                "dp={} × pp={} × tp={}".format(*sizes),
                mesh(*sizes),
                step(compute * worse, 40000.0, (end - compute) * worse),
                61 + 4 * index,
                certificate=certificate(end * worse, end * 0.992, 1204, 1180, "bandwidth between nodes"),
            )
        )
    return {
        "schema": "vescale.plan-report/1",
        "model": {"name": "example-405b", "parameters": PARAMETERS, "tokens_per_step": TOKENS},
        "cluster": {
            "name": "example:16384",
            "devices": 16384,
            "device": {
                "name": "80 GiB accelerator",
                "memory_bytes": LIMIT,
                "peak_flops": {"bf16": PEAK, "f32": 66.9e12},
            },
            "levels": [
                {"name": "node", "devices": 8, "latency_us": 2.0, "bandwidth_bytes_per_s": 450e9},
                {"name": "pod", "devices": 2048, "latency_us": 8.0, "bandwidth_bytes_per_s": 50e9},
                {
                    "name": "cluster",
                    "devices": 16384,
                    "latency_us": 14.0,
                    "bandwidth_bytes_per_s": 50e9,
                    "shared_by": 7,
                },
            ],
        },
        "plans": plans,
        "rejected": [
            {
                "what": "pp=1",
                "reason": "does not fit: ZeRO-3 would, at 1.6 of the time",
                "numbers": {"needs_bytes": 131 * GIB, "limit_bytes": LIMIT},
            },
            {"what": "tp=24", "reason": "128 heads are no multiple of 24"},
        ],
    }
