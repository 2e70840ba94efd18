"""The original nethook and NetHook on the same nets, side by side.

    python3 bench/compare.py PATH/TO/nethook.py

Runs both, each on one thread, and prints one table: microseconds, the best of several rounds. Needs python3-torch and
the .NET SDK. The original's code is not part of this repository: give the path of a copy of your own.
"""

import copy
import importlib.util
import os
import subprocess
import sys
import time

import torch


def load(path):
    spec = importlib.util.spec_from_file_location("nethook", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def best(operation, repeats, rounds=20):
    operation()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(repeats):
            operation()
        times.append((time.perf_counter() - start) / repeats)
    return min(times) * 1e6


def original(path):
    nethook = load(path)
    torch.set_num_threads(1)
    layers = 64
    net = torch.nn.Sequential(*[torch.nn.Identity() for _ in range(layers)])
    names = [str(i) for i in range(layers)]
    x = torch.randn(1, 16)

    rows = []
    with torch.no_grad():
        plain = best(lambda: net(x), 100)

        def traced(**options):
            with nethook.TraceDict(net, names, **options):
                return (best(lambda: net(x), 100) - plain) / layers

        rows.append(("capture, per layer", traced()))
        rows.append(("capture with clone, per layer", traced(clone=True)))
        rows.append(("capture with clone and detach, per layer", traced(clone=True, detach=True)))
        rows.append(("edit, per layer", traced(retain_output=False, edit_output=lambda output, layer: output)))

    def create(count):
        big = torch.nn.Sequential(*[torch.nn.Identity() for _ in range(count)])
        many = [str(i) for i in range(count)]

        def make():
            nethook.TraceDict(big, many).close()

        return best(make, 1, 3) / count

    for count in (10, 100, 1000):
        rows.append((f"create and dispose, {count} layers, per layer", create(count)))

    cheap = torch.nn.Sequential(torch.nn.Identity())

    def stop():
        with nethook.Trace(cheap, "0", stop=True):
            cheap(x)

    rows.append(("create, stop and dispose", best(stop, 100)))

    linear = torch.nn.Sequential(*[torch.nn.Linear(1024, 1024) for _ in range(16)])
    rows.append(("deep copy of 64 MB", best(lambda: copy.deepcopy(linear), 1, 10)))

    return rows


def ours():
    project = os.path.join(os.path.dirname(os.path.abspath(__file__)), "NetHook.Benchmarks")
    command = ["dotnet", "run", "-c", "Release", "--project", project, "--", "--compare"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return dict((name, float(value)) for name, value in (line.rsplit("\t", 1) for line in lines if "\t" in line))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    measured = ours()
    print("| what | nethook (Python), µs | NetHook, µs | ratio |")
    print("|---|---:|---:|---:|")
    for name, microseconds in original(sys.argv[1]):
        print(f"| {name} | {microseconds:.3f} | {measured[name]:.3f} | {microseconds / measured[name]:.1f} |")


if __name__ == "__main__":
    main()
