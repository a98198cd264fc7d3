#!/usr/bin/env python3
"""vescale-ckpt on bundles and checkpoints: every command, its output, its exit codes; files as other readers see them.

usage: test_ckpt.py BUILD [TEST…]

The bundles are written here, manifest and weights, as a training program's would be: a fused projection in three views,
a matrix that the exporter stored transposed, a table of which the program uses the first rows, tied names, a frozen
weight, the optimizer's state.
"""

import itertools
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
DONE, FAILED, USAGE, BAD_INPUT = 0, 1, 2, 3
USED_ROWS = 8
# Name: shape in the author's model.
SHAPES = {"wte.weight": (50, 12), "wpe.weight": (16, 12), "attn.c_attn.weight": (12, 36), "mlp.up.weight": (20, 12),
          "mlp.square.weight": (12, 12), "ln.weight": (12,), "frozen.weight": (12, 5)}
TRANSPOSED = {"mlp.up.weight", "mlp.square.weight"}  # in the model's file
FROZEN = "frozen.weight"
TIED = {"wte.weight": ["lm_head.weight"]}


def hub_weights(seed):
    random = np.random.default_rng(seed)
    return {name: random.standard_normal(shape).astype(np.float32) for name, shape in SHAPES.items()}


def stored(name, weights):
    return np.ascontiguousarray(weights[name].T) if name in TRANSPOSED else weights[name]


def strides_of(shape):
    return [int(np.prod(shape[dim + 1:])) for dim in range(len(shape))]


class Bundle:
    """A directory with a manifest, a plan and weights; `layout(name, dims)` gives the axes of each dimension."""

    def __init__(self, path, mesh, layout, weights):
        self.path = path
        path.mkdir()
        (path / "weights").mkdir()
        data, parameters = b"", []
        for name in SHAPES:
            array = stored(name, weights)
            source = {"file": "weights/weights.bin", "offset": len(data), "bytes": array.nbytes, "dtype": "f32",
                      "shape": list(array.shape)}
            data += array.tobytes()
            for shape, offset in self.views(name, array.shape):
                entry = {"name": name, "dtype": "f32", "shape": shape, "packed": None,
                         "view": {"offset": offset, "strides": strides_of(array.shape)},
                         "layout": {"dims": layout(name, len(shape))}, "at": {"space": "arena", "offset": 0}}
                parameters.append({**entry, "source": source, "trained": name != FROZEN,
                                   "author": self.author(name, offset)})
                if name != FROZEN:
                    parameters.append({**entry, "name": name + "#exp_avg", "init": 0.25, "author": None,
                                       "stored": {"dtype": "f32", "shape": list(array.shape)}})
        parameters.append({"name": "#step", "dtype": "i64", "shape": [], "packed": None, "init": 0, "author": None,
                           "stored": {"dtype": "i64", "shape": []}, "view": {"offset": 0, "strides": []},
                           "layout": {"dims": []}, "at": {"space": "arena", "offset": 0}})
        (path / "weights" / "weights.bin").write_bytes(data)
        ranks = int(np.prod([size for _, size in mesh]))
        self.manifest = {"schema": "vescale.manifest/1", "model": "tiny", "target": {"kind": "cpu"}, "mesh": mesh,
                         "programs": [{"file": "programs/0", "ranks": list(range(ranks)), "hash": "h",
                                       "arena_bytes": 0, "comm_bytes": 0}],
                         "inputs": [], "outputs": [], "parameters": parameters,
                         "train": {"schema": "vescale.train/1", "data": {}, "seed": 77, "micro_batches": 1}}
        self.save()
        (path / "plan.json").write_text("{}")

    def save(self):
        (self.path / "manifest.json").write_text(json.dumps(self.manifest))

    @staticmethod
    def views(name, shape):
        if name == "attn.c_attn.weight":
            return [([12, 12], 12 * third) for third in range(3)]
        if name == "wpe.weight":
            return [([USED_ROWS, 12], 0)]
        return [(list(shape), 0)]

    @staticmethod
    def author(name, offset):
        shape = SHAPES[name]
        strides = strides_of(shape)
        return {"shape": list(shape), "tied": TIED.get(name, []),
                "view": {"offset": offset, "strides": strides[::-1] if name in TRANSPOSED else strides}}


