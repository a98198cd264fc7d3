"""What the benchmarks share: subjects that take turns, workers that stay between turns, memory, medians and their table."""

import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import threading
import time


def timed(call, repeat):
    """Milliseconds of each of `repeat` calls after a first one."""
    call()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1e3)
    return times


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1] if lines else "failed"


def checked(words):
    """Runs one of our tools; its first complaint becomes the error, since advice follows it."""
    result = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(next(iter(result.stderr.strip().splitlines()), "failed"))


def spawn(words):
    """Runs a command and returns the JSON of its last line."""
    result = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(last_line(result.stderr))
    return json.loads(result.stdout.strip().splitlines()[-1])


class Subject:
    """One of the things timed: collects step times over several turns."""

    def __init__(self, name, turn):
        self.name, self.turn, self.times, self.peak, self.error, self.more = name, turn, [], 0, None, {}

    def run(self):
        if self.error:
            return
        try:
            result = self.turn()
        except (RuntimeError, OSError) as error:
            self.error = str(error)
            return
        self.times += result.pop("times")
        self.peak = max(self.peak, result.pop("peak_rss_bytes", 0))
        for key, value in result.items():
            self.more.setdefault(key, []).append(value)

    def entry(self):
        if self.error:
            return {"error": self.error}
        return {"median_ms": statistics.median(self.times), "min_ms": min(self.times), "max_ms": max(self.times),
                "peak_rss_bytes": self.peak} | {key: {"median": statistics.median(values), "max": max(values)}
                                                for key, values in self.more.items()}


def alternate(subjects, turns):
    """Lets the subjects, by label, take turns, so that a machine that drifts drifts for all; returns what each came to."""
    for turn in range(turns):
        for subject in subjects.values():
            subject.run()
        print(f"turn {turn + 1} of {turns}", file=sys.stderr, flush=True)
    return {label: subject.entry() for label, subject in subjects.items()}


def show_entry(label, entry):
    if "error" in entry:
        print(f"  {label:26} not run: {entry['error'][:80]}")
        return
    memory = f"{entry['peak_rss_bytes'] / 2**20:9.0f} MiB" if entry["peak_rss_bytes"] else ""
    print(f"  {label:26}{entry['median_ms']:9.1f} ms  ({entry['min_ms']:.1f} to {entry['max_ms']:.1f}){memory}")


def process_tree(pid):
    """The process and all that it started."""
    found, queue = [], [pid]
    while queue:
        found.append(queue.pop())
        for path in pathlib.Path(f"/proc/{found[-1]}/task").glob("*/children"):
            try:
                queue += map(int, path.read_text().split())
            except OSError:
                pass  # It ended meanwhile.
    return found


def own_memory(pid):
    """Bytes of a process's memory that no file backs: anonymous and shared ones."""
    try:
        fields = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    except OSError:
        return 0
    return sum(int(fields.get(key, "0").split()[0]) for key in ("RssAnon", "RssShmem")) * 1024


class Memory:
    """Watches processes and what they start; `peak` is the most that any one of them held, anonymous and shared.

    That takes some 4 % of a core, so turns that are timed are not watched.
    """

    def __init__(self, *pids, poll=None, interval=0.02):
        self.pids, self.poll, self.interval, self.peak = pids, poll, interval, 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def watch(self):
        while not self.done.wait(self.interval):
            for pid in self.pids:
                self.peak = max([self.peak, *map(own_memory, process_tree(pid))])
            if self.poll:
                self.poll()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()


def rank_commands(script, words, ranks, threads):
    """A Python script's command for each rank, with the environment that torchrun would set."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    common = os.environ | {"OMP_NUM_THREADS": str(threads)}
    if ranks > 1:
        common |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(ranks)}
    return [([sys.executable, script, *words], common | ({"RANK": str(rank), "LOCAL_RANK": str(rank)} if ranks > 1 else {}))
            for rank in range(ranks)]


class Worker:
    """Processes, one a rank, that stay between turns: each line of input is a number of steps, each of output JSON."""

    def __init__(self, commands, log):
        """`commands` are pairs of a rank's words and environment; stderr goes to the file `log`."""
        self.commands, self.log, self.processes = commands, pathlib.Path(log), []

    def start(self):
        """Starts the ranks and waits until each has done its first steps."""
        begin = time.perf_counter()
        with open(self.log, "w") as errors:
            self.processes = [subprocess.Popen([str(word) for word in words], env=environment, stdin=subprocess.PIPE,
                                               stdout=subprocess.PIPE, stderr=errors, text=True)
                              for words, environment in self.commands]
        with Memory(*(process.pid for process in self.processes)) as memory:
            ready = self.read()
        return {"first_step_s": max(one["ready_at"] for one in ready) - begin, "losses": [statistics.mean(parts) for parts in zip(*(one["losses"] for one in ready))],
                "peak_rss_bytes": memory.peak}

    def read(self):
        lines = [process.stdout.readline() for process in self.processes]
        if not all(lines):
            self.stop()
            raise RuntimeError(last_line(self.log.read_text()))
        return [json.loads(line) for line in lines]

    def turn(self, steps):
        for process in self.processes:
            process.stdin.write(f"{steps}\n")
            process.stdin.flush()
        result = self.read()
        # The slowest rank's.
        slowest = {key: max(one[key] for one in result) for key in result[0] if key != "times"}
        return slowest | {"times": [max(times) for times in zip(*(one["times"] for one in result))]}

    def stop(self):
        for process in self.processes:
            process.stdin.close()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []
