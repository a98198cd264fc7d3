#!/usr/bin/env python3
"""Trains the benchmark's GPT in PyTorch: eager, compiled, DDP, FSDP or tensor-parallel by DTensor.

Usage: torch_gpt.py KIND DIRECTORY THREADS, the directory as test/Training/tool.py makes it; for more than one rank with
the environment that torchrun sets. The model is written the way that is fast in PyTorch: fused projections, its scaled
dot product attention, one kernel for GELU, the fused optimizer.
"""

import json
import os
import pathlib
import sys

import torch
import torch.distributed as dist
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

from serve import Batches, serve  # First: it knows where what follows lies.
from schedule import learning_rate

LAYERS, WIDTH, HEADS, SEQUENCE, BATCH, VOCABULARY = 6, 384, 6, 256, 8, 256


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        # Rows by head, then query, key and value: a shard of them holds whole heads.
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        batch, sequence, _ = x.shape
        heads = self.qkv(self.ln_1(x)).view(batch, sequence, -1, 3, WIDTH // HEADS).permute(3, 0, 2, 1, 4)
        y = F.scaled_dot_product_attention(*heads, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(batch, sequence, -1))
        return x + self.down(F.gelu(self.up(self.ln_2(x)), approximate="tanh"))


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(SEQUENCE, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.ln_f = nn.LayerNorm(WIDTH)

    def forward(self, ids, labels):
        x = self.wte(ids) + self.wpe.weight[:ids.shape[1]]
        for block in self.blocks:
            x = block(x)
        logits = F.linear(self.ln_f(x), self.wte.weight)
        return F.cross_entropy(logits.flatten(0, 1), labels.flatten())


def by_head(value):
    """Columns of query, key and value as rows by head."""
    value = value.reshape(*value.shape[:-1], 3, HEADS, WIDTH // HEADS).movedim(-2, -3)
    return value.flatten(-3).movedim(-1, 0)


def load(model, path):
    """Takes the weights of GPT-2's checkpoint, which stores projections as input by output."""
    stored = {name.removeprefix("transformer."): value for name, value in load_file(path).items()}
    names = {"qkv": "attn.c_attn", "out": "attn.c_proj", "up": "mlp.c_fc", "down": "mlp.c_proj"}
    state = {}
    for name in model.state_dict():
        place, _, kind = name.rpartition(".")
        head, _, last = place.rpartition(".")
        source = f"{head}.{names[last]}".replace("blocks", "h") if last in names else place.replace("blocks", "h")
        value = stored[f"{source}.{kind}"]
        state[name] = (by_head(value) if last == "qkv" else value.t() if last in names and value.ndim == 2 else value).contiguous()
    model.load_state_dict(state)


def distribute(kind, model):
    from torch.distributed.device_mesh import init_device_mesh
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    if kind == "ddp":
        return nn.parallel.DistributedDataParallel(model)
    if kind == "fsdp":
        from torch.distributed.fsdp import fully_shard
        for block in model.blocks:
            fully_shard(block, mesh=mesh)
        return fully_shard(model, mesh=mesh)
    from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module
    for block in model.blocks:
        parallelize_module(block, mesh, {"qkv": ColwiseParallel(), "out": RowwiseParallel(),
                                         "up": ColwiseParallel(), "down": RowwiseParallel()})
    return model


def clip(parameters, largest):
    """Clips by the norm over all ranks' shards."""
    from torch.distributed.tensor import DTensor
    sharded = [value.grad.to_local() for value in parameters
               if isinstance(value, DTensor) and any(place.is_shard() for place in value.placements)]
    whole = [value.grad.to_local() if isinstance(value, DTensor) else value.grad for value in parameters
             if not (isinstance(value, DTensor) and any(place.is_shard() for place in value.placements))]
    square = torch.stack([torch.linalg.vector_norm(value) for value in sharded]).square().sum()
    dist.all_reduce(square)
    if whole:
        square += torch.stack([torch.linalg.vector_norm(value) for value in whole]).square().sum()
    scale = torch.clamp(largest / (square.sqrt() + 1e-6), max=1.0)
    for value in sharded + whole:
        value.mul_(scale)


def make_optimizer(model, config):
    from torch.distributed.tensor import DTensor
    parameters = list(model.parameters())
    # A fused update takes tensors of one kind.
    groups = [{"params": chosen, "weight_decay": config["weight_decay"] if decayed else 0.0}
              for decayed in (True, False) for kind in (True, False)
              if (chosen := [value for value in parameters if (value.ndim >= 2) == decayed and isinstance(value, DTensor) == kind])]
    return torch.optim.AdamW(groups, lr=0.0, betas=config["betas"], eps=config["epsilon"], fused=True)


def main():
    kind, directory, threads = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(threads)
    config = json.loads((directory / "train.json").read_text())
    rank, ranks = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    model = GPT()
    load(model, directory / "model.safetensors")
    if ranks > 1:
        dist.init_process_group("gloo")
        model = distribute(kind, model)
    if kind == "compile":
        model = torch.compile(model)
    optimizer = make_optimizer(model, config["optimizer"])
    parameters = list(model.parameters())
    shared = kind in ("ddp", "fsdp")
    batches = Batches(directory, config, BATCH, SEQUENCE, rank if shared else 0, ranks if shared else 1)

    def step(number):
        ids, labels = map(torch.from_numpy, batches(number))
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(config["learning_rate"], number)
        optimizer.zero_grad()
        loss = model(ids, labels)
        loss.backward()
        if kind in ("fsdp", "tp"):
            clip(parameters, config["clip_norm"])
        else:
            nn.utils.clip_grad_norm_(parameters, config["clip_norm"])
        optimizer.step()
        return loss.item()

    serve(step)
    if ranks > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
