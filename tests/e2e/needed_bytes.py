#!/usr/bin/python3
"""What a store has to keep, by the second reader (tests/reader), which shares no code with
git-zllm: "RECORDS MANIFESTS", both in bytes.

    needed_bytes.py FOLDER <SIZES

FOLDER has the store's manifests, each named by its oid; SIZES lists its records, a line
"SIZE blobs/..." each. Of each blob that a manifest lists its solo record counts, or else its
delta and its bases' solo records; each once.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "reader"))
from manifest import parse_manifest  # noqa: E402


def records_of(lines):
    """{blob: {bases: size}}, where bases is () of a solo record."""
    found = {}
    for line in lines:
        size, key = line.split()
        blob, *bases = key.rsplit("/", 1)[1].split("~")
        found.setdefault(blob, {})[tuple(bases)] = int(size)
    return found


def main(folder):
    records, needed, manifests = records_of(sys.stdin), {}, 0
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            data = file.read()
        manifests += len(data)
        for extent in parse_manifest(data, name).extents:
            if extent.inline:
                continue
            ways = records[extent.id]
            bases = () if () in ways else min(ways)
            needed[extent.id, bases] = ways[bases]
            for base in bases:
                for blob in (b for b in records if b.startswith(base)):
                    needed[blob, ()] = records[blob][()]
    print(sum(needed.values()), manifests)


main(sys.argv[1])
