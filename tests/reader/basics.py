"""What every page of the documents needs: refusals, and bytes from the front."""
import sys

try:
    import xxhash
except ImportError as missing:
    sys.exit(f"zllm_reader: {missing}; on Debian: apt install python3-xxhash "
             "python3-zstandard, and run /usr/bin/python3")


# ---------------------------------------------------------------- errors

class Refusal(Exception):
    """One sentence; its class gives the exit code."""
    code = 1


class Damage(Refusal):
    code = 3


class Newer(Refusal):
    code = 4

    def __init__(self, what):
        super().__init__(f"{what}: written by a newer git-zllm; upgrade to read it")


def need(true, sentence):
    if not true:
        raise Damage(sentence)


def known(true, what):
    if not true:
        raise Newer(what)


# ---------------------------------------------------------------- bytes

def sum_of(data):
    """XXH3-128, seed 0, in canonical form."""
    return xxhash.xxh3_128(data).digest()


class Cursor:
    """Takes bytes from the front, never more than there are."""

    def __init__(self, data, what):
        self.data, self.what, self.at = data, what, 0

    def take(self, count):
        need(count <= len(self.data) - self.at, f"{self.what} ends early")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, count):
        return int.from_bytes(self.take(count), "little")
