#!/usr/bin/python3
"""An agent that copies each object durably, and does nothing else: write, fsync, rename,
fsync of the folder. git-lfs starts eight of them, each for one object at a time. Below
$COPY_STORE."""
import json
import os
import sys


def store(path, oid):
    folder = os.environ["COPY_STORE"]
    temporary = os.path.join(folder, f"{oid}.{os.getpid()}")
    with open(path, "rb") as source, open(temporary, "wb") as copy:
        copy.write(source.read())
        copy.flush()
        os.fsync(copy.fileno())
    os.rename(temporary, os.path.join(folder, oid))
    at = os.open(folder, os.O_RDONLY)
    os.fsync(at)
    os.close(at)


for line in sys.stdin:
    request = json.loads(line)
    if request["event"] == "init":
        print("{}", flush=True)
    elif request["event"] == "upload":
        store(request["path"], request["oid"])
        print(json.dumps({"event": "complete", "oid": request["oid"]}), flush=True)
    else:
        break
