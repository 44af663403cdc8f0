"""A python that has started already, for test_reader.sh: that takes longer than most readings.

Asked on standard input, a line each, words parted by tabs, answered by an exit status:

    reader SAID ARGUMENT...    zllm_reader.py, in a process of its own; what it prints is in SAID
    flip SAID FILE OFFSET      store_tools.py flip, the same way
"""
import os
import sys
import traceback

import store_tools
import zllm_reader


def flip(words):
    store_tools.flip(*words)
    return 0


COMMANDS = {"reader": zllm_reader.main, "flip": flip}


def child(command, said, words):
    """What python does with a script: an exception is a traceback and status 1."""
    out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    for number, file in (0, os.open(os.devnull, os.O_RDONLY)), (1, out), (2, out):
        os.dup2(file, number)
    try:
        status = COMMANDS[command](words)
    except BaseException:  # pylint: disable=broad-except
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


for line in sys.stdin:
    asked, place, *rest = line.rstrip("\n").split("\t")
    number = os.fork()
    if number == 0:
        child(asked, place, rest)
    print(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) % 256, flush=True)
