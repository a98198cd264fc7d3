#!/usr/bin/env python3
"""The search for the cheapest combination against integer programming (HiGHS), on graphs of 20 to 60 nodes.

usage: test_highs.py BUILD [TEST…]
"""

import os
import pathlib
import random
import subprocess
import sys
import unittest

import highspy

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
GRAPHS = int(os.environ.get("VESCALE_PROPERTY_CASES", "40"))
SEED = int(os.environ.get("VESCALE_PROPERTY_SEED", "1"))


def make_graph(rng):
    """Nodes with edges to some of the few before them, as a model's ops have: (choices of each node, {(u, v): costs})."""
    nodes = [[(rng.uniform(1, 50), rng.randrange(100), rng.choice([0, 0, 10, 25, 60])) for _ in range(rng.randint(2, 8))]
             for _ in range(rng.randint(20, 60))]
    edges = {}
    for v in range(1, len(nodes)):
        near = range(max(0, v - 4), v)
        for u in rng.sample(near, min(len(near), rng.choice([1, 1, 2]))):
            edges[u, v] = [rng.choice([0, rng.uniform(0, 40)]) for _ in range(len(nodes[u]) * len(nodes[v]))]
    return nodes, edges


def search(nodes, edges, memory):
    """What the product finds: (status, cost, memory)."""
    lines = [f"{len(nodes)} {len(edges)} {memory}"]
    lines += [f"{len(node)} " + " ".join(f"{cost!r} {size} {transient}" for cost, size, transient in node) for node in nodes]
    lines += [f"{u} {v} " + " ".join(map(repr, costs)) for (u, v), costs in edges.items()]
    result = subprocess.run([BUILD / "bin/choice-search"], input="\n".join(lines), capture_output=True, text=True, check=True)
    *status, cost, found, _ = result.stdout.split()
    return " ".join(status), float(cost), int(found)


def solve(nodes, edges, memory):
    """The optimum's cost by integer programming, or None if nothing fits. A variable for each choice, and one for each pair of
    an edge's, whose rows and columns add up to those; the largest transient is above each."""
    highs = highspy.Highs()
    highs.silent()
    taken = [[highs.addBinary(obj=cost) for cost, _, _ in node] for node in nodes]
    largest = highs.addVariable(lb=0)
    for node, variables in zip(nodes, taken):
        highs.addConstr(sum(variables) == 1)
        highs.addConstr(sum(price[2] * variable for price, variable in zip(node, variables)) <= largest)
    for (u, v), costs in edges.items():
        wide = len(nodes[v])
        pairs = [highs.addVariable(lb=0, ub=1, obj=cost) for cost in costs]
        for i, variable in enumerate(taken[u]):
            highs.addConstr(sum(pairs[i * wide:(i + 1) * wide]) == variable)
        for j, variable in enumerate(taken[v]):
            highs.addConstr(sum(pairs[j::wide]) == variable)
    highs.addConstr(sum(price[1] * variable for node, variables in zip(nodes, taken)
                        for price, variable in zip(node, variables)) + largest <= memory)
    highs.setOptionValue("mip_rel_gap", 0.0)
    highs.setOptionValue("mip_abs_gap", 1e-7)
    highs.run()
    if highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
        return None
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal, highs.getModelStatus()
    return highs.getInfo().objective_function_value


class Highs(unittest.TestCase):
    def test_same_optimum(self):
        fits = 0
        for seed in range(SEED, SEED + GRAPHS):
            rng = random.Random(seed)
            nodes, edges = make_graph(rng)
            # Between what the smallest and what the cheapest combination takes, and a little below.
            _, _, cheapest = search(nodes, edges, 10**9)
            _, _, smallest = search(nodes, edges, 0)
            memory = round(smallest + rng.uniform(-0.05, 1) * (cheapest - smallest))
            with self.subTest(seed=seed, memory=memory):
                want = solve(nodes, edges, memory)
                status, cost, found = search(nodes, edges, memory)
                self.assertEqual(status, "infeasible" if want is None else "optimal")
                if want is None:
                    self.assertEqual(found, smallest)
                else:
                    fits += 1
                    self.assertAlmostEqual(cost, want, delta=1e-6 * want)
                    self.assertLessEqual(found, memory)
        self.assertGreater(fits, GRAPHS // 2)


if __name__ == "__main__":
    unittest.main()
