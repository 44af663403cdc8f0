#!/usr/bin/python3
"""A second reader of git-zllm's store, written from the documents alone.

    zllm_reader.py list STORE                     the objects of a store in a folder
    zllm_reader.py restore STORE OID OUT          writes one object to the file OUT
    zllm_reader.py record FILE [BASE_FILE...] OUT decodes one record

It shares no line with the program. It is slow and obvious, holds one blob and its
base in memory. Here it follows docs/store.md; manifest.py, record.py and ulp_float.py
follow docs/format-manifest.md, docs/format-record.md and docs/format-ulp-float.md from top
to bottom, with every check that they name.
Needs Debian's python3-zstandard and python3-xxhash.

Exit: 0 done, 1 not possible (no such object, no space), 2 wrong usage, 3 damage,
4 written by a newer git-zllm than this reader knows.
"""
import hashlib
import json
import os
import re
import stat
import sys

from basics import Damage, Refusal, known, need, sum_of
from manifest import parse_manifest
from record import decode_record, parse_record


# ---------------------------------------------------------------- docs/store.md

HEX64 = re.compile("[0-9a-f]{64}")
STORE_FORMAT = 1


def object_key(oid):
    return f"objects/{oid[:2]}/{oid}"


def blob_key(blob_id, bases=()):
    """`bases` are the first 32 digits of the id of each base; none is the solo record."""
    return f"blobs/{blob_id[:2]}/{blob_id[2:4]}/" + "~".join([blob_id, *bases])


