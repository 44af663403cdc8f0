#!/usr/bin/env python3
"""record_lengths.py FOLDER [OTHER]: whether every record below FOLDER is as long as its own
head says (docs/format-record.md, 2), and the same as the one of its name below OTHER, if
there is one. Prints those that are not, and fails.
"""
import os
import struct
import sys


def expected(head):
    if len(head) < 64 or head[:8] != b"ZLLMREC\0":
        return None
    bases, frames, parameters = head[13], *struct.unpack_from("<I", head, 28), *struct.unpack_from("<I", head, 48)
    start = 64 + 40 * bases + parameters
    size = start + 24 * frames + 8
    if len(head) < size:
        return None
    return size + sum(struct.unpack_from("<I", head, start + 24 * i)[0] for i in range(frames))


top, others = sys.argv[1], sys.argv[2:]
bad = 0
for folder, _, names in os.walk(top):
    for name in names:
        path = os.path.join(folder, name)
        data = open(path, "rb").read()
        if expected(data) != len(data):
            print(f"{name}: {len(data)} bytes, its head says {expected(data)}")
            bad += 1
        for other in (os.path.join(o, os.path.relpath(path, top)) for o in others):
            if os.path.exists(other) and open(other, "rb").read() != data:
                print(f"{name}: its bytes are not those of {other}")
                bad += 1
sys.exit(bad != 0)
