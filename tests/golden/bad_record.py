"""Damaged records, for make_bad*.py: a good record is taken apart, a function registered
by lie() or what is built upon it tells one lie in it, and main() writes what came of it
to bad/, with bad/list.tsv. Files that are there already are left alone: what is kept
never changes (README.md).
"""
import os
import struct

import xxhash

HERE = os.path.dirname(os.path.abspath(__file__))
RAW, CODED, SAME, FILL = range(4)
LIES = []


def lie(base, name=None):
    """Registers a function that spoils Record `base`, under its own name."""
    def add(function):
        LIES.append((base, name or function.__name__.replace("_", "-"), function))
        return function
    return add


class Record:
    """A record taken apart; fields are those of docs/format-record.md."""

    FIXED = struct.Struct("<8sHBBBBHQII16sIB11s")
    NAMES = ("magic version codec dtype prediction bases flags size frame_size "
             "frame_count sum parameters base_dtype reserved").split()

    def __init__(self, data):
        for name, value in zip(self.NAMES, self.FIXED.unpack_from(data)):
            setattr(self, name, value)
        at = 64
        self.base_bytes = bytearray(data[at:at + 40 * self.bases])
        at += 40 * self.bases
        self.parts = bytearray(data[at:at + self.parameters])
        at += self.parameters
        self.table = []
        for i in range(self.frame_count):
            self.table.append(list(struct.unpack_from("<IB3s16s", data, at + 24 * i)))
        at += 24 * self.frame_count + 8
        self.frames = []
        for stored, *_ in self.table:
            self.frames.append(bytearray(data[at:at + stored]))
            at += stored
        self.tail = b""

    def restore_sizes(self):
        for entry, frame in zip(self.table, self.frames):
            entry[0] = len(frame)

    def head(self):
        fixed = self.FIXED.pack(*(getattr(self, name) for name in self.NAMES))
        table = b"".join(struct.pack("<IB3s16s", *entry) for entry in self.table)
        return fixed + bytes(self.base_bytes) + bytes(self.parts) + table

    def bytes(self):
        head = self.head()
        return head + xxhash.xxh3_128_digest(head)[:8] + b"".join(map(bytes, self.frames)) + self.tail


# ---------------------------------------------------------------- kinds of lies

def field(base, name, **values):
    def spoil(r):
        for key, value in values.items():
            assert hasattr(r, key)
            setattr(r, key, value)
    lie(base, name)(spoil)


def entry(base, name, stored=None, mode=None, total=None):
    """Frame 0 says another size or mode, and has so many bytes."""
    def spoil(r):
        r.table[0][0] = len(r.frames[0]) if stored is None else stored
        r.table[0][1] = r.table[0][1] if mode is None else mode
        if total is not None:
            r.frames[0] = r.frames[0][:total]
    lie(base, name)(spoil)


def spoil_frame(base, name):
    """The function changes frame 0 in place, and the table follows."""
    def add(function):
        def spoil(r):
            function(r.frames[0])
            r.restore_sizes()
        lie(base, name)(spoil)
        return function
    return add


def halves(base, name):
    """spoil() gets the two halves of frame 0, each [mode, codec, bytes], and changes them;
    what it returns is put behind."""
    def add(spoil):
        def change(r):
            data, found = bytes(r.frames[0]), []
            while data:
                mode, codec, size = struct.unpack_from("<BBI", data)
                found.append([mode, codec, data[6:6 + size]])
                data = data[6 + size:]
            tail = spoil(found) or b""
            r.frames[0] = bytearray(b"".join(struct.pack("<BBI", m, c, len(b)) + b
                                             for m, c, b in found) + tail)
            r.restore_sizes()
        return lie(base, name)(change)
    return add


# ---------------------------------------------------------------- all of them

def main():
    with open(os.path.join(HERE, "good", "list.tsv")) as f:
        bases = {name: base for name, base, _ in (line.split() for line in f)}
    lines = set()
    path = os.path.join(HERE, "bad", "list.tsv")
    if os.path.exists(path):
        with open(path) as f:
            lines.update(f)
    for good, name, spoil in LIES:
        with open(os.path.join(HERE, "good", good + ".rec"), "rb") as f:
            whole = f.read()
        record = Record(whole)
        assert record.bytes() == whole, good
        data = spoil(record)
        data = record.bytes() if data is None else data
        assert data != whole, name
        path_of = os.path.join(HERE, "bad", f"{good}--{name}.rec")
        if not os.path.exists(path_of):
            with open(path_of, "wb") as f:
                f.write(data)
        lines.add(f"{good}--{name}\t{bases[good]}\tdamaged\n")
    with open(path, "w") as f:
        f.writelines(sorted(lines))
