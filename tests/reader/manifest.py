"""docs/format-manifest.md, from top to bottom."""
from basics import Cursor, known, need, sum_of, unpack_zstd
from dtypes import DTYPES

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
    known(version <= 2, f"manifest version {version}")
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
    check_counts(m.extents, version)
    inlines = [e for e in m.extents if e.inline]
    need(sum(e.size for e in m.extents) == m.size, "the extents do not add up to the object")
    need(sum(e.size for e in inlines) == inline_size, "the inline extents do not add up")
    for extent in inlines:
        extent.data = cursor.take(extent.size)
    need(cursor.at == body_size, "the body has bytes left over")
    return m


def check_counts(extents, version):
    tensors = others = headers = size = 0
    for e in extents:
        size += e.size
        headers += e.size if e.kind == HEADER else 0
        tensors += e.kind == TENSOR
        others += e.kind != TENSOR
        slices = size // 65536 if version == 2 else 0
        need(tensors <= 1024 + headers // 47 + slices, "more tensors than the header can name")
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
