"""The push of many small files to a folder, next to git-lfs alone with a folder for its
remote, and to eight agents at once that copy each durably; in turns, the best of each.
What an fsync costs is the file system's matter: TMPDIR should be where stores are."""
import os
import random
import shutil

HERE = os.path.dirname(os.path.abspath(__file__))
FILES, BYTES, TURNS = 2000, 7500, 2


def make_files(folder):
    rng = random.Random(7)
    os.mkdir(folder)
    for number in range(FILES):
        with open(f"{folder}/{number}.bin", "wb") as out:
            out.write(rng.randbytes(BYTES))


def plain(run, work, url=None):
    """A repository of git-lfs, whose objects go where `url` says: beside its remote."""
    run("git", "lfs", "install", "--local", cwd=work)
    run("git", "lfs", "track", "*.bin", cwd=work)
    if url:
        run("git", "config", "--file", ".lfsconfig", "lfs.url", url, cwd=work)


def ways(place, run, turn):
    """Name and set-up of each, which begins with a new repository."""
    def alone(work, bare):
        run("git", "remote", "set-url", "origin", "file://" + bare, cwd=work)
        plain(run, work)

    def copying(work, _):
        os.environ["COPY_STORE"] = f"{place.root}/small-copies-{turn}"
        os.mkdir(os.environ["COPY_STORE"])
        run("git", "config", "lfs.customtransfer.copy8.path", HERE + "/copy_agent.py", cwd=work)
        run("git", "config", "lfs.concurrenttransfers", "8", cwd=work)
        run("git", "config", "lfs.https://copy8.invalid.standalonetransferagent", "copy8", cwd=work)
        plain(run, work, "https://copy8.invalid/x")

    def ours(work, _):
        run("git", "zllm", "init", f"{place.root}/small-store-{turn}", "*.bin", cwd=work)

    return ("git-lfs alone", alone), ("eight copying agents", copying), ("git-zllm", ours)


def push_once(place, run, timed, name, prepare):
    work, bare = place.repository(name)
    prepare(work, bare)
    shutil.copytree(place.root + "/small", work + "/small")
    run("git", "add", ".", cwd=work)
    run("git", "commit", "-q", "-m", "small files", cwd=work)
    seconds = timed("git", "push", "-q", "-u", "origin", "main", cwd=work)
    return seconds, work, bare


def small_files(place, run, timed):
    make_files(place.root + "/small")
    best = {}
    for turn in range(TURNS):
        for number, (name, prepare) in enumerate(ways(place, run, turn)):
            seconds, work, bare = push_once(place, run, timed, f"small-{turn}-{number}", prepare)
            best[name] = min(seconds, best.get(name, seconds))
            shutil.rmtree(work)
    run("git", "clone", "-q", bare, place.root + "/small.clone")
    run("diff", "-r", place.root + "/small", place.root + "/small.clone/small")
    mine = best["git-zllm"]
    print(f"small     push of {FILES} files of {BYTES} bytes to a folder:")
    for name, seconds in best.items():
        print(f"small     {name:22}{seconds:>8.2f} s{'':4}git-zllm takes {mine / seconds:.2f} of it")
