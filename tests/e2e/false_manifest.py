"""Makes a manifest false, with its own checksum right: stdin to stdout.

    false_manifest.py order         the first two records change places
    false_manifest.py inline        the last inline byte is another
    false_manifest.py larger        the first record is listed once more at the end
    false_manifest.py another OID   it says that it is the manifest of OID
"""
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "reader"))

from basics import Cursor, sum_of, unpack_zstd                        # noqa: E402
from manifest import parse_extent, parse_note                         # noqa: E402

HEAD = struct.Struct("<8sHBBI32sQQIIQ")


class Body:
    """The parts of a manifest's body: notes, one string of bytes for each extent, inline."""

    def __init__(self, body, notes, extents):
        cursor = Cursor(body, "the body")
        for _ in range(notes):
            parse_note(cursor)
        self.notes, self.extents, self.parsed = body[:cursor.at], [], []
        for _ in range(extents):
            begin = cursor.at
            self.parsed.append(parse_extent(cursor))
            self.extents.append(body[begin:cursor.at])
        self.inline = bytearray(body[cursor.at:])

    def records(self):
        return [i for i, e in enumerate(self.parsed) if not e.inline]

    def bytes(self):
        return self.notes + b"".join(self.extents) + bytes(self.inline)


def main(how, *rest):
    data = sys.stdin.buffer.read()
    head = list(HEAD.unpack(data[:HEAD.size]))
    packed = data[HEAD.size:-16]
    body = Body(unpack_zstd(packed, head[7], "the body") if head[3] else packed, head[8], head[9])
    if how == "order":
        a, b = body.records()[:2]
        body.extents[a], body.extents[b] = body.extents[b], body.extents[a]
    elif how == "inline":
        body.inline[-1] ^= 1
    elif how == "larger":
        first = body.records()[0]
        body.extents.append(body.extents[first])
        head[6] += body.parsed[first].size
        head[9] += 1
    elif how == "another":
        head[5] = bytes.fromhex(rest[0])
    else:
        sys.exit(f"false_manifest.py: {how}?")
    made = body.bytes()
    head[3], head[7] = 0, len(made)
    made = HEAD.pack(*head) + made
    sys.stdout.buffer.write(made + sum_of(made))


main(*sys.argv[1:])
