"""docs/format-record.md, from top to bottom: a record and the blob that it holds. Its dtypes
are in dtypes.py, its codecs in planes.py and ulp_float.py, its predictions by parts and
products in parts.py and low_rank.py."""
import low_rank
import parts
from basics import Cursor, known, need, sum_of
from dtypes import CASTABLE, DTYPES, FROM_F32, TO_F32
from planes import decode_bitx, decode_zstd
from ulp_float import EXPONENTS, INTEGERS, decode_float, decode_sparse, decode_ulp

RECORD_MAGIC = b"ZLLMREC\0"
FRAME_LIMIT = 2097152

NONE, BASE, RANK, CAST, PARTS = 0, 1, 2, 4, 5       # predictions
RAW, CODED, SAME, FILL, TIGHT, SPARSE = range(6)
MODES = ["raw", "coded", "same", "fill", "tight", "sparse"]


# A further codec is one function and one line here.
# number -> name, predictions, dtypes, decoder of a coded frame
ALL = [name for name, *_ in DTYPES.values()]
CODECS = {
    0: ("raw", (NONE,), ALL, None),
    1: ("zstd", (NONE,), ALL, decode_zstd),
    2: ("bitx", (BASE, CAST, PARTS), ALL, decode_bitx),
    3: ("float", (NONE,), EXPONENTS, decode_float),
    4: ("ulp", (BASE, RANK, CAST, PARTS), [*EXPONENTS, *INTEGERS], decode_ulp),
}


def decode_bare_float(stored, size, dtype, prediction, tight, what):
    need(dtype[0] in EXPONENTS, f"{what} is of codec float, and of {dtype[0]}")
    return decode_float(stored, size, dtype, prediction, tight, what)


BARE = {1: decode_zstd, 3: decode_bare_float}   # what may code values without prediction


class Record:
    """The head's fields; `bases` are (id, offset), `base` the first or None; `frames` are
    (mode, bytes, sum); `parts` are (values of a row, list of parts) or None, `product` is a
    low_rank.Product or None."""
    product = None


