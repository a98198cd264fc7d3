"""The bound of shortest.py against the best of all orders, on small random graphs."""

import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import shortest  # noqa: E402


def random_graph(source):
    graph = shortest.Graph()
    for number in range(source.randint(2, 7)):
        reads = source.sample(range(number), min(number, source.randint(0, 2)))
        graph.add(source.randint(1, 9), reads, [number], is_tensor=source.random() < 0.45)
    graph.close()
    return graph


def best_of_all(graph, rate):
    """The time of the best order: each step comes as early as those before it in the order allow."""
    count = len(graph.times)

    def after(done, ends, free):
        best = None
        for number in range(count):
            if done >> number & 1 or graph.before[number] & ~done:
                continue
            works = graph.work >> number & 1
            begin = max([free[works], *(ends[other] for other in shortest.members(graph.before[number]))])
            end = begin + graph.times[number] / (1 if works else rate)
            time = after(done | 1 << number, ends | {number: end}, free | {works: end})
            best = time if best is None else min(best, time)
        return max(ends.values()) if best is None else best

    return after(0, {}, {0: 0, 1: 0})


class Shortest(unittest.TestCase):
    def test_no_order_is_shorter(self):
        reached = graphs = 0
        for seed in range(400):
            source = random.Random(seed)
            graph, rate = random_graph(source), source.choice([0.5, 1, 2])
            bound, best = graph.shortest(rate), best_of_all(graph, rate)
            self.assertLessEqual(bound, best * (1 + 1e-6), f"seed {seed}")
            graphs += 1
            reached += bound > best * (1 - 1e-6)
        self.assertGreater(reached, 0.8 * graphs)

    def test_three_tensors_before_one_step(self):
        # Products of 1 that lead to tensors of 4 each, all of which a last step of 1 waits for: the first product hides none.
        graph = shortest.Graph()
        for number in range(3):
            graph.add(1, [], [f"product {number}"])
        for number in range(3):
            graph.add(4, [f"product {number}"], [f"tensor {number}"], is_tensor=True)
        graph.add(1, [f"tensor {number}" for number in range(3)], ["out"])
        graph.close()
        self.assertAlmostEqual(graph.shortest(1), 1 + 3 * 4 + 1)


if __name__ == "__main__":
    unittest.main()
