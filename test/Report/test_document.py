#!/usr/bin/env python3
"""Plan reports that are refused, each with the field's path: every field of the samples wrong or missing in turn.

usage: test_document.py BUILD [TEST…]
"""

import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import samples

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
DONE, USAGE, BAD_INPUT = 0, 2, 3
# Of the page's document; what is not listed must be there.
OPTIONAL = {
    "vescale",
    "parameters",
    "tokens_per_step",
    "peak_flops",
    "shared_by",
    "role",
    "hash",
    "pipeline",
    "interleave",
    "micro_batches",
    "zero",
    "zero_axes",
    "recompute",
    "sequence",
    "mfu",
    "certificate",
    "binding",
    "stopped",
    "layers",
    "timeline",
    "communication",
    "ranks",
    "parts",
    "stage",
    "partial",
    "memory",
    "what",
    "rejected",
    "numbers",
    "measured",
    "memory_bytes",
}
# Optional in one place, needed in another.
NEEDED = {
    r"plans\[0\]\.memory",
    r"plans\[0\]\.timeline\.ranks",
    r"rejected\[0\]\.what",
    r"measured\.what",
    r"cluster\.device\.memory_bytes",
    r"plans\[0\]\.layers\[0\]\.memory_bytes",
    r"measured\.timeline\.ranks",
}
# Optional beside those of the same name that are needed.
LEFT_OUT = {r"measured\.step\.(compute|exposed|bubble)_us"}


def report(*arguments, text=None):
    return subprocess.run(
        [BUILD / "bin/vescale-report", *map(str, arguments)], input=text, capture_output=True, text=True
    )


def page(document):
    return report("-", "--html=-", text=document if isinstance(document, str) else json.dumps(document))


