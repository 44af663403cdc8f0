#!/usr/bin/env python3
"""durability.py TRACE: the order in which an upload makes things durable (docs/store.md),
read from `strace -f -y` of the agent:

  - a file's bytes are synced before the file gets its name
  - the folder of every record, and every new folder, is synced before the manifest gets its name
  - the manifest's folder is synced before git-lfs is told `complete`

Prints what is broken, and fails; else how many files and folders there were.
"""
import os
import re
import sys

CALL = re.compile(r"^(\d+) +(.*)$")
NAMED = re.compile(r'^(?:linkat|renameat2?)\(\d+<([^>]*)>, "([^"]*)", \d+<([^>]*)>, "([^"]*)"')


def calls(path):
    """(what was called, whether it succeeded), in the order in which the calls ended."""
    open_calls = {}
    for line in open(path, errors="replace"):
        thread, text = CALL.match(line).groups()
        if text.endswith("<unfinished ...>"):
            open_calls[thread] = text[:-len("<unfinished ...>")]
            continue
        resumed = re.match(r"<\.\.\. \w+ resumed>(.*)$", text)
        if resumed:
            text = open_calls.pop(thread, "") + resumed.group(1)
        yield text, re.search(r"= \d+$", text) is not None


class Order:
    def __init__(self):
        self.synced = set()    # temporary files whose bytes are safe
        self.unsafe = {}       # name -> folder that must be synced before it can be relied upon
        self.told = self.files = self.folders = 0
        self.broken = []

    def named(self, old, new):
        is_file = not os.path.basename(old).startswith(".")  # folders are made as ".<nonce>"
        if is_file:
            self.files += 1
            if old not in self.synced:
                self.broken.append(f"{new} got its name before its bytes were synced")
        else:
            self.folders += 1
        if "/objects/" in new and is_file:
            self.all_safe(f"the manifest {new} got its name")
        self.unsafe[new] = os.path.dirname(new)

    def all_safe(self, what):
        for name, folder in self.unsafe.items():
            self.broken.append(f"{what} before {folder} was synced, where {name} is")

    def call(self, text):
        if text.startswith("fsync("):
            path = re.match(r"fsync\(\d+<([^>]*)>", text).group(1)
            self.synced.add(path)
            self.unsafe = {n: f for n, f in self.unsafe.items() if f != path}
        elif NAMED.match(text):
            root, old, other, new = NAMED.match(text).groups()
            self.named(os.path.normpath(f"{root}/{old}"), os.path.normpath(f"{other}/{new}"))
        elif text.startswith("write(1<") and r'\"complete\"' in text:
            self.told += 1
            self.all_safe("git-lfs was told `complete`")


order = Order()
for text, succeeded in calls(sys.argv[1]):
    if succeeded:
        order.call(text)
if not order.told or not order.files:
    order.broken.append("nothing was uploaded")
for sentence in order.broken:
    print(sentence)
print(f"{order.files} files, {order.folders} folders, {order.told} objects")
sys.exit(bool(order.broken))
