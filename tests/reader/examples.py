#!/usr/bin/python3
"""Reads the examples that docs/ prints byte by byte.

    examples.py DOCS
"""
import re
import sys

from ulp_float import decode_float, decode_sparse, decode_ulp
from basics import sum_of
from dtypes import DTYPES
from manifest import parse_manifest
from record import decode_record, parse_record

HEX = "((?:[0-9a-f]{2} ?)+)"


def listing(text):
    """Lines that begin with an offset, and those that continue them."""
    lines = re.findall(rf"^    (?:[0-9a-f]{{3,4}}  | {{5}}){HEX}(?:  .*)?$", text, re.M)
    return bytes.fromhex("".join(lines))


def plain(text):
    """Lines of nothing but bytes: the blobs of the record's example."""
    return bytes.fromhex("".join(re.findall(rf"^    {HEX}$", text, re.M)))


def column(text):
    """A table's first column: bytes between backquotes, with how often they come."""
    data = b""
    for row in re.findall(r"^\| (`.*?) \|", text, re.M):
        for part, often in re.findall(rf"`{HEX}`([^`,]*)", row):
            often = often.strip().removesuffix(" times")
            data += bytes.fromhex(part) * int({"": 1, "three": 3}.get(often, often))
    return data


def main(docs):
    with open(f"{docs}/format-manifest.md", encoding="utf-8") as file:
        data = listing(file.read().split("## An example")[1])
    m = parse_manifest(data, data[16:48].hex())
    header, w, b = m.extents
    assert len(data) == 249 and m.size == 131086 and m.notes == [("path", "m.safetensors")]
    assert header.data.endswith(b"{}") and b.data == b"\1\2\3\4"
    assert w.name == "w" and w.sum == sum_of(bytes(131072))

    with open(f"{docs}/format-record.md", encoding="utf-8") as file:
        record = file.read()
    text = record.split("## 7. Example")[1].split("## 8.")[0]
    whole, others = text.split("### 7.1")
    parted, ranked = others.split("### 7.2")
    base, blob = plain(whole)[:48], plain(whole)[48:]
    data = listing(whole)
    assert len(data) == 171 and decode_record(parse_record(data), [base]) == blob
    data = listing(parted)
    assert len(data) == 249 and decode_record(parse_record(data), [base]) == plain(parted)
    data = listing(ranked)
    assert len(data) == 168 and decode_record(parse_record(data), [base]) == plain(ranked)

    with open(f"{docs}/format-ulp-float.md", encoding="utf-8") as file:
        text = file.read()
    examples = [column(part) for part in text.split("## Worked example: ")[1:]]
    assert [len(example) for example in examples] == [28, 65, 38, 75]
    bf16 = DTYPES[11]
    base, blob = bytes.fromhex("803f" * 4), bytes.fromhex("803f803f813f803f")
    assert decode_ulp(examples[0], 8, bf16, base, True, "the example") == blob
    assert decode_ulp(examples[2], 8, bf16, base, False, "the example") == blob
    blob = bytes.fromhex("803f803f81bf403f")
    assert decode_float(examples[1], 8, bf16, None, True, "the example") == blob
    assert decode_float(examples[3], 8, bf16, None, False, "the example") == blob

    stored = re.search(f"The frame has 7 bytes, `{HEX}`", record).group(1)
    base = bytes.fromhex("803f" * 128)
    blob = base[:10] + b"\x81" + base[11:80] + b"\x7e" + base[81:]
    assert decode_sparse(bytes.fromhex(stored), 256, bf16, base, "the example") == blob


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
