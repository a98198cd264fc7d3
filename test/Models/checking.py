"""What the checks of recorded models share: their command line, and what they say of each."""

import sys
import tempfile


def check_models(faults, models):
    """Checks the models of the command line, or all of `models`; returns the exit status.

    `faults(model, directory)` yields what is wrong with a model, whose files it may put into the directory.
    """
    failed = False
    for model in sys.argv[1:] or models:
        with tempfile.TemporaryDirectory() as directory:
            found = list(faults(model, directory))
        for fault in found:
            print(f"FAIL {model}: {fault}")
        failed |= bool(found)
        if not found:
            print(f"ok   {model}", flush=True)
    return int(failed)


LARGEST = 512 << 10


def graph_faults(graph):
    """What no recorded graph may be or have."""
    if graph.stat().st_size > LARGEST:
        yield f"{graph.stat().st_size} bytes"
    for prefix in (b'File "/', b"/home/", b"/root/", b"site-packages"):
        if prefix in graph.read_bytes():
            yield f"holds a path of the recording machine ('{prefix.decode()}')"
