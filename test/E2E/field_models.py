#!/usr/bin/env python3
"""Holds partitioned models against the whole ones in the interpreter's prime field, where equal means equal.

usage: field_models.py BUILD [PATTERN…]    (patterns over FAMILY/STYLE; default: one style of every family)
"""

import fnmatch
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "Models"))

import tool  # noqa: E402

# tp=3 divides no model's heads, tp=4 more than some have of keys; sizes that do not divide are padded.
PLANS = ["mesh=tp=2", "mesh=dp=2,tp=2", "mesh=tp=2 sp=megatron", "mesh=tp=3", "mesh=tp=4", "mesh=dp=3"]


def command(words, cwd):
    result = subprocess.run([str(word) for word in words], capture_output=True, text=True, cwd=cwd)
    if result.returncode:
        lines = result.stderr.strip().splitlines()
        raise RuntimeError(f"{pathlib.Path(words[0]).name} exit code {result.returncode}: {' | '.join(lines[:3])}")
    return result.stdout


def evaluate(build, file, directory, *flags):
    return command([build / "bin/vescale-interp", file, "--field", "--random-parameters", "--seed=1", *flags], directory)


def check(build, model, directory):
    record, style = tool.describe(model)
    graph = tool.make(model, directory)
    dynamic = {size for spec in record["styles"][style]["inputs"].values() for size in spec["shape"] if isinstance(size, str)}
    dims = [f"--dim={name}={record['dims'][name]}" for name in sorted(dynamic)]
    opt, imported, prepared, local = (build / "bin/vescale-opt", directory / "i.mlir", directory / "p.mlir",
                                      directory / "l.mlir")
    command([build / "bin/vescale-import", graph, "-o", imported, *dims], directory)
    command([opt, imported, "--pass-pipeline=builtin.module(prepare)", "-o", prepared], directory)
    want = evaluate(build, prepared, directory)
    for plan in PLANS:
        try:
            command([opt, prepared, "-o", local,
                     f"--pass-pipeline=builtin.module(dist-plan-pipeline{{{plan}}},dist-partition-pipeline)"], directory)
            got = evaluate(build, local, directory, "--ranks")
            yield plan, None if got == want else "differs from the whole model"
        except RuntimeError as error:
            yield plan, str(error)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    patterns = sys.argv[2:] or ["*-tiny/dynamo20", "mlp/dynamo20"]
    passed = failed = 0
    for model in tool.all_models():
        if not any(fnmatch.fnmatch(model, pattern) for pattern in patterns):
            continue
        with tempfile.TemporaryDirectory() as directory:
            try:
                results = list(check(build, model, pathlib.Path(directory)))
            except RuntimeError as error:
                results = [("", str(error))]
        for plan, wrong in results:
            print("FAIL" if wrong else "ok  ", model, plan, wrong or "", flush=True)
            passed += not wrong
            failed += bool(wrong)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
