#!/usr/bin/python3
"""make_bad_planes.py: damaged frames of the codecs `zstd` and `bitx`, whose planes are zstd
frames.
"""
import struct

import zstandard

from bad_record import lie, main


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

if __name__ == "__main__":
    main()
