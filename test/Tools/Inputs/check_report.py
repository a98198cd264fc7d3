"""Reads vescale-report --json and compares it with what Python sees."""

import json
import os
import sys

report = json.load(sys.stdin)
assert report["schema"] == "vescale.report/1", report["schema"]
assert report["llvm"].startswith("22."), report["llvm"]

processor = report["processor"]
assert processor["cores"] == os.sysconf("SC_NPROCESSORS_ONLN"), processor
assert processor["usable_cores"] == len(os.sched_getaffinity(0)), processor
with open("/proc/cpuinfo") as file:
    flags = next(line for line in file if line.startswith("flags")).split()
# /proc/cpuinfo writes amx_tile and avx512_vnni for amx-tile and avx512vnni.
known = {flag.replace("_", "").replace("-", "") for flag in flags}
for feature in processor["features"]:
    assert feature.replace("-", "") in known, feature
assert ("avx2" in known) == ("avx2" in processor["features"])

memory = report["memory"]
total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
assert abs(memory["total_bytes"] - total) < total / 100, memory
assert 0 < memory["available_bytes"] <= memory["total_bytes"], memory

for group in ("libraries", "targets", "transports"):
    for part in report[group]:
        assert part["name"] and isinstance(part["available"], bool), part
        assert part["available"] == ("problem" not in part), part
