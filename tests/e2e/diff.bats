#!/usr/bin/env bats
# git zllm diff: what differs between two models, and the same by way of `git diff`.

load helpers

# two_versions: r with a base and a fine-tune of it, two commits, pushed.
two_versions() {
	begin_with versions_pushed
}

versions_pushed() {
	make_repo r
	make_model model.safetensors
	commit 'The base'
	git push -q
	cp model.safetensors "$T/base.safetensors"
	finetune model.safetensors "$T/base.safetensors"
	cp model.safetensors "$T/tuned.safetensors"
	commit 'Tuned'
	git push -q
}

# expect_words: $output has, for each tensor, the counts that Python comes to.
expect_words() {
	printf '%s' "$output" >"$T/diff.json"
	python - "$E2E" "$1" "$2" "$T/diff.json" <<-'END'
		import json, sys
		from array import array
		sys.path.insert(0, sys.argv[1])
		import model
		old = {t[0]: t for t in model.load(sys.argv[2])[1]}
		seen = 0
		for d in json.load(open(sys.argv[4]))["tensors"]:
		    name, dtype, shape, data = next(t for t in model.load(sys.argv[3])[1] if t[0] == d["name"])
		    code = "I" if model.WIDTH[dtype] == 4 else "H"
		    pairs = [(a ^ b) for a, b in zip(array(code, old[name][3]), array(code, data))]
		    assert d["shape"] == shape and d["dtype"] == dtype and d["size"] == len(data)
		    if d["status"] == "changed":
		        assert d["words"] == len(pairs), d
		        assert d["words_changed"] == sum(x != 0 for x in pairs), d
		        assert d["bits_changed"] == sum(bin(x).count("1") for x in pairs), d
		        assert abs(d["bits_per_word"] - d["bits_changed"] / d["words"]) < 0.001
		        assert 0 < d["delta"] < len(data), d
		        seen += 1
		assert seen >= 13, seen
	END
}

@test "files, revisions, oids and <rev>:<path> come to the same, exactly" {
	two_versions
	local base tuned words
	base=$(oid_of "$T/base.safetensors")
	tuned=$(oid_of "$T/tuned.safetensors")
	for words in "$T/base.safetensors $T/tuned.safetensors" "HEAD^ HEAD" "$base $tuned" \
		"HEAD^:model.safetensors model.safetensors" "HEAD^ $T/tuned.safetensors"; do
		# shellcheck disable=SC2086
		run -0 --separate-stderr git zllm diff --json $words
		json_holds 'd["changed"] == 13 and d["equal"] + d["new"] + d["gone"] == 0'
		expect_words "$T/base.safetensors" "$T/tuned.safetensors"
	done
}

@test "the size of a delta is what a push stores" {
	two_versions
	run -0 --separate-stderr git zllm diff --json HEAD^ HEAD
	local sum inside
	sum=$(json 'sum(t["delta"] for t in d["tensors"] if t["size"] >= 65536)' <<<"$output")
	inside=$(git zllm show model.safetensors --json |
		json 'sum(e["stored"] for e in d["extents"] if e["base"])')
	[ "$inside" -gt 100000 ]
	# a record names its base and pads its head: some bytes for each of eleven
	[ "$sum" -le $((inside + 11 * 64)) ] && [ "$sum" -ge $((inside - 11 * 128)) ]
}

@test "objects that are only in the store" {
	two_versions
	rm -rf .git/lfs/objects
	run -0 --separate-stderr git zllm diff --json HEAD^ HEAD
	json_holds 'd["changed"] == 13'
	expect_words "$T/base.safetensors" "$T/tuned.safetensors"
	[ ! -e .git/lfs/objects ] # nothing was fetched
}

