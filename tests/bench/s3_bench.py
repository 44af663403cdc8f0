#!/usr/bin/env python3
"""The store in a bucket, beside what else there is: `bench.py s3` starts the server
(tests/s3/with_server.sh: three OSDs on BlueStore) and runs this below it.

    s3_bench.py [transfer] [throughput] [memory] [small]     all when none is named

transfer    the agent alone, from the start of its process to its end, brings a model of
            1 GiB of noise there and back: so many bytes go over the wire. aws and s3cmd
            do the same with a file of that size. Fastest of 5, taken in turn: each once,
            five times over
throughput  git push and git clone of such models, of weights and of noise, in the same
            way; fastest of 3. Much of these is git's and git-lfs's own: "checkout" is
            theirs alone
memory      peak memory of the agent for an object of 4 GiB, each way
small       pushes and clones of 200 files of 64 KiB with look-ahead and without: at the
            server, and at a server that is 20 ms away (through tests/s3/fault_proxy.py)
"""
import os
import shutil
import subprocess
import sys
import time

import bench

ROUNDS = 3
TRANSFER_ROUNDS = 5
TENSOR = 64 << 20
CLIENT = bench.TOP + "/tests/s3/s3_client.py"
BUCKET = os.environ.get("S3_BUCKET", "")


def client(*words):
    return bench.run(sys.executable, CLIENT, *words)


def forget():
    """Gives the room of what was removed back: the gateway would take its time."""
    client("clear", f"s3://{BUCKET}")
    bench.run("radosgw-admin", "-c", os.environ["S3_SERVER_DIR"] + "/ceph.conf", "-n", "client.rgw",
              "gc", "process", "--include-all")


def stored(store):
    return sum(int(line.split(" ", 1)[0]) for line in client("list", store).splitlines())


def random_file(path, size):
    with open(path, "wb") as out:
        for at in range(0, size, TENSOR):
            out.write(os.urandom(min(TENSOR, size - at)))


def s3cmd(place):
    """The words that begin every s3cmd."""
    host = os.environ["S3_ENDPOINT"].split("//", 1)[1]
    config = place.root + "/s3cfg"
    with open(config, "w") as f:
        f.write(f"[default]\nhost_base = {host}\nhost_bucket = {host}\nuse_https = False\n"
                f"access_key = {os.environ['AWS_ACCESS_KEY_ID']}\n"
                f"secret_key = {os.environ['AWS_SECRET_ACCESS_KEY']}\n")
    return ["/usr/bin/s3cmd", "-q", "-c", config]


def aws():
    return ["/usr/bin/aws", "--endpoint-url", os.environ["S3_ENDPOINT"], "s3", "cp", "--quiet"]


class Scores:
    """The fastest of several runs, in MB on the wire per second."""

    def __init__(self):
        self.best = {}

    def add(self, what, size, seconds):
        self.best[what] = max(self.best.get(what, 0), size / 1e6 / seconds)

    def show(self, ours, rivals):
        theirs = {name: self.best[name] for name in rivals if name in self.best}
        line = f"{ours:14}{self.best[ours]:>8.0f} MB/s"
        for name, speed in theirs.items():
            line += f"   {name} {speed:.0f} MB/s"
        if theirs:
            line += f"   over the faster: {self.best[ours] / max(theirs.values()):.2f}"
        print(line, flush=True)


def rivals_round(place, scores, size):
    """Every other program there is brings so many bytes there and back."""
    source, back = place.root + "/wire.bin", place.root + "/wire.back"
    if not os.path.exists(source):
        random_file(source, size)
    there = f"s3://{BUCKET}/rival/"
    for name, up, down in [
            ("aws", [*aws(), source, there + "aws"], [*aws(), there + "aws", back]),
            ("s3cmd", [*s3cmd(place), "put", source, there + "s3cmd"],
             [*s3cmd(place), "get", there + "s3cmd", back])]:
        if not os.path.exists(up[0]):
            continue
        scores.add(name + " up", size, bench.timed(*up))
        scores.add(name + " down", size, bench.timed(*down))
        bench.run("cmp", source, back)
        os.remove(back)


