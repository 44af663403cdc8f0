#!/usr/bin/env python3
"""NumPy archives and arrays of the small models that model.py makes (python3-numpy).

    arrays.py npz OUT FROM.safetensors        as numpy.savez() writes it
    arrays.py reversed OUT FROM.safetensors   the same, last tensor first
    arrays.py padded OUT FROM.safetensors     the same, with other headers and bytes between
    arrays.py piped OUT FROM.safetensors      the same, written to a pipe: sizes come later
    arrays.py packed OUT FROM.safetensors     the same, compressed
    arrays.py half OUT FROM.safetensors       every second one compressed
    arrays.py npy OUT FROM.safetensors NAME   one of them, as numpy.save() writes it
    arrays.py fortran OUT FROM.safetensors NAME   the same, in Fortran's order
    arrays.py check FILE.npz FROM.safetensors     whether NumPy reads back what is in FROM

BF16, which NumPy does not know, becomes void of two bytes, as from other libraries.
"""
import io
import sys
import zipfile

import numpy as np

from model import load

TYPES = {"F32": "<f4", "F16": "<f2", "BF16": "V2", "I8": "i1", "U8": "u1"}


def arrays(source):
    return {name: np.frombuffer(data, TYPES[dtype]).reshape(shape)
            for name, dtype, shape, data in load(source)[1]}


def npy(array, version=None):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version)
    return out.getvalue()


def npz(out, source):
    np.savez(out, **arrays(source))


def reversed_(out, source):
    np.savez(out, **dict(reversed(arrays(source).items())))


def padded(out, source):
    with zipfile.ZipFile(out, "w") as archive:
        for name, array in arrays(source).items():
            entry = zipfile.ZipInfo(name + ".npy", (2001, 2, 3, 4, 5, 6))
            entry.extra = b"\xfe\xca\x0b\0" + b"some words."
            archive.writestr(entry, npy(array, (2, 0)))
            archive.writestr(name + ".txt", "about " + name)


class Pipe(io.RawIOBase):
    def __init__(self, path):
        self.file = open(path, "wb")

    def writable(self):
        return True

    def write(self, data):
        return self.file.write(data)

    def close(self):
        self.file.close()


def piped(out, source):
    with Pipe(out) as pipe, zipfile.ZipFile(pipe, "w") as archive:
        for name, array in arrays(source).items():
            archive.writestr(name + ".npy", npy(array))


def packed(out, source):
    np.savez_compressed(out, **arrays(source))


def half(out, source):
    with zipfile.ZipFile(out, "w") as archive:
        for i, (name, array) in enumerate(arrays(source).items()):
            archive.writestr(name + ".npy", npy(array), 8 if i % 2 else 0)


def one(out, source, name):
    np.save(out, arrays(source)[name])


def fortran(out, source, name):
    np.save(out, np.asfortranarray(arrays(source)[name]))


def check(path, source):
    want = arrays(source)
    with np.load(path) as got:
        assert set(got) == set(want)
        assert all(got[n].tobytes() == want[n].tobytes() for n in want)


COMMANDS = {"npz": npz, "reversed": reversed_, "padded": padded, "piped": piped,
            "packed": packed, "half": half, "npy": one, "fortran": fortran, "check": check}

if __name__ == "__main__":
    if len(sys.argv) < 4 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    COMMANDS[sys.argv[1]](*sys.argv[2:])