def fields(value, path=""):
    """Paths of all values, of lists' first elements alone."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, each in value.items():
            yield from fields(each, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        yield from fields(value[0], f"{path}[0]")


def keys(path):
    return [int(part[1:-1]) if part[0] == "[" else part for part in re.findall(r"\[\d+\]|[^.\[]+", path)]


def changed(document, path, change):
    """A copy in which `change(holder, key)` was done at a path."""
    document = copy.deepcopy(document)
    *outer, last = keys(path)
    holder = document
    for key in outer:
        holder = holder[key]
    change(holder, last)
    return document


def put(value):
    return lambda holder, key: holder.__setitem__(key, value)


class Documents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.small, cls.large = (
            json.loads(json.dumps(make(1))) for make in (samples.small, samples.large)
        )  # shares no parts
        # Short: the document is written a hundred times.
        cls.large["plans"] = cls.large["plans"][:1]
        timeline = cls.large["plans"][0]["timeline"]
        timeline["ranks"] = timeline["ranks"][:2]
        for rank in timeline["ranks"]:
            for track in rank["tracks"]:
                del track["events"][3:]

    def each_field_once(self):
        """A document with its fields, and the other with those that it has beyond."""
        seen = set(fields(self.large))
        return (self.large, sorted(seen)), (self.small, sorted(set(fields(self.small)) - seen))

    def refused(self, document, message):
        result = page(document)
        self.assertEqual((result.returncode, result.stdout), (BAD_INPUT, ""), message)
        self.assertIn(message, result.stderr)

    def test_samples_are_taken(self):
        for document in self.small, self.large, samples.hostile(1):
            result = page(document)
            self.assertEqual((result.returncode, result.stderr), (DONE, ""))

    def test_every_field_has_a_type(self):
        for document, paths in self.each_field_once():
            for path in paths:
                with self.subTest(path=path):
                    # Neither a text nor a number, an object nor a list.
                    self.refused(changed(document, path, put(False)), f"error: -: {path}: expected")

    def test_negative_numbers(self):
        numbers = [path for path in fields(self.large) if isinstance(eval_path(self.large, path), (int, float))]
        self.assertGreater(len(numbers), 40)
        for path in numbers:
            with self.subTest(path=path):
                self.refused(changed(self.large, path, put(-1)), f"error: -: {path}: expected")

    def test_missing_fields(self):
        tried = 0
        for document, paths in self.each_field_once():
            for path in paths:
                if path.endswith("]") or isinstance(eval_path(document, path.rpartition(".")[0]), list):
                    continue
                free = keys(path)[-1] in OPTIONAL and not any(re.fullmatch(each, path) for each in NEEDED)
                if (
                    free
                    or any(re.fullmatch(each, path) for each in LEFT_OUT)
                    or re.search(r"(peak_flops|partial|numbers)\.\w+$", path)
                ):
                    continue
                tried += 1
                with self.subTest(path=path):
                    self.refused(
                        changed(document, path, lambda holder, key: holder.pop(key)), f"error: -: {path}: is missing"
                    )
        self.assertGreater(tried, 70)

    def test_unknown_fields(self):
        for path in "colour", "model.colour", "plans[0].step.colour", "plans[0].timeline.ranks[0].colour":
            with self.subTest(path=path):
                self.refused(changed(self.small, path, put("red")), f"error: -: {path}: is no field here")

    def test_what_fields_say_of_each_other(self):
        for path, value, message in (
            ("plans", [], "plans: expected 1 or more elements"),
            ("schema", "vescale.report/1", 'schema: expected one of "vescale.plan-report/1"'),
            ("cluster.levels[1].devices", 2049, "cluster.levels[1].devices: 2049 are no whole groups of the 8 inside"),
            ("cluster.devices", 32768, "cluster.levels: the last holds 16384 of 32768 devices"),
            ("plans[0].mesh[0].size", 129, "plans[0].mesh: has more ranks than the cluster's 16384 devices"),
            ("plans[0].mesh[0].axis", "tp", 'plans[0].mesh[2].axis: "tp" is listed twice'),
            ("plans[0].pipeline.axis", "stages", 'plans[0].pipeline.axis: "stages" is no axis of the mesh'),
            ("plans[0].zero_axes[0]", "fsdp", 'plans[0].zero_axes[0]: "fsdp" is no axis of the mesh'),
            ("plans[0].layers[2].stage", 16, "plans[0].layers[2].stage: there are 16"),
            (
                "plans[0].layers[1].tensors[0].dims",
                [["tp"]],
                "plans[0].layers[1].tensors[0].dims: has 1 dimensions, the shape 2",
            ),
            (
                "plans[0].layers[1].tensors[0].dims[1]",
                ["ep"],
                'plans[0].layers[1].tensors[0].dims[1][0]: "ep" is no axis of the mesh',
            ),
            (
                "plans[0].layers[1].tensors[8].partial",
                {"ep": "sum"},
                'plans[0].layers[1].tensors[8].partial.ep: "ep" is no axis',
            ),
            (
                "plans[0].timeline.ranks[1].tracks[0].events[2][0]",
                99,
                "plans[0].timeline.ranks[1].tracks[0].events[2][0]: there are",
            ),
            (
                "plans[0].timeline.ranks[1].tracks[0].events[2][1]",
                6,
                "plans[0].timeline.ranks[1].tracks[0].events[2][1]: there are 6",
            ),
            (
                "plans[0].timeline.ranks[0].tracks[0].events[0]",
                [0, 0, 0],
                "plans[0].timeline.ranks[0].tracks[0].events[0]: expected a list of 4 to 6 elements",
            ),
            ("plans[0].communication.bytes[3][1]", 32, "plans[0].communication.bytes[3][1]: there are 32"),
            ("measured", {"what": "a run", "plan": 1, "step": {"total_us": 1}}, "measured.plan: there are 1"),
        ):
            with self.subTest(path=path):
                self.refused(changed(self.large, path, put(value)), f"error: -: {message}")

    def test_parts_of_axes(self):
        self.assertEqual(
            page(changed(self.large, "plans[0].layers[1].tensors[0].dims", put([["tp:(1)2"], []]))).returncode, DONE
        )

    def test_what_is_no_document(self):
        self.refused("[1]", "is not a JSON object")
        self.refused("{", "error: -: ")
        with tempfile.TemporaryDirectory() as directory:
            missing = report(f"{directory}/none.json", "--html=-")
            self.assertEqual(missing.returncode, BAD_INPUT)
            self.assertIn("none.json: No such file or directory", missing.stderr)

    def test_a_refused_document_leaves_the_old_page(self):
        with tempfile.TemporaryDirectory() as directory:
            old = pathlib.Path(directory, "plan.html")
            old.write_text("old")
            self.assertEqual(report("-", f"--html={old}", text="{}").returncode, BAD_INPUT)
            self.assertEqual(old.read_text(), "old")

    def test_usage(self):
        for arguments in ["x.json"], ["--html=y.html"], ["x.json", "--html=y.html", "--json"]:
            with self.subTest(arguments=arguments):
                self.assertEqual(report(*arguments).returncode, USAGE)

    def test_numbers_keep_their_value(self):
        document = changed(self.small, "plans[0].step.compute_us", put(0.1 + 0.2))
        written = embedded(page(document).stdout)
        self.assertEqual(json.loads(written), document)
        self.assertIn(":0.30000000000000004", written)
        self.assertNotIn("<", written)


def eval_path(document, path):
    for key in keys(path):
        document = document[key]
    return document


def embedded(html):
    return re.search(r'<script type="application/json" id="report">(.*?)</script>', html, re.DOTALL)[1]


if __name__ == "__main__":
    unittest.main()
