#!/usr/bin/python3
"""make_bad.py: damaged records whose file, head or table is wrong. Lies in the head
are under a right sum, so that a reader may believe them.
"""
import xxhash

from bad_record import CODED, FILL, RAW, SAME, entry, field, lie, main


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

if __name__ == "__main__":
    main()