def git_round(place, scores, n, model):
    """git push, git clone, and a checkout. Returns the bytes stored."""
    store = f"s3://{BUCKET}/ours-{n}"
    work, bare = place.repository(f"wire-{n}")
    bench.run("git", "zllm", "init", store, cwd=work)
    os.link(model, work + "/model.safetensors")
    bench.run("git", "add", ".", cwd=work)
    bench.run("git", "commit", "-q", "-m", "A model", cwd=work)
    seconds = bench.timed("git", "push", "-q", "-u", "origin", "main", cwd=work)
    wire = stored(store)
    scores.add("push", wire, seconds)
    clone = f"{place.root}/clone{n}"
    scores.add("clone", wire, bench.timed("git", "clone", "-q", bare, clone))
    bench.run("cmp", model, clone + "/model.safetensors")
    # What git and git-lfs do beside it: they make the file of an object that is there.
    os.remove(clone + "/model.safetensors")
    scores.add("checkout", wire, bench.timed("git", "checkout", "-q", "--", "model.safetensors", cwd=clone))
    for folder in work, clone, bare:
        shutil.rmtree(folder)
    return wire


def agent_round(place, scores, n, model, oid):
    """The agent alone, each way. Returns the bytes stored."""
    store, size = f"s3://{BUCKET}/agent-{n}", os.path.getsize(model)
    work, bare = place.repository(f"agent-{n}")
    bench.run("git", "zllm", "init", store, cwd=work)
    start = time.monotonic()
    bench.session(work, [{"event": "init", "operation": "upload", "remote": "origin"},
                         {"event": "upload", "oid": oid, "size": size, "path": model}])
    seconds = time.monotonic() - start
    wire = stored(store)
    scores.add("agent up", wire, seconds)
    start = time.monotonic()
    done, _ = bench.session(work, [{"event": "init", "operation": "download", "remote": "origin"},
                                   {"event": "download", "oid": oid, "size": size}])
    scores.add("agent down", wire, time.monotonic() - start)
    bench.run("cmp", model, done["path"])
    for folder in work, bare:
        shutil.rmtree(folder)
    return wire


def make_model(place, kind):
    """KIND: "weights", or "noise" that no codec makes smaller."""
    bench.run("git", "config", "--global", "zllm.cache.size", "0")
    model = place.root + "/model.st"
    bench.run("/usr/bin/python3", bench.HERE + "/make_large.py", "base" if kind == "weights" else kind,
              model, os.environ.get("S3_BENCH_BYTES", str(bench.GIGABYTE)))
    return model


def tidy(place, model, kind, wire):
    print(f"s3: {os.path.getsize(model) / 1e6:.0f} MB of {kind}, {wire / 1e6:.0f} MB on the wire")
    os.remove(model)
    os.remove(place.root + "/wire.bin")


def transfer(place):
    model = make_model(place, "noise")
    oid, scores, wire = bench.sha256(model), Scores(), 0
    for n in range(TRANSFER_ROUNDS):
        wire = agent_round(place, scores, n, model, oid)
        rivals_round(place, scores, wire)
        forget()
    tidy(place, model, "noise", wire)
    scores.show("agent up", ["aws up", "s3cmd up"])
    scores.show("agent down", ["aws down", "s3cmd down"])


def throughput(place, kind):
    model = make_model(place, kind)
    scores, wire = Scores(), 0
    for n in range(ROUNDS):
        wire = git_round(place, scores, f"{kind}-{n}", model)
        rivals_round(place, scores, wire)
        forget()
    tidy(place, model, kind, wire)
    scores.show("push", ["aws up", "s3cmd up"])
    scores.show("clone", ["aws down", "s3cmd down"])
    print(f"{'checkout':14}{scores.best['checkout']:>8.0f} MB/s: git and git-lfs with an object that is there")


