#!/usr/bin/python3
"""make_bad_codes.py: damaged frames of the codecs `float` and `ulp`, in their first form.
Where only the structure is wrong, the content is still the right one.
"""
import os
import struct

from bad_record import HERE, Record, lie, main, spoil_frame


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


# ---------------------------------------------------------------- float

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

if __name__ == "__main__":
    main()
