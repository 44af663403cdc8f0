#!/usr/bin/env python3
"""Measures git-zllm on this machine, side by side with what else there is.

    bench.py [codec] [threads] [sparse] [family] [kin] [transfer] [memory] [search] [gc] [recompact] [s3]
                                                                 all when none is named

codec     each codec on pairs of models, one thread: part of raw, speed, and both next to
          BitX with zstd -3, which is the published method
threads   the same on two threads, by their own time; and push and clone through the agent
          on all CPUs next to one, by the clock: for idle machines
sparse    tensors of which few values changed, at random and in rows: part of raw next to
          the entropy of the places, and speed next to tensors of which all did
family    the trained models of ../shared/data, or made ones, in one repository: stored bytes next
          to BitX (zstd -3) per tensor plus zstd -3 on the base
kin       a fine-tune under other names and with layers moved, at the base's path and from
          another repository: part of raw next to the same tensors under the base's names
transfer  push and clone of a 1 GB base and its fine-tune, next to a copying agent
memory    peak memory of the agent for a 4 GB object, each way
search    finding the base of a model of 300 tensors in a folder store with the markers
          of 10 000 models for each of the 8 tensors that are asked for first, and of
          200 for each of 256
gc        git zllm gc of a million records in a folder, with a tenth that nobody needs; and
          the requests that it and fsck send to a bucket (gc_requests.py)
recompact a plan of 300 models of 300 tensors in 12 families; 300 small models pushed in the
          worst order, next to the best plan there is; the trained family so, next to
          the best order with hints
s3        the store in a bucket of Ceph: push and clone next to aws and s3cmd, memory,
          look-ahead (s3_bench.py)
"""
import itertools
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time

import kin_bench

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
GIGABYTE = 1 << 30
FAMILY = ["base", "sft-a", "sft-c", "ckpt-4", "sft-frozen", "sft-purebf16", "lora-merged"]


def run(*argv, cwd=None):
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"bench: {' '.join(argv)}\n{done.stderr[-2000:]}")
    return done.stdout


def timed(*argv, cwd=None):
    start = time.monotonic()
    run(*argv, cwd=cwd)
    return time.monotonic() - start


class Place:
    """A folder with a HOME of its own, a bare remote, and a repository."""

    def __init__(self, where):
        self.root = where
        os.environ.update(HOME=where + "/home", GIT_CONFIG_NOSYSTEM="1", GIT_TERMINAL_PROMPT="0",
                          PATH=TOP + "/build:" + os.environ["PATH"])
        os.environ.pop("GIT_CONFIG_GLOBAL", None)
        os.mkdir(where + "/home")
        for key, value in [("user.name", "bench"), ("user.email", "bench@localhost"),
                           ("init.defaultBranch", "main")]:
            run("git", "config", "--global", key, value)
        run("git", "zllm", "install")

    def repository(self, name):
        work, bare = f"{self.root}/{name}", f"{self.root}/{name}.git"
        run("git", "init", "-q", "--bare", bare)
        run("git", "init", "-q", work)
        run("git", "remote", "add", "origin", bare, cwd=work)
        return work, bare


# ------------------------------------------------------------------------ models

MADE = {"sft-a": ("2", "1e-5"), "sft-c": ("3", "1e-4")}  # seed, step


def made_models(where):
    """A base and two fine-tunes, where there are no trained models: noise of the right
    widths, whose weights moved as an optimiser moves them."""
    def path(name):
        os.makedirs(f"{where}/{name}", exist_ok=True)
        return f"{where}/{name}/model.safetensors"
    script = TOP + "/tests/demo/make_family.py"
    run(sys.executable, script, "base", path("base"), "1")
    for name, (seed, step) in MADE.items():
        run(sys.executable, script, "tune", path("base"), path(name), seed, step)
    print("no trained models (ZLLM_DATA): made ones instead, whose figures compare programs "
          "with each other, and do not say what trained models save")
    return where


def have(data, *names):
    return all(os.path.exists(f"{data}/{name}/model.safetensors") for name in names)


