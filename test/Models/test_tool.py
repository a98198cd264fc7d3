"""Tests of the helpers for models under test: that weights keep their bits, and that the comparison fails where it should."""

import hashlib
import unittest

import numpy as np

import tool
import weights


def verdict(got, want, tolerance=1e-4):
    return [good for _, good in tool.compare(got, want, tolerance)]


class Weights(unittest.TestCase):
    def test_bits_are_the_recorded_ones(self):
        bits = weights.make("layer.weight", [257, 33]).tobytes() + weights.make("norm.weight", [31]).tobytes()
        self.assertEqual(hashlib.sha256(bits).hexdigest()[:16], "7a13ffe2f9e4c2ec")

    def test_chunks_do_not_show(self):
        whole = weights.make("a", [1000])
        before, weights.CHUNK = weights.CHUNK, 7
        try:
            np.testing.assert_array_equal(weights.make("a", [1000]), whole)
        finally:
            weights.CHUNK = before

    def test_moments(self):
        values = weights.make("layer.weight", [400, 400]) * 20
        self.assertLess(abs(values.mean()), 0.01)
        self.assertLess(abs(values.std() - 1), 0.01)
        self.assertLess(abs(weights.make("norm.weight", [4000]).mean() - 1), 0.01)

    def test_names_matter(self):
        self.assertFalse(np.array_equal(weights.make("a", [8]), weights.make("b", [8])))


class Compare(unittest.TestCase):
    one = {"y": np.array([1.0, -2.0], np.float32)}

    def test_equal_and_close(self):
        self.assertEqual(verdict(self.one, self.one), [True])
        self.assertEqual(verdict({"y": self.one["y"] + np.float32(1e-4)}, self.one), [True])

    def test_error_is_relative_to_the_largest_value(self):
        self.assertEqual(verdict({"y": self.one["y"] + np.float32(3e-4)}, self.one), [False])
        self.assertEqual(verdict({"y": self.one["y"] * 100 + np.float32(3e-3)}, {"y": self.one["y"] * 100}), [True])

    def test_shape_dtype_and_names(self):
        self.assertEqual(verdict({"y": self.one["y"][None]}, self.one), [False])
        self.assertEqual(verdict({"y": self.one["y"].astype(np.float64)}, self.one), [False])
        self.assertEqual(verdict({"z": self.one["y"]}, self.one), [False, False])

    def test_nan_and_infinity(self):
        for bad in (np.nan, np.inf):
            odd = {"y": np.array([bad, -2.0], np.float32)}
            self.assertEqual(verdict(odd, self.one), [False])
            self.assertEqual(verdict(self.one, odd), [False])
            self.assertEqual(verdict(odd, odd), [True])
        self.assertEqual(verdict({"y": np.array([np.inf])}, {"y": np.array([-np.inf])}), [False])

    def test_zero_reference(self):
        zero = {"y": np.zeros(2, np.float32)}
        self.assertEqual(verdict(self.one, zero), [False])
        self.assertEqual(verdict(zero, zero), [True])


class Inputs(unittest.TestCase):
    def test_ranges(self):
        feeds = tool.inputs("bert-tiny/dynamo20", {"batch": 3, "sequence": 5})
        self.assertEqual(feeds["input_ids"].shape, (3, 5))
        self.assertTrue((feeds["input_ids"] < 503).all() and (feeds["input_ids"] >= 0).all())
        np.testing.assert_array_equal(feeds["attention_mask"].sum(1), [5, 4, 3])

    def test_a_dimension_that_the_model_lacks_is_refused(self):
        for model in ("mlp/dynamo20", "bert-tiny/dynamo20-static"):
            with self.assertRaisesRegex(SystemExit, "no dimension 'sequence'"):
                tool.inputs(model, {"sequence": 3})

    def test_an_unknown_model_is_refused(self):
        with self.assertRaisesRegex(SystemExit, "no model 'mlq'"):
            tool.make("mlq/dynamo20", "/nonexistent")
        with self.assertRaisesRegex(SystemExit, "no graph 'dynamo99'; it has dynamo20,"):
            tool.make("mlp/dynamo99", "/nonexistent")


if __name__ == "__main__":
    unittest.main()
