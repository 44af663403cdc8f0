#!/usr/bin/env python3
"""git-annex-remote-zllm, killed in the middle of a transfer: at its PROGRESS line number
KILL_AT. KILL_LOG gets a line each time. Lines pass both ways unchanged."""
import os
import subprocess
import sys
import threading

child = subprocess.Popen([os.environ["KILLED_PROGRAM"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def feed():
    for line in sys.stdin.buffer:
        child.stdin.write(line)
        child.stdin.flush()
    child.stdin.close()


threading.Thread(target=feed, daemon=True).start()
left = int(os.environ["KILL_AT"])
for line in child.stdout:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()
    left -= b"PROGRESS " in line
    if left == 0:
        child.kill()
        with open(os.environ["KILL_LOG"], "a") as log:
            print("killed", file=log)
        break
child.wait()
os._exit(child.returncode & 127)