# ------------------------------------------------------------------------ codec

PAIRS = [("base", "sft-a"), ("ckpt-4", "base"), ("base", "sft-c"), ("base", "sft-purebf16"),
         ("base", "lora-merged"), ("base", "base2")]


def rivals(data, base, model, paper):
    """Rows of other programs on the same tensors, and the schemes' sizes."""
    files = [f"{data}/{name}/model.safetensors" for name in (model, base)]
    python = os.environ.get("ZLLM_BENCH_PYTHON", "/usr/bin/python3")
    for line in run(python, HERE + "/rivals.py", *files).splitlines():
        name, *figures = line.split()
        if len(figures) != 3 or not figures[1].isdigit():
            print(f"{'':24}{name:>9}  {' '.join(figures)}")
            continue
        part, encode, decode = map(float, figures)
        print(f"{'':24}{name:>9}{part:>6.2f} %{'':9}{encode:>8.0f}{decode:>9.0f}"
              f"{part / paper['percent']:>8.3f}{encode / paper['encode_alone_mbs']:>7.2f}"
              f"{decode / paper['decode_mbs']:>7.2f}")
    raw, bitx, fm_delta = map(int, run("/usr/bin/python3", HERE + "/rival_sizes.py",
                                       *files).split())
    print(f"{'':24}   sizes: BitX of whole planes {100 * bitx / raw:.2f} %, "
          f"FM-Delta's scheme {100 * fm_delta / raw:.2f} %")


def codec(data):
    print(f"{'base -> model':24}{'codec':>7}{'part':>10}{'encode':>9}{'alone':>8}{'decode':>9}"
          f"{'size':>8}{'enc.':>7}{'dec.':>7}   (MB/s; size and speeds over bitx)")
    for base, model in (pair for pair in PAIRS if have(data, *pair)):
        report = json.loads(run(TOP + "/build/git-zllm", "codec", "bench", "--json", "--base",
                                f"{data}/{base}/model.safetensors",
                                f"{data}/{model}/model.safetensors"))
        rows = {row["codec"]: row for row in report["results"] if row["dtype"] == "BF16"}
        paper = rows["bitx"]
        for name in "zstd", "float", "bitx", "ulp":
            row = rows[name]
            print(f"{base + ' -> ' + model:24}{name:>7}{row['percent']:>8.2f} %"
                  f"{row['encode_mbs']:>9.0f}{row['encode_alone_mbs']:>8.0f}"
                  f"{row['decode_mbs']:>9.0f}{row['stored'] / paper['stored']:>8.3f}"
                  f"{row['encode_alone_mbs'] / paper['encode_alone_mbs']:>7.2f}"
                  f"{row['decode_mbs'] / paper['decode_mbs']:>7.2f}")
        rivals(data, base, model, paper)


# ------------------------------------------------------------------------ threads

def bench_rows(*argv):
    report = json.loads(run(TOP + "/build/git-zllm", "codec", "bench", "--json", *argv))
    return {row["codec"]: row for row in report["results"] if row["dtype"] == "BF16"}


def codec_threads(data):
    files = ["--base", f"{data}/base/model.safetensors", f"{data}/sft-a/model.safetensors"]
    one, two = bench_rows(*files), bench_rows("--threads", "2", *files)
    print(f"{'threads: base -> sft-a':24}{'codec':>7}{'':12}{'encode':>9}{'alone':>8}{'decode':>9}"
          "   (two threads' speed over one's)")
    for name in "zstd", "float", "bitx", "ulp":
        ratios = [two[name][key] / one[name][key]
                  for key in ("encode_mbs", "encode_alone_mbs", "decode_mbs")]
        print(f"{'':24}{name:>7}{'':12}{ratios[0]:>9.2f}{ratios[1]:>8.2f}{ratios[2]:>9.2f}")


