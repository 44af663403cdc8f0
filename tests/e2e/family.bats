#!/usr/bin/env bats
# A family of really trained models (../shared/data), pushed in steps into one
# repository as their makers would, cloned, and compared.

load helpers

setup() {
	e2e_setup
	real_data base/model.safetensors
}

# bring NAME [PATH]: the trained model NAME, committed and pushed at PATH.
bring() {
	local to=${2:-$1/model.safetensors}
	real_data "$1/model.safetensors"
	mkdir -p "$(dirname "$to")"
	cp "$ZLLM_DATA/$1/model.safetensors" "$to"
	commit "Bring $1"
	git push -q
}

# Part of its size that the model at PATH takes in the store beyond what earlier
# paths of HEAD take, in percent.
percent() {
	git zllm status --json | json "next(round(100 * o['stored'] / o['size'], 1) for o in d['objects'] if o['path'] == '$1')"
}

# How many tensors of the model at PATH are stored as deltas.
deltas() {
	git zllm show "$1" --json | json 'sum(e["codec"] in ("ulp", "bitx") for e in d["extents"])'
}

at_most() {
	python -c 'import sys; sys.exit(not float(sys.argv[1]) <= float(sys.argv[2]))' "$1" "$2" || {
		echo "$1 % is more than $2 %"
		return 1
	}
}

@test "a family in folders: every file identical after the clone" {
	make_repo r
	local name
	for name in base sft-a sft-c ckpt-4 sft-frozen sft-vocab sft-purebf16 lora-merged lora-adapter base2; do
		bring "$name"
	done
	clone_and_compare
	(cd "$T/r.clone" && sha256sum ./*/model.safetensors) >"$T/sums"
	(cd "$ZLLM_DATA" && sha256sum --quiet -c "$T/sums")
	run -0 git zllm fsck
	for name in sft-a sft-c ckpt-4 sft-purebf16; do
		[ "$(deltas "$name/model.safetensors")" -gt 50 ]
	done
	[ "$(deltas base2/model.safetensors)" -eq 0 ]
	# What BitX with zstd -3 keeps of each, and a little.
	at_most "$(percent sft-a/model.safetensors)" 34
	at_most "$(percent sft-c/model.safetensors)" 27
	at_most "$(percent ckpt-4/model.safetensors)" 47
	at_most "$(percent sft-frozen/model.safetensors)" 20
	at_most "$(percent lora-merged/model.safetensors)" 15
}

@test "a family as versions of one path" {
	make_repo r
	for name in base sft-a sft-c sft-frozen; do
		bring "$name" model.safetensors
	done
	git clone -q -n "$T/r.git" "$T/c"
	git -C "$T/c" lfs fetch --all
	no_bad_objects "$T/c"
	[ "$(find "$T/c/.git/lfs/objects" -type f | wc -l)" -eq 4 ]
	for rev in HEAD HEAD~1 HEAD~2; do
		[ "$(deltas $rev:model.safetensors)" -gt 10 ]
	done
}

@test "a family over three repositories and one store" {
	make_repo one
	bring base
	make_repo two
	bring sft-a
	clone_and_compare two
	make_repo three
	bring base
	bring sft-c
	clone_and_compare three
	cd "$T/two"
	run -0 git zllm fsck
	[ "$(store_count objects/)" -eq 3 ]
}

@test "a fine-tune of shards of the base" {
	make_repo r
	model shard . "$ZLLM_DATA/base/model.safetensors" 3
	commit 'The base in three shards'
	git push -q
	bring sft-a
	at_most "$(percent sft-a/model.safetensors)" 34
	clone_and_compare
}

@test "other number formats of the family" {
	make_repo r
	for name in base-fp32-part sft-a-fp32-part base-fp16-part sft-a-fp16-part base-int8-part \
		sft-a-int8-part base-fp8-part sft-a-fp8-part base-nf4-part sft-a-nf4-part; do
		bring "$name"
	done
	clone_and_compare
	run -0 git zllm fsck
	for name in fp32 fp16 int8 fp8 nf4; do
		at_most "$(percent "base-$name-part/model.safetensors")" 100.1
		at_most "$(percent "sft-a-$name-part/model.safetensors")" 100.1
	done
}
