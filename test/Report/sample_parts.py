"""What sample reports are put together from."""

MIB, GIB = 1 << 20, 1 << 30
KINDS = ["forward", "backward", "update", "collective", "transfer", "wait"]
FORWARD, BACKWARD, UPDATE, COLLECTIVE, SEND, WAIT = range(len(KINDS))


def tensor(name, kind, shape, dims, **more):
    return {"name": name, "kind": kind, "shape": shape, "dims": dims, **more}


class Names:
    """Texts by number, as a timeline has them."""

    def __init__(self):
        self.texts = []

    def __call__(self, text):
        if text not in self.texts:
            self.texts.append(text)
        return self.texts.index(text)


class Track:
    """Events one after the other."""

    def __init__(self, name):
        self.name, self.now, self.events = name, 0.0, []

    def add(self, name, kind, start, duration, *batch_and_bytes):
        start = max(start, self.now)
        self.events.append([name, kind, round(start, 3), round(duration, 3), *batch_and_bytes])
        self.now = start + duration
        return self.now

    def json(self):
        return {"name": self.name, "events": self.events}


def memory(name, parameters, gradients, optimizer, activations, transient, limit, **more):
    return {
        "name": name,
        "limit_bytes": limit,
        "parameters_bytes": parameters,
        "gradients_bytes": gradients,
        "optimizer_bytes": optimizer,
        "activations_bytes": activations,
        "transient_bytes": transient,
        **more,
    }


def certificate(cost, bound, searched, pruned, binding, **more):
    return {
        "cost_us": cost,
        "lower_bound_us": bound,
        "gap": round(cost / bound - 1, 6),
        "searched": searched,
        "pruned": pruned,
        "binding": binding,
        **more,
    }


def step(compute, exposed, bubble, **more):
    return {
        "total_us": compute + exposed + bubble,
        "compute_us": compute,
        "exposed_us": exposed,
        "bubble_us": bubble,
        **more,
    }
