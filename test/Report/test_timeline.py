#!/usr/bin/env python3
"""The timeline of a plan report's page: what it draws, and that the mouse and keys zoom, move and choose.

usage: test_timeline.py BUILD [TEST…]
"""

import unittest

import sample_pipeline
import samples
from pages import Pages, all_events

SHIFT, CTRL = 8, 2


class Timeline(Pages):
    def test_timeline_is_drawn(self):
        document = self.open("small")
        events = len(all_events(document["plans"][0]["timeline"])) + len(all_events(document["measured"]["timeline"]))
        self.assertEqual(self.data("#timeline canvas", "drawn"), str(events))
        x, y, place = self.timeline()
        for index in 2, 8:
            name, kind, start, duration, batch = document["plans"][0]["timeline"]["ranks"][0]["tracks"][0]["events"][
                index
            ]
            self.assertEqual(
                self.pixel("#timeline canvas", place(start + 0.9 * duration) - x, 24), self.colour(samples.KINDS[kind])
            )
        self.assertEqual(
            self.pixel("#timeline canvas", place(1000) - x, 24 + 18), [0, 0, 0], "nothing is sent at first"
        )

    def test_zoom(self):
        self.open("large")
        end = self.number("#timeline canvas", "to")
        x, y, place = self.timeline()
        at = end / 3
        self.browser.wheel(place(at), y + 100, -200)
        self.assertEqual(
            self.number("#timeline canvas", "to"), end, "the wheel moves the page until the timeline was clicked"
        )
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
        self.assertAlmostEqual(
            self.number("#timeline canvas", "to") - self.number("#timeline canvas", "from"), 0.6 * end, delta=1
        )
        before = self.number("#timeline canvas", "from")
        self.browser.key("ArrowRight")
        self.assertAlmostEqual(self.number("#timeline canvas", "from"), before + 0.15 * 0.6 * end, delta=1)
        self.browser.key("-")
        self.assertAlmostEqual(
            self.number("#timeline canvas", "to") - self.number("#timeline canvas", "from"), end, delta=1
        )
        # Shift and drag marks what to see.
        x, y, place = self.timeline()
        self.browser.drag(
            [(place(0.2 * end), y + 60), (place(0.3 * end), y + 60), (place(0.4 * end), y + 60)], modifiers=SHIFT
        )
        self.assertAlmostEqual(self.number("#timeline canvas", "from"), 0.2 * end, delta=0.005 * end)
        self.assertAlmostEqual(self.number("#timeline canvas", "to"), 0.4 * end, delta=0.005 * end)

    def test_events_are_chosen(self):
        document = self.open("small")
        timeline = document["plans"][0]["timeline"]
        name, kind, start, duration, batch = timeline["ranks"][0]["tracks"][0]["events"][2]
        x, y, place = self.timeline()
        self.browser.mouse("mouseMoved", place(start + duration / 2), y + 30)
        self.assertEqual(
            self.browser.run(
                "tip = document.getElementById('tip'), tip.hidden ? '' : tip.textContent.split('\\n').slice(0, 2)"
            ),
            ["h.2", "forward, micro-batch 0"],
        )
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
        self.assertEqual(self.data("#timeline canvas", "rows"), str(2 * sample_pipeline.STAGES))
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
        scrolled = self.browser.run(
            "(() => { const rows = document.querySelector('.rows'); "
            "return rows.scrollTop + rows.clientHeight - rows.scrollHeight; })()"
        )
        self.assertGreaterEqual(scrolled, -1)
        self.assertIn("stand for 16,384", self.text("#timeline"))

    def test_each_event_is_drawn_once(self):
        """Many events are drawn smoothly: a frame fills no more rectangles than there are events, but for rows and scales."""
        document = self.open("large")
        self.browser.run("document.getElementById('by-stage').click()")
        self.browser.settle()
        filled = self.browser.run("""(() => { const canvas = document.querySelector("#timeline canvas"); let filled = 0;
            const prototype = CanvasRenderingContext2D.prototype, fill = prototype.fillRect;
            prototype.fillRect = function (...place) { ++filled; return fill.apply(this, place); };
            canvas.paint(); prototype.fillRect = fill; return filled; })()""")
        events = len(all_events(document["plans"][0]["timeline"]))
        print(f"{events} events: a frame fills {filled} rectangles")
        self.assertGreater(filled, 100)
        self.assertLess(filled, events + 1000)


if __name__ == "__main__":
    unittest.main()
