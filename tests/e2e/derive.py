#!/usr/bin/env python3
"""Models made out of others, tensor by tensor (Python's standard library alone).

    derive.py fuse OUT FROM            q, k, v become qkv_proj; gate and up gate_up_proj
    derive.py fuse-columns OUT FROM    the same side by side: every row has all of them
    derive.py grow OUT FROM ROWS       so many new rows after embedding and head, of BF16
    derive.py shrink OUT FROM ROWS     so many rows of both taken away
    derive.py pad OUT FROM COLUMNS     every BF16 matrix of a layer gets columns of zeros
    derive.py widen OUT FROM COLUMNS   the same with new weights instead of zeros
    derive.py crop OUT FROM COLUMNS    every such matrix loses its last columns
    derive.py tie OUT FROM             without lm_head
    derive.py untie OUT FROM OTHER     the head is OTHER's embedding
    derive.py double OUT FROM          BF16 as F32, exactly
    derive.py cut OUT FROM N           only the first N of its layers
    derive.py turn OUT FROM            its layers in reverse order
    derive.py meta OUT FROM            the names of Meta's own files
    derive.py experts OUT FROM         q, k and v of each layer as gate, up and down of an expert
    derive.py stack OUT FROM           such experts in one gate_up_proj and one down_proj

Deterministic: the same words give the same bytes.
"""
import json
import random
import struct
import sys

from model import WIDTH, weights

VOCABULARY = ("model.embed_tokens.weight", "lm_head.weight")
FUSED = {"q_proj": ("qkv_proj", ("q_proj", "k_proj", "v_proj")),
         "gate_proj": ("gate_up_proj", ("gate_proj", "up_proj"))}
GONE = ("k_proj", "v_proj", "up_proj")