def parse_record(data):
    need(len(data) >= 64, "the record is shorter than 64 bytes")
    need(data[:8] == RECORD_MAGIC, "this is no record")
    fixed, r = Cursor(data[8:64], "the head"), Record()
    version, codec, dtype, prediction = (fixed.number(n) for n in (2, 1, 1, 1))
    bases, flags = fixed.number(1), fixed.number(2)
    r.size, r.frame_size, frames = fixed.number(8), fixed.number(4), fixed.number(4)
    r.sum, parameters = fixed.take(16), fixed.number(4)
    base_dtype, reserved = fixed.number(1), fixed.take(11)

    need(version != 0, "the record has version 0")
    known(version == 1, f"record version {version}")
    need(bases <= 3, f"{bases} bases are too many")
    need(parameters <= 67108864, f"{parameters} bytes of parameters are too many")
    need(frames <= 16777216, f"{frames} frames are too many")
    head_size = 72 + 40 * bases + parameters + 24 * frames
    need(len(data) >= head_size, "the record ends within its head")
    head = data[:head_size]
    need(sum_of(head[:-8])[:8] == head[-8:], "the sum of the head does not match")

    known(codec in CODECS, f"codec {codec}")
    known(dtype in DTYPES, f"dtype {dtype}")
    known(prediction in (NONE, BASE, RANK, CAST, PARTS), f"prediction {prediction}")
    known(flags == 0, f"record flags {flags:#x}")
    known(parameters == 0 or prediction in (RANK, PARTS), "parameters of a record")
    known(reserved == bytes(11), "reserved bytes of a record")
    r.number, (r.codec, predictions, dtypes, r.decode) = codec, CODECS[codec]
    r.dtype, unit, _, _ = r.type = DTYPES[dtype]
    known(r.dtype in dtypes, f"codec {r.codec} of {r.dtype}")
    need(prediction in predictions, f"codec {r.codec} does not go with prediction {prediction}")
    need(bases == int(prediction != NONE) or prediction == PARTS and bases > 0,
         f"{bases} bases do not go with prediction {prediction}")
    r.base_type = parse_cast(prediction, r.type, base_dtype)
    need(1 <= r.frame_size <= FRAME_LIMIT, f"frames of {r.frame_size} bytes")
    need(r.frame_size % unit == 0, f"frames of {r.frame_size} bytes cut a {r.dtype}")
    need(frames == -(-r.size // r.frame_size), f"{frames} frames are not the right count")

    rest = Cursor(head[64:], "the head")
    r.bases = [(rest.take(32).hex(), rest.number(8)) for _ in range(bases)]
    for _, offset in r.bases:
        need(offset + 2 * r.size < 1 << 64, "the offset in the base is out of range")
        need(offset == 0 or prediction != PARTS, "an offset, and parts")
    r.base, r.parts = r.bases[0] if bases else None, None
    if prediction == PARTS:
        need(r.size % unit == 0, f"{r.size} bytes are no whole values")
        r.parts = parts.read_parts(rest.take(parameters), r.size // unit, bases)
    if prediction == RANK:
        r.product = low_rank.read_product(rest.take(parameters), r.type, r.size, r.frame_size)
    stored = Cursor(data[head_size:], "the record")
    r.frames = [parse_frame(rest, stored, r, i) for i in range(frames)]
    need(stored.at == len(stored.data), "the record has bytes left over")
    return r


def parse_cast(prediction, to, number):
    """The type of the base's values, where they are cast, or None."""
    if prediction not in (RANK, CAST, PARTS):
        need(number == 0, "a dtype of the base, and no cast")
        return None
    known(number in DTYPES, f"dtype {number} of a base")
    base = DTYPES[number]
    if prediction in (RANK, PARTS) and base == to:
        return None
    need(base != to and base[0] in CASTABLE and to[0] in CASTABLE,
         f"a cast from {base[0]} to {to[0]}")
    return base


def parse_frame(table, stored, r, i):
    """One line of the frame table, and the stored bytes it speaks of."""
    count, mode, reserved, frame_sum = (
        table.number(4), table.number(1), table.take(3), table.take(16))
    size, unit = frame_extent(r, i)[1], r.type[1]
    known(mode < len(MODES), f"mode {mode} of frame {i}")
    known(reserved == bytes(3), f"reserved bytes of frame {i}")
    if mode == RAW:
        need(count == size, f"raw frame {i} has {count} bytes instead of {size}")
    elif mode == CODED:
        need(r.codec != "raw", f"frame {i} is coded in a record of codec raw")
    elif mode == TIGHT:
        need(r.codec in ("float", "ulp"), f"frame {i} is tight in a record of codec {r.codec}")
    elif mode == SPARSE:
        need(r.base is not None, f"frame {i} differs from nothing")
    elif mode == SAME:
        need(r.base is not None, f"frame {i} is the same as nothing")
        need(count == 0, f"frame {i} is the same, and has {count} bytes")
    elif mode == FILL:
        need(count == unit, f"fill of frame {i} has {count} bytes instead of {unit}")
        need(size % unit == 0, f"fill of frame {i} ends within a {r.dtype}")
    if mode in (CODED, TIGHT, SPARSE):
        need(1 <= count < size, f"{MODES[mode]} frame {i} has {count} bytes, of {size}")
    return mode, stored.take(count), frame_sum


def frame_extent(r, i):
    """Where frame i begins in the blob, and how many bytes it has."""
    begin = i * r.frame_size
    return begin, min(r.frame_size, r.size - begin)


def decode_record(r, bases):
    """The blob. `bases` are the whole bases; none for a solo record."""
    blob, sources = bytearray(), None
    if r.parts:
        need_bases(r, bases)
    for i, (mode, stored, frame_sum) in enumerate(r.frames):
        begin, size = frame_extent(r, i)
        if r.parts:
            sources = sources_of(r, begin, size)
            prediction = predict_parts(r, bases, sources)
        else:
            prediction = predict(r, bases[0] if bases else None, begin, size)
        if mode == RAW:
            frame = stored
        elif mode == SAME:
            frame = prediction
        elif mode == FILL:
            frame = stored * (size // len(stored))
        elif mode == SPARSE:
            frame = decode_sparse(stored, size, r.type, prediction, f"frame {i}")
        elif r.parts and mode == CODED:
            frame = parts.decode_halves(stored, prediction, sources, r.type,
                                        (r.number, r.decode), BARE, f"frame {i}")
        elif r.product and mode == CODED:
            frame = low_rank.decode_product(stored, r.product, prediction, r.type,
                                            (TO_F32[r.type[0]], FROM_F32[r.type[0]]),
                                            (r.number, r.decode), f"frame {i}")
        else:
            frame = r.decode(stored, size, r.type, prediction, mode == TIGHT, f"frame {i}")
        need(sum_of(frame) == frame_sum, f"the sum of frame {i} does not match")
        blob += frame
    need(sum_of(blob) == r.sum, "the sum of the blob does not match")
    return bytes(blob)


def predict(r, base, begin, size):
    """Byte i by byte offset + i of the base; zeros where the base has ended."""
    if r.base is None:
        return None
    if r.base_type:
        return predict_cast(r, base, begin, size)
    at = r.base[1] + begin
    return base[at:at + size].ljust(size, b"\0")


def predict_cast(r, base, begin, size):
    """Value i by the value that begins at byte offset + i * w of the base, cast."""
    unit, w = r.type[1], r.base_type[1]
    first, count = begin // unit, size // unit
    widen, narrow = TO_F32[r.base_type[0]], FROM_F32[r.type[0]]
    out, seen = bytearray(), {}
    for i in range(first, first + count):
        at = r.base[1] + i * w
        value = int.from_bytes(base[at:at + w], "little")   # zeros where it has ended
        if value not in seen:
            seen[value] = narrow(widen(value)).to_bytes(unit, "little")
        out += seen[value]
    return bytes(out).ljust(size, b"\0")


def need_bases(r, bases):
    """A base that is shorter than its parts is damage."""
    width = (r.base_type or r.type)[1]
    for part in r.parts[1]:
        need(part.end <= len(bases[part.base]) // width, "a base ends before its part")


def sources_of(r, begin, size):
    """For each value of the frame, where its prediction is: (base, value), or None."""
    unit = r.type[1]
    return [parts.source_of(*r.parts, i) for i in range(begin // unit, (begin + size) // unit)]


def predict_parts(r, bases, sources):
    unit, w = r.type[1], (r.base_type or r.type)[1]
    out = bytearray()
    for source in sources:
        if source is None:
            out += bytes(unit)
            continue
        base, at = bases[source[0]], source[1] * w
        value = base[at:at + w]
        if r.base_type:
            bits = TO_F32[r.base_type[0]](int.from_bytes(value, "little"))
            value = FROM_F32[r.type[0]](bits).to_bytes(unit, "little")
        out += value
    return bytes(out)
