"""Compares two safetensors files of statistics: the same samples, and the same sums but for the order in which they were added."""
import array
import json
import math
import sys


def load(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    notes = header.pop("__metadata__")
    types = {"F64": "d", "F32": "f", "I64": "q"}
    tensors = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        tensors[name] = (entry["dtype"], entry["shape"], array.array(types[entry["dtype"]], data[start:end]))
    return notes, tensors


(notes, expected), (others, actual) = load(sys.argv[1]), load(sys.argv[2])
tokens = [sum(int(part.split(" ")[2]) for part in each["note:parts"].split("\n")) for each in (notes, others)]
assert notes["note:complete"] == others["note:complete"] == "yes" and tokens[0] == tokens[1], tokens
assert expected.keys() == actual.keys(), (expected.keys(), actual.keys())
for name, (dtype, shape, numbers) in expected.items():
    assert (dtype, shape) == actual[name][:2], name
    if dtype == "I64":
        assert numbers == actual[name][2], name
        continue
    off = math.sqrt(sum((a - b) ** 2 for a, b in zip(numbers, actual[name][2])) / max(sum(a * a for a in numbers), 1e-300))
    assert off < 1e-6, (name, off)
print(f"The merged statistics are those of the undivided run: {len(expected)} tensors, {tokens[0]:,} tokens.")
