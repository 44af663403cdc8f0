#!/usr/bin/python3
"""A second reader of git-zllm's store, written from the documents alone.

    zllm_reader.py list STORE                     the objects of a store in a folder
    zllm_reader.py restore STORE OID OUT          writes one object to the file OUT
    zllm_reader.py record FILE [BASE_FILE...] OUT decodes one record

It shares no line with the program. It is slow and obvious, holds one blob and its
base in memory, and follows docs/store.md, docs/format-manifest.md and
docs/format-record.md from top to bottom, with every check that they name;
parts.py is its prediction by parts, low_rank.py that by products, ulp_float.py follows docs/format-ulp-float.md.
Needs Debian's python3-zstandard and python3-xxhash.

Exit: 0 done, 1 not possible (no such object, no space), 2 wrong usage, 3 damage,
4 written by a newer git-zllm than this reader knows.
"""
import array
import hashlib
import json
import os
import re
import stat
import struct
import sys

import low_rank
import parts
from basics import Cursor, Damage, Newer, Refusal, known, need, sum_of
from ulp_float import EXPONENTS, INTEGERS, decode_float, decode_sparse, decode_ulp

try:
    import zstandard
except ImportError as missing:
    sys.exit(f"zllm_reader: {missing}; on Debian: apt install python3-xxhash "
             "python3-zstandard, and run /usr/bin/python3")


def unpack_zstd(packed, size, what):
    """The content of exactly one zstd frame, which must have exactly `size` bytes."""
    need(packed[:4] == b"\x28\xb5\x2f\xfd", f"{what} is no zstd frame")
    out = bytearray()
    try:
        need(zstandard.get_frame_parameters(packed).dict_id == 0, f"{what} wants a dictionary")
        unpacker = zstandard.ZstdDecompressor().decompressobj()
        for at in range(0, len(packed), 1024):      # in pieces: a bomb ends early
            need(not unpacker.eof, f"{what} has bytes after its zstd frame")
            out += unpacker.decompress(packed[at:at + 1024])
            need(len(out) <= size, f"{what} unpacks to more than {size} bytes")
    except zstandard.ZstdError as error:
        raise Damage(f"{what} is damaged ({error})") from None
    need(unpacker.eof, f"the zstd frame of {what} ends early")
    need(not unpacker.unused_data, f"{what} has bytes after its zstd frame")
    need(len(out) == size, f"{what} unpacks to {len(out)} bytes instead of {size}")
    return bytes(out)


# ---------------------------------------------------------------- docs/store.md

HEX64 = re.compile("[0-9a-f]{64}")
STORE_FORMAT = 1


def object_key(oid):
    return f"objects/{oid[:2]}/{oid}"


def blob_key(blob_id, bases=()):
    """`bases` are the first 32 digits of the id of each base; none is the solo record."""
    return f"blobs/{blob_id[:2]}/{blob_id[2:4]}/" + "~".join([blob_id, *bases])


