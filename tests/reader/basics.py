"""What every page of the documents needs: refusals, and bytes from the front."""
import sys

try:
    import xxhash
    import zstandard
except ImportError as missing:
    sys.exit(f"zllm_reader: {missing}; on Debian: apt install python3-xxhash "
             "python3-zstandard, and run /usr/bin/python3")


# ---------------------------------------------------------------- errors

class Refusal(Exception):
    """One sentence; its class gives the exit code."""
    code = 1


class Damage(Refusal):
    code = 3


class Newer(Refusal):
    code = 4

    def __init__(self, what):
        super().__init__(f"{what}: written by a newer git-zllm; upgrade to read it")


def need(true, sentence):
    if not true:
        raise Damage(sentence)


def known(true, what):
    if not true:
        raise Newer(what)


# ---------------------------------------------------------------- bytes

def sum_of(data):
    """XXH3-128, seed 0, in canonical form."""
    return xxhash.xxh3_128(data).digest()


class Cursor:
    """Takes bytes from the front, never more than there are."""

    def __init__(self, data, what):
        self.data, self.what, self.at = data, what, 0

    def take(self, count):
        need(count <= len(self.data) - self.at, f"{self.what} ends early")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, count):
        return int.from_bytes(self.take(count), "little")


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


def xor(a, b):
    return (int.from_bytes(a, "little") ^ int.from_bytes(b, "little")).to_bytes(len(a), "little")