def memory(place):
    bench.run("git", "config", "--global", "zllm.cache.size", "0")
    big, size = place.root + "/big.bin", 4 * bench.GIGABYTE
    random_file(big, size)
    oid = bench.sha256(big)
    work, _ = place.repository("memory")
    bench.run("git", "zllm", "init", f"s3://{BUCKET}/memory", cwd=work)
    _, up = bench.session(work, [{"event": "init", "operation": "upload", "remote": "origin"},
                                 {"event": "upload", "oid": oid, "size": size, "path": big}])
    os.remove(big)
    done, down = bench.session(work, [{"event": "init", "operation": "download", "remote": "origin"},
                                      {"event": "download", "oid": oid, "size": size}])
    if bench.sha256(done["path"]) != oid:
        sys.exit("bench: the object came back different")
    print(f"s3: memory: one object of {size / 1e9:.2f} GB: peak {up:.0f} MiB up, {down:.0f} MiB down")
    forget()


def timed_clone(place, bare, lookahead, files):
    """Seconds of one clone; git's and ours, without what was in any cache."""
    clone = place.root + "/small.clone"
    seconds = bench.timed("git", "-c", f"zllm.lookahead={lookahead}", "clone", "-q", bare, clone)
    if len(os.listdir(clone)) < files:
        sys.exit("bench: files are missing")
    shutil.rmtree(clone)
    return seconds


def timed_push(place, n, lookahead, files, size):
    """Seconds of one push of so many new files of `size` bytes, and the remote it went to."""
    work, bare = place.repository(f"small-{n}")
    bench.run("git", "zllm", "init", f"s3://{BUCKET}/small-{n}", "*.bin", cwd=work)
    for i in range(files):
        random_file(f"{work}/{i}.bin", size)
    bench.run("git", "add", ".", cwd=work)
    bench.run("git", "commit", "-q", "-m", "Small files", cwd=work)
    seconds = bench.timed("git", "-c", f"zllm.lookahead={lookahead}", "push", "-q", "-u", "origin", "main", cwd=work)
    shutil.rmtree(work)
    return seconds, bare


def small(place):
    files, size, delay = 200, 64 << 10, 0.02
    bench.run("git", "config", "--global", "zllm.cache.size", "0")
    rules = place.root + "/rules"
    proxy = subprocess.Popen([sys.executable, bench.TOP + "/tests/s3/fault_proxy.py", "--rules", rules,
                              "--target", os.environ["S3_ENDPOINT"]], stdout=subprocess.PIPE, text=True)
    far = proxy.stdout.readline().strip()
    with open(rules, "w") as f:
        f.write(f"* . * delay={delay}\n")
    print(f"s3: {files} files of {size >> 10} KiB")
    n = 0
    for what, endpoint in ("at the server", os.environ["S3_ENDPOINT"]), (f"{1000 * delay:.0f} ms away", far):
        os.environ["AWS_ENDPOINT_URL"] = endpoint
        pushes = {"4g": [], "0": []}
        for ahead in ["4g", "0"] * 2:
            seconds, bare = timed_push(place, n, ahead, files, size)
            pushes[ahead].append(seconds)
            n += 1
        clones = [min(timed_clone(place, bare, ahead, files) for _ in range(2)) for ahead in ("4g", "0")]
        for verb, (with_it, without) in ("push", (min(pushes["4g"]), min(pushes["0"]))), ("clone", clones):
            print(f"{what:14} {verb}: looking ahead {with_it:.2f} s, one at a time {without:.2f} s, "
                  f"{without / with_it:.1f} times as fast", flush=True)
    proxy.terminate()
    proxy.wait()
    os.environ["AWS_ENDPOINT_URL"] = os.environ["S3_ENDPOINT"]
    forget()


def main():
    known = {"transfer": transfer,
             "throughput": lambda place: (throughput(place, "weights"), throughput(place, "noise")),
             "memory": memory, "small": small}
    wanted = sys.argv[1:] or list(known)
    if any(name not in known for name in wanted):
        sys.exit(__doc__)
    os.environ.update(AWS_ENDPOINT_URL=os.environ["S3_ENDPOINT"], AWS_EC2_METADATA_DISABLED="true")
    for name in wanted:
        bench.with_place(known[name])


if __name__ == "__main__":
    main()
