#!/usr/bin/env python3
"""Saves or loads a sharded state with torch.distributed.checkpoint: torch_checkpoint.py save|load DIRECTORY TENSORS.

The state is fp32 matrices of 2048 by 4096 (32 MiB), sharded by rows over the ranks; with the environment that torchrun sets.
"""

import os
import sys

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as checkpoint
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Shard

from serve import serve

SHAPE = 2048, 4096


def make_state(tensors, mesh, filled):
    """Every element of tensor k is its row plus k / 64, if they are filled."""
    rows = SHAPE[0] // mesh.size()
    first = mesh.get_rank() * rows
    row = torch.arange(first, first + rows, dtype=torch.float32)[:, None].expand(rows, SHAPE[1])
    locals_ = [(row + index / 64) if filled else torch.zeros(rows, SHAPE[1]) for index in range(tensors)]
    return {f"t{index}": DTensor.from_local(value, mesh, [Shard(0)]) for index, value in enumerate(locals_)}


def main():
    kind, directory, tensors = sys.argv[1], sys.argv[2], int(sys.argv[3])
    torch.set_num_threads(1)
    if "RANK" in os.environ:
        dist.init_process_group("gloo")
    else:
        dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    state = make_state(tensors, mesh, kind == "save")

    def save(number):
        dist.barrier()
        checkpoint.save(state, checkpoint_id=directory)
        return 0.0

    def load(number):
        dist.barrier()
        checkpoint.load(state, checkpoint_id=directory)
        if number == 0:
            wanted = make_state(tensors, mesh, True)
            for name, value in state.items():
                if not torch.equal(value.to_local(), wanted[name].to_local()):
                    raise SystemExit(f"{name} is not what was saved")
        return 0.0

    serve(save if kind == "save" else load, first=1)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
