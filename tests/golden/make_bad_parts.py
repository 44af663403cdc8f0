#!/usr/bin/python3
"""make_bad_parts.py: damaged records that parts of several bases predict.
"""
from bad_record import field, halves, lie, main


def part(base, name, offset, value, number=0, size=8):
    """Another value at byte `offset` of part `number`; below 0: of the row's length."""
    def spoil(r):
        at = 8 + 56 * number + offset if offset >= 0 else 0
        r.parts[at:at + size] = value.to_bytes(size, "little")
    lie(base, name)(spoil)


FIRST, ROWS, COLUMN, COLUMNS, AT, STRIDE, BASE = range(0, 56, 8)
HUGE = (1 << 64) - 1
part("parts-rows", "row-of-no-values", -1, 0)
part("parts-rows", "row-that-does-not-divide", -1, 2999)
part("parts-rows", "row-without-end", -1, HUGE)
part("parts-rows", "no-rows", ROWS, 0)
part("parts-rows", "a-row-too-many", ROWS, 2)
part("parts-rows", "no-columns", COLUMNS, 0)
part("parts-rows", "columns-beyond-the-row", COLUMNS, 3001)
part("parts-rows", "columns-beyond-the-base", COLUMNS, 2001)
part("parts-rows", "columns-without-end", COLUMNS, HUGE)
part("parts-rows", "beyond-the-base", AT, 1)
part("parts-rows", "beyond-all-bases", AT, HUGE)
part("parts-rows", "a-base-that-is-not-there", BASE, 1, size=1)
part("parts-columns", "first-row-beyond-the-blob", FIRST, 64)
part("parts-columns", "first-row-without-end", FIRST, HUGE)
part("parts-columns", "rows-without-end", ROWS, HUGE)
part("parts-columns", "column-beyond-the-row", COLUMN, 11)
part("parts-columns", "column-without-end", COLUMN, HUGE)
part("parts-columns", "stride-below-the-columns", STRIDE, 29)
part("parts-columns", "stride-beyond-the-base", STRIDE, 31)
part("parts-columns", "stride-without-end", STRIDE, HUGE)
part("parts-columns", "moved-by-a-row", FIRST, 1)
part("parts-fused", "overlap", COLUMN, 899, 1)
part("parts-fused", "a-base-without-a-part", BASE, 0, 1, 1)
part("parts-fused", "out-of-order", COLUMN, 1600, 1)
field("parts-rows", "no-base", bases=0, base_bytes=b"")
field("parts-rows", "two-bases", bases=2, base_bytes=bytes(80))
field("parts-rows", "an-offset-in-the-base", base_bytes=bytes(32) + b"\1" + bytes(7))
field("parts-rows", "no-parameters", parameters=0, parts=b"")
field("parts-rows", "a-byte-of-parameters-missing", parameters=63, parts=bytes(63))
field("parts-rows", "no-parts", parameters=8, parts=bytes(8))
field("parts-rows", "four-parts", parameters=8 + 4 * 56, parts=bytes(8 + 4 * 56))
field("parts-rows", "base-dtype-of-bytes", base_dtype=0)
field("parts-cast", "base-dtype-of-integers", base_dtype=7)
field("parts-rows", "size-within-a-value", size=6001)


@halves("parts-columns", "a-byte-after-the-halves")
def _(both):
    return b"\0"


@halves("parts-columns", "a-half-missing")
def _(both):
    both.pop()


@halves("parts-columns", "a-half-too-many")
def _(both):
    both.append([0, 0, b""])


@halves("parts-columns", "halves-exchanged")
def _(both):
    both.reverse()


@halves("parts-columns", "a-half-of-another-codec")
def _(both):
    both[0][1] = 2


@halves("parts-columns", "bare-half-of-a-codec-with-base")
def _(both):
    both[1][1] = 4


@halves("parts-columns", "bare-half-the-same")
def _(both):
    both[1] = [2, 0, b""]


@halves("parts-columns", "raw-half-with-a-codec")
def _(both):
    both[1] = [0, 1, both[1][2]]


@halves("parts-columns", "half-of-an-unknown-mode")
def _(both):
    both[1][0] = 4


@halves("parts-columns", "half-with-an-empty-code")
def _(both):
    both[0][2] = b""


@lie("parts-columns", "half-without-end")
def _(r):
    r.frames[0][2:6] = b"\xff" * 4


@lie("parts-columns", "halves-cut-short")
def _(r):
    del r.frames[0][-1:]
    r.restore_sizes()

if __name__ == "__main__":
    main()
