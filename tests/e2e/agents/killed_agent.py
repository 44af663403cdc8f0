#!/usr/bin/env python3
"""Runs `git-zllm agent` for git-lfs and kills it with SIGKILL on the way.

    killed_agent.py lines N     after N lines of its output
    killed_agent.py after MS    MS milliseconds after it was started
    killed_agent.py never       not at all

A file named by KILLED_MARK is made when it was killed before its end. The agent
is a process of its own and dies by itself alone; this program then ends, as the
shell between git-lfs and an agent would.
"""
import os
import signal
import subprocess
import sys
import threading


def main(how, amount="0"):
    agent = subprocess.Popen(["git-zllm", "agent"], stdin=0, stdout=subprocess.PIPE)
    killed = threading.Event()

    def kill():
        if agent.poll() is None:
            killed.set()
            agent.send_signal(signal.SIGKILL)

    timer = threading.Timer(float(amount) / 1000, kill)
    if how == "after":
        timer.start()
    count = 0
    for line in agent.stdout:
        os.write(1, line)
        count += 1
        if how == "lines" and count == int(amount):
            kill()
    status = agent.wait()
    timer.cancel()
    if killed.is_set() and status == -signal.SIGKILL and "KILLED_MARK" in os.environ:
        open(os.environ["KILLED_MARK"], "w").close()
    return 137 if status < 0 else status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
