#!/usr/bin/env bats
# The same bytes are stored once: whole files and single tensors, whatever their
# names, files, order, shards or repositories.

load helpers

# How many bytes the store grew since the last call (or by all it holds).
grown() {
	local now
	now=$(stored_bytes)
	GROWN=$((now - ${BEFORE:-0}))
	BEFORE=$now
}

# expect_small BYTES: the store grew by less since then.
expect_small() {
	grown
	[ "$GROWN" -lt "$1" ] || {
		echo "the store grew by $GROWN bytes, expected less than $1"
		return 1
	}
}

# One model, pushed; the store's size is remembered.
pushed_model() {
	begin_with model_pushed
	grown
}

model_pushed() {
	make_repo r
	make_model model.safetensors
	commit 'A model'
	git push -q
}

blob_count() {
	store_count blobs/
}

@test "a model is stored in less than its size" {
	pushed_model
	[ "$GROWN" -lt "$(stat -c %s model.safetensors)" ]
}

@test "the same file under two names is one object" {
	make_repo r
	make_model a.safetensors
	cp a.safetensors b.safetensors
	commit 'Twice'
	git push -q
	[ "$(store_count objects/)" -eq 1 ]
	clone_and_compare
}

# bats test_tags=bucket,swift
@test "the same file in two repositories is stored once" {
	pushed_model
	local records
	records=$(blob_count)
	make_repo second
	make_model copy.safetensors
	commit 'The same again'
	git push -q
	[ "$(blob_count)" -eq "$records" ]
	[ "$(store_count objects/)" -eq 1 ]
	expect_small 2000
	clone_and_compare
	[ "$(store_keys owners/ | grep -c "/$(oid_of copy.safetensors)\$")" -eq 2 ]
}

@test "other __metadata__: no tensor is stored again" {
	pushed_model
	local records
	records=$(blob_count)
	model metadata other.safetensors model.safetensors 'something else'
	commit 'Other metadata'
	git push -q
	[ "$(blob_count)" -eq "$records" ]
	expect_small 20000
	clone_and_compare
}

@test "tensors in another order: none is stored again" {
	pushed_model
	local records
	records=$(blob_count)
	model reorder other.safetensors model.safetensors 1
	commit 'Reordered'
	git push -q
	[ "$(blob_count)" -eq "$records" ]
	expect_small 20000
	clone_and_compare
}

@test "tensors under other names: none is stored again" {
	pushed_model
	local records
	records=$(blob_count)
	model rename other.safetensors model.safetensors base_model.
	commit 'Renamed tensors'
	git push -q
	[ "$(blob_count)" -eq "$records" ]
	expect_small 20000
	clone_and_compare
}

@test "resharded in three files: no tensor is stored again" {
	pushed_model
	local records
	records=$(blob_count)
	model shard sharded model.safetensors 3
	commit 'Resharded'
	git push -q
	[ "$(blob_count)" -eq "$records" ]
	expect_small 20000
	clone_and_compare
}

@test "shards merged into one file: no tensor is stored again" {
	make_repo r
	make_model "$T/model.safetensors"
	model shard sharded "$T/model.safetensors" 4
	commit 'Shards'
	git push -q
	grown
	local records
	records=$(blob_count)
	model merge merged.safetensors sharded/*.safetensors
	commit 'Merged'
	git push -q
	[ "$(blob_count)" -eq "$records" ]
	expect_small 20000
	clone_and_compare
}

# bats test_tags=bucket,swift
@test "resharded in another repository: no tensor is stored again" {
	pushed_model
	local records
	records=$(blob_count)
	make_repo second
	model shard . "$T/r/model.safetensors" 2
	commit 'Resharded elsewhere'
	git push -q
	[ "$(blob_count)" -eq "$records" ]
	clone_and_compare
}

@test "two equal tensors in one file are one record" {
	make_repo r
	make_model "$T/a.safetensors"
	model rename "$T/b.safetensors" "$T/a.safetensors" twin.
	model merge twins.safetensors "$T/a.safetensors" "$T/b.safetensors"
	commit 'Twins'
	git push -q
	local tensors
	tensors=$(git zllm show twins.safetensors --json | json 'len({e["id"] for e in d["extents"] if e["codec"] != "inline"})')
	[ "$(blob_count)" -eq "$tensors" ]
	clone_and_compare
}

# bats test_tags=bucket
@test "an opaque file with a piece put in front: most chunks are known" {
	make_repo r
	noise big.bin 12000000
	commit 'Noise'
	git push -q
	grown
	{ head -c 1234 /dev/zero; cat big.bin; } >longer.bin
	commit 'Longer noise'
	git push -q
	expect_small 6000000
	clone_and_compare
}

@test "a file that is no model and compresses is stored in less" {
	make_repo r
	seq 400000 >numbers.bin
	commit 'Numbers'
	git push -q
	[ "$(stored_bytes)" -lt $(($(stat -c %s numbers.bin) / 2)) ]
	clone_and_compare
}

@test "status says dedup for what another object holds already" {
	pushed_model
	model metadata other.safetensors model.safetensors x
	commit 'Other metadata'
	git push -q
	run -0 --separate-stderr git zllm status --json
	json_holds '[o for o in d["objects"] if o["path"] == "other.safetensors"][0]["how"] == "dedup"'
}
