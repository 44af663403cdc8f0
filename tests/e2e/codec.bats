#!/usr/bin/env bats
# `git zllm codec`: files coded and given back by hand, with no git and no store.

load helpers

# pair: base.safetensors and tuned.safetensors in the current folder.
pair() {
	make_model base.safetensors
	finetune tuned.safetensors base.safetensors
}

# refused: exit 2 and one line, and no file named `out`.
refused() {
	run "$@"
	[ "$status" -eq 2 ] || {
		printf 'exit %s: %s\n' "$status" "$output"
		return 1
	}
	one_line_error
	[ ! -e out ]
}

# only_these NAME...: nothing else is in the current folder, no leftover either.
only_these() {
	diff <(ls -A) <(printf '%s\n' "$@" | sort)
}

# ---------------------------------------------------------------- there and back

@test "encode and decode work outside any repository and print nothing" {
	pair
	run git zllm codec encode tuned.safetensors coded
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	run git zllm codec decode coded back
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	cmp tuned.safetensors back
	only_these back base.safetensors coded tuned.safetensors
}

@test "a base makes the bundle much smaller, and decoding needs it" {
	pair
	git zllm codec encode tuned.safetensors alone
	git zllm codec encode --base base.safetensors tuned.safetensors coded
	[ $((2 * $(stat -c %s coded))) -lt "$(stat -c %s alone)" ]
	git zllm codec decode --base base.safetensors coded back
	cmp tuned.safetensors back
	refused git zllm codec decode coded out
	says '--base' "$(oid_of base.safetensors)"
	make_model other.safetensors 9
	refused git zllm codec decode --base other.safetensors coded out
	says other.safetensors "$(oid_of base.safetensors)"
}

@test "the base may have another name and place when it is needed again" {
	pair
	git zllm codec encode --base base.safetensors tuned.safetensors coded
	mkdir elsewhere
	mv base.safetensors elsewhere/b
	git zllm codec decode --base elsewhere/b coded back
	cmp tuned.safetensors back
}

@test "a file against itself is next to nothing" {
	pair
	git zllm codec encode --base base.safetensors base.safetensors coded
	[ "$(stat -c %s coded)" -lt 20000 ]
	git zllm codec decode --base base.safetensors coded back
	cmp base.safetensors back
}

@test "every codec can be named, and gives the file back" {
	pair
	local codec
	for codec in raw zstd float bitx ulp; do
		git zllm codec encode --codec $codec --base base.safetensors tuned.safetensors "$codec"
		git zllm codec decode --base base.safetensors $codec back
		cmp tuned.safetensors back
	done
	[ "$(stat -c %s ulp)" -lt "$(stat -c %s bitx)" ]
	[ "$(stat -c %s bitx)" -lt "$(stat -c %s zstd)" ]
	[ "$(stat -c %s zstd)" -lt "$(stat -c %s raw)" ]
}

@test "a plain array is coded by its dtype" {
	pair
	git zllm codec encode --dtype bf16 --base base.safetensors tuned.safetensors coded
	git zllm codec decode --base base.safetensors coded back
	cmp tuned.safetensors back
	git zllm codec encode --dtype F32 tuned.safetensors coded
	git zllm codec decode coded back
	cmp tuned.safetensors back
}

@test "any file at all comes back" {
	: >empty
	printf x >one
	noise noise 3000001
	local file
	for file in empty one noise; do
		git zllm codec encode "$file" coded
		git zllm codec decode coded back
		cmp "$file" back
	done
}

@test "the same input makes the same bundle" {
	pair
	git zllm codec encode --base base.safetensors tuned.safetensors one
	git zllm codec encode --base base.safetensors tuned.safetensors two
	cmp one two
}

# ---------------------------------------------------------------- what is there already

@test "what has the name already is replaced only by a whole file" {
	pair
	git zllm codec encode base.safetensors coded
	printf old >back
	flip coded
	run git zllm codec decode coded back
	[ "$status" -eq 3 ]
	one_line_error
	[ "$(cat back)" = old ]
	git zllm codec encode base.safetensors coded
	git zllm codec decode coded back
	cmp base.safetensors back
	only_these back base.safetensors coded tuned.safetensors
}

@test "a full disk leaves nothing behind" {
	own_mounts
	pair
	mkdir small
	cat >inside <<-'END'
		mount -t tmpfs -o size=100k none small || exit 99
		git zllm codec encode --codec raw base.safetensors small/coded
		rc=$?
		ls -A small >left
		exit $rc
	END
	run -1 "${MOUNTED[@]}" sh inside
	one_line_error
	says 'small/coded'
	[ ! -s left ]
}

@test "an input is never written over" {
	pair
	cp base.safetensors kept
	refused git zllm codec encode base.safetensors base.safetensors
	refused git zllm codec encode --base base.safetensors tuned.safetensors ./base.safetensors
	git zllm codec encode --base base.safetensors tuned.safetensors coded
	refused git zllm codec decode --base base.safetensors coded base.safetensors
	refused git zllm codec decode --base base.safetensors coded coded
	cmp base.safetensors kept
}

# ---------------------------------------------------------------- damage

@test "damage anywhere in a bundle is found" {
	pair
	git zllm codec encode base.safetensors good
	local size at
	size=$(stat -c %s good)
	for at in 0 8 16 100 $((size / 3)) $((size / 2)) $((size - 1000)) $((size - 40)) $((size - 1)); do
		cp good bad
		flip bad "$at"
		run git zllm codec decode bad out
		[ "$status" -ne 0 ]
		one_line_error
		[ ! -e out ]
	done
	head -c $((size - 1)) good >bad
	run -3 git zllm codec decode bad out
	one_line_error
}

