#!/usr/bin/env bats
# git zllm gc stores tensors anew where the whole store has better bases for them.

load helpers

# bring NAME: the model T/NAME, committed and pushed.
bring() {
	cp "$T/$1.safetensors" "$1.safetensors"
	commit "Bring $1"
	git push -q
}

# A base and two fine-tunes of it. Pushed in the worst order, and told that nothing is a
# base of anything.
worst_order() {
	make_repo r
	make_model "$T/base.safetensors" 1
	finetune "$T/a.safetensors" "$T/base.safetensors" 2
	finetune "$T/b.safetensors" "$T/base.safetensors" 3
	git zllm base none
	bring b
	bring a
	bring base
}

record_bytes() {
	store_sizes blobs/ | awk '{ sum += $1 } END { print sum + 0 }'
}

# bats test_tags=bucket
@test "fine-tunes that came first stand on their base after a gc" {
	begin_with worst_order
	local before after
	[ "$(store_keys blobs/ | grep -c '~')" -eq 0 ]
	before=$(record_bytes)
	run -0 git zllm gc --grace=2s --dry-run
	says 'recompacting may bring all records from'
	[ "$(record_bytes)" -eq "$before" ]
	run -0 git zllm gc --grace=2s --no-recompact
	says_not recompacted
	[ "$(record_bytes)" -eq "$before" ]
	run -0 git zllm gc --grace=2s
	says 'records made anew'
	[ "$(store_keys blobs/ | grep -c '~')" -gt 10 ]
	after=$(record_bytes)
	[ $((after * 100)) -lt $((before * 75)) ]
	run -0 git zllm gc --grace=2s --json
	json_holds 'd["recompact"]["made"] == 0 and d["recompact"]["trials"] == 0'
	run -0 git zllm fsck
	clone_and_compare
}

@test "a budget that is too small for all is gone on with" {
	begin_with worst_order
	local runs=0
	until git zllm gc --grace=2s --json --budget=600kb >"$T/said" && json 'd["finished"]' <"$T/said" | grep -q True; do
		runs=$((runs + 1))
		[ "$runs" -lt 40 ]
	done
	[ "$runs" -gt 1 ]
	[ "$(store_keys blobs/ | grep -c '~')" -gt 10 ]
	clone_and_compare
}

@test "two parts, one after the other, are the whole" {
	begin_with worst_order
	run -0 git zllm gc --grace=2s --part=1/2
	run -0 git zllm gc --grace=2s --part=2/2
	run -0 git zllm gc --grace=2s --json
	json_holds 'd["recompact"]["made"] == 0'
	[ "$(store_keys blobs/ | grep -c '~')" -gt 10 ]
	clone_and_compare
}

# bats test_tags=bucket
@test "zllm.effort: what was pushed in a hurry is tried again, once" {
	make_repo r
	make_model "$T/base.safetensors" 1
	finetune "$T/a.safetensors" "$T/base.safetensors" 2
	cp "$T/base.safetensors" .
	commit 'The base'
	git config zllm.effort hasty
	run ! git push -q
	says "zllm.effort is 'hasty': fast, normal or best is wanted"
	git config zllm.effort fast
	git push -q
	bring a
	run -0 git zllm show a.safetensors --json
	json_holds 'any(t["codec"] == "ulp" for e in d["extents"] for t in e.get("tried", []))'
	json_holds 'not any(t["codec"] == "bitx" for e in d["extents"] for t in e.get("tried", []) if e["dtype"] == "BF16")'
	git config --unset zllm.effort
	run -0 git zllm gc --grace=2s --json
	json_holds 'd["recompact"]["trials"] > 10'
	run -0 git zllm gc --grace=2s --json
	json_holds 'd["recompact"]["trials"] == 0'
	run -0 git zllm fsck
	clone_and_compare
}

# The record of a piece has one key, whatever coded it: the new one takes the old one's place.
# bats test_tags=bucket
@test "a file that was pushed in a hurry is packed anew, under the same keys" {
	local before
	make_repo r
	seq 1 400000 | awk '{ print $1 * 7919 % 99991, "words" }' >text.bin
	git config zllm.effort fast
	commit 'Text'
	git push -q origin main
	git config --unset zllm.effort
	before=$(store_keys blobs/)
	bytes=$(store_sizes blobs/ | awk '{ n += $1 } END { print n }')
	run -0 --separate-stderr git zllm gc --grace=2s --json
	json_holds 'd["recompact"]["made"] > 0 and d["recompact"]["made"] == d["recompact"]["retired"]'
	json_holds 'd["recompact"]["after"] < d["recompact"]["before"] * 0.95'
	[ "$(store_keys blobs/)" = "$before" ]
	[ "$(store_sizes blobs/ | awk '{ n += $1 } END { print n }')" -lt "$bytes" ]
	run -0 --separate-stderr git zllm gc --grace=2s --json
	json_holds 'd["recompact"]["trials"] == 0 and d["recompact"]["made"] == 0'
	run -0 git zllm fsck
	clone_and_compare
}