def read(path):
    """name -> (dtype, shape, bytes), in the order of the file."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    header.pop("__metadata__", None)
    items = sorted(header.items(), key=lambda item: item[1]["data_offsets"])
    return {name: (t["dtype"], t["shape"], data[slice(*t["data_offsets"])]) for name, t in items}


def write(path, tensors):
    at, header = 0, {}
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.writelines(data for _, _, data in tensors.values())


def rows_of(tensor):
    dtype, shape, data = tensor
    size = len(data) // shape[0]
    return [data[i:i + size] for i in range(0, len(data), size)]


def stacked(parts):
    dtype, shape, _ = parts[0]
    return dtype, [sum(p[1][0] for p in parts), *shape[1:]], b"".join(p[2] for p in parts)


def side_by_side(parts):
    """Of tensors of [rows, columns]; where rows differ, they are stacked after all."""
    if len(parts[0][1]) != 2 or len({p[1][0] for p in parts}) != 1:
        return stacked(parts)
    dtype, shape, _ = parts[0]
    return (dtype, [shape[0], sum(p[1][1] for p in parts)],
            b"".join(b"".join(row) for row in zip(*map(rows_of, parts))))


def fuse(tensors, join=stacked):
    out = {}
    for name, tensor in tensors.items():
        words = name.split(".")
        role = words[-2] if len(words) > 1 else ""
        if role in FUSED:
            fused, pieces = FUSED[role]
            found = [".".join([*words[:-2], piece, words[-1]]) for piece in pieces]
            if all(piece in tensors for piece in found):
                out[".".join([*words[:-2], fused, words[-1]])] = join([tensors[p] for p in found])
                continue
        if role not in GONE:
            out[name] = tensor
    return out


def vocabulary(tensors, change):
    return {name: change(name, t) if name in VOCABULARY and t[0] == "BF16" else t
            for name, t in tensors.items()}


def grow(tensors, rows):
    def more(name, tensor):
        dtype, shape, data = tensor
        new = weights(random.Random("new " + name), dtype, rows * shape[1])
        return dtype, [shape[0] + rows, shape[1]], data + new
    return vocabulary(tensors, more)


def shrink(tensors, rows):
    def fewer(_, tensor):
        dtype, shape, data = tensor
        left = shape[0] - rows
        return dtype, [left, shape[1]], data[:len(data) // shape[0] * left]
    return vocabulary(tensors, fewer)


def columns(tensors, more, tail):
    """Every BF16 matrix of a layer with `more` columns, of which tail() gives the new ones."""
    out = {}
    for name, (dtype, shape, data) in tensors.items():
        if ".layers." in name and len(shape) == 2 and dtype == "BF16":
            width = WIDTH[dtype]
            size = max(more, 0) * width
            new = tail(random.Random("new " + name), dtype, max(more, 0) * shape[0])
            data = b"".join(row[:(shape[1] + more) * width] + new[i * size:(i + 1) * size]
                            for i, row in enumerate(rows_of((dtype, shape, data))))
            shape = [shape[0], shape[1] + more]
        out[name] = dtype, shape, data
    return out


def zeros(_, dtype, count):
    return bytes(count * WIDTH[dtype])


def tie(tensors):
    return {name: t for name, t in tensors.items() if name != "lm_head.weight"}


def turn(tensors):
    """Each layer under the number of the one that is as far from the end."""
    numbers = {int(name.split(".")[2]) for name in tensors if ".layers." in name}

    def turned(name):
        words = name.split(".")
        if ".layers." in name:
            words[2] = str(max(numbers) - int(words[2]))
        return ".".join(words)
    return {turned(name): t for name, t in tensors.items()}


META = {"model.": "", "embed_tokens": "tok_embeddings", "lm_head": "output", "self_attn": "attention",
        "q_proj": "wq", "k_proj": "wk", "v_proj": "wv", "o_proj": "wo", "mlp": "feed_forward"}


def meta(tensors):
    def renamed(name):
        for word, other in META.items():
            name = name.replace(word, other)
        return name
    return {renamed(name): t for name, t in tensors.items()}


EXPERT = {"q_proj": "gate_proj", "k_proj": "up_proj", "v_proj": "down_proj"}


def experts(tensors):
    def called(name):
        words = name.split(".")
        if len(words) > 4 and words[4] in EXPERT:
            return f"model.layers.0.mlp.experts.{words[2]}.{EXPERT[words[4]]}.weight"
        return name
    return {called(name): t for name, t in tensors.items()}


def stack(tensors):
    place = "model.layers.0.mlp.experts."
    count = 1 + max(int(name[len(place):].split(".")[0]) for name in tensors if name.startswith(place))

    def one(number, role):
        return tensors[f"{place}{number}.{role}.weight"]

    def in_one(parts):
        dtype, shape, _ = parts[0]
        return dtype, [len(parts), *shape], b"".join(p[2] for p in parts)
    out = {name: t for name, t in tensors.items() if not name.startswith(place)}
    out[place + "gate_up_proj"] = in_one([stacked([one(i, "gate_proj"), one(i, "up_proj")]) for i in range(count)])
    out[place + "down_proj"] = in_one([one(i, "down_proj") for i in range(count)])
    return out


def double(tensor):
    dtype, shape, data = tensor
    if dtype != "BF16":
        return tensor
    out = bytearray(2 * len(data))
    out[2::4], out[3::4] = data[0::2], data[1::2]
    return "F32", shape, bytes(out)


def main(command, out, source, *words):
    tensors = read(source)
    number = int(words[0]) if words and words[0].isdigit() else 0
    write(out, {
        "fuse": lambda: fuse(tensors),
        "fuse-columns": lambda: fuse(tensors, side_by_side),
        "grow": lambda: grow(tensors, number),
        "shrink": lambda: shrink(tensors, number),
        "pad": lambda: columns(tensors, number, zeros),
        "widen": lambda: columns(tensors, number, weights),
        "crop": lambda: columns(tensors, -number, zeros),
        "tie": lambda: tie(tensors),
        "untie": lambda: {**tie(tensors), "lm_head.weight":
                          read(words[0])["model.embed_tokens.weight"]},
        "double": lambda: {name: double(t) for name, t in tensors.items()},
        "turn": lambda: turn(tensors),
        "meta": lambda: meta(tensors),
        "experts": lambda: experts(tensors),
        "stack": lambda: stack(tensors),
        "cut": lambda: {name: t for name, t in tensors.items()
                        if ".layers." not in name or int(name.split(".")[2]) < number},
    }[command]())


main(*sys.argv[1:])
