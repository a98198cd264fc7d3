"""What the end-to-end scripts share: running the tools, choosing models, counting results."""

import fnmatch
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "Models"))

import tool  # noqa: E402


def command(words, cwd=None):
    """The command's stdout; a RuntimeError with its first messages where it fails."""
    result = subprocess.run([str(word) for word in words], capture_output=True, text=True, cwd=cwd)
    if result.returncode:
        lines = (result.stderr or result.stdout).strip().splitlines()
        raise RuntimeError(f"{pathlib.Path(words[0]).name} exit code {result.returncode}: {' | '.join(lines[:3])}")
    return result.stdout


def dim_flags(record, style):
    """--dim=NAME=N for every dynamic dimension, at the sizes the model was recorded with."""
    dynamic = {size for spec in record["styles"][style]["inputs"].values() for size in spec["shape"] if isinstance(size, str)}
    return [f"--dim={name}={record['dims'][name]}" for name in sorted(dynamic)]


def run_all(check, patterns, models=None):
    """Checks every one of `models` (default: those for inference) that a pattern of the command line (default `patterns`) matches.

    `check(build, model, directory)` yields what was tried and what is wrong with it, or None. Returns the exit status.
    """
    build = pathlib.Path(sys.argv[1]).resolve()
    patterns = sys.argv[2:] or patterns
    passed = failed = 0
    for model in models or tool.all_models():
        if not any(fnmatch.fnmatch(model, pattern) for pattern in patterns):
            continue
        with tempfile.TemporaryDirectory() as directory:
            results = check(build, model, pathlib.Path(directory))
            try:
                for tried, wrong in results:
                    print("FAIL" if wrong else "ok  ", model, tried, wrong or "", flush=True)
                    passed += not wrong
                    failed += bool(wrong)
            except RuntimeError as error:
                print("FAIL", model, error, flush=True)
                failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0
