"""Pages of the samples in a headless browser, and what tests ask of them."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import browser
import samples

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
NAMES_WIDE = 296  # of the timeline, left of time 0


def write_page(document, path):
    subprocess.run(
        [BUILD / "bin/vescale-report", "-", f"--html={path}"], input=json.dumps(document), text=True, check=True
    )


def write_pages(directory):
    documents = {name: make(1) for name, make in samples.SAMPLES.items()}
    for name, document in documents.items():
        write_page(document, f"{directory}/{name}.html")
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
        self.assertEqual(
            [url for url in self.browser.requests() if not url.startswith(f"file://{self.directory}/")], []
        )
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

    def timeline(self):
        """Its canvas' place, and where a time of the visible part is."""
        x, y, width, height = self.browser.box("#timeline canvas")
        start, end = (self.number("#timeline canvas", name) for name in ("from", "to"))
        return x, y, lambda at: x + NAMES_WIDE + (at - start) / (end - start) * (width - NAMES_WIDE)
