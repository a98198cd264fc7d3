#!/usr/bin/env python3
"""Times torch.distributed.checkpoint and the disk in one run: a state saved by 2 ranks and loaded by 4 and by 1.

The state is 1.61 GB of fp32 matrices. Files are read right after they were written, from the page cache. Saving ends when
the files are on the disk (fsync); the disk's own rows are `dd` over as many bytes.
"""

import argparse
import contextlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from turns import Subject, Worker, alternate, rank_commands, show_entry

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "bench" / "peers" / "torch_checkpoint.py"
TENSOR_BYTES = 2048 * 4096 * 4
# label: (what, ranks); the save comes first, since the others read its files
PEER_ROWS = {"torch dcp save, 2 ranks": ("save", 2), "torch dcp load, 4 ranks": ("load", 4), "torch dcp load, 1 rank": ("load", 1)}


def copy(words):
    """Times a dd."""
    def turn():
        start = time.perf_counter()
        result = subprocess.run(["dd", "bs=16M", *map(str, words)], capture_output=True, text=True)
        if result.returncode:
            raise RuntimeError(result.stderr.strip())
        return {"times": [(time.perf_counter() - start) * 1e3], "peak_rss_bytes": 0}
    return turn


def bench(turns, tensors, directory):
    size = tensors * TENSOR_BYTES
    plain = directory / "plain"
    subjects = {"dd write with fsync": Subject("dd", copy(["if=/dev/zero", f"of={plain}", f"count={size >> 24}", "conv=fsync"])),
                "dd read": Subject("dd", copy([f"if={plain}", "of=/dev/null"]))}
    with contextlib.ExitStack() as workers:
        for label, (kind, ranks) in PEER_ROWS.items():
            worker = Worker(rank_commands(SCRIPT, [kind, directory / "saved", tensors], ranks, 1), directory / f"{kind}-{ranks}.log")
            workers.callback(worker.stop)
            subjects[label] = Subject(label, lambda worker=worker: worker.turn(1))
            try:
                worker.start()
            except RuntimeError as error:
                subjects[label].error = str(error)
        return alternate(subjects, turns)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=7, help="how often the subjects alternate (default 7)")
    parser.add_argument("--tensors", type=int, default=48, help="matrices of 32 MiB (default 48)")
    parser.add_argument("--directory", default=ROOT / "build", help="on the disk to measure (default build)")
    parser.add_argument("--output", default="bench/checkpoint-results.json")
    options = parser.parse_args()
    size = options.tensors * TENSOR_BYTES
    if shutil.disk_usage(options.directory).free < 3 * size:
        raise SystemExit(f"{options.directory} has too little room for twice {size} bytes")
    with tempfile.TemporaryDirectory(dir=options.directory) as directory:
        entries = bench(options.turns, options.tensors, pathlib.Path(directory))
    print(f"\ncheckpoint of {size / 1e9:.2f} GB")
    for label, entry in entries.items():
        show_entry(label, entry)
        if "median_ms" in entry:
            print(f"  {'':26}{size / entry['median_ms'] / 1e6:9.2f} GB/s")
    (ROOT / options.output).write_text(json.dumps({"bytes": size, "subjects": entries}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
