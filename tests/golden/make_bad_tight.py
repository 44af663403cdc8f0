#!/usr/bin/python3
"""make_bad_tight.py: damaged tight and sparse frames."""
import struct

from bad_record import CODED, entry, halves, main, spoil_frame

TIGHT, SPARSE = 4, 5


def bits_at(frame, at, count):
    return int.from_bytes(frame, "little") >> at & (1 << count) - 1


def set_bits(frame, at, count, value):
    whole = int.from_bytes(frame, "little")
    whole &= ~((1 << count) - 1 << at)
    frame[:] = (whole | value << at).to_bytes(len(frame), "little")


# ---------------------------------------------------------------- modes that do not suit

entry("tight-float-bf16", "sparse-without-base", mode=SPARSE)
entry("zstd-bf16", "tight", mode=TIGHT)
entry("bitx-bf16", "tight", mode=TIGHT)
entry("raw-bytes", "tight", 199, TIGHT, 199)
entry("tight-ulp-bf16", "of-no-bytes", 0, TIGHT, 0)
entry("sparse-bf16", "of-no-bytes", 0, SPARSE, 0)
entry("tight-ulp-bf16", "said-to-be-coded", mode=CODED)
entry("ulp-bf16", "said-to-be-tight", mode=TIGHT)
entry("tight-float-bf16", "said-to-be-coded", mode=CODED)
entry("tight-ulp-bf16", "said-to-be-sparse", mode=SPARSE)


# ---------------------------------------------------------------- tight

@spoil_frame("tight-ulp-bf16", "head-all-ones")
def _(frame):
    frame[:60] = b"\xff" * 60


@spoil_frame("tight-ulp-bf16", "another-last-symbol")
def _(frame):
    set_bits(frame, 28, 7, bits_at(frame, 28, 7) ^ 1)      # after 3 + 10 + 15 bits


@spoil_frame("tight-ulp-bf16", "last-symbol-beyond-all")
def _(frame):
    set_bits(frame, 28, 7, 127)


@spoil_frame("tight-ulp-bf16", "a-run-of-zeros-beyond-the-last")
def _(frame):
    set_bits(frame, 35, 25, (1 << 12) - 1 | 8191 << 12)


@spoil_frame("tight-ulp-bf16", "a-root-too-large")
def _(frame):
    set_bits(frame, 35, 4, 0)
    set_bits(frame, 39, 25, (1 << 12) - 1 | 8191 << 12)


@spoil_frame("tight-ulp-bf16-large", "a-run-of-classes-beyond-the-end")
def _(frame):
    at = 3 + 10 * (bits_at(frame, 0, 3) + 1)
    set_bits(frame, at, 1, 0)                              # class 0, then the run
    set_bits(frame, at + 1, 25, (1 << 12) - 1 | 129 << 12)


@spoil_frame("tight-ulp-bf16-large", "classes-flipped")
def _(frame):
    at = 3 + 10 * (bits_at(frame, 0, 3) + 1)
    set_bits(frame, at, 1, bits_at(frame, at, 1) ^ 1)


@spoil_frame("tight-ulp-f32", "cut-in-its-head")
def _(frame):
    del frame[20:]


@spoil_frame("tight-ulp-bf16", "a-word-less")
def _(frame):
    del frame[-2:]


@spoil_frame("tight-ulp-bf16-large", "a-word-too-many")
def _(frame):
    frame += bytes(2)


@spoil_frame("tight-ulp-f8_e4m3", "half-a-word-too-many")
def _(frame):
    frame += bytes(1)


@spoil_frame("tight-ulp-f16", "the-last-word-flipped")
def _(frame):
    frame[-1] ^= 1


@spoil_frame("tight-float-bf16", "shift-too-small")
def _(frame):
    frame[0] = 4


@spoil_frame("tight-float-bf16", "shift-too-large")
def _(frame):
    frame[0] = 9


@spoil_frame("tight-float-bf16", "table-ends-in-a-zero")
def _(frame):
    set_bits(frame, 8, 10, bits_at(frame, 8, 10) + 1)


@spoil_frame("tight-float-bf16-large", "states-flipped")
def _(frame):
    frame[-3000] ^= 1


@spoil_frame("tight-float-f32", "cut-in-its-fields")
def _(frame):
    del frame[100:]


@spoil_frame("tight-float-f8_e5m2", "a-word-too-many")
def _(frame):
    frame += bytes(2)


# ---------------------------------------------------------------- sparse

@spoil_frame("sparse-bf16", "none-differs")
def _(frame):
    frame[:4] = bytes(4)


@spoil_frame("sparse-bf16", "more-differ-than-there-are")
def _(frame):
    struct.pack_into("<I", frame, 0, 5002)


@spoil_frame("sparse-bf16", "one-more-differs")
def _(frame):
    struct.pack_into("<I", frame, 0, struct.unpack_from("<I", frame)[0] + 1)


@spoil_frame("sparse-f32", "a-place-beyond-the-end")
def _(frame):
    set_bits(frame, 32, 44, (1 << 12) - 1 | 3000 << 12)


@spoil_frame("sparse-i8", "a-distance-of-nothing")
def _(frame):
    set_bits(frame, 32, 64, (1 << 12) - 1 | 5 << 12 | (1 << 12) - 1 << 44 | 255 << 56)


@spoil_frame("sparse-f64", "cut")
def _(frame):
    del frame[-1:]


@spoil_frame("sparse-i16", "a-byte-too-many")
def _(frame):
    frame += bytes(1)


@spoil_frame("sparse-f8_e4m3", "flipped")
def _(frame):
    frame[7] ^= 4


# ---------------------------------------------------------------- halves of a frame with parts

def half(base, name, number, mode=None, codec=None, code=None):
    """Another mode, codec or code of half `number`; code() is given the bytes that are there."""
    @halves(base, name)
    def _(both):
        was = both[number]
        both[number] = [was[0] if mode is None else mode, was[1] if codec is None else codec,
                        was[2] if code is None else code(was[2])]


half("parts-tight", "tight-half-without-codec", 0, codec=0)
half("parts-tight", "tight-half-of-a-codec-that-has-none", 0, codec=2)
half("parts-tight", "tight-half-said-to-be-coded", 0, mode=CODED)
half("parts-tight", "tight-half-said-to-be-sparse", 0, SPARSE, 0)
half("parts-tight", "tight-half-flipped", 0, code=lambda b: b[:-1] + bytes([b[-1] ^ 1]))
half("parts-tight", "tight-half-a-word-less", 0, code=lambda b: b[:-2])
half("parts-tight", "bare-half-said-to-be-sparse", 1, SPARSE, 0)
half("parts-tight", "bare-half-a-word-too-many", 1, code=lambda b: b + b"\0\0")
half("parts-sparse", "sparse-half-with-a-codec", 0, codec=4)
half("parts-sparse", "sparse-half-of-no-bytes", 0, code=lambda b: b"")
half("parts-sparse", "sparse-half-more-differ-than-there-are", 0,
     code=lambda b: struct.pack("<I", 64 * 30 + 1) + b[4:])
half("parts-sparse", "sparse-half-a-byte-too-many", 0, code=lambda b: b + b"\0")
half("parts-sparse", "sparse-half-cut", 0, code=lambda b: b[:-1])


if __name__ == "__main__":
    main()
