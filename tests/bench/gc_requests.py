#!/usr/bin/env python3
"""How many requests a collection makes, and a check: `bench.py gc` starts a server
(tests/s3/with_server.sh light) and runs this below it.

    gc_requests.py

Ten models of a hundred tensors, pushed to a bucket as if none were another's base: a thousand
records. Then fsck and gc in each of their ways; for each the requests that it sent (as
ZLLM_TRACE tells them) per thousand records.
"""
import collections
import json
import os
import struct
import subprocess
import tempfile
import time

import numpy as np

import bench

MODELS, TENSORS, ROWS, COLUMNS = 10, 100, 128, 256
GRACE = 4  # seconds; a step's limit is 2 more


def write_model(path, number):
    """Of one family: the same weights, each moved a little."""
    size = ROWS * COLUMNS * 2
    head = json.dumps({f"layers.{i}.weight": {"dtype": "BF16", "shape": [ROWS, COLUMNS],
                                              "data_offsets": [i * size, (i + 1) * size]}
                       for i in range(TENSORS)}).encode()
    head += b" " * (-len(head) % 8)
    base = np.random.default_rng(1).standard_normal(TENSORS * ROWS * COLUMNS, dtype=np.float32) * np.float32(0.02)
    moved = np.random.default_rng(100 + number).standard_normal(base.size, dtype=np.float32)
    values = base + moved * np.float32(2e-5 if number else 0)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(head)) + head)
        f.write((values.view(np.uint32) >> 16).astype(np.uint16).tobytes())


def push_all(work, store):
    bench.run("git", "zllm", "init", store, "*.safetensors", cwd=work)
    bench.run("git", "zllm", "base", "none", cwd=work)
    for i in range(MODELS):
        write_model(f"{work}/{i}.safetensors", i)
    bench.run("git", "add", ".", cwd=work)
    bench.run("git", "commit", "-q", "-m", "models", cwd=work)
    bench.run("git", "push", "-q", "-u", "origin", "main", cwd=work)


def requests_of(work, records, what, *words):
    """Runs it, and says how many requests there were."""
    trace = work + ".trace"
    if os.path.exists(trace):
        os.remove(trace)
    done = subprocess.run(["git", "zllm", *words], cwd=work, capture_output=True, text=True,
                          env={**os.environ, "ZLLM_TRACE": trace}, check=False)
    if done.returncode:
        raise SystemExit(f"bench: git zllm {' '.join(words)}\n{done.stderr}")
    verbs = collections.Counter()
    with open(trace) as f:
        for line in f:
            _, mark, rest = line.partition(" s3: ")
            if mark:
                verbs["list" if rest.startswith("GET ?") else rest.split(" ", 1)[0]] += 1
    each = ", ".join(f"{n * 1000 / records:.0f} {verb}" for verb, n in verbs.most_common())
    print(f"gc        requests per 1 000 records, {what}: {sum(verbs.values()) * 1000 / records:.0f} ({each})",
          flush=True)


def wait_for_age():
    time.sleep(GRACE + 3)


def measure(place):
    work, _ = place.repository("requests")
    push_all(work, f"s3://{os.environ['S3_BUCKET']}/requests")
    records = MODELS * TENSORS
    gc = ["gc", f"--grace={GRACE}s"]
    requests_of(work, records, "fsck --quick", "fsck", "--quick")
    requests_of(work, records, "fsck", "fsck")
    wait_for_age()
    requests_of(work, records, "gc, nothing to do", *gc, "--no-recompact")
    bench.run("git", "rm", "-q", "9.safetensors", cwd=work)
    bench.run("git", "commit", "-q", "--amend", "-m", "nine", cwd=work)
    bench.run("git", "push", "-q", "-f", cwd=work)
    bench.run("git", "reflog", "expire", "--expire=now", "--all", cwd=work)
    requests_of(work, records, "gc --prune that drops a tenth", *gc, "--no-recompact", "--prune", "--yes",
                f"--expire={GRACE}s")
    for what in ("gives it up", "removes its manifest", "moves its records", "removes these"):
        wait_for_age()
        requests_of(work, records, f"a later one, which {what}", *gc, "--no-recompact", "--prune", "--yes",
                    f"--expire={GRACE}s")
    requests_of(work, records, "gc that stores 800 of 900 anew, and moves these", *gc)
    wait_for_age()
    requests_of(work, records, "gc that removes what it moved", *gc)
    requests_of(work, records, "gc that removes markers of what is a delta now", *gc)
    requests_of(work, records, "gc at rest", *gc)


def main():
    os.environ.update(AWS_ENDPOINT_URL=os.environ["S3_ENDPOINT"], AWS_EC2_METADATA_DISABLED="true")
    with tempfile.TemporaryDirectory(prefix="git-zllm-requests.") as where:
        measure(bench.Place(where))


if __name__ == "__main__":
    main()