@test "equal, new, gone, other shape, other dtype" {
	cd "$T"
	make_model a.safetensors
	python - "$E2E" <<-'END'
		import sys
		sys.path.insert(0, sys.argv[1])
		import model, array, struct
		meta, t = model.load("a.safetensors")
		t = {x[0]: x for x in t}
		names = list(t)
		emb, q, k, v = names[0], names[1], names[2], names[3]
		n, d, s, data = t[emb]
		t[emb] = (n, d, [s[0] + 8, s[1]], data + bytes(8 * s[1] * 2))   # grown by rows
		n, d, s, data = t[q]
		wide = b"".join(b"\0\0" + data[i:i + 2] for i in range(0, len(data), 2))
		t[q] = (n, "F32", s, wide)                                      # exactly widened
		n, d, s, data = t[k]
		t[k] = (n, d, [s[1] * 2, s[0] // 2], data)                      # another shape
		del t[v]
		t["extra.weight"] = ("extra.weight", "BF16", [4, 4], bytes(32))
		model.save("b.safetensors", list(t.values()), meta)
	END
	run -0 --separate-stderr git zllm diff --json a.safetensors b.safetensors
	json_holds 'd["new"] == 1 and d["gone"] == 1 and d["changed"] == 3 and d["equal"] == 9'
	local by='{t["name"].split(".")[-2]: t for t in d["tensors"]}'
	json_holds "($by)['extra']['status'] == 'new' and ($by)['v_proj']['status'] is not None"
	json_holds "[t for t in d['tensors'] if t['status'] == 'gone'][0]['name'].endswith('layers.0.self_attn.v_proj.weight')"
	json_holds "($by)['embed_tokens']['words'] == 1200 * 256 and ($by)['embed_tokens']['words_changed'] == 0"
	json_holds "[t for t in d['tensors'] if t.get('old_dtype') == 'BF16' and t.get('dtype') == 'F32'][0]['words_changed'] == 0"
	json_holds "'words' not in [t for t in d['tensors'] if t.get('shape') == [512, 128]][0]"
	run -0 --separate-stderr git zllm diff a.safetensors b.safetensors
	says 'BF16>F32' '[1200, 256]>[1208, 256]' 'new ' 'gone ' '9 equal, 3 changed, 1 new, 1 gone'
	says_not 'equal   BF16'
	run -0 --separate-stderr git zllm diff --all a.safetensors b.safetensors
	says 'equal   BF16'
}

@test "folders and revisions of shards: tensors are found by name" {
	make_repo r
	make_model "$T/base.safetensors"
	mkdir one three
	finetune one/model.safetensors "$T/base.safetensors"
	model shard three "$T/base.safetensors" 3
	run -0 --separate-stderr git zllm diff --json three one
	json_holds 'd["changed"] == 13 and d["new"] + d["gone"] + d["equal"] == 0'
	expect_words "$T/base.safetensors" one/model.safetensors
	git rm -q --cached -r one 2>/dev/null || true
	mv one "$T/one"
	commit 'Shards'
	git rm -q -r three
	mv "$T/one" one
	commit 'One file'
	run -0 --separate-stderr git zllm diff --json HEAD^ HEAD
	json_holds 'd["changed"] == 13'
	run -0 --separate-stderr git zllm diff HEAD^ HEAD
	says 'one/model.safetensors'
}

@test "other files are the same or not; nothing but tensors is compared" {
	make_repo r
	noise a.bin 300000 1
	noise b.bin 3000000 2
	cp a.bin c.bin
	run -0 --separate-stderr git zllm diff --json a.bin b.bin
	json_holds 'd["changed"] == 1 and d["old_size"] == 300000 and d["size"] == 3000000'
	run -0 --separate-stderr git zllm diff --json a.bin c.bin
	json_holds 'd["equal"] == 1'
	make_model m.safetensors
	model metadata other.safetensors m.safetensors 'another word'
	run -0 git zllm diff m.safetensors other.safetensors
	says '13 equal' 'nothing differs but what lies outside the tensors'
	run -0 --separate-stderr git zllm diff --json a.bin m.safetensors
	json_holds 'd["new"] == 13 and d["gone"] == 1'
}

@test "without a repository, and without a store, files are compared" {
	cd "$T"
	make_model a.safetensors
	finetune b.safetensors a.safetensors
	run -0 git zllm diff a.safetensors b.safetensors
	says '13 changed'
	git init -q plain
	cd plain
	run -0 git zllm diff ../a.safetensors ../b.safetensors
	says '13 changed'
}

@test "what cannot be compared is said in one line" {
	two_versions
	local pair
	for pair in "HEAD nothing" "HEAD^:no HEAD" "$(printf '%064d' 7) HEAD" "-x HEAD" "HEAD" "HEAD HEAD HEAD" \
		"HEAD:.gitattributes HEAD" ". HEAD~2"; do
		# shellcheck disable=SC2086
		run git zllm diff $pair
		[ "$status" -ne 0 ]
		one_line_error
	done
	rm -f "$(lfs_file "$(oid_of model.safetensors)")"
	store_remove "$(manifest_of "$(oid_of model.safetensors)")"
	run git zllm diff HEAD^ HEAD
	[ "$status" -ne 0 ]
	one_line_error
	says 'neither here nor in store'
}

# ---------------------------------------------------------------- git diff

@test "git diff shows models tensor by tensor" {
	two_versions
	run -0 git diff HEAD^ HEAD
	says 'diff a/model.safetensors b/model.safetensors' '13 changed' 'model.embed_tokens.weight' 'as deltas'
	says_not 'oid sha256'
	run -0 git diff --no-ext-diff HEAD^ HEAD
	says 'oid sha256'
	run -0 git log -p -1
	says '+oid sha256'
	finetune model.safetensors "$T/base.safetensors" 2
	run -0 git diff
	says '13 changed'
}

@test "git diff: a model that is new or gone, a rename, and other files" {
	two_versions
	git mv model.safetensors renamed.safetensors
	echo text >notes
	commit 'Renamed'
	run -0 git diff -M HEAD^ HEAD
	says '+text'
	run -0 git diff --no-renames HEAD^ HEAD
	says 'gone: 13 tensors' 'new: 13 tensors'
	finetune renamed.safetensors "$T/base.safetensors" 2
	noise other.bin 2000
	commit 'More'
	run -0 git diff -M HEAD^ HEAD
	says 'renamed.safetensors' '13 changed' '+oid sha256'
}

@test "git diff in a clone that has pointers alone: what lies in the store is compared" {
	two_versions
	GIT_LFS_SKIP_SMUDGE=1 git clone -q "$T/r.git" "$T/c"
	cd "$T/c"
	GIT_LFS_SKIP_SMUDGE=1 run -0 git diff HEAD^ HEAD
	says '13 changed'
}

@test "git diff where an object is nowhere: one line, and the diff goes on" {
	two_versions
	echo text >z-notes
	commit 'Notes'
	rm -rf .git/lfs/objects
	store_remove "$(manifest_of "$(oid_of "$T/base.safetensors")")"
	GIT_LFS_SKIP_SMUDGE=1 run -0 git diff HEAD~2 HEAD
	says 'git-zllm cannot compare them' '+text'
	store_destroy
	GIT_LFS_SKIP_SMUDGE=1 run -0 git diff HEAD~2 HEAD
	says 'git-zllm cannot compare them' 'no store at' '+text'
}

@test "after uninstall git diff shows pointers again; init writes the attribute once" {
	two_versions
	git zllm init "$STORE" '*.safetensors' '*.bin' >/dev/null
	[ "$(grep -c 'diff=zllm' .gitattributes)" -eq 1 ]
	git zllm uninstall >/dev/null
	run -0 git diff HEAD^ HEAD
	says '+oid sha256'
	git config --global diff.zllm.command /my/own
	git zllm install 2>"$T/words"
	grep -q 'not ours' "$T/words"
	git zllm uninstall 2>/dev/null
	[ "$(git config --global diff.zllm.command)" = /my/own ]
}

@test "bits mean the same in show, family and diff, whatever the dtype" {
	make_repo r
	make_model model.safetensors
	python - model.safetensors "$T/tuned" <<-'END'
		# An F32 head whose lower halves differ, which no rounding to 16 bits shows.
		import json, random, struct, sys
		data = bytearray(open(sys.argv[1], "rb").read())
		n = struct.unpack("<Q", data[:8])[0]
		at, end = json.loads(data[8:8 + n])["lm_head.weight"]["data_offsets"]
		r = random.Random(1)
		for i in range(8 + n + at, 8 + n + end, 4):
		    data[i] ^= r.randrange(256)
		open(sys.argv[2], "wb").write(data)
	END
	commit base
	git push -q
	cp "$T/tuned" model.safetensors
	commit tuned
	git push -q
	run -0 --separate-stderr git zllm diff --json HEAD^ HEAD
	local counted
	counted=$(json '[t["bits_per_word"] for t in d["tensors"] if t["name"] == "lm_head.weight"][0]' <<<"$output")
	run -0 --separate-stderr git zllm show --json model.safetensors
	json_holds "[abs(e['bit_distance'] - $counted) for e in d['extents'] if e['name'] == 'lm_head.weight'][0] < 0.05"
	json_holds "3.5 < $counted < 4.5"
	run -0 --separate-stderr git zllm family --json model.safetensors
	json_holds "abs(d['children'][0]['bits_per_word'] - $counted) < 0.05"
}

@test "bits of every tensor of a fine-tune are those that diff counts, in show, too" {
	two_versions
	run -0 --separate-stderr git zllm diff --json HEAD^ HEAD
	printf '%s' "$output" >"$T/diff.json"
	run -0 --separate-stderr git zllm show --json model.safetensors
	json_holds "(lambda by: len([e for e in d['extents'] if e['base'] and abs(by[e['name']] - e['bit_distance']) < 0.2]))({t['name']: t['bits_per_word'] for t in json.load(open('$T/diff.json'))['tensors']}) >= 10"
}

# unread COMMAND...: runs it, its output a pipe that nobody reads; prints what it says on
# standard error, and how it ended.
unread() {
	python - "$@" <<-'END'
		import os, signal, subprocess, sys
		for keep in (signal.SIG_DFL, signal.SIG_IGN):
		    read, write = os.pipe()
		    os.close(read)
		    p = subprocess.run(sys.argv[1:], stdout=write, stderr=subprocess.PIPE, restore_signals=False,
		                       preexec_fn=lambda: signal.signal(signal.SIGPIPE, keep))
		    os.close(write)
		    print(p.stderr.decode(), end="")
		    print("ended", p.returncode if p.returncode not in (-13, 141) else 0)
	END
}

@test "a reader that has seen enough is no failure: git diff and every command are quiet" {
	two_versions
	git zllm install --local >/dev/null
	local words
	for words in 'git diff HEAD^ HEAD' 'git log -p --ext-diff' 'git zllm diff HEAD^ HEAD' \
		'git zllm diff --json HEAD^ HEAD' 'git zllm show model.safetensors' \
		'git zllm family model.safetensors' 'git zllm status' 'git zllm stats' \
		'git zllm help' 'git zllm version' 'git zllm doctor' 'git zllm fsck' \
		"git zllm codec bench $T/base.safetensors"; do
		# shellcheck disable=SC2086
		run -0 unread $words
		[ "$output" = $'ended 0\nended 0' ] || {
			printf '%s: %s\n' "$words" "$output"
			false
		}
	done
}

@test "tensors under another prefix are the same tensors, as for a push" {
	two_versions
	model rename "$T/wrapped.safetensors" "$T/tuned.safetensors" language_model.
	run -0 --separate-stderr git zllm diff --json "$T/base.safetensors" "$T/tuned.safetensors"
	local delta
	delta=$(json 'd["delta"]' <<<"$output")
	run -0 --separate-stderr git zllm diff --json "$T/base.safetensors" "$T/wrapped.safetensors"
	json_holds "d['changed'] == 13 and d['new'] + d['gone'] == 0 and d['delta'] == $delta"
	json_holds 'all(t["name"] == "language_model." + t["old_name"] for t in d["tensors"])'
	run -0 git zllm diff "$T/tuned.safetensors" "$T/wrapped.safetensors"
	says '13 equal, 0 changed, 0 new, 0 gone'
	run -0 git zllm diff "$T/wrapped.safetensors" "$T/base.safetensors"
	says 'language_model.lm_head.weight>lm_head.weight'
}

@test "a namesake goes before a tensor under another prefix, and each is used once" {
	two_versions
	model rename "$T/wrapped.safetensors" "$T/base.safetensors" language_model.
	model merge "$T/both.safetensors" "$T/wrapped.safetensors" "$T/tuned.safetensors"
	run -0 --separate-stderr git zllm diff --json "$T/tuned.safetensors" "$T/both.safetensors"
	json_holds 'd["equal"] == 13 and d["new"] == 13 and d["changed"] + d["gone"] == 0'
	run -0 --separate-stderr git zllm diff --json "$T/both.safetensors" "$T/tuned.safetensors"
	json_holds 'd["equal"] == 13 and d["gone"] == 13 and d["changed"] + d["new"] == 0'
}

@test "git diff shows what became of a model's mode" {
	two_versions
	git zllm install --local >/dev/null
	chmod +x model.safetensors
	run -0 git diff
	[ "${lines[1]}" = 'old mode 100644' ]
	[ "${lines[2]}" = 'new mode 100755' ]
	git checkout -q .
	run -0 git diff HEAD^ HEAD
	says_not 'old mode' 'new mode' 'file mode'
	git mv model.safetensors gone.safetensors
	git rm -qf gone.safetensors
	run -0 git diff --cached
	says 'deleted file mode 100644'
}

# adapted OUT FROM: FROM, a model of one BF16 matrix of 512 x 512, and a product of rank 4.
adapted() {
	python - "$@" <<-'END'
		import json, random, struct, sys
		N, RANK = 512, 4
		r = random.Random(3)
		def write(path, values):
		    head = json.dumps({"w": {"dtype": "BF16", "shape": [N, N], "data_offsets": [0, 2 * N * N]}}).encode()
		    head += b" " * (-len(head) % 8)
		    words = [struct.unpack("<I", struct.pack("<f", v))[0] + 0x8000 >> 16 for v in values]
		    open(path, "wb").write(struct.pack("<Q", len(head)) + head + struct.pack(f"<{N * N}H", *words))
		base = [r.gauss(0, 0.02) for _ in range(N * N)]
		write(sys.argv[2], base)
		base = [struct.unpack("<f", struct.pack("<I", (struct.unpack("<I", struct.pack("<f", v))[0] + 0x8000 >> 16) << 16))[0] for v in base]
		a = [[r.gauss(0, 0.02) for _ in range(RANK)] for _ in range(N)]
		b = [[r.gauss(0, 0.1) for _ in range(N)] for _ in range(RANK)]
		write(sys.argv[1], [base[i * N + j] + sum(a[i][k] * b[k][j] for k in range(RANK)) for i in range(N) for j in range(N)])
	END
}

@test "DELTA of a merged adapter is what a push stores for it: with the low-rank product" {
	make_repo r
	adapted "$T/tuned.safetensors" model.safetensors
	commit base
	git push -q
	cp "$T/tuned.safetensors" model.safetensors
	commit tuned
	git push -q
	run -0 --separate-stderr git zllm show --json model.safetensors
	local stored
	stored=$(json '[e["stored"] for e in d["extents"] if e["name"] == "w" and e["prediction"] == "low rank"][0]' <<<"$output")
	run -0 --separate-stderr git zllm diff --json HEAD^ HEAD
	json_holds "abs(d['tensors'][0]['delta'] - $stored) < $stored / 50"
	json_holds 'd["tensors"][0]["words"] == 512 * 512'
	# So it is in a clone that has neither of the two.
	local here=$output
	GIT_LFS_SKIP_SMUDGE=1 git clone -q "$T/r.git" "$T/c"
	cd "$T/c"
	run -0 --separate-stderr git zllm diff --json HEAD^ HEAD
	[ "$(json 'd["tensors"][0]["delta"]' <<<"$output")" = "$(json 'd["tensors"][0]["delta"]' <<<"$here")" ]
	[ ! -e .git/lfs/objects ] || [ -z "$(find .git/lfs/objects -type f)" ]
}
