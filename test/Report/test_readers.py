#!/usr/bin/env python3
"""Who reads a plan report's page, and how: in light or dark, on paper, by keys; and names and sizes that would harm them.

usage: test_readers.py BUILD [TEST…]
"""

import unittest

import samples
from pages import Pages, write_page


class Readers(Pages):
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
        self.assertEqual(
            [self.colour("page"), self.pixel("#timeline canvas", place(start + 20000) - x, 24)], seen["light"]
        )

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
            self.browser.run(
                "printed = undefined, addEventListener('beforeprint', () => printed = "
                "getComputedStyle(document.documentElement).backgroundColor)"
            )
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
            reached.append(
                self.browser.run("""(() => { const {activeElement: at} = document;
                return `${at.closest("section")?.id ?? ""} ${at.tagName}`; })()""")
            )
        for stop in (
            " SELECT",
            " A",
            "cluster SELECT",
            "cluster CANVAS",
            "layers SELECT",
            "layers DIV",
            "memory BUTTON",
            "timeline BUTTON",
            "timeline INPUT",
            "timeline CANVAS",
            "communication CANVAS",
            "plans BUTTON",
        ):
            self.assertIn(stop, reached)
        unnamed = self.browser.run("""[...document.querySelectorAll("canvas, button, select, input, [role=option]")].filter((each) =>
            !(each.getAttribute("aria-label") || each.innerText || each.closest("label"))).length""")
        self.assertEqual(unnamed, 0)

    def test_hostile_names(self):
        document = self.open("hostile")
        self.assertIsNone(self.browser.run("window.broken"))
        self.assertEqual(
            self.browser.run(
                "document.querySelectorAll('img, section script, section svg[onload], header script').length"
            ),
            0,
        )
        self.assertEqual(self.text("h1"), self.browser.run("document.title"))
        self.assertIn("</script><script>window.broken = 1</script>", self.text("#cluster"))
        self.assertIn("\\u202eright to left\\u202c", self.text("main"))
        self.assertIn("\\u0009", self.text("main"))
        self.assertNotIn(
            "\u202e",
            self.browser.run("document.body.textContent.replace(document.getElementById('report').textContent, '')"),
        )
        self.assertEqual(self.browser.run("JSON.parse(document.getElementById('report').textContent)"), document)

    def test_much(self):
        """A quarter of a million events, as many points of memory, and 400 groups that all send to each other."""
        document = samples.small(1)
        plan, events, number = document["plans"][0], 250_000, 400
        track = {"name": "compute", "events": [[0, index % 2, 2 * index, 1.5] for index in range(events)]}
        memory = [[2 * index, index] for index in range(events)]
        plan["timeline"]["ranks"] = [{"name": "rank 0", "tracks": [track], "memory": memory}]
        plan["communication"] = {
            "groups": [f"rank {rank}" for rank in range(number)],
            "bytes": [[one, other, one + other] for one in range(number) for other in range(number)],
        }
        path = self.directory / "much.html"
        write_page(document, path)
        self.browser.open(path)
        self.assertEqual(self.data("#timeline canvas", "drawn"), str(events + 40))
        self.assertIn("in 159,999 flows between 400 groups", self.text("#communication"))
        self.assertIn("rank 399\trank 399\t798 bytes", self.text("#communication"))

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
        self.assertEqual(
            {
                event["params"].get("blockedReason")
                for event in self.browser.events
                if event["method"] == "Network.loadingFailed"
            },
            {"csp"},
        )
        self.assertTrue(
            all("Content Security Policy" in text for text in self.browser.complaints()), self.browser.complaints()
        )
        self.open("small")  # for what every test ends with


if __name__ == "__main__":
    unittest.main()
