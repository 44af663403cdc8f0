#!/usr/bin/env bats
# A model of very many small tensors, and manifests that claim to be of one: memory follows
# what is there, at some hundred bytes a tensor.

load helpers

# many_tensors FILE COUNT [SEED]: small tensors, 2 bytes each, and one of 512 kB.
many_tensors() {
	python - "$@" <<'PY'
import json, random, struct, sys

path, n, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
header = {f"model.layers.{i}.self_attn.very_long_name_of_a_tensor.weight":
          {"dtype": "BF16", "shape": [1, 1], "data_offsets": [2 * i, 2 * i + 2]}
          for i in range(n)}
header["model.big.weight"] = {"dtype": "BF16", "shape": [512, 512],
                              "data_offsets": [2 * n, 2 * n + 524288]}
text = json.dumps(header).encode()
rng = random.Random(1)
big = bytearray(b"".join(struct.pack("<f", rng.gauss(0, .02))[2:] for _ in range(262144)))
for i in range(0, len(big) if seed > 1 else 0, 16):
    big[i] ^= seed & 7
with open(path, "wb") as f:
    f.write(struct.pack("<Q", len(text)) + text + bytes(2 * n) + bytes(big))
PY
}

# kilobytes: what the programs took that were run by `measured` so far; the most.
kilobytes() {
	sort -n "$T/kb" | tail -n 1
}

# measured_agent: git-lfs starts our agent by way of time(1).
measured_agent() {
	printf '#!/bin/sh\nexec /usr/bin/time -a -f %%M -o "%s/kb" git-zllm agent\n' "$T" >"$T/agent"
	chmod +x "$T/agent"
	git config --global lfs.customtransfer.zllm.path "$T/agent"
	git config --global lfs.customtransfer.zllm.args ''
}

# 700 000 take 228 MiB to push, 210 MiB as a second version, 85 MiB to clone.
@test "a model of 200 000 tensors is pushed, pushed again and cloned in 128 MiB" {
	[ -x /usr/bin/time ] || skip 'no /usr/bin/time'
	make_repo r
	measured_agent
	many_tensors model.safetensors 200000 1
	commit 'Many'
	git push -q
	many_tensors model.safetensors 200000 2
	commit 'A version'
	git push -q
	run -0 git zllm show model.safetensors
	grep -q 'model.big.weight  git' <<<"$output"
	clone_and_compare r
	[ "$(wc -l <"$T/kb")" -ge 3 ]
	echo "$(kilobytes) kB"
	[ "$(kilobytes)" -lt 131072 ]
}

# bomb COUNT SIZE: a manifest of COUNT empty tensors and a last one, of an object of SIZE
# bytes, and a commit that needs it.
bomb() {
	python - "$STORE" "$@" <<'PY'
import hashlib, os, struct, sys
import xxhash, zstandard

store, n, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
empty = bytes([2, 0, 1, 0]) + struct.pack("<QH", 0, 0)
last = bytes([2, 0, 0, 0]) + struct.pack("<QH", size, 0) + bytes(48)
oid = hashlib.sha256(b"x").digest()
need = n * 14 // 4000
note = struct.pack("<H", 1) + b"k" + struct.pack("<I", need) + os.urandom(need).replace(b"\0", b"\1")
body = note + empty * n + last
packed = zstandard.ZstdCompressor(level=3).compress(body)
data = struct.pack("<8sHBBI32sQQIIQ", b"ZLLMMAN\0", 1, 1, 1, 0, oid, size, len(body), 1, n + 1, 0)
data += packed
data += xxhash.xxh3_128_digest(data)
path = f"{store}/objects/{oid.hex()[:2]}/{oid.hex()}"
os.makedirs(os.path.dirname(path), exist_ok=True)
with open(path, "wb") as f:
    f.write(data)
with open("bomb.bin", "w") as f:
    f.write(f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid.hex()}\nsize {size}\n")
PY
	git -c filter.lfs.clean=cat -c filter.lfs.process= -c filter.lfs.required=false add -f bomb.bin
	git -c core.hooksPath=/dev/null commit -qm 'A bomb'
	git push -q --no-verify
}

@test "a manifest of more extents than its object can have costs no memory" {
	folder_only 'the manifest is put into a folder'
	[ -x /usr/bin/time ] || skip 'no /usr/bin/time'
	python -c 'import xxhash, zstandard' || skip 'no xxhash, zstandard for python'
	make_repo r
	measured_agent
	for size in 1 100000000000; do
		bomb 2000000 "$size"
		run git clone -q "$T/r.git" "$T/victim$size"
		[ "$status" -ne 0 ]
		says 'damaged manifest'
		for command in fsck stats 'status' 'show bomb.bin'; do
			# shellcheck disable=SC2086
			run /usr/bin/time -a -f %M -o "$T/kb" git zllm $command
			echo "$output"
		done
		git init -q "$T/maker$size"
		git -C "$T/maker$size" zllm init "$T/mirror$size" >/dev/null
		run /usr/bin/time -a -f %M -o "$T/kb" git zllm copy "$STORE" "$T/mirror$size"
		[ "$status" -ne 0 ]
		echo "$(kilobytes) kB"
		[ "$(kilobytes)" -lt 131072 ]
		git reset -q --hard HEAD^
		git push -qf --no-verify
	done
}
