"""docs/format-ulp-float.md, from top to bottom: a tight or coded frame of the codecs `ulp`
and `float`, and docs/format-record.md 4.3, sparse frames. Like zllm_reader.py, which calls it, it is written from the document alone,
slow and obvious, with every check that the document names."""
from basics import Cursor, need

# dtype -> the shift to its exponent, the exponent's bits
EXPONENTS = {"BF16": (7, 8), "F16": (10, 5), "F32": (23, 8), "F8_E4M3": (3, 4), "F8_E5M2": (2, 5),
             "F8_E4M3FNUZ": (3, 4), "F8_E5M2FNUZ": (2, 5)}
INTEGERS = ["I8", "U8"]                 # no exponent; of `ulp` alone


# ---------------------------------------------------------------- Bits

class Bits:
    """A bit string at the front of what `cursor` has left."""

    def __init__(self, cursor):
        self.cursor, self.byte, self.left = cursor, 0, 0

    def number(self, count):
        """So many bits, the lowest first."""
        value = 0
        for i in range(count):
            if self.left == 0:
                self.byte, self.left = self.cursor.number(1), 8
            value |= (self.byte & 1) << i
            self.byte >>= 1
            self.left -= 1
        return value

    def ones(self, most):
        """How many ones stand here, up to `most` or to the zero that ends them."""
        count = 0
        while count < most and self.number(1):
            count += 1
        return count

    def rice(self, k, plain=13):
        q = self.ones(12)
        return self.number(plain) if q == 12 else (q << k) + self.number(k)


def about(guess, v):
    """What the number v stands for."""
    if v > 2 * guess:
        return v
    return guess - (v + 1) // 2 if v % 2 else guess + v // 2


# ---------------------------------------------------------------- Frequency tables

SLOTS = 2048


class Mean:
    """Gives Rice numbers their parameter."""

    def __init__(self):
        self.mean = 16

    def parameter(self):
        k = 0
        while self.mean > 3 << k:
            k += 1
        return k

    def update(self, v):
        self.mean += v - self.mean // 2


def read_table(bits, symbols, what):
    """For each slot: its symbol, the symbol's frequency, and slot - start."""
    f, left, distances, runs = [], SLOTS, Mean(), Mean()
    while left:
        i = len(f)
        need(i < symbols, f"a table of {what} ends early")
        if i == 0 or i >= 2 and f[-1] == f[-2] == 0:
            zeros = bits.rice(runs.parameter())
            runs.update(zeros)
            need(i + zeros < symbols, f"a table of {what} has too many zeros")
            f += [0] * zeros
            frequency = bits.rice(distances.parameter()) + 1
            distances.update(frequency)
        else:
            guess = 0 if i == 1 else (f[-1] + f[-2] + 1) // 2
            v = bits.rice(distances.parameter())
            distances.update(v)
            frequency = about(guess, v)
        need(frequency <= min(left, SLOTS - 1), f"a table of {what} has too large a frequency")
        f.append(frequency)
        left -= frequency
    return slots(f)


def slots(frequencies):
    return [(symbol, n, j) for symbol, n in enumerate(frequencies) for j in range(n)]


