"""Golden records (tests/golden) as the reader sees them: good ones are restored, bad ones refused.

    golden.py FOLDER        prints what is wrong, a line each
"""
import hashlib
import sys

from basics import Damage, Refusal
from record import decode_record, parse_record


def read(path):
    with open(path, "rb") as file:
        return file.read()


def lines(folder, kind):
    with open(f"{folder}/{kind}/list.tsv", encoding="utf-8") as file:
        for line in file:
            name, base, answer = line.split()
            base = None if base == "-" else read(f"{folder}/good/{base}.base")
            yield name, base, answer, read(f"{folder}/{kind}/{name}.rec")


def restore(data, base):
    record = parse_record(data)
    return decode_record(record, [base] * len(record.bases))


def main(folder):
    wrong = []
    for name, base, answer, data in lines(folder, "good"):
        try:
            if hashlib.sha256(restore(data, base)).hexdigest() != answer:
                wrong.append(f"{name} is restored to something else")
        except Refusal as refusal:
            wrong.append(f"{name}: {refusal}")
    for name, base, _, data in lines(folder, "bad"):
        try:
            restore(data, base)
            wrong.append(f"{name} is restored")
        except Damage:
            pass
        except Exception as error:  # pylint: disable=broad-except
            wrong.append(f"{name}: {error!r} is not damage")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