class Store:
    """A folder. Only plain files are values."""

    def __init__(self, folder):
        self.folder = folder
        text = self.get("zllm.json")
        if text is None:
            raise Refusal(f"no store at '{folder}': it has no zllm.json")
        try:
            card = json.loads(text)
        except ValueError:
            raise Damage("zllm.json is not JSON") from None
        need(isinstance(card, dict), "zllm.json is no JSON object")
        number, name = card.get("format"), card.get("id")
        need(type(number) is int and number >= 1, "zllm.json gives no format")
        known(number <= STORE_FORMAT, f"store format {number}")
        need(isinstance(name, str) and re.fullmatch("[0-9a-f]{32}", name),
             "zllm.json gives no id of 32 digits")

    def get(self, key):
        """The value, or None when there is no such key."""
        try:
            handle = os.open(os.path.join(self.folder, key),
                             os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise Damage(f"{key}: {error.strerror}") from None
        with os.fdopen(handle, "rb") as file:
            need(stat.S_ISREG(os.fstat(handle).st_mode), f"{key} is no plain file")
            return file.read()

    def names(self, folder):
        try:
            return sorted(os.listdir(os.path.join(self.folder, folder)))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def objects(self):
        """The oids of all manifests. What is not spelled as a key is not ours."""
        for aa in self.names("objects"):
            for oid in self.names(f"objects/{aa}"):
                if HEX64.fullmatch(oid) and oid[:2] == aa:
                    yield oid

    def record_keys(self, blob_id):
        """All keys that begin with the id: its records, the solo one first."""
        folder = os.path.dirname(blob_key(blob_id))
        spelling = re.compile(blob_id + "(~[0-9a-f]{32}){0,3}")
        return [f"{folder}/{name}" for name in self.names(folder) if spelling.fullmatch(name)]


# ---------------------------------------------------------------- a blob of a store

DELTAS = 3                          # so many may stand on one another


def read_blob(store, blob_id, key, deltas=0):
    """The blob from the record that lies at `key`, proven by its SHA-256."""
    data = store.get(key)
    if data is None:
        raise Damage(f"{key}: there is no such record")
    try:
        r = parse_record(data)
        if r.base:
            need(deltas < DELTAS, f"more than {DELTAS} deltas stand on one another")
    except Refusal as refusal:
        raise with_context(refusal, key)
    bases = [read_blob(store, base, find_record(store, base, blob_key(base)), deltas + 1)
             for base, _ in r.bases]
    try:
        blob = decode_record(r, bases)
        need(hashlib.sha256(blob).hexdigest() == blob_id, "its SHA-256 is not its name")
    except Refusal as refusal:
        raise with_context(refusal, key)
    return blob


def find_record(store, blob_id, key):
    """`key` if it is there, or any record of the blob."""
    if store.get(key) is not None:
        return key
    keys = store.record_keys(blob_id)
    need(keys, f"{key}: the store has no record of this blob")
    return keys[0]


def with_context(refusal, context):
    refusal.args = (f"{context}: {refusal}",)
    return refusal


def read_extent(store, extent):
    if extent.inline:
        return extent.data
    key = find_record(store, extent.id, blob_key(extent.id, extent.bases))
    blob = read_blob(store, extent.id, key)
    need(len(blob) == extent.size, f"{key}: {len(blob)} bytes instead of {extent.size}")
    need(sum_of(blob) == extent.sum, f"{key}: not the sum that the manifest gives")
    return blob


def read_manifest(store, oid):
    data = store.get(object_key(oid))
    if data is None:
        raise Refusal(f"the store has no object {oid}")
    try:
        return parse_manifest(data, oid)
    except Refusal as refusal:
        raise with_context(refusal, object_key(oid))


# ---------------------------------------------------------------- commands

def command_list(folder):
    """oid, size, model, extents, path; goes on after a damaged manifest."""
    store, worst = Store(folder), 0
    for oid in store.objects():
        try:
            m = read_manifest(store, oid)
        except Refusal as refusal:
            complain(refusal)
            worst = max(worst, refusal.code)
            continue
        path = dict(m.notes).get("path", "")
        path = "".join(c if c.isprintable() else "?" for c in path)
        print(oid, m.size, m.model, len(m.extents), path)
    return worst


def command_restore(folder, oid, out):
    if not HEX64.fullmatch(oid):
        raise Refusal(f"'{oid}' is no oid: 64 lower-case hexadecimal digits")
    store = Store(folder)
    manifest = read_manifest(store, oid)
    with Output(out) as file:
        whole = hashlib.sha256()
        for extent in manifest.extents:
            data = read_extent(store, extent)
            whole.update(data)
            file.write(data)
        need(whole.hexdigest() == oid, f"{oid}: the SHA-256 of the whole does not match")
    return 0


def command_record(path, *rest):
    *base_paths, out = rest
    with open(path, "rb") as file:
        r = parse_record(file.read())
    if len(base_paths) != len(r.bases):
        ids = " ".join(base for base, _ in r.bases)
        raise Refusal(f"this is a delta: give the blobs {ids} as BASE_FILE" if ids else
                      "this record is solo: it has no base")
    bases = []
    for base_path, (base, _) in zip(base_paths, r.bases):
        with open(base_path, "rb") as file:
            bases.append(file.read())
        if hashlib.sha256(bases[-1]).hexdigest() != base:
            raise Refusal(f"'{base_path}' is not the base {base}")
    with Output(out) as file:
        file.write(decode_record(r, bases))
    return 0


class Output:
    """OUT appears whole or not at all: written beside it, renamed at the end."""

    def __init__(self, path):
        self.path, self.part = path, f"{path}.{os.getpid()}.part"

    def __enter__(self):
        self.file = open(self.part, "xb")
        return self.file

    def __exit__(self, error, *_):
        self.file.close()
        if error is None:
            os.rename(self.part, self.path)
        else:
            os.unlink(self.part)


COMMANDS = {"list": (command_list, (1,)), "restore": (command_restore, (3,)),
            "record": (command_record, (2, 3, 4, 5))}


def complain(sentence):
    print(f"zllm_reader: {sentence}", file=sys.stderr)


def main(words):
    if not words or words[0] not in COMMANDS or len(words) - 1 not in COMMANDS[words[0]][1]:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return COMMANDS[words[0]][0](*words[1:])
    except Refusal as refusal:
        complain(refusal)
        return refusal.code
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else error)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