# ---------------------------------------------------------------- bench

@test "bench says for each codec what it takes and how fast it is" {
	pair
	run git zllm codec bench --base base.safetensors tuned.safetensors
	[ "$status" -eq 0 ]
	says 'BF16        ulp' 'F16         float' 'F32         bitx' 'all         best'
	run git zllm codec bench tuned.safetensors
	says 'BF16        zstd'
	says_not ulp bitx
}

@test "bench --json holds the same, and the numbers agree with each other" {
	pair
	run git zllm codec bench --json --base base.safetensors tuned.safetensors
	[ "$status" -eq 0 ]
	json_holds 'd["file"] == "tuned.safetensors" and d["base"] == "base.safetensors"'
	json_holds 'all(r["encode_mbs"] > 0 and r["decode_mbs"] > 0 for r in d["results"])'
	json_holds 'all(abs(r["percent"] - 100 * r["stored"] / r["raw"]) < 0.001 for r in d["results"])'
	json_holds '{r["codec"] for r in d["results"]} >= {"raw", "zstd", "bitx", "float", "ulp", "best"}'
	json_holds 'min(r["stored"] for r in d["results"] if r["dtype"] == "BF16") ==
		[r["stored"] for r in d["results"] if (r["dtype"], r["codec"]) == ("BF16", "best")][0]'
}

@test "bench measures a plain array" {
	pair
	run git zllm codec bench --json --dtype bf16 --base base.safetensors tuned.safetensors
	json_holds 'd["results"][0]["raw"] == '"$(stat -c %s tuned.safetensors)"
}

@test "bench on several threads stores the same" {
	pair
	run git zllm codec bench --json --base base.safetensors tuned.safetensors
	stored=$(printf '%s' "$output" | python3 -c 'import json, sys
print([r["stored"] for r in json.load(sys.stdin)["results"]])')
	run git zllm codec bench --json --threads 3 --base base.safetensors tuned.safetensors
	[ "$status" -eq 0 ]
	json_holds 'd["threads"] == 3'
	json_holds '[r["stored"] for r in d["results"]] == '"$stored"
	run git zllm codec bench --threads 3 --base base.safetensors tuned.safetensors
	says '3 threads'
}

@test "bench of one codec, and in one round, stores the same" {
	pair
	run git zllm codec bench --json --base base.safetensors tuned.safetensors
	stored=$(printf '%s' "$output" | python3 -c 'import json, sys
print([r["stored"] for r in json.load(sys.stdin)["results"] if r["codec"] == "bitx"])')
	run git zllm codec bench --json --codec bitx --rounds 1 --base base.safetensors tuned.safetensors
	[ "$status" -eq 0 ]
	json_holds '{r["codec"] for r in d["results"]} == {"bitx", "best"}'
	json_holds '[r["stored"] for r in d["results"] if r["codec"] == "bitx"] == '"$stored"
}

# ---------------------------------------------------------------- wrong use

@test "wrong use is one line and exit code 2" {
	pair
	printf 'no model' >text
	refused git zllm codec
	refused git zllm codec shrink text
	refused git zllm codec encode text
	refused git zllm codec encode text out more
	refused git zllm codec decode text
	refused git zllm codec bench
	refused git zllm codec encode --codec lzma text out
	says "unknown codec 'lzma'"
	refused git zllm codec encode --codec ulp text out
	says '--base'
	refused git zllm codec encode --dtype bf17 text out
	says "unknown dtype 'bf17'; use bf16, f16 or f32"
	refused git zllm codec encode --json text out
	refused git zllm codec decode --codec ulp text out
	refused git zllm codec decode text out
	says 'not a bundle'
	refused git zllm codec bench text
	says '--dtype'
	refused git zllm codec bench --codec ulp tuned.safetensors
	refused git zllm codec bench --threads 0 tuned.safetensors
	refused git zllm codec bench --threads 2x tuned.safetensors
	says '--threads'
	refused git zllm codec bench --rounds 0 tuned.safetensors
	says '--rounds'
	refused git zllm codec encode --rounds 2 text out
	refused git zllm codec encode --threads 2 text out
	refused git zllm codec encode text "$T"
	refused git zllm codec encode "$T" out
}

@test "what is not there is said with its name" {
	printf text >text
	run -1 git zllm codec encode nothing out
	one_line_error
	says nothing
	run -1 git zllm codec encode --base nothing text out
	one_line_error
	run -1 git zllm codec decode nothing out
	one_line_error
	run -1 git zllm codec encode text no/such/folder/out
	one_line_error
	only_these text
}

# best FILE: what the best of all codecs makes of all tensors of FILE against base, in bytes.
best() {
	git zllm codec bench --json --rounds 1 --base base.safetensors "$1" |
		json '[c["stored"] for c in d["results"] if c["dtype"] == "all" and c["codec"] == "best"][0]'
}

@test "bench finds a base's tensors as encode does: in a wrapper, and fused" {
	pair
	local plain
	plain=$(best tuned.safetensors)
	model rename wrapped.safetensors tuned.safetensors language_model.
	[ "$(best wrapped.safetensors)" -eq "$plain" ]
	model fuse fused.safetensors base.safetensors 3
	[ "$(best fused.safetensors)" -lt $((plain * 105 / 100)) ]
	git zllm codec encode --base base.safetensors wrapped.safetensors coded
	[ "$(stat -c %s coded)" -lt $((plain * 105 / 100 + 8000)) ]
}