def agent_seconds(place, name, files, cpus):
    """Seconds of the agent for each file there, and for each back."""
    work, _ = place.repository(name)
    run("git", "zllm", "init", f"{place.root}/{name}.store", cwd=work)
    all_cpus, seconds = os.sched_getaffinity(0), []
    for operation in "upload", "download":
        for path in files:
            request = {"event": operation, "oid": sha256(path), "size": os.path.getsize(path)}
            if operation == "upload":
                request["path"] = path
            os.sched_setaffinity(0, cpus)
            start = time.monotonic()
            done, _ = session(work, [{"event": "init", "operation": operation,
                                      "remote": "origin"}, request])
            seconds.append(time.monotonic() - start)
            os.sched_setaffinity(0, all_cpus)
            if operation == "download":
                os.remove(done["path"])
    shutil.rmtree(f"{place.root}/{name}.store")
    return seconds


def threads(place, data):
    codec_threads(data)
    large = [place.root + "/base.st", place.root + "/tune.st"]
    run(sys.executable, HERE + "/make_large.py", "base", large[0], str(GIGABYTE // 2))
    run(sys.executable, HERE + "/make_large.py", "tune", *large)
    small = [f"{data}/{name}/model.safetensors" for name in ("base", "sft-a")]
    everything = os.sched_getaffinity(0)
    for what, files in ("two of 31 MB", small), ("two of 537 MB", large):
        best = {}
        for turn in range(3):
            for cpus in {min(everything)}, everything:
                took = agent_seconds(place, f"{len(files[0])}-{turn}-{len(cpus)}", files, cpus)
                old = best.get(len(cpus), took)
                best[len(cpus)] = [min(pair) for pair in zip(old, took)]
        for k, step in enumerate(("push base", "push tune", "clone base", "clone tune")):
            one, all_of_them = best[1][k], best[len(everything)][k]
            print(f"{'threads: ' + what:24}{step:>12}: {one:.2f} s on one CPU, {all_of_them:.2f} s "
                  f"on {len(everything)}: {one / all_of_them:.2f} times as fast")
    for path in large:
        os.remove(path)


# ------------------------------------------------------------------------ sparse

def changed(kind, part, count, rng):
    """Which of `count` values change."""
    import numpy as np
    if kind == "random":
        return rng.random(count) < part
    return np.repeat(rng.random(count // 1024) < part, 1024)


def sparse(place):
    import numpy as np
    rng, count = np.random.default_rng(7), 8 << 20
    base = (rng.standard_normal(count, dtype=np.float32) * 0.02).view(np.uint32) >> 16
    base = base.astype(np.uint16)
    paths = [place.root + "/sparse.base", place.root + "/sparse.tune"]
    base.tofile(paths[0])
    print(f"{'sparse: changed by one':24}{'part':>10}{'places':>10}{'encode':>9}{'decode':>9}")
    for kind in "random", "rows":
        for part in 0.001, 0.005, 0.01, 0.02, 0.05, 1:
            at = changed(kind, part, count, rng)
            tune = base + np.where(at, rng.choice([1, 0xffff], count), 0).astype(np.uint16)
            tune.tofile(paths[1])
            row = bench_rows("--codec", "ulp", "--dtype", "bf16", "--base", *paths)["ulp"]
            p = part if kind == "random" and part < 1 else 0
            places = -(p * np.log2(p) + (1 - p) * np.log2(1 - p)) / 0.16 if p else 0
            print(f"{f'{kind}, {100 * part:g} %':24}{row['percent']:>8.3f} %{places:>8.3f} %"
                  f"{row['encode_mbs']:>9.0f}{row['decode_mbs']:>9.0f}")


# ------------------------------------------------------------------------ family

def tensors(path):
    import numpy as np
    blob = open(path, "rb").read()
    n = struct.unpack("<Q", blob[:8])[0]
    head = json.loads(blob[8:8 + n])
    head.pop("__metadata__", None)
    for name, t in head.items():
        lo, hi = t["data_offsets"]
        yield name, t["dtype"], np.frombuffer(blob[8 + n + lo:8 + n + hi], np.uint8)


def bitx_size(data, base, dtype):
    """The paper's method: XOR, exponent plane and sign+mantissa plane, zstd -3."""
    import numpy as np
    import zstandard
    pack = zstandard.ZstdCompressor(level=3).compress
    if dtype != "BF16":
        return len(pack((data ^ base).tobytes()))
    x = data.view(np.uint16) ^ base.view(np.uint16)
    exponent = ((x >> 7) & 0xFF).astype(np.uint8)
    rest = ((x & 0x7F) | ((x >> 8) & 0x80)).astype(np.uint8)
    return len(pack(exponent.tobytes())) + len(pack(rest.tobytes()))


def reference(paths):
    """What BitX on every fine-tune plus zstd -3 on the base comes to; equal tensors
    are kept once."""
    import zstandard
    pack = zstandard.ZstdCompressor(level=3).compress
    base = {name: data for name, _, data in tensors(paths[0])}
    total = sum(len(pack(data.tobytes())) for data in base.values())
    for path in paths[1:]:
        for name, dtype, data in tensors(path):
            like = base.get(name)
            if like is None or like.size != data.size:
                total += len(pack(data.tobytes()))
            elif not (like == data).all():
                total += bitx_size(data, like, dtype)
    return total


def family(place, data):
    models = [name for name in FAMILY if have(data, name)]
    work, bare = place.repository("family")
    run("git", "zllm", "init", place.root + "/family.store", cwd=work)
    for name in models:
        os.mkdir(f"{work}/{name}")
        shutil.copy(f"{data}/{name}/model.safetensors", f"{work}/{name}/model.safetensors")
        run("git", "add", ".", cwd=work)
        run("git", "commit", "-q", "-m", name, cwd=work)
        run("git", "push", "-q", "-u", "origin", "main", cwd=work)
    run("git", "clone", "-q", bare, place.root + "/family.clone")
    for name in models:
        run("cmp", f"{work}/{name}/model.safetensors",
            f"{place.root}/family.clone/{name}/model.safetensors")
    stats = json.loads(run("git", "zllm", "stats", "--json", cwd=work))
    ours, raw = stats["bytes"]["stored"], stats["bytes"]["pushed"]
    theirs = reference([f"{data}/{name}/model.safetensors" for name in models])
    print(run("git", "zllm", "status", cwd=work))
    print(f"family: {len(models)} models, {raw / 1e6:.1f} MB; stored {ours / 1e6:.1f} MB "
          f"({100 * ours / raw:.1f} %); BitX zstd -3 + zstd on the base {theirs / 1e6:.1f} MB "
          f"({100 * theirs / raw:.1f} %); ours / theirs {ours / theirs:.3f}")


# ------------------------------------------------------------------------ transfer

def push_kin(place, name, base, tune, names):
    """What the tensors take, by name, at the base's path and from another repository."""
    found = []
    store = f"{place.root}/{name}.store"
    for k, source in enumerate(("same path", "other repository")):
        if k == 0:
            work, _ = place.repository(f"{name}-0")
            run("git", "zllm", "init", store, "*.safetensors", cwd=work)
            shutil.copy(base, work + "/model.safetensors")
            push_all(work, "base")
            run("cp", "-r", store, store + ".1")
        else:
            work, _ = place.repository(f"{name}-1")
            run("git", "zllm", "init", store + ".1", "*.safetensors", cwd=work)
        kin_bench.write(work + "/model.safetensors", tune, names)
        push_all(work, source)
        found.append(kin_bench.taken(json.loads(
            run("git", "zllm", "show", "--json", "model.safetensors", cwd=work))))
        shutil.rmtree(work)
    for made in store, store + ".1":
        run("chmod", "-R", "u+w", made)
        shutil.rmtree(made)
    return found


def push_all(work, message):
    run("git", "add", ".", cwd=work)
    run("git", "commit", "-qm", message, cwd=work)
    run("git", "push", "-q", "origin", "HEAD", cwd=work)


def kin(place, data):
    base, tune = (f"{data}/{name}/model.safetensors" for name in ("base", "sft-a"))
    names, usual = [tensor[0] for tensor in kin_bench.model.load(tune)[1]], None
    print(f"{'kin: base -> sft-a':32}{'same path':>12}{'markers':>12}{'right':>12}   (% of raw)")
    for what, variant in kin_bench.variants(names):
        found = push_kin(place, "kin-" + re.sub("[^a-z]", "", what), base, tune, variant)
        usual = usual or found
        right = [usual[0][old] for old in variant.values()]
        print(f"{what:32}{kin_bench.part(found[0].values()):>12.2f}"
              f"{kin_bench.part(found[1].values()):>12.2f}{kin_bench.part(right):>12.2f}", flush=True)
    kin_experts(place, data)


def kin_experts(place, data):
    """A base's experts, then other or equal ones in one form or the other, at one path."""
    base, tune = (f"{data}/{name}/model.safetensors" for name in ("base", "sft-a"))
    print(f"{'kin: experts':32}{'equal':>12}{'sft-a':>12}   (% of raw that the push adds)")
    for old, new in itertools.product(("single", "stacked"), repeat=2):
        work, _ = place.repository(f"experts-{old}-{new}")
        run("git", "zllm", "init", f"{work}.store", "*.safetensors", cwd=work)
        added = []
        for source, form in (base, old), (base, new), (tune, new):
            kin_bench.write_experts(work + "/model.safetensors", source, form)
            if run("git", "status", "--porcelain", cwd=work):
                push_all(work, form)
            report = json.loads(run("git", "zllm", "show", "--json", "model.safetensors", cwd=work))
            added.append(100 * report["added"] / report["size"])
        equal = "-" if old == new else f"{added[1]:.2f}"
        print(f"{old + ' -> ' + new:32}{equal:>12}{added[2]:>12.2f}", flush=True)


def push_and_clone(place, name, base, tune, prepare):
    work, bare = place.repository(name)
    prepare(work)
    seconds = {}
    for step, source in ("base", base), ("tune", tune):
        os.mkdir(f"{work}/{step}")
        shutil.copy(source, f"{work}/{step}/model.safetensors")
        run("git", "add", ".", cwd=work)
        run("git", "commit", "-q", "-m", step, cwd=work)
        seconds["push " + step] = timed("git", "push", "-q", "-u", "origin", "main", cwd=work)
    seconds["clone both"] = timed("git", "clone", "-q", bare, f"{place.root}/{name}.clone")
    for step, source in ("base", base), ("tune", tune):
        run("cmp", source, f"{place.root}/{name}.clone/{step}/model.safetensors")
    shutil.rmtree(f"{place.root}/{name}.clone")
    shutil.rmtree(work)
    return seconds


def use_copy_agent(place):
    store = place.root + "/copy.store"
    os.mkdir(store)
    os.environ["COPY_STORE"] = store
    for key, value in [("lfs.customtransfer.copy.path", HERE + "/copy_agent.sh"),
                       ("lfs.customtransfer.copy.concurrent", "false"),
                       ("lfs.https://copy.invalid.standalonetransferagent", "copy")]:
        run("git", "config", "--global", key, value)

    def prepare(work):
        run("git", "lfs", "install", "--local", cwd=work)
        run("git", "config", "--file", ".lfsconfig", "lfs.url", "https://copy.invalid/x", cwd=work)
        run("git", "lfs", "track", "*.safetensors", cwd=work)
    return prepare, store


def folder_size(path):
    return sum(os.path.getsize(os.path.join(at, name))
               for at, _, names in os.walk(path) for name in names)


def transfer(place):
    base, tune = place.root + "/base.st", place.root + "/tune.st"
    run(sys.executable, HERE + "/make_large.py", "base", base, str(GIGABYTE))
    run(sys.executable, HERE + "/make_large.py", "tune", base, tune)
    store = place.root + "/zllm.store"
    prepare, copies = use_copy_agent(place)
    theirs = push_and_clone(place, "copied", base, tune, prepare)
    ours = push_and_clone(place, "ours", base, tune,
                          lambda work: run("git", "zllm", "init", store, cwd=work))
    print(f"transfer: two files of {os.path.getsize(base) / 1e9:.2f} GB")
    print(f"{'':14}{'git-zllm':>10}{'copying':>10}{'ratio':>8}")
    for step in ours:
        print(f"{step:14}{ours[step]:>9.1f}s{theirs[step]:>9.1f}s{ours[step] / theirs[step]:>8.2f}")
    mine, whole = folder_size(store), folder_size(copies)
    print(f"{'stored':14}{mine / 1e6:>8.0f}MB{whole / 1e6:>8.0f}MB{mine / whole:>8.2f}")
    for path in store, copies:
        shutil.rmtree(path)
    os.remove(base)
    os.remove(tune)


# ------------------------------------------------------------------------ memory

def session(work, requests):
    """Runs the agent as git-lfs would; returns the last `complete` and its peak RSS."""
    agent = subprocess.Popen(["git-zllm", "agent"], cwd=work, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)
    complete = None
    for request in requests:
        agent.stdin.write(json.dumps(request) + "\n")
        agent.stdin.flush()
        while True:
            reply = json.loads(agent.stdout.readline())
            if "error" in reply:
                sys.exit(f"bench: the agent says: {reply['error']['message']}")
            if reply.get("event") in (None, "complete"):
                complete = reply
                break
    with open(f"/proc/{agent.pid}/status") as f:
        peak = next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))
    agent.stdin.write('{"event":"terminate"}\n')
    agent.stdin.close()
    agent.wait()
    return complete, peak / 1024


def sha256(path):
    return run("sha256sum", path).split()[0]


def memory(place):
    big = place.root + "/big.st"
    run(sys.executable, HERE + "/make_large.py", "base", big, str(4 * GIGABYTE))
    work, _ = place.repository("memory")
    run("git", "zllm", "init", place.root + "/memory.store", cwd=work)
    oid, size = sha256(big), os.path.getsize(big)
    _, up = session(work, [
        {"event": "init", "operation": "upload", "remote": "origin"},
        {"event": "upload", "oid": oid, "size": size, "path": big}])
    done, down = session(work, [
        {"event": "init", "operation": "download", "remote": "origin"},
        {"event": "download", "oid": oid, "size": size}])
    if sha256(done["path"]) != oid:
        sys.exit("bench: the object came back different")
    print(f"memory: one object of {size / 1e9:.2f} GB: peak {up:.0f} MiB up, {down:.0f} MiB down")


def search(place):
    for models, names in ((10000, 8), (200, 256)):
        folder = os.path.join(place.root, f"markers-{models}")
        os.mkdir(folder)
        report = json.loads(run(TOP + "/build/search_bench", folder, str(models), str(names)))
        for what, r in report.items():
            print(f"search    {models} models, {names} tensors, base {what}: {r['cpu_seconds']:.3f} s CPU, "
                  f"{r['seconds']:.3f} s, {r['listings']} listings, {r['manifests']} manifests, "
                  f"{r['markers']} keys")
        shutil.rmtree(folder)


# The base, and what knows it, comes last; the best order is the reverse.
BACKWARDS = ["base2", "ckpt-4", "lora-merged", "sft-vocab", "sft-purebf16", "sft-frozen", "sft-c",
             "sft-a", "base"]


def record_bytes(store):
    return folder_size(store + "/blobs")


def pushed_family(place, data, name, models, hints):
    work, _ = place.repository(name)
    store = f"{place.root}/{name}.store"
    run("git", "zllm", "init", store, cwd=work)
    if not hints:
        run("git", "zllm", "base", "none", cwd=work)
    for model in models:
        os.mkdir(f"{work}/{model}")
        shutil.copy(f"{data}/{model}/model.safetensors", f"{work}/{model}/model.safetensors")
        run("git", "add", ".", cwd=work)
        run("git", "commit", "-q", "-m", model, cwd=work)
        run("git", "push", "-q", "-u", "origin", "main", cwd=work)
    return work, store


def recompact(place, data):
    report = json.loads(run(TOP + "/build/recompact_bench", "300", "4", "128"))
    plan, made = report["plan"], report["bytes"]
    print(f"recompact {plan['models']} models of {plan['tensors']} tensors planned in "
          f"{plan['cpu_seconds']:.1f} s CPU, {plan['percent_above']:.2f} % above the best plan")
    print(f"recompact {made['models']} models of {made['tensors']} tensors: {made['before'] / 1e6:.1f} MB, "
          f"then {made['after'] / 1e6:.1f}; the best plan {made['best'] / 1e6:.1f} "
          f"({made['percent_above']:+.2f} %); {made['made']} records made anew, {made['trials']} "
          f"trials, {made['seconds']:.0f} s, {made['cpu_seconds']:.0f} s CPU")
    models = [name for name in BACKWARDS if have(data, name)]
    _, best = pushed_family(place, data, "best", models[::-1], True)
    work, worst = pushed_family(place, data, "worst", models, False)
    before = record_bytes(worst)
    done = json.loads(run("git", "zllm", "gc", "--json", cwd=work))["recompact"]
    after, goal = record_bytes(worst), record_bytes(best)
    run("git", "zllm", "fsck", cwd=work)
    print(f"recompact {len(models)} models of the family backwards: {before / 1e6:.1f} MB, then "
          f"{after / 1e6:.1f}; forwards, with hints, {goal / 1e6:.1f} ({100 * (after / goal - 1):+.1f} %); "
          f"{done['made']} records made anew, {done['trials']} trials, {done['milliseconds'] / 1000:.0f} s")


def collection(place):
    """A million records in a folder, in memory where that can be."""
    root = "/dev/shm" if os.access("/dev/shm", os.W_OK) else place.root
    folder = tempfile.mkdtemp(prefix="git-zllm-gc.", dir=root)
    try:
        for line in run(TOP + "/build/gc_bench", folder, "1000000", TOP + "/build/git-zllm").splitlines():
            if line.startswith(("gc ", "made ")):
                print(f"gc        a million records: {line}")
    finally:
        shutil.rmtree(folder)
    beside_server("light", "gc_requests.py")


def s3():
    """In a bucket of a server of its own, which ends with it."""
    beside_server("ceph", "s3_bench.py", S3_CEPH_BYTES=str(24 * GIGABYTE))


def beside_server(kind, script, **words):
    server = TOP + "/tests/s3/with_server.sh"
    why = run("sh", server, "reason", kind).strip()
    if why:
        print(f"{script}: skipped: {why}")
        return
    done = subprocess.run(["sh", server, kind, "/usr/bin/python3", f"{HERE}/{script}"],
                          env={**os.environ, **words}, check=False)
    if done.returncode:
        sys.exit(f"bench: {script} failed")


def with_place(measure):
    where = tempfile.mkdtemp(prefix="git-zllm-bench.", dir=os.environ.get("TMPDIR", "/tmp"))
    try:
        measure(Place(where))
    finally:
        shutil.rmtree(where)


def main():
    known = {"codec": codec,
             "threads": lambda data: with_place(lambda place: threads(place, data)),
             "family": lambda data: with_place(lambda place: family(place, data)),
             "sparse": lambda _: with_place(sparse),
             "kin": lambda data: with_place(lambda place: kin(place, data)),
             "transfer": lambda _: with_place(transfer),
             "memory": lambda _: with_place(memory),
             "search": lambda _: with_place(search),
             "gc": lambda _: with_place(collection),
             "recompact": lambda data: with_place(lambda place: recompact(place, data)),
             "s3": lambda _: s3()}
    wanted = sys.argv[1:] or list(known)
    if any(name not in known for name in wanted):
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory(prefix="git-zllm-models.") as own:
        data = os.environ.get("ZLLM_DATA", "")
        if not have(data, "base", "sft-a") and {"codec", "threads", "family", "kin", "recompact"} & set(wanted):
            data = made_models(own)
        for name in wanted:
            known[name](data)
            print(flush=True)


if __name__ == "__main__":
    main()