def on_rows(_, dims):
    return [["dp", "tp"]] + [[]] * (dims - 1)


def on_columns(_, dims):
    return [[]] * (dims - 1) + [["tp"]]


class Ckpt(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.dir = pathlib.Path(directory.name).resolve()
        self.weights = hub_weights(1)
        (self.dir / "hub").mkdir()
        save_file(self.weights, self.dir / "hub" / "model.safetensors")
        self.rows = Bundle(self.dir / "rows", [["dp", 2], ["tp", 2]], on_rows, self.weights)
        self.columns = Bundle(self.dir / "columns", [["tp", 3]], on_columns, self.weights)

    def run_tool(self, *words):
        return subprocess.run([BUILD / "bin" / "vescale-ckpt", *map(str, words)], capture_output=True, text=True,
                              check=False)

    def good(self, *words):
        result = self.run_tool(*words)
        self.assertEqual(result.returncode, DONE, result.stderr)
        self.assertEqual(result.stderr, "")
        return result.stdout

    def refused(self, code, texts, *words):
        result = self.run_tool(*words)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stdout, "")
        for text in texts:
            self.assertIn(text, result.stderr)

    def make_step(self, bundle, save_dir, hub="hub", step=0):
        out = self.good("import", self.dir / hub, bundle.path, "-o", self.dir / save_dir, f"--step={step}")
        self.assertEqual(out, f"{self.dir / save_dir}/step-{step:08}\n")
        return pathlib.Path(out.strip())

    def tensors(self, step):
        """The step's tensors, put together from its files by what index.json says."""
        index = json.loads((step / "index.json").read_text())
        result = {}
        for tensor in index["tensors"]:
            dtype = {"f32": np.float32, "i64": np.int64}[tensor["dtype"]]
            flat = np.empty(int(np.prod(tensor["shape"])), dtype)
            seen = np.zeros(flat.size, int)
            for chunk in tensor["chunks"]:
                with safe_open(step / index["files"][chunk["file"]]["name"], "numpy") as file:
                    data = file.get_tensor(chunk["name"])
                view = chunk["view"]
                self.assertEqual(list(data.shape), view["sizes"])
                for position in itertools.product(*map(range, view["sizes"])):
                    at = view["offset"] + sum(i * s for i, s in zip(position, view["strides"]))
                    flat[at] = data[position]
                    seen[at] += 1
            self.assertTrue((seen == 1).all(), tensor["name"])
            result[tensor["name"]] = flat.reshape(tensor["shape"])
        return result

    def test_other_readers_see_the_tensors(self):
        for bundle in (self.rows, self.columns):
            tensors = self.tensors(self.make_step(bundle, bundle.path.name + "-ckpt"))
            self.assertEqual(len(tensors), 2 * (len(SHAPES) - 1) + 1)
            for name in set(SHAPES) - {FROZEN}:
                np.testing.assert_array_equal(tensors[name], stored(name, self.weights))
                self.assertTrue((tensors[name + "#exp_avg"] == 0.25).all())
            self.assertEqual(tensors["#step"], 0)

    def test_inspect(self):
        step = self.make_step(self.rows, "ckpt", step=40)
        said = json.loads(self.good("inspect", self.dir / "ckpt", "--json"))
        self.assertEqual((said["step"], said["mesh"], said["path"]), (40, "dp=2,tp=2", str(step)))
        self.assertEqual({f["name"]: f["file_bytes"] for f in said["files"]},
                         {p.name: p.stat().st_size for p in step.glob("*.safetensors")})
        table = next(t for t in said["tensors"] if t["name"] == "wpe.weight")
        self.assertEqual((table["dtype"], table["shape"], table["tensor_bytes"]), ("f32", [16, 12], 768))
        # Four shards of the rows that are used, and the rest.
        self.assertEqual([c["view"]["sizes"] for c in table["chunks"]], [[2, 12]] * 4 + [[96]])
        text = self.good("inspect", step)
        self.assertRegex(text, r"step +40\n")
        self.assertRegex(text, r"wpe\.weight +f32 +16x12 +768 B +5: 2x12 at 0, …\n")

    def test_the_newest_step_stands_for_its_directory(self):
        for step in (3, 20):
            self.make_step(self.rows, "ckpt", step=step)
        shutil.copytree(self.dir / "ckpt/step-00000020", self.dir / "ckpt/step-00000030")
        (self.dir / "ckpt/step-00000030/COMMIT").unlink()
        self.assertEqual(json.loads(self.good("inspect", self.dir / "ckpt", "--json"))["step"], 20)
        self.refused(BAD_INPUT, ["step-00000030", "no committed step"], "inspect", self.dir / "ckpt/step-00000030")

    def test_reshard_and_diff(self):
        one = self.make_step(self.rows, "one", step=7)
        out = self.good("reshard", self.dir / "one", self.columns.path, "-o", self.dir / "two/deep", "--json")
        self.assertEqual(json.loads(out)["path"], str(self.dir / "two/deep/step-00000007"))
        self.assertEqual(len(list((self.dir / "two/deep/step-00000007").glob("*.safetensors"))), 3)
        self.assertIn("good: every element of 13 tensors once", self.good("verify", self.dir / "two/deep"))
        self.assertEqual(self.good("diff", one, self.dir / "two/deep"), "13 tensors are equal\n")
        self.good("reshard", self.dir / "two/deep", self.rows.path, "-o", self.dir / "three")
        for path in one.glob("*.safetensors"):
            self.assertEqual(path.read_bytes(), (self.dir / "three/step-00000007" / path.name).read_bytes())

    def test_diff_finds_elements(self):
        self.make_step(self.rows, "one")
        other = dict(self.weights)
        other["mlp.up.weight"] = other["mlp.up.weight"].copy()
        other["mlp.up.weight"][7, 3] += 2  # element [3, 7] as it is stored
        other["mlp.up.weight"][9, 3] = np.nan
        (self.dir / "other").mkdir()
        save_file(other, self.dir / "other" / "model.safetensors")
        self.make_step(self.columns, "two", hub="other")
        result = self.run_tool("diff", self.dir / "one", self.dir / "two", "--json")
        self.assertEqual(result.returncode, FAILED, result.stderr)
        said = json.loads(result.stdout)
        self.assertEqual(said["tensors"], 13)
        self.assertEqual(said["differ"], [{"name": "mlp.up.weight", "kind": "values", "elements": 2, "first": [3, 7],
                                           "max_abs": None, "max_rel": None}])
        other["mlp.up.weight"][9, 3] = self.weights["mlp.up.weight"][9, 3]
        save_file(other, self.dir / "other" / "model.safetensors")
        self.make_step(self.columns, "two", hub="other", step=1)
        result = self.run_tool("diff", self.dir / "one", self.dir / "two")
        self.assertRegex(result.stdout, r"mlp\.up\.weight: 1 elements differ, first \[3, 7\], at most 2 apart, ")
        # Tensors that are not there, or of another shape.
        self.columns.manifest["parameters"].pop()
        for entry in self.columns.manifest["parameters"]:
            if entry["name"] == "ln.weight#exp_avg":
                entry["shape"] = entry["stored"]["shape"] = [11]
        self.columns.save()
        self.make_step(self.columns, "three")
        result = self.run_tool("diff", self.dir / "one", self.dir / "three")
        self.assertEqual(result.returncode, FAILED)
        self.assertEqual(result.stdout, "ln.weight#exp_avg: shape: 12 and 11\n#step: presence: there and missing\n")

    def test_import_of_shards(self):
        (self.dir / "shards").mkdir()
        names = sorted(SHAPES)
        files = {f"part-{i}.safetensors": names[i::2] for i in range(2)}
        for file, part in files.items():
            save_file({name: self.weights[name] for name in part}, self.dir / "shards" / file)
        (self.dir / "shards" / "model.safetensors.index.json").write_text(json.dumps(
            {"metadata": {}, "weight_map": {name: file for file, part in files.items() for name in part}}))
        one = self.make_step(self.rows, "one")
        self.make_step(self.rows, "two", hub="shards")
        self.good("diff", self.dir / "one", self.dir / "two")
        self.assertEqual(json.loads((one / "index.json").read_text())["random"]["seed"], 77)

    def test_export_is_what_was_imported(self):
        want = {**self.weights, "lm_head.weight": self.weights["wte.weight"]}
        for bundle in (self.rows, self.columns):
            save_dir = self.dir / (bundle.path.name + "-ckpt")
            self.make_step(bundle, save_dir.name)
            out = self.dir / (bundle.path.name + "-out")
            self.assertEqual(self.good("export", save_dir, bundle.path, "-o", out), f"{out}/model.safetensors\n")
            got = load_file(out / "model.safetensors")
            self.assertEqual(set(got), set(want))
            for name, array in want.items():
                np.testing.assert_array_equal(got[name], array, name)
            with safe_open(out / "model.safetensors", "numpy") as file:
                self.assertEqual(file.metadata(), {"format": "pt"})  # transformers asks for it
        self.refused(BAD_INPUT, ["model.safetensors already"], "export", save_dir, bundle.path, "-o", out)

    def test_a_part_may_be_frozen(self):
        """Of a projection's views one is not trained: steps have it all the same."""
        for bundle in (self.rows, self.columns):
            entry = next(e for e in bundle.manifest["parameters"] if e["name"] == "attn.c_attn.weight")
            entry["trained"] = False
            bundle.save()
        step = self.make_step(self.rows, "ckpt")
        np.testing.assert_array_equal(self.tensors(step)["attn.c_attn.weight"], self.weights["attn.c_attn.weight"])
        self.good("reshard", step, self.columns.path, "-o", self.dir / "two")
        self.good("export", self.dir / "two", self.columns.path, "-o", self.dir / "out")
        np.testing.assert_array_equal(load_file(self.dir / "out/model.safetensors")["attn.c_attn.weight"],
                                      self.weights["attn.c_attn.weight"])
        # It is the step's that counts, not the bundle's.
        weights = self.rows.path / "weights" / "weights.bin"
        weights.write_bytes(bytes(weights.stat().st_size))
        self.good("export", step, self.rows.path, "-o", self.dir / "again")
        got = load_file(self.dir / "again/model.safetensors")
        np.testing.assert_array_equal(got["attn.c_attn.weight"], self.weights["attn.c_attn.weight"])
        self.assertFalse(got[FROZEN].any())

    def test_export_in_shards(self):
        self.make_step(self.rows, "ckpt")
        said = json.loads(self.good("export", self.dir / "ckpt", self.rows.path, "-o", self.dir / "out",
                                    "--max-shard-bytes=3000", "--json"))
        self.assertEqual(said["path"], str(self.dir / "out/model.safetensors.index.json"))
        index = json.loads((self.dir / "out/model.safetensors.index.json").read_text())
        files = sorted(p.name for p in (self.dir / "out").glob("*.safetensors"))
        self.assertEqual(len(files), said["files"])
        self.assertEqual(files[0], f"model-00001-of-{len(files):05}.safetensors")
        got = {name: load_file(self.dir / "out" / file)[name] for name, file in index["weight_map"].items()}
        np.testing.assert_array_equal(got["mlp.square.weight"], self.weights["mlp.square.weight"])
        self.assertEqual(index["metadata"]["total_size"], sum(array.nbytes for array in got.values()))
        # And back in.
        self.make_step(self.rows, "again", hub="out")
        self.good("diff", self.dir / "ckpt", self.dir / "again")

    def test_damage_is_named(self):
        step = self.make_step(self.rows, "ckpt")
        path = step / "rank-00002.safetensors"
        index = json.loads((step / "index.json").read_text())
        file = [f["name"] for f in index["files"]].index(path.name)
        tensor, chunk = next((t, c) for t in index["tensors"] for c in t["chunks"] if c["file"] == file)
        data = bytearray(path.read_bytes())
        data[chunk["offset"] + 5] ^= 4
        path.write_bytes(data)
        for words in (["verify", step], ["export", step, self.rows.path, "-o", self.dir / "out"],
                      ["reshard", step, self.columns.path, "-o", self.dir / "two"]):
            self.refused(BAD_INPUT, [path.name, f"'{tensor['name']}' is damaged"], *words)
        self.assertFalse((self.dir / "two/step-00000000").exists())
        with open(step / "index.json", "ab") as file:
            file.write(b" ")
        self.refused(BAD_INPUT, ["index.json' is damaged"], "inspect", step)

    def test_killed_at_any_time(self):
        self.make_step(self.rows, "ckpt", step=1)
        done, random = 1, np.random.default_rng(0)
        for step in range(2, 40):
            command = [BUILD / "bin" / "vescale-ckpt", "import", self.dir / "hub", self.rows.path, "-o",
                       self.dir / "ckpt", f"--step={step}"]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
                try:
                    process.wait(random.uniform(0.001, 0.03))
                except subprocess.TimeoutExpired:
                    process.kill()
                said = process.stdout.read()
            newest = json.loads(self.good("verify", self.dir / "ckpt", "--json"))["step"]
            self.assertIn(newest, (done, step))
            if said:
                self.assertEqual(newest, step)
            done = newest
        self.good("reshard", self.dir / "ckpt", self.columns.path, "-o", self.dir / "after")

    def test_what_does_not_fit_is_refused(self):
        self.make_step(self.rows, "ckpt")
        self.refused(BAD_INPUT, ["step-00000000' is there already"], "import", self.dir / "hub", self.rows.path, "-o",
                     self.dir / "ckpt")
        self.refused(BAD_INPUT, ["step-00000000' is there already"], "reshard", self.dir / "ckpt", self.columns.path,
                     "-o", self.dir / "ckpt")
        self.columns.manifest["parameters"].pop()
        self.columns.save()
        self.refused(BAD_INPUT, ["has '#step' of shape scalar", "no state"], "reshard", self.dir / "ckpt",
                     self.columns.path, "-o", self.dir / "two")
        save_file({**self.weights, FROZEN: self.weights[FROZEN] + 1}, self.dir / "hub" / "model.safetensors")
        self.refused(BAD_INPUT, [FROZEN, "is frozen", "--checkpoint="], "import", self.dir / "hub", self.rows.path,
                     "-o", self.dir / "two")
        save_file({**self.weights, "ln.weight": self.weights["ln.weight"].astype(np.float16)},
                  self.dir / "hub" / "model.safetensors")
        self.refused(BAD_INPUT, ["'ln.weight'", "f32", "f16"], "import", self.dir / "hub", self.rows.path, "-o",
                     self.dir / "two")
        for entry in self.rows.manifest["parameters"]:
            entry.pop("trained", None)
        self.rows.manifest["parameters"] = [e for e in self.rows.manifest["parameters"] if "init" not in e]
        self.rows.save()
        self.refused(BAD_INPUT, ["keeps no state", "--train"], "import", self.dir / "hub", self.rows.path, "-o",
                     self.dir / "two")
        self.assertFalse((self.dir / "two").exists())

    def test_usage(self):
        self.refused(USAGE, ["no command given"])
        self.refused(USAGE, ["unknown command 'list'"], "list", "x")
        self.refused(USAGE, ["inspect takes 1 path, 2 given"], "inspect", "x", "y")
        self.refused(USAGE, ["reshard needs -o PATH"], "reshard", "x", "y")
        self.refused(USAGE, ["inspect takes no -o"], "inspect", "x", "-o", "y")
        self.refused(USAGE, ["unknown flag '--nonsense'"], "inspect", "x", "--nonsense")
        self.refused(USAGE, ["--step goes with import alone"], "verify", "x", "--step=3")
        self.refused(USAGE, ["--step=1e3", "from 0 to 99999999"], "import", "x", "y", "-o", "z", "--step=1e3")
        self.refused(BAD_INPUT, ["no committed step"], "inspect", self.dir / "none")
        text = self.good("--help")
        self.assertIn("example: vescale-ckpt reshard", text)
        self.assertIn("Exit codes: 0 done, 1 failed", text)


if __name__ == "__main__":
    unittest.main()
