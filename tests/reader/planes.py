"""docs/format-record.md, 4.1 and 4.2: the codecs `zstd` and `bitx`, whose frames are planes."""
import array
import sys

from basics import Cursor, Damage, need, unpack_zstd, xor


def decode_zstd(stored, size, dtype, prediction, tight, what):
    return decode_planes(stored, size, dtype, what)


def decode_bitx(stored, size, dtype, prediction, tight, what):
    return xor(decode_planes(stored, size, dtype, what), prediction)


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