def read_roots(bits, symbols, what):
    """As read_table(), in the tight form."""
    roots, means, runs = [], Mean(), Mean()
    last = bits.number((symbols - 1).bit_length())
    need(last < symbols, f"a table of {what} has too many symbols")
    while len(roots) <= last:
        i = len(roots)
        after_run = i == 0 or i >= 2 and roots[-1] == roots[-2] == 0
        if after_run:
            zeros = bits.rice(runs.parameter())
            runs.update(zeros)
            need(i + zeros <= last, f"a table of {what} has too many zeros")
            roots += [0] * zeros
        v = bits.rice(means.parameter())
        means.update(v)
        if after_run:
            roots.append(v + 1)
        else:
            roots.append(about(roots[0] if i == 1 else (roots[-1] + roots[-2] + 1) // 2, v))
        need(roots[-1] <= 1023, f"a table of {what} has too large a root")
    need(roots[-1] > 0, f"a table of {what} ends in a zero")
    return slots(frequencies_of(roots + [0] * (symbols - len(roots))))


def frequencies_of(roots):
    weights = [root * root for root in roots]
    total = sum(weights)
    rare = [w for w in weights if w and w * SLOTS < total]
    scale = (SLOTS - len(rare) << 40) // (total - sum(rare))
    f = [max(1, w * scale + (1 << 39) >> 40) if w else 0 for w in weights]
    while sum(f) > SLOTS:
        f[f.index(max(f))] -= 1
    f[f.index(max(f))] += SLOTS - sum(f)
    if SLOTS in f:
        i = f.index(SLOTS)
        f[i] -= 1
        f[i + 1 if i + 1 < len(f) else i - 1] = 1
    return f


# ---------------------------------------------------------------- States and words

def read_states(bits, lanes):
    """In the tight form: a length, and what is below the highest bit."""
    for _ in range(lanes):
        below = bits.number(4) + 15
        yield 1 << below | bits.number(below)


def decode_symbols(cursor, tables, tight, what):
    """The symbol of each value; `tables` has the table of each value."""
    n = len(tables)
    lanes = 4 if n < 16384 else 64
    place = [s if lanes == 4 else (s & 32) + 2 * (s & 15) + (s >> 4 & 1) for s in range(lanes)]
    states = (list(read_states(Bits(cursor), lanes)) if tight else
              [cursor.number(4) for _ in range(lanes)])
    need(all(1 << 15 <= x < 1 << 31 for x in states), f"{what} has a state out of range")
    symbols = [0] * n
    for step in range(0, n, lanes):
        for s in range(lanes):
            i = step + place[s]
            if i < n:
                x = states[s]
                symbols[i], frequency, distance = tables[i][x % SLOTS]
                x = frequency * (x >> 11) + distance
                if x < 1 << 15:
                    x = x << 16 | cursor.number(2)
                states[s] = x
    need(all(x == 1 << 15 for x in states), f"{what} does not end in its first state")
    need(cursor.at == len(cursor.data), f"{what} has words left over")
    return symbols


def to_frame(values, unit, tail):
    return b"".join(v.to_bytes(unit, "little") for v in values) + tail


def whole_values(size, dtype, what):
    """Count of values, bytes of the tail, bytes of a value."""
    unit = dtype[1]
    need(size >= unit, f"{what} is coded and has no value")
    need(size // unit <= 262144, f"{what} has more than 262144 values")
    return size // unit, size % unit, unit


# ---------------------------------------------------------------- Codec 4, `ulp`

def decode_ulp(stored, size, dtype, prediction, tight, what):
    n, tail, unit = whole_values(size, dtype, what)
    cursor = Cursor(stored, what)
    bases = [int.from_bytes(prediction[i:i + unit], "little") for i in range(0, n * unit, unit)]
    tables = read_contexts(Bits(cursor), bases, dtype, tight, what)
    if unit > 1:
        raw = {2: RawNibbles, 4: RawBits}[unit](cursor, n, what)
    tail = cursor.take(tail)
    distances = decode_symbols(cursor, tables, tight, what)
    if unit > 1:
        distances = [distance_of(token, raw) for token in distances]
        need(raw.used_up(), f"{what} has raw bits left over")
    move = Mover(8 * unit).move if dtype[0] in EXPONENTS else move_integer
    return to_frame(map(move, bases, distances), unit, tail)


def move_integer(base, z):
    return base + (-(z + 1 >> 1) if z % 2 else z >> 1) & 255


class Mover:
    """From a base to a value, by their distance z."""

    def __init__(self, bits):
        self.sign, self.mask = 1 << bits - 1, (1 << bits) - 1

    def order(self, v):
        """The bits of a value as u, which grows with it."""
        return v ^ self.mask if v & self.sign else v | self.sign

    def move(self, base, z):
        d = -(z + 1 >> 1) if z % 2 else z >> 1
        if base & self.sign:
            d = -d
        u = self.order(base) + d & self.mask
        return u ^ self.sign if u & self.sign else u ^ self.mask


# Tokens

def distance_of(token, raw):
    k = 0 if token < 32 else (token - 2) // 30
    return token - 30 * k << 4 * k | raw.take(k)


# Contexts

def read_contexts(bits, bases, dtype, tight, what):
    """The table of each value."""
    name, unit, _, _ = dtype
    shift, width = EXPONENTS.get(name, (0, 0))
    classes = bits.number(3) + 1
    lows_banks = [(bits.number(8), bits.number(2)) for _ in range(classes)]
    blocks = -(-len(bases) // 128)
    class_of_block = (read_runs(bits, classes, blocks, what) if tight else
                      read_classes(bits, classes, blocks))
    count = 16 * (max(bank for _, bank in lows_banks) + 1)
    new = [1] + [bits.number(1) for _ in range(count - 1)]
    tables, symbols = [], {1: 256, 2: 106, 4: 226}[unit]
    for is_new in new:
        read = read_roots if tight else read_table
        tables.append(read(bits, symbols, what) if is_new else tables[-1])
    result = []
    for i, base in enumerate(bases):
        low, bank = lows_banks[class_of_block[i // 128]]
        exponent = base >> shift & (1 << width) - 1
        result.append(tables[16 * bank + min(max(exponent - low, 0), 15)])
    return result


def step(ones, last, classes):
    """The class that so many ones lead to."""
    return (last + (ones + 1) // 2 if ones % 2 else last - ones // 2) % classes


def read_runs(bits, classes, blocks, what):
    """The class of each block, in the tight form."""
    result, last, lengths = [], 0, Mean()
    while classes > 1 and len(result) < blocks:
        later = len(result) > 0
        last = step(bits.ones(classes - 1 - later) + later, last, classes)
        more = bits.rice(lengths.parameter())
        lengths.update(more)
        need(len(result) + more < blocks, f"{what} has classes for more blocks than it has")
        result += [last] * (more + 1)
    return result or [0] * blocks


def read_classes(bits, classes, blocks):
    """The class of each block."""
    result, last = [], 0
    for _ in range(blocks if classes > 1 else 0):
        last = step(bits.ones(classes - 1), last, classes)
        result.append(last)
    return result or [0] * blocks


# Raw bits

class RawNibbles:
    """Of 16-bit values: three streams."""

    def __init__(self, cursor, n, what):
        self.what = what
        self.streams = [iter(self.read_stream(cursor, n)) for _ in range(3)]

    def read_stream(self, cursor, n):
        count = cursor.number(4)
        need(count <= n, f"{self.what} has more nibbles than values")
        nibbles = []
        for _ in range(0, count, 64):
            block = cursor.take(32)
            nibbles += [b & 15 for b in block] + [b >> 4 for b in block]
        return nibbles[:count]

    def take(self, k):
        """The k lowest nibbles of the next value that has any."""
        value = 0
        for j in range(k):
            nibble = next(self.streams[j], None)
            need(nibble is not None, f"{self.what} has too few raw bits")
            value |= nibble << 4 * j
        return value

    def used_up(self):
        return all(next(stream, None) is None for stream in self.streams)


class RawBits:
    """Of 32-bit values: one bit string."""

    def __init__(self, cursor, n, what):
        self.what, self.count, self.at = what, cursor.number(4), 0
        need(self.count <= 28 * n, f"{what} has more raw bits than its values can have")
        self.bytes = cursor.take(-(-self.count // 8))

    def take(self, k):
        """The 4k lowest bits of the next value."""
        need(self.at + 4 * k <= self.count, f"{self.what} has too few raw bits")
        byte, bit = divmod(self.at, 8)
        self.at += 4 * k
        near = int.from_bytes(self.bytes[byte:byte + 5], "little")
        return near >> bit & (1 << 4 * k) - 1

    def used_up(self):
        return self.at == self.count


# ---------------------------------------------------------------- Codec 3, `float`

# dtype -> the shifts that are allowed; 0 alone for values of a byte
SHIFTS = {"BF16": (5, 8), "F16": (7, 8), "F32": (21, 24)}


def decode_float(stored, size, dtype, prediction, tight, what):
    n, tail, unit = whole_values(size, dtype, what)
    cursor = Cursor(stored, what)
    bits = Bits(cursor)
    shift = bits.number(8)
    least, most = SHIFTS.get(dtype[0], (0, 0))
    need(least <= shift <= most, f"{what} has the shift {shift}")
    table = (read_roots if tight else read_table)(bits, 1024, what)
    fields = read_fields(cursor, n, shift + 1) if unit > 1 else None
    tail = cursor.take(tail)
    values = decode_symbols(cursor, [table] * n, tight, what)
    top = 8 * unit - (unit > 1)         # bits of a value that symbol and shift make
    need(max(values) << shift < 1 << top, f"{what} has a symbol out of range")
    if fields:
        values = [symbol << shift | field & (1 << shift) - 1 | field >> shift << top
                  for symbol, field in zip(values, fields)]
    return to_frame(values, unit, tail)


# Fields

def read_fields(cursor, n, width):
    """The low bits of each value, and its sign above them."""
    fields = []
    for _ in range(0, n, 64):
        block, done = [0] * 64, 0
        for bits in 8, 8, 8, 4, 2, 1:   # the powers of two in `width`; 16 is two planes
            if width - done >= bits:
                for i, part in enumerate(read_plane(cursor, bits)):
                    block[i] |= part << done
                done += bits
        fields += block
    return fields[:n]


def read_plane(cursor, bits):
    """64 numbers of so many bits."""
    data = cursor.take(8 * bits)
    return [b >> at & (1 << bits) - 1 for at in range(0, 8, bits) for b in data]


# ---------------------------------------------------------------- format-record.md 4.3

class Pace:
    """Gives the numbers of a sparse frame their parameter."""

    def __init__(self, pace, plain):
        self.pace, self.plain = pace, plain

    def read(self, bits):
        k = 0
        while self.pace > 16 << k:
            k += 1
        v = bits.rice(k, self.plain)
        self.pace += min(v, 1 << 20) - self.pace // 8
        return v


def decode_sparse(stored, size, dtype, prediction, what):
    name, unit = dtype[:2]
    n, cursor = size // unit, Cursor(stored, what)
    count = cursor.number(4)
    need(1 <= count <= n, f"{what} differs in {count} of {n} values")
    values = [int.from_bytes(prediction[i:i + unit], "little") for i in range(0, n * unit, unit)]
    shift, width = EXPONENTS.get(name, (0, 0))
    gaps = Pace(min(8 * n // count, 1 << 20), 32)
    paces = [Pace(8, 8 * unit) for _ in range(1 << width)]
    bits, i = Bits(cursor), -1
    for _ in range(count):
        i += gaps.read(bits) + 1
        need(i < n, f"{what} has a value beyond its end")
        z = paces[values[i] >> shift & (1 << width) - 1].read(bits) + 1
        need(z < 1 << 8 * unit, f"{what} has a distance out of range")
        if name in EXPONENTS:
            values[i] = Mover(8 * unit).move(values[i], z)
        else:
            values[i] = values[i] + (-(z + 1 >> 1) if z % 2 else z >> 1) & (1 << 8 * unit) - 1
    need(cursor.at == len(cursor.data), f"{what} has bytes left over")
    return to_frame(values, unit, prediction[n * unit:])
