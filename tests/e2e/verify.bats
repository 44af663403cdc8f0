#!/usr/bin/env bats
# `verify` and `fsck`: what is missing or damaged is named.

load helpers
load command_helpers

@test "verify is content when the store has what HEAD needs" {
	family
	run -0 git zllm verify
	run -0 git zllm verify --all
	run -0 git zllm verify HEAD^ main
}

# bats test_tags=bucket
@test "verify lists what is missing and exits with 1" {
	family
	make_model local.safetensors 9
	commit 'Not pushed'
	run -1 git zllm verify
	says "$(oid_of local.safetensors)" local.safetensors
	run -0 git zllm verify HEAD^
}

@test "verify --all sees what only a branch needs" {
	family
	git switch -qc side
	make_model side.safetensors 9
	commit 'On the side'
	git switch -q main
	run -0 git zllm verify
	run -1 git zllm verify --all
	says side.safetensors
}

@test "verify catches what git lfs prune --verify-remote would not" {
	family
	store_remove "$(manifest_of "$(oid_of tuned.safetensors)")"
	run -1 git zllm verify
}

@test "verify of a revision that does not exist is refused in one line" {
	family
	run git zllm verify no-such-branch
	[ "$status" -ne 0 ]
	says no-such-branch
}

@test "fsck of a whole store says how many" {
	family
	run -0 git zllm fsck
	says '2 objects'
}

# bats test_tags=bucket
@test "fsck finds a damaged record, names object and record, exits with 3" {
	family
	local blob
	blob=$(a_blob)
	store_damage "$blob"
	run -3 git zllm fsck
	says "$(oid_of base.safetensors)" "$(basename "$blob" | cut -c1-16)"
}

@test "fsck finds every single damaged record" {
	family
	local blob
	while IFS= read -r blob; do
		store_read "$blob" >"$T/kept"
		store_damage "$blob"
		run -3 git zllm fsck
		store_write "$blob" <"$T/kept"
	done < <(store_keys blobs/)
	run -0 git zllm fsck
}

@test "fsck finds a damaged manifest wherever the bit is" {
	family
	local key size at
	key=$(manifest_of "$(oid_of tuned.safetensors)")
	size=$(stored_bytes "$key")
	for at in 0 5 9 20 50 100 $((size / 2)) $((size - 20)) $((size - 1)); do
		store_damage "$key" "$at"
		run -3 git zllm fsck
		store_damage "$key" "$at"
	done
	run -0 git zllm fsck
}

@test "fsck of named objects reads only those" {
	family
	store_damage "$(manifest_of "$(oid_of tuned.safetensors)")"
	run -0 git zllm fsck "$(oid_of base.safetensors)"
	run -3 git zllm fsck "$(oid_of tuned.safetensors)"
	run git zllm fsck "$(printf %064d 0)"
	[ "$status" -ne 0 ]
	refused git zllm fsck abc
	says "'abc' is not an oid (64 hex digits)"
}

@test "fsck writes nothing" {
	family
	store_listing >"$T/before"
	git zllm fsck >/dev/null
	diff "$T/before" <(store_listing)
}
