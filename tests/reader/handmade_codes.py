#!/usr/bin/python3
"""Frames of `ulp` and `float` made by hand from docs/format-ulp-float.md, with all that
the format allows, and made wrong on purpose: the writer's half of ulp_float.py."""
import random
import struct
from collections import Counter

from ulp_float import EXPONENTS, SLOTS, Mean
from dtypes import DTYPES


class Writer:
    """A bit string; bits `spare` fill its last byte."""

    def __init__(self, spare=0):
        self.value, self.count, self.spare = 0, 0, spare

    def number(self, v, bits):
        self.value |= v << self.count
        self.count += bits

    def ones(self, count, most):
        self.number((1 << count) - 1, count + (count < most))

    def rice(self, v, k):
        self.ones(min(v >> k, 12), 12)
        if v >> k < 12:
            self.number(v & (1 << k) - 1, k)
        else:
            self.number(v, 13)

    def bytes(self):
        size = -(-self.count // 8)
        spare = self.spare * ((1 << 8 * size) - (1 << self.count))
        return (self.value | spare).to_bytes(size, "little")


def numbers(data, unit):
    return [int.from_bytes(data[i:i + unit], "little")
            for i in range(0, len(data) - unit + 1, unit)]


# ---------------------------------------------------------------- tables, states, words

def frequencies(symbols):
    """Of the symbols that occur: at least 1 and at most 2047 each, 2048 in all."""
    counts = Counter(symbols)
    counts[max(counts, default=0) or 1] += 0            # there are two at least
    counts[0] += 0
    f = {s: max(1, n * (SLOTS - len(counts)) // max(1, sum(counts.values())))
         for s, n in counts.items()}
    f[max(f, key=f.get)] += SLOTS - sum(f.values())
    return [f.get(s, 0) for s in range(max(f) + 1)]


def write_table(bits, f):
    distances, runs, i = Mean(), Mean(), 0
    while i < len(f):
        if i == 0 or i >= 2 and f[i - 1] == f[i - 2] == 0:
            zeros = next((j for j, n in enumerate(f[i:]) if n), len(f) - i - 1)
            bits.rice(zeros, runs.parameter())
            runs.update(zeros)
            i += zeros
            bits.rice(f[i] - 1, distances.parameter())
            distances.update(f[i])
        else:
            guess = 0 if i == 1 else (f[i - 1] + f[i - 2] + 1) // 2
            v = f[i] if f[i] > 2 * guess else \
                2 * (f[i] - guess) if f[i] >= guess else 2 * (guess - f[i]) - 1
            bits.rice(v, distances.parameter())
            distances.update(v)
        i += 1


def write_symbols(symbols, tables, first=1 << 15):
    """The states, and the words; `tables` has the frequencies for each symbol."""
    lanes = 4 if len(symbols) < 16384 else 64
    states, words = [first] * lanes, []
    for step in reversed(range(0, len(symbols), lanes)):
        for s in reversed(range(lanes)):
            i = step + (s if lanes == 4 else (s & 32) + 2 * (s & 15) + (s >> 4 & 1))
            if i < len(symbols):
                f, start = tables[i][symbols[i]], sum(tables[i][:symbols[i]])
                if states[s] >= f << 20:
                    words.append(states[s] & 0xffff)
                    states[s] >>= 16
                states[s] = states[s] // f * SLOTS + start + states[s] % f
    return struct.pack(f"<{lanes}I", *states), struct.pack(f"<{len(words)}H", *words[::-1])


def patched(patch, **parts):
    """The parts one after another, changed where `patch` says so."""
    for name, change in (patch or {}).items():
        if name in parts:
            parts[name] = change(parts[name])
    return b"".join(parts.values())


# ---------------------------------------------------------------- ulp

def distance(v, base, bits):
    sign, mask = 1 << bits - 1, (1 << bits) - 1
    u, ub = (w ^ mask if w & sign else w | sign for w in (v, base))
    d = (ub - u if base & sign else u - ub) & mask
    return 2 * d if d < sign else 2 * (mask - d) + 1


def token_of(z, unit):
    """Token and count of raw nibbles."""
    k = 0
    while unit > 1 and z >> 4 * k >= 32:
        k += 1
    return (z >> 4 * k) + 30 * k, k


def raw_bits(distances, unit, pad):
    with_k = [(z, token_of(z, unit)[1]) for z in distances]
    if unit == 4:
        bits = Writer(pad)
        for z, k in with_k:
            bits.number(z & (1 << 4 * k) - 1, 4 * k)
        return struct.pack("<I", bits.count) + bits.bytes()
    out = b""
    for j in range(3 if unit == 2 else 0):
        nibbles = [z >> 4 * j & 15 for z, k in with_k if k > j]
        out += struct.pack("<I", len(nibbles))
        nibbles += [15 * pad] * (-len(nibbles) % 64)
        for at in range(0, len(nibbles), 64):
            out += bytes(nibbles[at + i] | nibbles[at + i + 32] << 4 for i in range(32))
    return out


def code_ulp(frame, dtype, prediction, classes=((100, 0),), seed=0, new=0.0, pad=0, first=1 << 15,
             patch=None):
    """`classes` are pairs of low and bank; blocks get them by chance, contexts with the
    chance `new` a table of their own."""
    name, unit, _, _ = DTYPES[dtype]
    shift, width = EXPONENTS[name]
    rng, bits = random.Random(seed), Writer(pad)
    values, bases = numbers(frame, unit), numbers(prediction, unit)
    distances = [distance(v, base, 8 * unit) for v, base in zip(values, bases)]
    tokens = [token_of(z, unit)[0] for z in distances]
    bits.number(len(classes) - 1, 3)
    for low, bank in classes:
        bits.number(low, 8)
        bits.number(bank, 2)

    blocks, last = [], 0
    for _ in range(-(-len(values) // 128) if len(classes) > 1 else 0):
        ones = rng.randrange(len(classes))
        bits.ones(ones, len(classes) - 1)
        last = (last + (ones // 2 + 1 if ones % 2 else -(ones // 2))) % len(classes)
        blocks.append(last)
    contexts = []
    for i, base in enumerate(bases[:len(values)]):
        low, bank = classes[blocks[i // 128] if blocks else 0]
        contexts.append(16 * bank + min(max((base >> shift) % (1 << width) - low, 0), 15))

    is_new = [1] + [int(rng.random() < new)
                    for _ in range(16 * (max(bank for _, bank in classes) + 1) - 1)]
    bits.number(sum(flag << i for i, flag in enumerate(is_new[1:])), len(is_new) - 1)
    owner = [sum(is_new[:i + 1]) for i in range(len(is_new))]
    tables = {t: frequencies(z for z, c in zip(tokens, contexts) if owner[c] == t)
              for t in sorted(set(owner))}
    for t in tables:
        write_table(bits, tables[t])
    states, words = write_symbols(tokens, [tables[owner[c]] for c in contexts], first)
    return patched(patch, bits=bits.bytes(), raw=raw_bits(distances, unit, pad),
                   tail=frame[len(values) * unit:], states=states, words=words)


# ---------------------------------------------------------------- float

LEAST_SHIFT = {"BF16": 5, "F16": 7, "F32": 21}


def write_fields(fields, width, pad):
    out = b""
    fields = fields + [((1 << width) - 1) * pad] * (-len(fields) % 64)
    for at in range(0, len(fields), 64):
        done, rest = 0, width
        for bits in 8, 8, 8, 4, 2, 1:
            if rest < bits:
                continue
            part = [f >> done & (1 << bits) - 1 for f in fields[at:at + 64]]
            out += bytes(sum(part[i + 8 * bits * j] << bits * j for j in range(8 // bits))
                         for i in range(8 * bits))
            done, rest = done + bits, rest - bits
    return out


def code_float(frame, dtype, _prediction=None, shift=None, pad=0, beyond=0, never=None,
               first=1 << 15, patch=None):
    """`beyond` is added to the last symbol: a value that cannot be. Symbol `never` is in
    the table, and of no value."""
    name, unit, _, _ = DTYPES[dtype]
    values, bits, fields = numbers(frame, unit), Writer(pad), b""
    symbols = list(values)
    if unit > 1:
        shift = LEAST_SHIFT[name] if shift is None else shift
        top, mask = 8 * unit - 1, (1 << shift) - 1
        symbols = [(v & (1 << top) - 1) >> shift for v in values]
        fields = write_fields([v & mask | v >> top << shift for v in values], shift + 1, pad)
    symbols[-1] += beyond
    f = frequencies(symbols + ([never] if never else []))
    bits.number(shift or 0, 8)
    write_table(bits, f)
    states, words = write_symbols(symbols, [f] * len(symbols), first)
    return patched(patch, bits=bits.bytes(), fields=fields,
                   tail=frame[len(values) * unit:], states=states, words=words)
