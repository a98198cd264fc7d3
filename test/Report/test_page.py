#!/usr/bin/env python3
"""The page of plan reports in a headless browser: what it shows, that it can be used, that it asks nothing of the network.

usage: test_page.py BUILD [--pictures=DIR] [TEST…]

--pictures writes the pictures of docs/Reference/plan-report.md instead of testing.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

import browser
import samples

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[2]
SHIFT, CTRL = 8, 2
NAMES_WIDE = 296  # of the timeline, left of time 0
MEMORY_KINDS = ["parameters", "gradients", "optimizer", "activations", "transient"]
# Of which sample, in which colours; of what is seen first, or of a section.
PICTURES = {"summary": ("large", "light", None), "layers": ("large", "light", "#layers"), "memory": ("large", "dark", "#memory"),
            "timeline": ("large", "dark", "#timeline"), "measured": ("small", "light", "#measured")}


def used(rank):
    return sum(rank[f"{kind}_bytes"] for kind in MEMORY_KINDS)


def write_pages(directory):
    documents = {}
    for name, make in samples.SAMPLES.items():
        documents[name] = make(1)
        subprocess.run([BUILD / "bin/vescale-report", "-", f"--html={directory}/{name}.html"], input=json.dumps(documents[name]), text=True,
                       check=True)
    return documents


def all_events(timeline):
    return [event for rank in timeline["ranks"] for track in rank["tracks"] for event in track["events"]]


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.directory = pathlib.Path(directory)
        cls.documents = write_pages(directory)
        cls.browser = cls.enterClassContext(browser.Browser())

    def open(self, name, scheme="light"):
        self.browser.scheme(scheme)
        self.browser.open(self.directory / f"{name}.html")
        return self.documents[name]

    def tearDown(self):
        # Whatever was done to a page: nothing complained, and it was alone.
        self.assertEqual(self.browser.complaints(), [])
        self.assertEqual([url for url in self.browser.requests() if not url.startswith(f"file://{self.directory}/")], [])
        self.assertEqual(len(self.browser.requests()), 1)

    def text(self, selector):
        return self.browser.run(f"document.querySelector({json.dumps(selector)}).innerText")

    def texts(self, selector):
        return self.browser.run(f"[...document.querySelectorAll({json.dumps(selector)})].map((each) => each.innerText)")

    def data(self, selector, name):
        return self.browser.run(f"document.querySelector({json.dumps(selector)}).dataset.{name}")

    def number(self, selector, name):
        return float(self.data(selector, name))

    def choose(self, selector, value):
        self.browser.run(f"""(() => {{ const element = document.querySelector({json.dumps(selector)}); element.value = {json.dumps(value)};
            element.dispatchEvent(new Event("change")); }})()""")
        self.browser.settle()

    def pixel(self, selector, x, y):
        return self.browser.run(f"""(() => {{ const canvas = document.querySelector({json.dumps(selector)}), ratio = devicePixelRatio;
            const copy = new OffscreenCanvas(1, 1).getContext("2d", {{ willReadFrequently: true }});
            copy.drawImage(canvas, {x} * ratio, {y} * ratio, 1, 1, 0, 0, 1, 1);
            return [...copy.getImageData(0, 0, 1, 1).data].slice(0, 3); }})()""")

    def colour(self, name):
        """A colour of the style, as a pixel has it."""
        return self.browser.run(f"""(() => {{ const probe = document.body.appendChild(document.createElement("b"));
            probe.style.color = "var(--{name})"; const numbers = getComputedStyle(probe).color.match(/\\d+/g).map(Number); probe.remove();
            return numbers.slice(0, 3); }})()""")

    # What is shown.

    def test_every_section_is_there(self):
        sections = ["summary", "cluster", "layers", "memory", "timeline", "communication", "plans", "rejected", "measured"]
        for name, want in ("small", sections), ("large", sections[:-1]):
            self.open(name)
            self.assertEqual(self.browser.run("[...document.querySelectorAll('section')].map((each) => each.id)"), want)
            self.assertEqual(self.browser.run("[...document.querySelectorAll('nav a')].map((each) => each.hash.slice(1))"), want)

    def test_summary(self):
        document = self.open("large")
        summary = self.text("#summary")
        certificate = document["plans"][0]["certificate"]
        for words in ("example-405b, 406 billion parameters, 16.8 million tokens a step, on 16,384 × 80 GiB accelerator",
                      "dp 128 (samples) × pp 16 (stages) × tp 8 (heads and hidden) on 16,384 devices.",
                      "16 pipeline stages by 1F1B; 32 micro-batches; the optimizer's state in shards (ZeRO-1) over dp; "
                      "the sequence sharded between layers (Megatron); nothing computed again.",
                      f"{100 * document['plans'][0]['step']['mfu']:.0f} %\nof the peak (MFU)", "61.0 GiB\nof 80.0 GiB a rank",
                      "The fullest rank (stage 0) needs 61.0 GiB of 80.0 GiB.",
                      f"more than {100 * certificate['gap']:.2g} % cheaper", "1,204 points searched, 1,180 pruned by their bound.",
                      "What binds: memory of stage 0.", "The search was cut short: by --time-limit=10."):
            self.assertIn(words, summary)
        step = document["plans"][0]["step"]
        self.assertIn(f"A step takes {step['total_us'] / 1e6:.2f} s: {step['compute_us'] / 1e6:.2f} s of computing, "
                      f"21.0 ms waiting for communication, {step['bubble_us'] / 1e6:.2f} s in the pipeline's bubble.", summary)
        self.open("small")
        self.assertIn("No plan in the searched space is cheaper", self.text("#summary"))
        self.assertNotIn("cut short", self.text("#summary"))

    def test_cluster_small(self):
        self.open("small")
        self.assertEqual((self.data("#cluster canvas", "drawn"), self.data("#cluster canvas", "places")), ("2", "2"))
        self.assertEqual(self.pixel("#cluster canvas", 10, 10), [0x44, 0x77, 0xaa])
        self.assertEqual(self.pixel("#cluster canvas", 42, 10), [0xee, 0x66, 0x77])

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
        shades = self.browser.run("[...document.querySelectorAll('.strip > *')].map((each) => getComputedStyle(each).backgroundColor)")
        # Embedding, the stages that gather the states, those that don't, head.
        self.assertEqual([shades.index(shade) for shade in shades], [0, 1, 1] + [3] * 14 + [17])
        self.choose("#layers-by", "stage")
        shades = self.browser.run("[...document.querySelectorAll('.strip > *')].map((each) => getComputedStyle(each).backgroundColor)")
        self.assertEqual(len(set(shades)), 16)
        # The fourth run by the mouse, then one to the left by a key.
        x, y, width, height = self.browser.box(".strip > :nth-child(4)")
        self.browser.click(x + width / 2, y + height / 2)
        self.assertIn(f"{layers[3]['name']}: block, 8 layers alike, stage 2", self.text("#tensors"))
        self.assertIn("states\tactivation\t128 × 8,192 × 16,384\t[dp, tp, –]", self.text("#tensors"))
        self.browser.run("document.querySelector('.strip > :nth-child(4)').focus()")
        self.browser.key("ArrowLeft")
        self.assertIn(f"{layers[2]['name']}: block, 8 layers alike, stage 1", self.text("#tensors"))
        for row in ("states\tactivation\t128 × 8,192 × 16,384\t[dp, –, –]", "w1#exp_avg\tparameter\t53,248 × 16,384\t[tp·dp, –]",
                    "w2\tactivation\t128 × 8,192 × 16,384\t[dp, –, –], sum over tp to come"):
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
        self.assertEqual(self.browser.run("[...document.querySelectorAll('[data-part]')].map((each) => each.dataset.part)").count("MLPs"), 1)

    def test_too_much_memory(self):
        document = samples.small(1)
        document["plans"][0]["memory"][0]["limit_bytes"] = 400 << 20
        path = self.directory / "over.html"
        subprocess.run([BUILD / "bin/vescale-report", "-", f"--html={path}"], input=json.dumps(document), text=True, check=True)
        self.browser.open(path)
        self.assertIn("16.0 MiB more than there is.", self.text("#treemap"))
        self.assertIn("too much", self.text("#summary"))

    def test_communication(self):
        document = self.open("large")
        flows = document["plans"][0]["communication"]["bytes"]
        self.assertEqual(self.data("#communication canvas", "cells"), str(len(flows)))
        self.assertIn(f"{sum(size for _, _, size in flows) / 2**40:.1f} TiB in a step, in {len(flows)} flows between 32 groups",
                      self.text("#communication"))
        self.browser.run("document.querySelector('#communication canvas').focus()")
        for key in "ArrowRight", "ArrowRight", "ArrowDown", "ArrowUp":
            self.browser.key(key)
        self.assertEqual(self.text("#communication .reading"), "stage 0, dp 0 to stage 1, dp 0: 4.00 GiB")

    def test_plans(self):
        document = self.open("large")
        rows = [row.split("\t") for row in self.texts("#plans tbody tr")]
        self.assertEqual(len(rows), 5)
        best = document["plans"][0]["step"]["total_us"]
        for index, (row, plan) in enumerate(zip(rows, document["plans"])):
            self.assertEqual(row[0], f"{index + 1}. {plan['title']}")
            self.assertEqual(row[7:10], [f"{plan['step']['total_us'] / 1e6:.2f} s", f"× {plan['step']['total_us'] / best:.3f}",
                                         f"{used(plan['memory'][0]) / 2**30:.1f} GiB"])
        widths = self.browser.run("[...document.querySelectorAll('#plans .columns > :first-child .bar')].map((each) => "
                                  "[each.clientWidth, ...[...each.children].map((part) => part.getBoundingClientRect().width)])")
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
        self.assertIn("pp=1\tdoes not fit: ZeRO-3 would, at 1.6 of the time\tlimit 80.0 GiB, needs 131 GiB", self.text("#rejected"))

    def test_measured(self):
        document = self.open("small")
        rows = {row.split("\t")[0]: row.split("\t")[1:4] for row in self.texts("#measured tbody tr")}
        self.assertEqual(rows["memory of the fullest rank"], ["416 MiB", "417 MiB", "1.002"])
        self.assertEqual(rows["step"][2], "1.040")
        for index, kind in enumerate(samples.KINDS):
            times = [sum(event[3] for track in timeline["ranks"][0]["tracks"] for event in track["events"] if event[1] == index)
                     for timeline in (document["plans"][0]["timeline"], document["measured"]["timeline"])]
            if all(times):
                self.assertEqual(rows[f"rank 0: {kind}"][2], f"{times[1] / times[0]:.3f}")
        # Both runs have rows in the timeline: two tracks each and memory, of two ranks.
        self.assertEqual(self.data("#timeline canvas", "rows"), "10")

    # The timeline.

    def timeline(self):
        """Its canvas' place, and where a time of the visible part is."""
        x, y, width, height = self.browser.box("#timeline canvas")
        start, end = (self.number("#timeline canvas", name) for name in ("from", "to"))
        return x, y, lambda at: x + NAMES_WIDE + (at - start) / (end - start) * (width - NAMES_WIDE)

    def test_timeline_is_drawn(self):
        document = self.open("small")
        events = len(all_events(document["plans"][0]["timeline"])) + len(all_events(document["measured"]["timeline"]))
        self.assertEqual(self.data("#timeline canvas", "drawn"), str(events))
        x, y, place = self.timeline()
        for index in 2, 8:
            name, kind, start, duration, batch = document["plans"][0]["timeline"]["ranks"][0]["tracks"][0]["events"][index]
            self.assertEqual(self.pixel("#timeline canvas", place(start + 0.9 * duration) - x, 24), self.colour(samples.KINDS[kind]))
        self.assertEqual(self.pixel("#timeline canvas", place(1000) - x, 24 + 18), [0, 0, 0], "nothing is sent at first")

    def test_zoom(self):
        self.open("large")
        end = self.number("#timeline canvas", "to")
        x, y, place = self.timeline()
        at = end / 3
        self.browser.wheel(place(at), y + 100, -200)
        self.assertEqual(self.number("#timeline canvas", "to"), end, "the wheel moves the page until the timeline was clicked")
        x, y, place = self.timeline()
        pointer = place(at)
        self.browser.wheel(pointer, y + 100, -200, modifiers=CTRL)
        start, stop = self.number("#timeline canvas", "from"), self.number("#timeline canvas", "to")
        self.assertLess(stop - start, 0.8 * end)
        x, y, place = self.timeline()
        self.assertAlmostEqual(place(at), pointer, delta=2, msg="what is under the pointer stays there")
        # A drag takes the time along.
        self.browser.drag([(pointer, y + 100), (pointer - 100, y + 100), (pointer - 200, y + 100)])
        x, y, place = self.timeline()
        self.assertAlmostEqual(place(at), pointer - 200, delta=2)
        # The drag has given it the focus.
        before = self.number("#timeline canvas", "to") - self.number("#timeline canvas", "from")
        self.browser.wheel(pointer, y + 100, -100)
        self.assertLess(self.number("#timeline canvas", "to") - self.number("#timeline canvas", "from"), before)
        self.browser.key("Home")
        self.assertEqual((self.number("#timeline canvas", "from"), self.number("#timeline canvas", "to")), (0, end))
        self.browser.key("+")
        self.assertAlmostEqual(self.number("#timeline canvas", "to") - self.number("#timeline canvas", "from"), 0.6 * end, delta=1)
        before = self.number("#timeline canvas", "from")
        self.browser.key("ArrowRight")
        self.assertAlmostEqual(self.number("#timeline canvas", "from"), before + 0.15 * 0.6 * end, delta=1)
        self.browser.key("-")
        self.assertAlmostEqual(self.number("#timeline canvas", "to") - self.number("#timeline canvas", "from"), end, delta=1)
        # Shift and drag marks what to see.
        x, y, place = self.timeline()
        self.browser.drag([(place(0.2 * end), y + 60), (place(0.3 * end), y + 60), (place(0.4 * end), y + 60)], modifiers=SHIFT)
        self.assertAlmostEqual(self.number("#timeline canvas", "from"), 0.2 * end, delta=0.005 * end)
        self.assertAlmostEqual(self.number("#timeline canvas", "to"), 0.4 * end, delta=0.005 * end)

    def test_events_are_chosen(self):
        document = self.open("small")
        timeline = document["plans"][0]["timeline"]
        name, kind, start, duration, batch = timeline["ranks"][0]["tracks"][0]["events"][2]
        x, y, place = self.timeline()
        self.browser.mouse("mouseMoved", place(start + duration / 2), y + 30)
        self.assertEqual(self.browser.run("tip = document.getElementById('tip'), tip.hidden ? '' : tip.textContent.split('\\n').slice(0, 2)"),
                         ["h.2", "forward, micro-batch 0"])
        self.browser.click(place(start + duration / 2), y + 30)
        self.assertTrue(self.text("#timeline .reading").startswith("rank 0, compute: h.2; forward, micro-batch 0; "))
        self.browser.key("n")
        self.assertTrue(self.text("#timeline .reading").startswith("rank 0, compute: h.3;"))
        self.browser.key("Enter")
        name, kind, start, duration, batch = timeline["ranks"][0]["tracks"][0]["events"][3]
        self.assertAlmostEqual(self.number("#timeline canvas", "from"), start - duration, delta=1)
        self.assertAlmostEqual(self.number("#timeline canvas", "to"), start + 2 * duration, delta=1)
        self.browser.key("ArrowDown")
        self.assertTrue(self.text("#timeline .reading").startswith("rank 0, communication: all_reduce of h.5;"))
        self.browser.key("p")
        self.browser.key("Escape")
        self.assertEqual(self.text("#timeline .reading"), "")

    def test_stages_fold(self):
        document = self.open("large")
        ranks = len(document["plans"][0]["timeline"]["ranks"])
        self.assertEqual(self.data("#timeline canvas", "rows"), str(2 * samples.STAGES))
        self.browser.run("document.getElementById('by-stage').click()")
        self.browser.settle()
        self.assertEqual(self.data("#timeline canvas", "rows"), str(2 * ranks))
        self.browser.run("document.getElementById('with-memory').click()")
        self.browser.settle()
        self.assertEqual(self.data("#timeline canvas", "rows"), str(3 * ranks))
        # The last rows are there after scrolling, by keys.
        self.browser.run("document.querySelector('#timeline canvas').focus()")
        for _ in range(12):
            self.browser.key("PageDown")
        scrolled = self.browser.run("(() => { const rows = document.querySelector('.rows'); "
                                    "return rows.scrollTop + rows.clientHeight - rows.scrollHeight; })()")
        self.assertGreaterEqual(scrolled, -1)
        self.assertIn("stand for 16,384", self.text("#timeline"))

    def test_many_events_are_drawn_fast(self):
        document = self.open("large")
        self.browser.run("document.getElementById('by-stage').click()")
        self.browser.settle()
        took = self.browser.run("""(() => { const canvas = document.querySelector("#timeline canvas"), took = [];
            for (let turn = 0; turn < 9; ++turn) { const start = performance.now(); canvas.paint(); took.push(performance.now() - start); }
            return took.sort((a, b) => a - b)[4]; })()""")
        print(f"{len(all_events(document['plans'][0]['timeline']))} events: a frame is drawn in {took:.1f} ms")
        self.assertLess(took, 100)

    # Colours, paper, keyboard, harm.

    def test_light_and_dark(self):
        seen = {}
        for scheme in "light", "dark":
            document = self.open("small", scheme)
            x, y, place = self.timeline()
            start = document["plans"][0]["timeline"]["ranks"][0]["tracks"][0]["events"][1][2]
            seen[scheme] = [self.colour("page"), self.pixel("#timeline canvas", place(start + 20000) - x, 24)]
            self.assertEqual(seen[scheme][1], self.colour("forward"))
        self.assertGreater(min(seen["light"][0]), 250)
        self.assertLess(max(seen["dark"][0]), 40)
        self.assertNotEqual(seen["light"][1], seen["dark"][1])
        # The reader's choice counts more than the system's, for canvases as well.
        self.choose("#theme", "light")
        self.assertEqual([self.colour("page"), self.pixel("#timeline canvas", place(start + 20000) - x, 24)], seen["light"])

    def test_texts_can_be_read(self):
        def luminance(colour):
            parts = [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour]
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

        for scheme in "light", "dark":
            self.open("small", scheme)
            for ground in "page", "panel":
                for ink in "ink", "quiet", "accent", "bad":
                    low, high = sorted(luminance(self.colour(name)) for name in (ground, ink))
                    self.assertGreater((high + 0.05) / (low + 0.05), 4.5, (scheme, ink, ground))

    def test_paper(self):
        for name, most in ("small", 8), ("large", 9):
            self.open(name, "dark")
            # Colours as they were when it was printed.
            self.browser.run("printed = undefined, addEventListener('beforeprint', () => printed = "
                             "getComputedStyle(document.documentElement).backgroundColor)")
            pages = self.browser.paper().count(b"/Type /Page\n")
            self.assertTrue(0 < pages <= most, pages)
            self.assertEqual(self.browser.run("printed"), "rgb(255, 255, 255)")
            self.assertEqual(self.colour("page"), [22, 25, 29], "dark again")

    def test_widths(self):
        for name in samples.SAMPLES:
            self.open(name)
            self.assertLessEqual(self.browser.run("document.documentElement.scrollWidth"), 1280, name)

    def test_keyboard(self):
        self.open("large")
        reached = []
        for _ in range(80):
            self.browser.call("Input.dispatchKeyEvent", type="keyDown", key="Tab", code="Tab", windowsVirtualKeyCode=9)
            self.browser.call("Input.dispatchKeyEvent", type="keyUp", key="Tab", code="Tab", windowsVirtualKeyCode=9)
            reached.append(self.browser.run("""(() => { const {activeElement: at} = document;
                return `${at.closest("section")?.id ?? ""} ${at.tagName}`; })()"""))
        for stop in (" SELECT", " A", "cluster SELECT", "cluster CANVAS", "layers SELECT", "layers DIV", "memory BUTTON", "timeline BUTTON",
                     "timeline INPUT", "timeline CANVAS", "communication CANVAS", "plans BUTTON"):
            self.assertIn(stop, reached)
        unnamed = self.browser.run("""[...document.querySelectorAll("canvas, button, select, input, [role=option]")].filter((each) =>
            !(each.getAttribute("aria-label") || each.innerText || each.closest("label"))).length""")
        self.assertEqual(unnamed, 0)

    def test_hostile_names(self):
        document = self.open("hostile")
        self.assertIsNone(self.browser.run("window.broken"))
        self.assertEqual(self.browser.run("document.querySelectorAll('img, section script, section svg[onload], header script').length"), 0)
        self.assertEqual(self.text("h1"), self.browser.run("document.title"))
        self.assertIn("</script><script>window.broken = 1</script>", self.text("#cluster"))
        self.assertIn("\\u202eright to left\\u202c", self.text("main"))
        self.assertIn("\\u0009", self.text("main"))
        self.assertNotIn("\u202e", self.browser.run("document.body.textContent.replace(document.getElementById('report').textContent, '')"))
        self.assertEqual(self.browser.run("JSON.parse(document.getElementById('report').textContent)"), document)

    def test_policy(self):
        """What gets into the page in spite of all can neither run nor ask the network."""
        self.open("small")
        refused = self.browser.run("""(async () => {
            const seen = [];
            addEventListener("securitypolicyviolation", (event) => seen.push(event.effectiveDirective));
            document.body.append(Object.assign(document.createElement("script"), { textContent: "window.broken = 4" }));
            document.body.insertAdjacentHTML("beforeend", "<img src='http://127.0.0.1:9/x.png'>");
            await fetch("http://127.0.0.1:9/").catch(() => 0);
            await new Promise((done) => setTimeout(done, 50));
            return [window.broken ?? null, ...seen.sort()];
        })()""")
        self.assertEqual(refused, [None, "connect-src", "img-src", "script-src-elem"])
        self.assertEqual({event["params"].get("blockedReason") for event in self.browser.events if event["method"] == "Network.loadingFailed"},
                         {"csp"})
        self.assertTrue(all("Content Security Policy" in text for text in self.browser.complaints()), self.browser.complaints())
        self.open("small")  # for what every test ends with

    def test_pictures_are_small(self):
        for name in PICTURES:
            path = ROOT / f"docs/Reference/pictures/plan-report-{name}.png"
            self.assertLess(path.stat().st_size, 200_000, path)
            self.assertEqual(path.read_bytes()[:4], b"\x89PNG")


def write_pictures(target):
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, browser.Browser() as shown:
        write_pages(directory)
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
