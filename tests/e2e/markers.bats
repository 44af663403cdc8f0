#!/usr/bin/env bats
# The base is found without git: by the markers that the store keeps of its solo
# tensors. And the reason for each choice is recorded and shown.

load helpers

# How many tensors of the model at PATH are stored as deltas, and how many are not and
# have a record of their own.
deltas() {
	git zllm show "$1" --json | json 'sum(e["codec"] in ("ulp", "bitx") for e in d["extents"])'
}

records() {
	git zllm show "$1" --json | json 'sum(e["codec"] != "inline" for e in d["extents"])'
}

# pushed NAME FILE: a repository of its own that shares the store, with FILE pushed.
pushed() {
	make_repo "$1"
	cp "$2" model.safetensors
	commit "Bring $1"
	git push -q
}

small_family() {
	make_model "$T/base"
	finetune "$T/tuned" "$T/base"
	make_model "$T/stranger" 2
}

# The family, and its base in a repository.
base_in_one() {
	small_family
	pushed one "$T/base"
}

@test "another repository that shares only the store finds the base" {
	begin_with base_in_one
	pushed two "$T/tuned"
	run -0 --separate-stderr git zllm show model.safetensors --json
	json_holds 'sum(e["codec"] in ("ulp", "bitx") for e in d["extents"]) >= 10'
	json_holds 'd["stored"] < 0.62 * d["size"]'
	json_holds 'd["base_source"] == "markers"'
	json_holds "d['base_oid'] == '$(oid_of "$T/base")' and d['base_path'] is None"
	json_holds 'all(e["base_source"] == "markers" and e["bit_distance"] < 4 for e in d["extents"] if e["base"])'
	json_holds 'all(sum(c["chosen"] for c in e["candidates"]) == 1 for e in d["extents"] if e["base"])'
	run -0 git zllm show model.safetensors
	says "base    object $(oid_of "$T/base")" 'found   by markers' 'markers, '
	clone_and_compare two
}

@test "wrapped names and other files do not hide it" {
	begin_with base_in_one
	model rename "$T/wrapped" "$T/tuned" base_model.model.
	make_repo two
	model shard . "$T/wrapped" 3
	commit 'In three files'
	git push -q
	local file n=0
	for file in *.safetensors; do
		n=$((n + $(deltas "$file")))
	done
	[ "$n" -ge 10 ]
	clone_and_compare two
}

@test "a stranger of the same shapes stays solo, and a base that is not git's is found" {
	begin_with base_in_one
	pushed two "$T/stranger"
	[ "$(deltas model.safetensors)" -eq 0 ]
	# git names the stranger as base of the tuned one: its own past.
	cp "$T/tuned" model.safetensors
	commit 'Something else'
	git push -q
	run -0 --separate-stderr git zllm show model.safetensors --json
	json_holds "d['base_oid'] == '$(oid_of "$T/base")' and d['base_source'] == 'markers'"
	clone_and_compare two
}

# bats test_tags=bucket
@test "markers lead nowhere when the store lost what they name" {
	begin_with base_in_one
	store_empty blobs/
	pushed two "$T/tuned"
	[ "$(deltas model.safetensors)" -eq 0 ]
	clone_and_compare two
}

@test "a marker of a record that became a delta is passed over" {
	begin_with base_in_one
	pushed two "$T/tuned"
	# As if all had been encoded anew: the base against the tuned one would be depth 2.
	local record
	while IFS= read -r record; do
		store_read "$record" >"$T/record"
		store_write "$record~00112233445566778899aabbccddeeff" <"$T/record"
		store_remove "$record"
	done < <(store_keys blobs/ | grep -v '~')
	finetune "$T/third" "$T/tuned" 7
	pushed three "$T/third"
	[ "$(deltas model.safetensors)" -eq 0 ]
	clone_and_compare three
}

@test "in a shallow and in a partial clone markers still work" {
	begin_with base_in_one
	git -C "$T/one.git" config uploadpack.allowFilter true
	local kind
	for kind in --depth=1 --filter=blob:none; do
		cd "$T"
		rm -rf clone
		git clone -q "$kind" "file://$T/one.git" "$T/clone"
		cd "$T/clone"
		finetune other.safetensors "$T/base" "$kind"
		commit "From a clone with $kind"
		git push -q
		[ "$(deltas other.safetensors)" -ge 10 ]
	done
}

@test "a corrupt git object is no hint and no failure" {
	begin_with base_in_one
	make_repo two
	cp "$T/stranger" model.safetensors
	commit 'First'
	git push -q
	cp "$T/tuned" model.safetensors
	commit 'Second'
	# The tree of the first commit is gone bad; git itself does not need it to push.
	local tree file
	tree=$(git rev-parse 'HEAD~1^{tree}')
	file=.git/objects/${tree:0:2}/${tree:2}
	chmod u+w "$file"
	printf 'rot' >"$file"
	{
		say_init upload
		say_upload model.safetensors
		say_terminate
	} | drive
	in_store "$(oid_of model.safetensors)"
	[ "$(deltas "$(oid_of model.safetensors)")" -ge 10 ]
}

