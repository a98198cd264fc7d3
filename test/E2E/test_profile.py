"""vescale-profile from the outside: what it measures and writes, what it refuses.

No time of the machine is judged, only that there is one for everything.
"""

import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
TOOL = BUILD / "bin" / "vescale-profile"
PROFILES = pathlib.Path(__file__).resolve().parent.parent / "CostModel" / "Inputs" / "galvatron"
SHORT = ["--time-limit=0", "--max-size=64", "--max-bytes=8192"]
KINDS = {"all_reduce", "all_gather", "reduce_scatter", "all_to_all", "send"}


def profile(*flags):
    return subprocess.run([str(TOOL), *flags], capture_output=True, text=True, check=False)


class Profile(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.file = pathlib.Path(directory.name) / "c.json"

    def measure(self, *flags):
        result = profile("-o", str(self.file), *SHORT, *flags)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(self.file.read_text()), result

    def check_device(self, machine):
        device = machine["device"]
        self.assertGreater(device["memory_bytes"], 1 << 20)
        for rate in ("vector_flops_per_s", "memory_bytes_per_s", "launch_us", "cache_keeps_us", "product_bytes_per_s",
                     "epilogue_bytes_per_s"):
            self.assertGreater(device[rate], 0)
        for kind, samples in device["gemms"].items():
            self.assertGreater(device["peak_flops_per_s"][kind], 0)
            # 4 numbers of rows, 3 narrow or shallow ones, and attention's batch.
            self.assertEqual([s["m"] for s in samples], [1, 4, 16, 64, 64, 64, 64, 64], kind)
            self.assertTrue(all(s["us"] > 0 for s in samples))

    def test_two_ranks(self):
        machine, result = self.measure("--ranks=2")
        self.assertEqual(machine["schema"], "vescale.cluster/1")
        self.assertEqual(machine["devices"], 2)
        self.assertEqual(machine["device"]["threads"], 1)
        self.assertIn("f32", machine["device"]["gemms"])
        self.check_device(machine)
        self.assertEqual([level["devices"] for level in machine["levels"]], [2])
        self.assertEqual({c["kind"] for c in machine["collectives"]}, KINDS)
        for curve in machine["collectives"]:
            self.assertEqual([p["bytes"] for p in curve["points"]], [1024, 2048, 4096, 8192])
        self.assertEqual(machine["overlap"]["core_share"], 1)
        self.assertIn("2 x 1 (ranks x threads), transport: MPI, shared windows, rounds: 1", machine["sources"][0])
        self.assertIn("all_to_all", result.stdout)
        self.assertIn("round 1", result.stderr)

    def test_messages_and_turns(self):
        machine, result = self.measure("--ranks=4", "--transport=plain")
        self.assertIn("transport: MPI, messages", machine["sources"][0])
        self.assertEqual({c["ranks"] for c in machine["collectives"] if c["kind"] != "send"}, {2, 4})
        if "share" in result.stderr:
            self.assertIn("note: 4 x 1 (ranks x threads) share", result.stderr)

    def test_one_rank(self):
        machine, _ = self.measure("--ranks=1", "--threads=2")
        self.assertEqual(machine["devices"], 1)
        self.assertEqual(machine["device"]["threads"], 2)
        self.assertEqual(machine["levels"], [])
        self.assertEqual(machine["collectives"], [])
        self.check_device(machine)

    def test_json(self):
        result = profile("--json", "--ranks=1", *SHORT)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.check_device(json.loads(result.stdout))

    def test_import(self):
        result = profile("-o", str(self.file), f"--import-galvatron={PROFILES}", "--ranks=16", "--base=dgx-a100:16")
        self.assertEqual(result.returncode, 0, result.stderr)
        machine = json.loads(self.file.read_text())
        self.assertEqual([level["devices"] for level in machine["levels"]], [8, 16])
        self.assertEqual(machine["device"]["name"], "NVIDIA A100 SXM4 80GB")
        # What it writes it reads.
        again = profile("--json", f"--import-galvatron={PROFILES}", "--ranks=16", f"--base={self.file}")
        self.assertEqual(json.loads(again.stdout)["device"], machine["device"])

    def test_show(self):
        result = profile("--show=dgx-h100:64", "-o", str(self.file))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("pod                 devices: 64", result.stdout)
        self.assertEqual(profile(f"--show={self.file}", "--json").stdout, self.file.read_text())

    def test_stop(self):
        self.file.write_text("an earlier one")
        for ranks in (1, 2):
            flags = ["-o", str(self.file), f"--ranks={ranks}"]
            run = subprocess.Popen([str(TOOL), *flags], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.assertIn("warming up", run.stderr.readline())
            run.send_signal(signal.SIGTERM)
            _, errors = run.communicate()
            self.assertEqual(run.returncode, 75, errors)
        self.assertEqual(self.file.read_text(), "an earlier one")
        self.assertEqual(list(self.file.parent.iterdir()), [self.file])

    def refuse(self, code, message, *flags):
        result = profile(*flags)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertIn(message, result.stderr)
        self.assertEqual(result.stdout, "")

    def test_refusals(self):
        file = f"-o={self.file}"
        self.refuse(2, "no file given: -o FILE, or --json for stdout")
        self.refuse(2, "--device=cuda: this build has no CUDA support", file, "--device=cuda")
        self.refuse(2, "--device=tpu: devices are cpu", file, "--device=tpu")
        self.refuse(2, "--transport=nccl: transports are auto and plain", file, "--transport=nccl")
        self.refuse(2, "--ranks=-1 is not from 0 to 4096", file, "--ranks=-1")
        self.refuse(2, "--threads=0 is not from 1 to 1024", file, "--threads=0")
        self.refuse(2, "Unknown command line argument '--nonsense'", file, "--nonsense")
        self.refuse(2, "--import-galvatron and --base go together", file, "--import-galvatron=x")
        self.refuse(3, "x: No such file or directory", file, "--import-galvatron=x", "--base=dgx-a100:8")
        self.refuse(3, "12 devices are no whole number of nodes", file, f"--import-galvatron={PROFILES}", "--base=dgx-a100:12")
        self.refuse(3, "/nowhere/c.json: No such file", "-o=/nowhere/c.json", f"--import-galvatron={PROFILES}", "--ranks=8", "--base=dgx-a100:8")
        self.refuse(3, "/nowhere/c.json: No such file", "-o=/nowhere/c.json", "--ranks=2")
        self.refuse(3, "'dgx-h100': a preset needs its number of devices", "--show=dgx-h100")
        self.refuse(3, "clusters that need no file: dgx-a100:N", "--show=dgx-b200:8")
        self.file.write_text('{"schema": "vescale.cluster/2"}')
        self.refuse(3, 'needs "schema": "vescale.cluster/1"', f"--show={self.file}")

    def test_help(self):
        result = profile("--help")
        self.assertEqual(result.returncode, 0)
        self.assertIn("vescale-profile -o c.json --ranks=2 --threads=4", result.stdout)
        self.assertIn("Exit codes: 0 done", result.stdout)
        self.assertNotIn("--polly", result.stdout)


if __name__ == "__main__":
    unittest.main()
