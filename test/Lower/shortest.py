"""The shortest time in which one processor and one link can do a step, in whatever order and with whatever memory.

Bounds that no order undercuts; the largest counts:
  - all work, and the time in which there is none: while a tensor is on the link, only work can run that neither leads to it
    nor needs it, and each step hides one tensor at a time. So what is hidden is a flow from steps to tensors.
  - tensors that each have so much before them and so much behind take that and their own time, one after the other. Before
    a tensor comes all work that leads to it, or other tensors that do, by this same bound with the work between them and
    it; behind it likewise.
  - a tensor, and these bounds for what leads to it and what it leads to: all of that comes before it, or behind it.
"""


def members(bits):
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


class Graph:
    """What leads to what among steps of work and tensors that are sent. A set of them is the bits of a number."""

    def __init__(self):
        self.times, self.before, self.work, self.tensors = [], [], 0, []
        self.readers, self.writers = {}, {}  # sets, by buffer

    def add(self, time, reads, writes, is_tensor=False):
        """Adds what comes next in an order that works; returns its number."""
        number, before = len(self.times), 0
        for name in reads:
            before |= self.writers.get(name, 0)
        for name in writes:
            before |= self.writers.get(name, 0) | self.readers.get(name, 0)
        for names, users in ((reads, self.readers), (writes, self.writers)):
            for name in names:
                users[name] = users.get(name, 0) | 1 << number
        self.times.append(time)
        self.before.append(before)
        if is_tensor:
            self.tensors.append(number)
        else:
            self.work |= 1 << number
        return number

    def close(self):
        """Makes `before` all that leads to each, and `behind` all that it leads to."""
        ready = [None] * len(self.times)

        def closed(number):
            if ready[number] is None:
                ready[number] = self.before[number]
                for other in members(self.before[number]):
                    ready[number] |= closed(other)
            return ready[number]

        self.before = [closed(number) for number in range(len(self.times))]
        self.behind = [0] * len(self.times)
        for number, before in enumerate(self.before):
            for other in members(before):
                self.behind[other] |= 1 << number

    def work_in(self, bits):
        return sum(self.times[number] for number in members(bits & self.work))

    def shortest(self, rate):
        """With tensors' times being bytes, and the link's rate in bytes a unit of time."""
        sizes = {number: self.times[number] / rate for number in self.tensors}
        everything = (1 << len(self.times)) - 1
        heads, tails = self.ends(sizes, self.before, self.behind), self.ends(sizes, self.behind, self.before)
        best = max(self.with_idle(sizes, everything), self.queue(sizes, heads, tails))
        crumbs = self.work_in(self.work) / 100
        for one, size in sizes.items():
            if self.work_in(everything & ~(self.before[one] | self.behind[one])) <= crumbs:
                best = max(best, max(heads[one], self.with_idle(sizes, self.before[one])) + size +
                           max(tails[one], self.with_idle(sizes, self.behind[one])))
        return best

    def with_idle(self, sizes, bits):
        """All work of a set, and the time in which there is none."""
        inside = {number: size for number, size in sizes.items() if bits >> number & 1}
        return self.work_in(bits) + sum(inside.values()) - self.hidden(inside, bits & self.work)

    def hidden(self, sizes, work):
        """The largest flow from work to the tensors beside which it can run."""
        spare = list(self.times)
        flow = {}  # of a step of work: {tensor: time}
        least = 1e-9 * self.work_in(self.work)
        total = 0
        for tensor, missing in sizes.items():
            while missing > least and (path := self.path(tensor, work, spare, flow, least)):
                # Tensors and steps in turns; each tensor takes of the step behind it what that gave to the next one.
                amount = min(missing, spare[path[-1]], *(flow[step][taken] for step, taken in zip(path[1::2], path[2::2])))
                for taker, step in zip(path[::2], path[1::2]):
                    given = flow.setdefault(step, {})
                    given[taker] = given.get(taker, 0) + amount
                for step, giver in zip(path[1::2], path[2::2]):
                    flow[step][giver] -= amount
                spare[path[-1]] -= amount
                missing -= amount
                total += amount
        return total

    def path(self, tensor, work, spare, flow, least):
        """Tensor, step, tensor, …, step: the last has time to spare, the others are taken by the next tensor."""
        open, came, seen = [tensor], {tensor: None}, 0
        for one in open:
            for step in members(work & ~(self.before[one] | self.behind[one] | seen)):
                seen |= 1 << step
                came[step] = one
                if spare[step] > least:
                    path = [step]
                    while (last := came[path[-1]]) is not None:
                        path.append(last)
                    return path[::-1]
                for other, amount in flow.get(step, {}).items():
                    if amount > least and other not in came:
                        came[other] = step
                        open.append(other)
        return None

    def queue(self, sizes, heads, tails):
        """The longest time of some tensors one after the other, what is before the first, and behind the last."""
        best = 0
        for head in set(heads.values()):
            sent = 0
            for one in sorted((one for one in heads if heads[one] >= head), key=lambda one: -tails[one]):
                sent += sizes[one]
                best = max(best, head + sent + tails[one])
        return best

    def ends(self, sizes, before, behind):
        """The least time before each tensor, or behind it with the two sets swapped."""
        ends = {}
        for one in sorted(sizes, key=lambda one: before[one].bit_count()):
            others = [other for other in sizes if before[one] >> other & 1]
            ends[one] = max(self.work_in(before[one]), self.queue(
                sizes, {other: ends[other] for other in others},
                {other: self.work_in(before[one] & behind[other]) for other in others}))
        return ends
