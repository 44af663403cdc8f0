#!/usr/bin/python3
"""make_bad.py: damaged records out of good/ into bad/, with bad/list.tsv. Each holds one
lie, told where a reader may believe it: lies in the head are under a right sum, and
where only the structure of a coded frame is wrong, its content is still the right one.
Files that are there already are left alone: what is kept never changes (README.md).
"""
import os
import struct

import xxhash
import zstandard

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
        return fixed + bytes(self.base_bytes) + table

    def bytes(self):
        head = self.head()
        return head + xxhash.xxh3_128_digest(head)[:8] + b"".join(map(bytes, self.frames)) + self.tail


class Bits:
    def __init__(self, data):
        self.data, self.at = data, 0

    def get(self, n):
        value = 0
        for i in range(n):
            value |= (self.data[self.at // 8] >> self.at % 8 & 1) << i
            self.at += 1
        return value

    def bytes(self):
        return (self.at + 7) // 8


def skip_table(bits, symbols):
    """Reads a frequency table, as rans_table_get() does."""
    def parameter(mean):
        k = 0
        while mean > 3 << k:
            k += 1
        return k

    def rice(mean):
        k, ones = parameter(mean), 0
        while ones < 12 and bits.get(1):
            ones += 1
        return bits.get(13) if ones == 12 else ones << k | bits.get(k)

    left, mean, run_mean, freq = 2048, 16, 16, []
    while len(freq) < symbols and left:
        i = len(freq)
        if i == 0 or (i >= 2 and freq[-1] == freq[-2] == 0):
            run = rice(run_mean)
            run_mean = run_mean - run_mean // 2 + run
            freq += [0] * run
            f = rice(mean) + 1
            mean = mean - mean // 2 + f
        else:
            v, g = rice(mean), 0 if i < 2 else (freq[-1] + freq[-2] + 1) // 2
            mean = mean - mean // 2 + v
            f = v if v > 2 * g else g - (v + 1) // 2 if v % 2 else g + v // 2
        freq.append(f)
        left -= f
    assert left == 0


def ulp_raw(frame, values, symbols):
    """Where the raw bits of a frame of ulp begin."""
    bits, last = Bits(frame), 0
    classes, banks = bits.get(3) + 1, 1
    for _ in range(classes):
        bits.get(8)
        banks = max(banks, bits.get(2) + 1)
    for _ in range((values + 127) // 128 if classes > 1 else 0):
        ones = 0
        while ones + 1 < classes and bits.get(1):
            ones += 1
    for _ in range(sum(bits.get(1) for _ in range(16 * banks - 1)) + 1):
        skip_table(bits, symbols)
    return bits.bytes()


def ulp_states(frame, values):
    """Where the states of a frame of ulp with values of 16 bits begin."""
    at = ulp_raw(frame, values, 106)
    for _ in range(3):
        at += 4 + (struct.unpack_from("<I", frame, at)[0] + 63) // 64 * 32
    return at


def float_parts(frame, values, width):
    """Where the raw bits of a frame of float begin, and its states."""
    bits = Bits(frame)
    bits.get(8)
    skip_table(bits, 1024)
    return bits.bytes(), bits.bytes() + (values + 63) // 64 * 8 * width


def add_u32(data, at, more):
    struct.pack_into("<I", data, at, struct.unpack_from("<I", data, at)[0] + more & 0xffffffff)


# ---------------------------------------------------------------- whole files

@lie("raw-bytes")
def nothing_at_all(r):
    return b""


@lie("raw-bytes")
def other_magic(r):
    r.magic = b"ZLLMREX\0"


@lie("raw-bytes")
def cut_in_the_head(r):
    return r.bytes()[:40]


@lie("ulp-frames")
def cut_in_the_table(r):
    return r.bytes()[:64 + 40 + 30]


@lie("ulp-bf16")
def cut_by_one(r):
    return r.bytes()[:-1]


@lie("ulp-bf16")
def cut_after_the_head(r):
    return r.head() + xxhash.xxh3_128_digest(r.head())[:8]


@lie("ulp-bf16")
def longer_by_one(r):
    r.tail = b"\0"


def flip(at):
    def spoil(r):
        data = bytearray(r.bytes())
        data[at] ^= 0x10
        return bytes(data)
    return spoil


for where, offset in (("size", 16), ("content-sum", 35), ("base-id", 70), ("base-offset", 97),
                      ("stored-size", 104), ("mode", 108), ("frame-sum", 115), ("head-sum", 130)):
    lie("bitx-bf16", "flipped-" + where)(flip(offset))


# ---------------------------------------------------------------- heads under a right sum

def field(base, name, **values):
    def spoil(r):
        for key, value in values.items():
            assert hasattr(r, key)
            setattr(r, key, value)
    lie(base, name)(spoil)


field("raw-bytes", "version-zero", version=0)
field("raw-bytes", "four-bases", bases=4)
field("raw-bytes", "a-base-too-many", bases=1, base_bytes=bytes(40))
field("raw-bytes", "frames-without-end", frame_count=0xffffffff)
field("raw-bytes", "frames-over-the-limit", frame_count=(1 << 24) + 1)
field("raw-bytes", "parameters-without-end", parameters=0xffffffff)
field("raw-bytes", "two-frames-of-one", frame_count=2)
field("raw-bytes", "no-frames", frame_count=0, table=[], frames=[])
field("raw-empty", "bytes-without-frames", size=1)
field("raw-bytes", "frame-size-zero", frame_size=0)
field("raw-bytes", "frame-size-too-large", frame_size=(2 << 20) + 1)
field("bitx-bf16", "frame-size-odd", frame_size=(512 << 10) - 1)
field("raw-bytes", "size-one-more", size=201)
field("raw-bytes", "size-without-end", size=(1 << 64) - 1)
field("ulp-bf16", "size-one-more", size=6003)
field("ulp-bf16", "size-one-value-less", size=6000)
field("ulp-f8_e4m3", "too-many-values", size=2 << 20, frame_size=2 << 20)
field("float-f8_e4m3", "too-many-values", size=2 << 20, frame_size=2 << 20)
field("bitx-bf16", "no-prediction", prediction=0)
field("bitx-bf16", "no-base", bases=0, base_bytes=b"")
field("raw-bytes", "prediction-without-use", prediction=1, bases=1, base_bytes=bytes(40))
field("bitx-bf16", "base-dtype-without-cast", base_dtype=12)
field("cast-bf16-of-f32", "cast-of-its-own-dtype", base_dtype=11)
field("cast-bf16-of-f32", "cast-of-integers", base_dtype=7)
field("bitx-bf16", "base-ends-beyond-64-bits", base_bytes=bytes(32) + b"\xff" * 8)
field("ulp-bf16", "codec-bitx", codec=2)
field("bitx-bf16", "codec-ulp", codec=4)
field("cast-f16-of-f32", "base-dtype-bf16", base_dtype=11)


def entry(base, name, stored=None, mode=None, total=None):
    """Frame 0 says another size or mode, and has so many bytes."""
    def spoil(r):
        r.table[0][0] = len(r.frames[0]) if stored is None else stored
        r.table[0][1] = r.table[0][1] if mode is None else mode
        if total is not None:
            r.frames[0] = r.frames[0][:total]
    lie(base, name)(spoil)


entry("raw-bytes", "same-without-base", 0, SAME, 0)
entry("float-bf16-small", "same-without-base", 0, SAME, 0)
entry("bitx-bf16", "same-that-is-not", 0, SAME, 0)
entry("bitx-same", "same-with-bytes", 1, SAME)
entry("raw-fill", "fill-of-three-bytes", 3, FILL, 3)
entry("ulp-bf16", "fill-that-is-not", 2, FILL, 2)
entry("raw-bytes", "raw-of-fewer-bytes", 199, RAW, 199)
entry("raw-bytes", "raw-that-is-coded", 199, CODED, 199)
entry("float-bf16-small", "coded-of-no-bytes", 0, CODED, 0)
entry("float-bf16-small", "coded-of-too-many-bytes", 0xffffffff, CODED)


@lie("raw-fill")
def fill_flipped(r):
    r.frames[0][1] ^= 1


@lie("raw-bytes")
def raw_flipped(r):
    r.frames[0][100] ^= 1


@lie("raw-bytes")
def frame_sum_wrong(r):
    r.table[0][3] = bytes(16)


@lie("raw-bytes")
def content_sum_wrong(r):
    r.sum = bytes(16)


@lie("ulp-frames")
def frames_in_other_order(r):
    r.table[0], r.table[1] = r.table[1], r.table[0]
    r.frames[0], r.frames[1] = r.frames[1], r.frames[0]


@lie("ulp-frames")
def a_byte_to_its_neighbour(r):
    r.table[0][0] += 1
    r.table[1][0] -= 1


@lie("cast-frames")
def frame_of_another(r):
    r.frames[1] = r.frames[0]
    r.restore_sizes()


# ---------------------------------------------------------------- float

def spoil_frame(base, name):
    """The function changes frame 0 in place, and the table follows."""
    def add(function):
        def spoil(r):
            function(r.frames[0])
            r.restore_sizes()
        lie(base, name)(spoil)
        return function
    return add


@spoil_frame("float-bf16-small", "shift-too-small")
def _(frame):
    frame[0] = 4


@spoil_frame("float-bf16-small", "shift-too-large")
def _(frame):
    frame[0] = 9


@spoil_frame("float-f8_e5m2", "shift-of-whole-symbols")
def _(frame):
    frame[0] = 1


@spoil_frame("float-bf16-small", "table-all-ones")
def _(frame):
    frame[1:40] = b"\xff" * 39


@spoil_frame("float-bf16-small", "table-all-zeros")
def _(frame):
    frame[1:] = bytes(len(frame) - 1)


@spoil_frame("float-f16", "table-flipped")
def _(frame):
    frame[6] ^= 4


@spoil_frame("float-bf16-small", "raw-flipped")
def _(frame):
    frame[float_parts(frame, 500, 6)[0] + 100] ^= 0x40


@spoil_frame("float-bf16-small", "padding-flipped")
def _(frame):
    frame[float_parts(frame, 500, 6)[1] + 1] ^= 0x80


@spoil_frame("float-bf16-small", "state-zero")
def _(frame):
    at = float_parts(frame, 500, 6)[1]
    frame[at:at + 4] = bytes(4)


@spoil_frame("float-bf16-small", "state-too-large")
def _(frame):
    frame[float_parts(frame, 500, 6)[1] + 7] |= 0x80


@spoil_frame("float-bf16-small", "state-flipped")
def _(frame):
    frame[float_parts(frame, 500, 6)[1] + 4 * 3] ^= 1


@spoil_frame("float-bf16-small", "words-flipped")
def _(frame):
    frame[-50] ^= 2


@spoil_frame("float-bf16-small", "words-cut")
def _(frame):
    del frame[-2:]


@spoil_frame("float-bf16-small", "half-a-word-cut")
def _(frame):
    del frame[-1:]


@spoil_frame("float-bf16-small", "a-word-too-many")
def _(frame):
    frame += b"\0\0"


@spoil_frame("float-bf16-small", "ends-before-its-states")
def _(frame):
    del frame[float_parts(frame, 500, 6)[1] + 15:]


@spoil_frame("float-f32", "ends-in-its-raw-bits")
def _(frame):
    del frame[float_parts(frame, 1001, 22)[0] + 1000:]


# ---------------------------------------------------------------- ulp

@spoil_frame("ulp-bf16", "head-all-ones")
def _(frame):
    frame[:60] = b"\xff" * 60


@spoil_frame("ulp-bf16", "more-classes")
def _(frame):
    frame[0] |= 7


@spoil_frame("ulp-bf16", "more-tables")
def _(frame):
    frame[3] ^= 0x55


@spoil_frame("ulp-f16", "table-flipped")
def _(frame):
    frame[8] ^= 8


@spoil_frame("ulp-bf16", "head-without-end")
def _(frame):
    del frame[20:]


@spoil_frame("ulp-bf16-large", "classes-flipped")
def _(frame):
    frame[13] ^= 0x20


@spoil_frame("ulp-bf16-sparse", "nibbles-more-than-values")
def _(frame):
    struct.pack_into("<I", frame, ulp_raw(frame, 16500, 106), 16501)


@spoil_frame("ulp-bf16", "nibbles-without-end")
def _(frame):
    struct.pack_into("<I", frame, ulp_raw(frame, 3001, 106), 0xffffffff)


@spoil_frame("ulp-f16", "a-nibble-nobody-reads")
def _(frame):
    at = ulp_raw(frame, 3001, 106)
    add_u32(frame, at, 1)
    if struct.unpack_from("<I", frame, at)[0] % 64 == 1:
        frame[at + 4:at + 4] = bytes(32)


@spoil_frame("ulp-f32-small", "a-bit-nobody-reads")
def _(frame):
    at = ulp_raw(frame, 500, 226)
    bits = struct.unpack_from("<I", frame, at)[0]
    add_u32(frame, at, 1)
    if bits % 8 == 0:
        frame[at + 4 + bits // 8:at + 4 + bits // 8] = b"\0"


@spoil_frame("ulp-f32-small", "four-bits-fewer")
def _(frame):
    add_u32(frame, ulp_raw(frame, 500, 226), -4)


@spoil_frame("ulp-f32-small", "bits-without-end")
def _(frame):
    struct.pack_into("<I", frame, ulp_raw(frame, 500, 226), 0xffffffff)


@spoil_frame("ulp-f32-small", "bits-more-than-values-have")
def _(frame):
    struct.pack_into("<I", frame, ulp_raw(frame, 500, 226), 500 * 28 + 1)


@spoil_frame("ulp-f32-small", "bits-flipped")
def _(frame):
    frame[ulp_raw(frame, 500, 226) + 4 + 50] ^= 1


@spoil_frame("ulp-bf16", "state-zero")
def _(frame):
    at = ulp_states(frame, 3001)
    frame[at:at + 4] = bytes(4)


@spoil_frame("ulp-bf16", "state-too-large")
def _(frame):
    frame[ulp_states(frame, 3001) + 15] |= 0x80


@spoil_frame("ulp-bf16-sparse", "state-flipped")
def _(frame):
    frame[ulp_states(frame, 16500) + 4 * 40] ^= 1


@spoil_frame("ulp-bf16-large", "words-flipped")
def _(frame):
    frame[-1000] ^= 2


@spoil_frame("ulp-bf16-sparse", "words-cut")
def _(frame):
    del frame[-2:]


@spoil_frame("ulp-bf16-sparse", "a-word-too-many")
def _(frame):
    frame += b"\0\0"


@spoil_frame("ulp-f8_e5m2", "half-a-word-too-many")
def _(frame):
    frame += b"\0"


@spoil_frame("ulp-f8_e4m3", "words-cut")
def _(frame):
    del frame[-2:]


@lie("ulp-bf16", "another-codecs-frame")
def _(r):
    with open(os.path.join(HERE, "good", "bitx-bf16.rec"), "rb") as f:
        r.frames[0] = Record(f.read()).frames[0]
    r.restore_sizes()


# ---------------------------------------------------------------- planes and zstd

def plane(body, kind=1):
    return struct.pack("<BI", kind, len(body)) + body


def packed(content, **options):
    return zstandard.ZstdCompressor(level=19, **options).compress(content)


def spoil_plane(name):
    """The function gets the only plane of zstd-bytes, and returns what is stored."""
    def add(function):
        def spoil(r):
            body = bytes(r.frames[0][5:])
            content = zstandard.ZstdDecompressor().decompress(body)
            r.frames[0] = bytearray(function(body, content))
            assert len(r.frames[0]) < 1000
            r.restore_sizes()
        lie("zstd-bytes", name)(spoil)
        return function
    return add


@spoil_plane("content-one-byte-less")
def _(body, content):
    return plane(packed(content[:-1]))


@spoil_plane("content-one-byte-more")
def _(body, content):
    return plane(packed(content + b"\0"))


@spoil_plane("content-of-four-gigabytes")
def _(body, content):
    # A frame that says so, of blocks that repeat a byte.
    blocks = b"".join(struct.pack("<I", 128 << 10 << 3 | 2)[:3] + b"\0" for _ in range(100))
    return plane(b"\x28\xb5\x2f\xfd\xe0" + struct.pack("<Q", 1 << 32) + blocks)


@spoil_plane("no-content")
def _(body, content):
    return plane(packed(b""))


@spoil_plane("two-zstd-frames")
def _(body, content):
    return plane(packed(content[:500]) + packed(content[500:]))


@spoil_plane("a-frame-to-skip")
def _(body, content):
    return plane(struct.pack("<II", 0x184d2a50, 4) + b"skip" + body)


@spoil_plane("bytes-after-the-zstd-frame")
def _(body, content):
    return plane(body + b"\0")


@spoil_plane("zstd-checksum-wrong")
def _(body, content):
    body = packed(content, write_checksum=True)
    return plane(body[:-1] + bytes([body[-1] ^ 1]))


@spoil_plane("zstd-flipped")
def _(body, content):
    return plane(body[:300] + bytes([body[300] ^ 1]) + body[301:])


@spoil_plane("zstd-cut")
def _(body, content):
    return plane(body[:-10])


@spoil_plane("not-zstd")
def _(body, content):
    return plane(b"\x27" + body[1:])


@spoil_plane("kind-unknown")
def _(body, content):
    return plane(body, 3)


@spoil_plane("plane-longer-than-its-frame")
def _(body, content):
    return struct.pack("<BI", 1, 0xffffffff) + body


@spoil_plane("plane-head-cut")
def _(body, content):
    return plane(body)[:4]


@spoil_plane("raw-plane-of-fewer-bytes")
def _(body, content):
    return plane(content[:990], 0)


@spoil_plane("constant-of-two-bytes")
def _(body, content):
    return plane(b"\0\0", 2)


@spoil_plane("constant-that-is-not")
def _(body, content):
    return plane(b"\0", 2)


@spoil_plane("bytes-after-the-planes")
def _(body, content):
    return plane(body) + b"\0"


@lie("bitx-f32", "a-plane-missing")
def _(r):
    kind, stored = struct.unpack_from("<BI", r.frames[0])
    del r.frames[0][:5 + stored]
    r.restore_sizes()


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


if __name__ == "__main__":
    main()