# shellcheck disable=SC2153  # STORE is given
@test "a repository of SHA-256 objects has no hints and finds the base" {
	begin_with base_in_one
	git init -q --bare --object-format=sha256 "$T/sha.git" 2>/dev/null || skip 'this git has no SHA-256'
	git init -q --object-format=sha256 "$T/sha"
	cd "$T/sha"
	git remote add origin "$T/sha.git"
	git zllm init "$STORE" '*.safetensors' >/dev/null
	cp "$T/tuned" model.safetensors
	commit 'Tuned'
	git push -q -u origin main
	[ "$(deltas "$(oid_of model.safetensors)")" -ge 10 ]
}

# bats test_tags=bucket,swift
@test "fsck --markers makes the markers of a store that has none" {
	begin_with base_in_one
	store_keys | grep ^bases/ >"$T/markers"
	[ "$(wc -l <"$T/markers")" -ge 10 ]
	store_empty bases/
	run -0 git zllm fsck --markers
	says '1 object looked at' "$(wc -l <"$T/markers") markers made"
	store_keys | grep ^bases/ | diff "$T/markers" -
	run -0 git zllm fsck --markers
	says ', 0 markers made'
	run -2 git zllm fsck --markers "$(oid_of "$T/base")"
	one_line_error
	pushed two "$T/tuned"
	[ "$(deltas model.safetensors)" -ge 10 ]
}

# ---------------------------------------------------------------- trained models

share() {
	git zllm show model.safetensors --json | json 'round(100 * d["stored"] / d["size"], 1)'
}

@test "trained: the right one of two families, from another repository" {
	real_data base/model.safetensors
	local name
	pushed one "$ZLLM_DATA/base/model.safetensors"
	pushed other "$ZLLM_DATA/base2/model.safetensors"
	[ "$(deltas model.safetensors)" -eq 0 ]
	alone=$(share)
	for name in sft-a sft-c ckpt-4 sft-vocab sft-purebf16; do
		pushed "$name" "$ZLLM_DATA/$name/model.safetensors"
		run -0 --separate-stderr git zllm show model.safetensors --json
		json_holds "d['base_oid'] == '$(oid_of "$ZLLM_DATA/base/model.safetensors")'"
		# At least 99 of 100 tensors, by the ids of the right base.
		(cd "$T/one" && git zllm show model.safetensors --json) >"$T/base.json"
		python -c 'import json, sys
base = {e["id"][:32] for e in json.load(open(sys.argv[1]))["extents"]}
mine = [e for e in json.loads(sys.argv[2])["extents"] if e["codec"] != "inline"]
right = sum((e["base"] or e["id"][:32]) in base for e in mine)
assert right >= 0.99 * len(mine), (right, len(mine))' "$T/base.json" "$output"
		echo "$name: $(share) %"
	done
	python -c 'import sys; assert float(sys.argv[1]) < 67.5' "$alone"
	clone_and_compare sft-a
}

@test "trained: FP32 and FP16 copies of a BF16 base without git's help" {
	real_data base-fp32-part/model.safetensors
	local name
	pushed bf16 "$ZLLM_DATA/base/model.safetensors"
	for name in base-fp32-part base-fp16-part sft-a-fp16-part sft-a-fp32-part; do
		pushed "$name" "$ZLLM_DATA/$name/model.safetensors"
		[ "$(deltas model.safetensors)" -gt 10 ]
		echo "$name: $(share) %"
	done
	for name in base-int8-part sft-a-int8-part base-fp8-part sft-a-fp8-part base-nf4-part sft-a-nf4-part; do
		pushed "$name" "$ZLLM_DATA/$name/model.safetensors"
		python -c 'import sys; assert float(sys.argv[1]) <= 100.2, sys.argv[1]' "$(share)"
		echo "$name: $(share) %, $(deltas model.safetensors) deltas"
	done
	clone_and_compare base-fp16-part
}

# stored_in_order STORE MODEL...: pushes the trained models, each from a repository of
# its own, and prints what the store holds then.
stored_in_order() {
	local store name
	store=$(other_store "$1")
	shift
	for name; do
		make_repo "$(basename "$store")-$name" "$store" >&2
		cp "$ZLLM_DATA/$name/model.safetensors" model.safetensors
		commit "$name" >&2
		git push -q >&2
	done
	STORE=$store stored_bytes
}

@test "trained: a fine-tune pushed before its base takes no more than the other way round" {
	real_data base/model.safetensors
	local right wrong both name
	right=$(stored_in_order right base sft-a)
	wrong=$(stored_in_order wrong sft-a base)
	# Both in one push: which goes first is git-lfs's choice.
	make_repo both "$(other_store both-store)"
	for name in sft-a base; do
		mkdir "$name"
		cp "$ZLLM_DATA/$name/model.safetensors" "$name/"
	done
	commit 'Both'
	git push -q
	both=$(STORE=$(other_store both-store) stored_bytes)
	[ "$right" -gt 0 ]
	echo "base first $right, fine-tune first $wrong, in one push $both"
	for name in "$wrong" "$both"; do
		python -c 'import sys; assert float(sys.argv[1]) <= 1.02 * float(sys.argv[2])' "$name" "$right"
	done
	# One more fine-tune then has the first one as its base: depth is 1.
	right=$(stored_in_order right sft-c)
	wrong=$(stored_in_order wrong sft-c)
	echo "and one more: $right, $wrong"
	cd "$T/wrong-sft-c"
	[ "$(deltas model.safetensors)" -gt 50 ]
}