class Store:
    """A folder. Only plain files are values."""

    def __init__(self, folder):
        self.folder = folder
        text = self.get("zllm.json")
        if text is None:
            raise Refusal(f"no store at '{folder}': it has no zllm.json")
        try:
            card = json.loads(text)
        except ValueError:
            raise Damage("zllm.json is not JSON") from None
        need(isinstance(card, dict), "zllm.json is no JSON object")
        number, name = card.get("format"), card.get("id")
        need(type(number) is int and number >= 1, "zllm.json gives no format")
        known(number <= STORE_FORMAT, f"store format {number}")
        need(isinstance(name, str) and re.fullmatch("[0-9a-f]{32}", name),
             "zllm.json gives no id of 32 digits")

    def get(self, key):
        """The value, or None when there is no such key."""
        try:
            handle = os.open(os.path.join(self.folder, key),
                             os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise Damage(f"{key}: {error.strerror}") from None
        with os.fdopen(handle, "rb") as file:
            need(stat.S_ISREG(os.fstat(handle).st_mode), f"{key} is no plain file")
            return file.read()

    def names(self, folder):
        try:
            return sorted(os.listdir(os.path.join(self.folder, folder)))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def objects(self):
        """The oids of all manifests. What is not spelled as a key is not ours."""
        for aa in self.names("objects"):
            for oid in self.names(f"objects/{aa}"):
                if HEX64.fullmatch(oid) and oid[:2] == aa:
                    yield oid

    def record_keys(self, blob_id):
        """All keys that begin with the id: its records, the solo one first."""
        folder = os.path.dirname(blob_key(blob_id))
        spelling = re.compile(blob_id + "(~[0-9a-f]{32}){0,3}")
        return [f"{folder}/{name}" for name in self.names(folder) if spelling.fullmatch(name)]


# ---------------------------------------------------------------- docs/format-manifest.md

MANIFEST_MAGIC = b"ZLLMMAN\0"
GIB = 1 << 30
MODELS = ["opaque", "safetensors"]
KINDS = ["chunk", "header", "tensor", "gap"]
TENSOR = KINDS.index("tensor")
HEADER = KINDS.index("header")


class Extent:
    """One run of the object's bytes; `data` when inline, else `id`, `sum`, `bases`, `trials`."""


class Manifest:
    """The head's fields, `notes` (pairs) and `extents`."""


def parse_manifest(data, oid):
    need(len(data) >= 96, "the manifest is shorter than 96 bytes")
    need(len(data) <= GIB, "the manifest is larger than 1 GiB")
    need(data[:8] == MANIFEST_MAGIC, "this is no manifest")
    need(sum_of(data[:-16]) == data[-16:], "the manifest's checksum does not match")

    head = Cursor(data[8:80], "the head")
    version, model, packing = head.number(2), head.number(1), head.number(1)
    flags = head.number(4)
    need(version != 0, "the manifest has version 0")
    known(version == 1, f"manifest version {version}")
    known(flags == 0, f"manifest flags {flags:#x}")
    known(model < len(MODELS), f"model {model}")
    known(packing <= 1, f"packing {packing}")
    need(head.take(32).hex() == oid, "the manifest is that of another object")

    m = Manifest()
    m.model, m.size, body_size = MODELS[model], head.number(8), head.number(8)
    notes, extents, inline_size = head.number(4), head.number(4), head.number(8)
    packed = data[80:-16]
    need(body_size <= GIB, "the body is larger than 1 GiB")
    need(notes <= 64, f"{notes} notes are too many")
    need(extents <= 1 << 24, f"{extents} extents are too many")
    need(extents <= 1024 + m.size // 16, f"{extents} extents are too many for the object")
    if packing == 0:
        need(len(packed) == body_size, "the body has another size than the head says")
        body = packed
    else:
        need(body_size <= 4096 * len(packed) + 65536, "the body unpacks to too much")
        body = unpack_zstd(packed, body_size, "the body")
    need(6 * notes + 14 * extents + inline_size <= body_size, "the counts are not true")

    cursor = Cursor(body, "the body")
    m.notes = [parse_note(cursor) for _ in range(notes)]
    if model == 1:
        m.model = dict(m.notes).get("format", m.model)
    m.extents = [parse_extent(cursor) for _ in range(extents)]
    check_counts(m.extents)
    inlines = [e for e in m.extents if e.inline]
    need(sum(e.size for e in m.extents) == m.size, "the extents do not add up to the object")
    need(sum(e.size for e in inlines) == inline_size, "the inline extents do not add up")
    for extent in inlines:
        extent.data = cursor.take(extent.size)
    need(cursor.at == body_size, "the body has bytes left over")
    return m


def check_counts(extents):
    tensors = others = headers = size = 0
    for e in extents:
        size += e.size
        headers += e.size if e.kind == HEADER else 0
        tensors += e.kind == TENSOR
        others += e.kind != TENSOR
        need(tensors <= 1024 + headers // 47, "more tensors than the header can name")
        need(others <= 1024 + tensors + size // 131072, "more pieces than the bytes need")


def parse_note(cursor):
    key = cursor.take(cursor.number(2))
    need(key != b"", "a note has an empty key")
    value = cursor.take(cursor.number(4))
    need(b"\0" not in key + value, "a note holds a NUL")
    return key.decode(errors="replace"), value.decode(errors="replace")


def parse_extent(cursor):
    e = Extent()
    kind, dtype, flags, dimensions = (cursor.number(1) for _ in range(4))
    known(kind < len(KINDS), f"kind {kind} of an extent")
    known(dtype in DTYPES, f"dtype {dtype} of an extent")
    known(flags < 128, f"flags {flags:#x} of an extent")
    need(dimensions <= 16, f"a tensor has {dimensions} dimensions")
    e.inline, bases, trials = flags & 1 == 1, flags >> 1 & 3, flags >> 3 & 7
    need(not (e.inline and flags != 1), "an inline extent has a base, a trial or a finding")

    e.kind = kind
    e.size = cursor.number(8)
    e.shape = [cursor.number(8) for _ in range(dimensions)]
    name = cursor.take(cursor.number(2))
    need(b"\0" not in name, "a name holds a NUL")
    e.name = name.decode(errors="replace")
    need(kind == TENSOR or (dtype == 0 and dimensions == 0 and name == b""),
         "an extent that is no tensor has a dtype, dimensions or a name")
    need(kind == TENSOR or e.size > 0, "an extent that is no tensor is empty")
    need(e.inline or e.size > 0, "an empty extent is not inline")
    if not e.inline:
        e.id, e.sum = cursor.take(32).hex(), cursor.take(16)
        e.bases = [cursor.take(16).hex() for _ in range(bases)]
        e.trials = [(cursor.number(1), cursor.number(2)) for _ in range(trials)]
        if flags & 64:
            cursor.take(cursor.number(2))  # the finding: nothing is restored by it
    return e


# ---------------------------------------------------------------- docs/format-record.md

RECORD_MAGIC = b"ZLLMREC\0"
FRAME_LIMIT = 2097152

# 3. Dtypes: number -> name, unit, bytes of a number (w), rotated
DTYPES = {
    0: ("bytes", 1, 1, False), 1: ("BOOL", 1, 1, False), 2: ("U8", 1, 1, False),
    3: ("I8", 1, 1, False), 4: ("U16", 2, 2, False), 5: ("I16", 2, 2, False),
    6: ("U32", 4, 4, False), 7: ("I32", 4, 4, False), 8: ("U64", 8, 8, False),
    9: ("I64", 8, 8, False), 10: ("F16", 2, 2, True), 11: ("BF16", 2, 2, True),
    12: ("F32", 4, 4, True), 13: ("F64", 8, 8, True), 14: ("F8_E4M3", 1, 1, False),
    15: ("F8_E5M2", 1, 1, False), 16: ("F8_E8M0", 1, 1, False), 17: ("C64", 8, 4, True),
    18: ("F4", 1, 1, False), 19: ("F6_E2M3", 1, 1, False), 20: ("F6_E3M2", 1, 1, False),
    21: ("F8_E4M3FNUZ", 1, 1, False), 22: ("F8_E5M2FNUZ", 1, 1, False),
}
NONE, BASE, RANK, CAST, PARTS = 0, 1, 2, 4, 5       # predictions
CASTABLE = ("BF16", "F16", "F32")
RAW, CODED, SAME, FILL, TIGHT, SPARSE = range(6)
MODES = ["raw", "coded", "same", "fill", "tight", "sparse"]


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


# Casts, between the bits of values.

def f32_of_f16(v):
    sign, exponent, mantissa = v >> 15 << 31, v >> 10 & 31, v & 1023
    if exponent == 31:
        return sign | 0x7f800000 | mantissa << 13
    return int.from_bytes(struct.pack("<f", *struct.unpack("<e", v.to_bytes(2, "little"))),
                          "little")


def is_nan(v):
    return v & 0x7fffffff > 0x7f800000


def bf16_of_f32(v):
    if is_nan(v):
        return 0x7fc0
    return (v + 0x7fff + (v >> 16 & 1)) >> 16       # to nearest, ties to even


def f16_of_f32(v):
    sign = v >> 31 << 15
    if is_nan(v):
        return sign | 0x7e00
    try:                                            # to nearest, ties to even
        half = struct.pack("<e", *struct.unpack("<f", v.to_bytes(4, "little")))
    except OverflowError:
        return sign | 0x7c00
    return int.from_bytes(half, "little")


TO_F32 = {"BF16": lambda v: v << 16, "F16": f32_of_f16, "F32": lambda v: v}
FROM_F32 = {"BF16": bf16_of_f32, "F16": f16_of_f32, "F32": lambda v: v}


# 4. Codecs: each decodes one coded or tight frame

def decode_zstd(stored, size, dtype, prediction, tight, what):
    return decode_planes(stored, size, dtype, what)


def decode_bitx(stored, size, dtype, prediction, tight, what):
    return xor(decode_planes(stored, size, dtype, what), prediction)


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


def xor(a, b):
    return (int.from_bytes(a, "little") ^ int.from_bytes(b, "little")).to_bytes(len(a), "little")


def decode_planes(stored, size, dtype, what):
    """4.2 and 4.1 backwards: planes, numbers, rotation, tail."""
    _, _, width, rotated = dtype
    count, tail = divmod(size, width)
    cursor = Cursor(stored, what)
    numbers = bytearray(count * width)
    for k in range(width):
        numbers[k::width] = decode_plane(cursor, count, f"plane {k} of {what}")
    if rotated:
        numbers = rotate_right(numbers, width)
    frame = bytes(numbers) + cursor.take(tail)
    need(cursor.at == len(stored), f"{what} has bytes left over")
    return frame


def decode_plane(cursor, count, what):
    kind, size = cursor.number(1), cursor.number(4)
    stored = cursor.take(size)
    if kind == 0:
        need(size == count, f"{what} has {size} bytes instead of {count}")
        return stored
    if kind == 1:
        return unpack_zstd(stored, count, what)
    if kind == 2:
        need(size == 1, f"{what} is constant, and has {size} bytes")
        return stored * count
    raise Damage(f"{what} has the kind {kind}")


def rotate_right(data, width):
    """Each little-endian number of `width` bytes, by one bit."""
    numbers = array.array({2: "H", 4: "I", 8: "Q"}[width], bytes(data))
    assert numbers.itemsize == width
    if sys.byteorder == "big":
        numbers.byteswap()
    top = 8 * width - 1
    numbers = array.array(numbers.typecode, [v >> 1 | (v & 1) << top for v in numbers])
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


# ---------------------------------------------------------------- a blob of a store

DELTAS = 3                          # so many may stand on one another


def read_blob(store, blob_id, key, deltas=0):
    """The blob from the record that lies at `key`, proven by its SHA-256."""
    data = store.get(key)
    if data is None:
        raise Damage(f"{key}: there is no such record")
    try:
        r = parse_record(data)
        if r.base:
            need(deltas < DELTAS, f"more than {DELTAS} deltas stand on one another")
    except Refusal as refusal:
        raise with_context(refusal, key)
    bases = [read_blob(store, base, find_record(store, base, blob_key(base)), deltas + 1)
             for base, _ in r.bases]
    try:
        blob = decode_record(r, bases)
        need(hashlib.sha256(blob).hexdigest() == blob_id, "its SHA-256 is not its name")
    except Refusal as refusal:
        raise with_context(refusal, key)
    return blob


def find_record(store, blob_id, key):
    """`key` if it is there, or any record of the blob."""
    if store.get(key) is not None:
        return key
    keys = store.record_keys(blob_id)
    need(keys, f"{key}: the store has no record of this blob")
    return keys[0]


def with_context(refusal, context):
    refusal.args = (f"{context}: {refusal}",)
    return refusal


def read_extent(store, extent):
    if extent.inline:
        return extent.data
    key = find_record(store, extent.id, blob_key(extent.id, extent.bases))
    blob = read_blob(store, extent.id, key)
    need(len(blob) == extent.size, f"{key}: {len(blob)} bytes instead of {extent.size}")
    need(sum_of(blob) == extent.sum, f"{key}: not the sum that the manifest gives")
    return blob


def read_manifest(store, oid):
    data = store.get(object_key(oid))
    if data is None:
        raise Refusal(f"the store has no object {oid}")
    try:
        return parse_manifest(data, oid)
    except Refusal as refusal:
        raise with_context(refusal, object_key(oid))


# ---------------------------------------------------------------- commands

def command_list(folder):
    """oid, size, model, extents, path; goes on after a damaged manifest."""
    store, worst = Store(folder), 0
    for oid in store.objects():
        try:
            m = read_manifest(store, oid)
        except Refusal as refusal:
            complain(refusal)
            worst = max(worst, refusal.code)
            continue
        path = dict(m.notes).get("path", "")
        path = "".join(c if c.isprintable() else "?" for c in path)
        print(oid, m.size, m.model, len(m.extents), path)
    return worst


def command_restore(folder, oid, out):
    if not HEX64.fullmatch(oid):
        raise Refusal(f"'{oid}' is no oid: 64 lower-case hexadecimal digits")
    store = Store(folder)
    manifest = read_manifest(store, oid)
    with Output(out) as file:
        whole = hashlib.sha256()
        for extent in manifest.extents:
            data = read_extent(store, extent)
            whole.update(data)
            file.write(data)
        need(whole.hexdigest() == oid, f"{oid}: the SHA-256 of the whole does not match")
    return 0


def command_record(path, *rest):
    *base_paths, out = rest
    with open(path, "rb") as file:
        r = parse_record(file.read())
    if len(base_paths) != len(r.bases):
        ids = " ".join(base for base, _ in r.bases)
        raise Refusal(f"this is a delta: give the blobs {ids} as BASE_FILE" if ids else
                      "this record is solo: it has no base")
    bases = []
    for base_path, (base, _) in zip(base_paths, r.bases):
        with open(base_path, "rb") as file:
            bases.append(file.read())
        if hashlib.sha256(bases[-1]).hexdigest() != base:
            raise Refusal(f"'{base_path}' is not the base {base}")
    with Output(out) as file:
        file.write(decode_record(r, bases))
    return 0


class Output:
    """OUT appears whole or not at all: written beside it, renamed at the end."""

    def __init__(self, path):
        self.path, self.part = path, f"{path}.{os.getpid()}.part"

    def __enter__(self):
        self.file = open(self.part, "xb")
        return self.file

    def __exit__(self, error, *_):
        self.file.close()
        if error is None:
            os.rename(self.part, self.path)
        else:
            os.unlink(self.part)


COMMANDS = {"list": (command_list, (1,)), "restore": (command_restore, (3,)),
            "record": (command_record, (2, 3, 4, 5))}


def complain(sentence):
    print(f"zllm_reader: {sentence}", file=sys.stderr)


def main(words):
    if not words or words[0] not in COMMANDS or len(words) - 1 not in COMMANDS[words[0]][1]:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return COMMANDS[words[0]][0](*words[1:])
    except Refusal as refusal:
        complain(refusal)
        return refusal.code
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else error)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
