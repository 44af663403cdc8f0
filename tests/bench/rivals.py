"""Other programs on the same bytes as the codecs, one thread, for bench.py:

    rivals.py MODEL [BASE]       lines: name, part of raw in %, encode MB/s, decode MB/s

The bytes are the 16-bit tensors of MODEL, XORed with BASE's where there is one (none of
these takes a base). zstd is Debian's through python3-zstandard; ZipNN, OpenZL and blosc2
are measured where this python has them ($ZLLM_BENCH_PYTHON names another), else said to
be missing. CPU time, best of three.
"""
import importlib.util
import json
import struct
import sys
import time
from unittest import mock

import numpy as np


def values(path):
    with open(path, "rb") as file:
        blob = file.read()
    n = struct.unpack("<Q", blob[:8])[0]
    head = json.loads(blob[8:8 + n])
    head.pop("__metadata__", None)
    spans = {name: t["data_offsets"] for name, t in head.items() if t["dtype"] in ("BF16", "F16")}
    return {name: np.frombuffer(blob, np.uint16, (b - a) // 2, 8 + n + a)
            for name, (a, b) in spans.items()}


def contents(model, base):
    """One array: of all tensors of 64 KiB and more."""
    mine = {name: v for name, v in values(model).items() if v.nbytes >= 65536}
    if base is None:
        return np.concatenate(list(mine.values()))
    theirs = values(base)
    return np.concatenate([v ^ theirs[name] for name, v in mine.items()
                           if name in theirs and theirs[name].size == v.size])


def zstd():
    import zstandard
    return zstandard.ZstdCompressor(level=3).compress, zstandard.ZstdDecompressor().decompress


def blosc2():
    import blosc2 as b
    b.set_nthreads(1)
    return (lambda data: b.compress2(data, typesize=2, codec=b.Codec.ZSTD, clevel=1, nthreads=1,
                                     filters=[b.Filter.BITSHUFFLE], filters_meta=[0]),
            lambda data: b.decompress2(data, nthreads=1))


def zipnn():
    # It imports them for other kinds of input; of bytes it needs none of theirs.
    if importlib.util.find_spec("torch") is None:
        for name in "torch", "safetensors", "safetensors.torch":
            sys.modules.setdefault(name, mock.MagicMock())
    from zipnn import ZipNN
    coder = ZipNN(input_format="byte", bytearray_dtype="bfloat16", threads=1)
    return lambda data: coder.compress(bytearray(data)), coder.decompress


def openzl():
    import openzl.ext as zl
    compressor = zl.Compressor()
    compressor.set_parameter(zl.CParam.FormatVersion, zl.MAX_FORMAT_VERSION)
    compressor.select_starting_graph(zl.graphs.Entropy()(compressor))

    def compress(data):
        context = zl.CCtx()
        context.ref_compressor(compressor)
        return context.compress([zl.Input(zl.Type.Numeric, np.frombuffer(data, np.uint16))])
    return compress, lambda data: zl.DCtx().decompress(data)[0].content.as_nparray().tobytes()


def best_time(work):
    least = None
    for _ in range(3):
        start = time.process_time()
        result = work()
        spent = time.process_time() - start
        least = spent if least is None else min(least, spent)
    return result, max(least, 1e-9)


def main(model, base=None):
    data = contents(model, base).tobytes()
    for rival in zstd, zipnn, openzl, blosc2:
        try:
            compress, decompress = rival()
            packed, encode = best_time(lambda: compress(data))
            back, decode = best_time(lambda: decompress(packed))
            assert bytes(back) == data, "other bytes came back"
            print(rival.__name__, f"{100 * len(packed) / len(data):.2f}",
                  f"{len(data) / encode / 1e6:.0f}", f"{len(data) / decode / 1e6:.0f}")
        except ImportError as missing:
            print(rival.__name__, "missing:", missing)
        except Exception as wrong:  # another version of it: said, and the others go on
            print(rival.__name__, "fails:", repr(wrong))


if __name__ == "__main__":
    main(*sys.argv[1:])
