#!/usr/bin/env python3
"""The page of plan reports in a headless browser: what it shows, how it is used, that it asks nothing of the network.

usage: test_page.py BUILD [--pictures=DIR] [TEST…]

--pictures writes the pictures of docs/Reference/plan-report.md instead of testing; most are of a plan made for them.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import browser
import samples
from pages import BUILD, Pages, write_page, write_pages

ROOT = pathlib.Path(__file__).resolve().parents[2]
MEMORY_KINDS = ["parameters", "gradients", "optimizer", "activations", "transient"]
# Of which sample or the plan below, in which colours; of what is seen first, or of a section.
PICTURES = {
    "summary": ("planned", "light", None),
    "layers": ("planned", "light", "#layers"),
    "memory": ("planned", "dark", "#memory"),
    "timeline": ("planned", "dark", "#timeline"),
    "communication": ("planned", "light", "#communication"),
    "plans": ("planned", "light", "#plans"),
    "rejected": ("planned", "light", "#rejected"),
    "measured": ("small", "light", "#measured"),
}
# As docs/Tutorial/plan-llama-405b.md plans it.
PLANNED = ["--train-set=compute=bf16", "--dim=batch=2048", "--dim=sequence=8192", "--split-batch",
           "--cluster=dgx-h100:16384", "--stages=128"]


def used(rank):
    return sum(rank[f"{kind}_bytes"] for kind in MEMORY_KINDS)


class Page(Pages):
    def test_every_section_is_there(self):
        sections = [
            "summary",
            "cluster",
            "layers",
            "memory",
            "timeline",
            "communication",
            "plans",
            "rejected",
            "measured",
        ]
        for name, want in ("small", sections), ("large", sections[:-1]):
            self.open(name)
            self.assertEqual(self.browser.run("[...document.querySelectorAll('section')].map((each) => each.id)"), want)
            self.assertEqual(
                self.browser.run("[...document.querySelectorAll('nav a')].map((each) => each.hash.slice(1))"), want
            )

    def test_summary(self):
        document = self.open("large")
        summary = self.text("#summary")
        certificate = document["plans"][0]["certificate"]
        for words in (
            "example-405b, 406 billion parameters, 16.8 million tokens a step, on 16,384 × 80 GiB accelerator",
            "dp 128 (samples) × pp 16 (stages) × tp 8 (heads and hidden) on 16,384 devices.",
            "16 pipeline stages by 1F1B; 32 micro-batches; the optimizer's state in shards (ZeRO-1) over dp; "
            "the sequence sharded between layers (Megatron); nothing computed again.",
            f"{100 * document['plans'][0]['step']['mfu']:.0f} %\nof the peak (MFU)",
            "61.0 GiB\nof 80.0 GiB a rank",
            "The fullest rank (stage 0) needs 61.0 GiB of 80.0 GiB.",
            f"more than {100 * certificate['gap']:.2g} % cheaper",
            "1,204 points searched, 1,180 pruned by their bound.",
            "What binds: memory of stage 0.",
            "The search was cut short: by --time-limit=10.",
        ):
            self.assertIn(words, summary)
        step = document["plans"][0]["step"]
        self.assertIn(
            f"A step takes {step['total_us'] / 1e6:.2f} s: {step['compute_us'] / 1e6:.2f} s of computing, "
            f"21.0 ms waiting for communication, {step['bubble_us'] / 1e6:.2f} s in the pipeline's bubble.",
            summary,
        )
        self.open("small")
        self.assertIn("No plan in the searched space is cheaper", self.text("#summary"))
        self.assertNotIn("cut short", self.text("#summary"))

    def test_cluster_small(self):
        self.open("small")
        self.assertEqual((self.data("#cluster canvas", "drawn"), self.data("#cluster canvas", "places")), ("2", "2"))
        self.assertEqual(self.pixel("#cluster canvas", 10, 10), [0x44, 0x77, 0xAA])
        self.assertEqual(self.pixel("#cluster canvas", 42, 10), [0xEE, 0x66, 0x77])

    def test_cluster_large(self):
        document = self.open("large")
        self.assertEqual(self.data("#cluster canvas", "drawn"), "16384")
        for index, axis in enumerate(document["plans"][0]["mesh"]):
            self.choose("#axis", str(index))
            self.assertEqual(self.data("#cluster canvas", "places"), str(axis["size"]))
        self.assertIn("50.0 GB/s (one link for 7)", self.text("#cluster"))
        # By keys: the second device is the next on the last axis.
        self.browser.run("document.querySelector('#cluster canvas').focus()")
        self.browser.key("End")
        self.assertEqual(self.text("#cluster .reading"), "device 16,383: dp 127, pp 15, tp 7; pod 7; node 2,047")
        self.browser.key("Home")
        self.browser.key("ArrowRight")
        self.assertEqual(self.text("#cluster .reading"), "device 1: dp 0, pp 0, tp 1; pod 0; node 0")

    def test_idle_devices(self):
        self.open("small")
        self.choose("#plan", "2")
        self.assertIn("on 1 device; 1 stay idle.", self.text("#summary"))
        self.assertEqual(self.pixel("#cluster canvas", 42, 10), self.colour("hatch"))

    def test_layers(self):
        document = self.open("large")
        layers = document["plans"][0]["layers"]
        self.assertIn(f"{sum(layer['count'] for layer in layers)} layers in {len(layers)} runs", self.text("#layers"))
        shades = self.browser.run(
            "[...document.querySelectorAll('.strip > *')].map((each) => getComputedStyle(each).backgroundColor)"
        )
        # Embedding, the stages that gather the states, those that don't, head.
        self.assertEqual([shades.index(shade) for shade in shades], [0, 1, 1] + [3] * 14 + [17])
        self.choose("#layers-by", "stage")
        shades = self.browser.run(
            "[...document.querySelectorAll('.strip > *')].map((each) => getComputedStyle(each).backgroundColor)"
        )
        self.assertEqual(len(set(shades)), 16)
        # The fourth run by the mouse, then one to the left by a key.
        x, y, width, height = self.browser.box(".strip > :nth-child(4)")
        self.browser.click(x + width / 2, y + height / 2)
        self.assertIn(f"{layers[3]['name']}: block, 8 layers alike, stage 2", self.text("#tensors"))
        self.assertIn("states\tactivation\t128 × 8,192 × 16,384\t[dp, tp, –]", self.text("#tensors"))
        self.browser.run("document.querySelector('.strip > :nth-child(4)').focus()")
        self.browser.key("ArrowLeft")
        self.assertIn(f"{layers[2]['name']}: block, 8 layers alike, stage 1", self.text("#tensors"))
        for row in (
            "states\tactivation\t128 × 8,192 × 16,384\t[dp, –, –]",
            "w1#exp_avg\tparameter\t53,248 × 16,384\t[tp·dp, –]",
            "w2\tactivation\t128 × 8,192 × 16,384\t[dp, –, –], sum over tp to come",
        ):
            self.assertIn(row, self.text("#tensors"))

    def test_memory(self):
        document = self.open("large")
        for stage in 0, 15:
            rank = document["plans"][0]["memory"][stage]
            self.browser.run(f"document.querySelectorAll('#memory button')[{stage}].click()")
            areas = self.browser.run("""Object.fromEntries([...document.querySelectorAll("#treemap [data-kind]")].map((each) =>
                [each.dataset.kind, Number(each.dataset.area)]))""")
            self.assertEqual(set(areas), {*MEMORY_KINDS, "free"})
            whole = sum(areas.values())
            for kind in MEMORY_KINDS:
                self.assertAlmostEqual(areas[kind] / whole, rank[f"{kind}_bytes"] / rank["limit_bytes"], delta=1e-4)
            self.assertIn(f"stage {stage}: {used(rank) / 2**30:.1f} GiB of 80.0 GiB", self.text("#treemap"))
        self.open("small")
        self.assertEqual(
            self.browser.run("[...document.querySelectorAll('[data-part]')].map((each) => each.dataset.part)").count(
                "MLPs"
            ),
            1,
        )

    def test_too_much_memory(self):
        document = samples.small(1)
        document["plans"][0]["memory"][0]["limit_bytes"] = 400 << 20
        path = self.directory / "over.html"
        write_page(document, path)
        self.browser.open(path)
        self.assertIn("16.0 MiB more than there is.", self.text("#treemap"))
        self.assertIn("too much", self.text("#summary"))

    def test_communication(self):
        document = self.open("large")
        flows = document["plans"][0]["communication"]["bytes"]
        self.assertEqual(self.data("#communication canvas", "cells"), str(len(flows)))
        self.assertIn(
            f"{sum(size for _, _, size in flows) / 2**40:.1f} TiB in a step, in {len(flows)} flows between 32 groups",
            self.text("#communication"),
        )
        self.browser.run("document.querySelector('#communication canvas').focus()")
        for key in "ArrowRight", "ArrowRight", "ArrowDown", "ArrowUp":
            self.browser.key(key)
        self.assertEqual(self.text("#communication .reading"), "stage 0, dp 0 to stage 1, dp 0: 4.00 GiB")
        # Rows send. States are larger than their gradients: the cell above the diagonal is nearer to the full colour.
        names, top = 110, 20  # left of the cells and above them
        side = (self.browser.box("#communication canvas")[3] - top - 2) / 32
        sent, back = (
            self.pixel("#communication canvas", names + (column + 0.5) * side, top + (row + 0.5) * side)
            for row, column in ((2, 4), (4, 2))
        )
        accent = self.colour("accent")
        self.assertLess(*(sum(abs(part - full) for part, full in zip(cell, accent)) for cell in (sent, back)))

    def test_plans(self):
        document = self.open("large")
        rows = [row.split("\t") for row in self.texts("#plans tbody tr")]
        self.assertEqual(len(rows), 5)
        best = document["plans"][0]["step"]["total_us"]
        for index, (row, plan) in enumerate(zip(rows, document["plans"])):
            self.assertEqual(row[0], f"{index + 1}. {plan['title']}")
            self.assertEqual(
                row[7:10],
                [
                    f"{plan['step']['total_us'] / 1e6:.2f} s",
                    f"× {plan['step']['total_us'] / best:.3f}",
                    f"{used(plan['memory'][0]) / 2**30:.1f} GiB",
                ],
            )
        widths = self.browser.run(
            "[...document.querySelectorAll('#plans .columns > :first-child .bar')].map((each) => "
            "[each.clientWidth, ...[...each.children].map((part) => part.getBoundingClientRect().width)])"
        )
        slowest = max(plan["step"]["total_us"] for plan in document["plans"])
        for (whole, *parts), plan in zip(widths, document["plans"]):
            for part, kind in zip(parts, ("compute", "exposed", "bubble")):
                self.assertAlmostEqual(part / whole, plan["step"][f"{kind}_us"] / slowest, delta=0.003)

    def test_another_plan(self):
        self.open("small")
        self.assertIn("[–, –]", self.text("#tensors"))
        x, y, width, height = self.browser.box("#plans .bars button:nth-of-type(2)")
        self.browser.click(x + width / 2, y + height / 2)
        self.assertEqual(self.browser.run("document.getElementById('plan').value"), "1")
        self.assertIn("tp 2 (heads and hidden)", self.text("#summary"))
        self.assertIn("[–, tp]", self.text("#tensors"))
        self.assertIn("was not simulated", self.text("#timeline"))
        self.assertFalse(self.browser.run("Boolean(document.getElementById('measured'))"), "another plan was measured")

    def test_rejected(self):
        self.open("large")
        self.assertIn(
            "pp=1\tdoes not fit: ZeRO-3 would, at 1.6 of the time\tlimit 80.0 GiB, needs 131 GiB",
            self.text("#rejected"),
        )

    def test_a_planned_page(self):
        """What vescale-plan prints is what its page shows."""
        model = self.directory / "gpt-tiny"
        subprocess.run([sys.executable, ROOT / "test/Training/tool.py", "make", "gpt-tiny", model], check=True,
                       stdout=subprocess.DEVNULL)
        output = subprocess.run(
            [BUILD / "bin/vescale-plan", model / "model.onnx", f"--train={model}/train.json", "--dim=batch=8",
             "--dim=sequence=32", "--split-batch", "--cluster=dgx-a100:4", "--stages=2", "--mesh=pp=2,dp=2", "--json",
             f"--report={self.directory}/planned.html"], check=True, stdout=subprocess.PIPE, text=True).stdout
        printed = self.documents["planned"] = json.loads(output)
        self.open("planned")
        self.assertEqual(len(self.texts("#plans tbody tr")), len(printed["plans"]))
        self.assertIn(printed["plans"][0]["hash"], self.text("#summary"))
        rows = [row.split("\t") for row in self.texts("#rejected tbody tr")]
        self.assertGreater(len(rows), 0)
        self.assertEqual([row[0] for row in rows], [each["decision"] for each in printed["rejected"]])
        for row, each in zip(rows, printed["rejected"]):
            self.assertTrue(row[1].startswith(each["reason"]), row)
            self.assertIn(each.get("nearest", ""), row[1])
        # Both stages, each to itself and to the other.
        self.assertEqual(self.data("#communication canvas", "cells"), "4")
        self.assertEqual(len(self.texts("#memory .bars button")), 2)

    def test_measured(self):
        document = self.open("small")
        rows = {row.split("\t")[0]: row.split("\t")[1:4] for row in self.texts("#measured tbody tr")}
        self.assertEqual(rows["memory of the fullest rank"], ["416 MiB", "417 MiB", "1.002"])
        self.assertEqual(rows["step"][2], "1.040")
        for index, kind in enumerate(samples.KINDS):
            times = [
                sum(
                    event[3]
                    for track in timeline["ranks"][0]["tracks"]
                    for event in track["events"]
                    if event[1] == index
                )
                for timeline in (document["plans"][0]["timeline"], document["measured"]["timeline"])
            ]
            if all(times):
                self.assertEqual(rows[f"rank 0: {kind}"][2], f"{times[1] / times[0]:.3f}")
        # Both runs have rows in the timeline: two tracks each and memory, of two ranks.
        self.assertEqual(self.data("#timeline canvas", "rows"), "10")

    def test_pictures_are_small(self):
        for name in PICTURES:
            path = ROOT / f"docs/Reference/pictures/plan-report-{name}.png"
            self.assertLess(path.stat().st_size, 200_000, path)
            self.assertEqual(path.read_bytes()[:4], b"\x89PNG")


def write_planned(folder):
    """The page of a plan that vescale-plan makes."""
    def run(*command):
        return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout

    (folder / "train.json").write_bytes(run(BUILD / "bin/vescale-compile", "--train=default"))
    run(sys.executable, ROOT / "test/Models/shapes.py", "llama-3-405b", folder / "llama-3-405b.onnx")
    run(BUILD / "bin/vescale-plan", folder / "llama-3-405b.onnx", f"--train={folder}/train.json", *PLANNED,
        f"--report={folder}/planned.html")


def write_pictures(target):
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, browser.Browser() as shown:
        write_pages(directory)
        write_planned(pathlib.Path(directory))
        for name, (sample, scheme, selector) in PICTURES.items():
            shown.scheme(scheme)
            shown.open(f"{directory}/{sample}.html")
            path = target / f"plan-report-{name}.png"
            shown.picture(path, selector)
            print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1].startswith("--pictures="):
        write_pictures(pathlib.Path(sys.argv[1].partition("=")[2]))
    else:
        unittest.main()
