#!/usr/bin/env bats
# git zllm fsck: what is wrong is named with the paths, tensors and repositories that it
# touches; --repair mends it from wherever a copy is, and deletes nothing.

load helpers
load command_helpers

setup() {
	e2e_setup
}

solos() {
	store_sizes blobs/ | grep -v '~' | sort -rn | cut -d' ' -f2-
}

deltas() {
	store_sizes blobs/ | grep '~' | sort -rn | cut -d' ' -f2-
}

# turn KEY: one bit within its frames.
turn() {
	store_damage "$1" "$(($(store_read "$1" | wc -c) - 9))"
}

# break_all: a base and a delta are turned, another base is gone, and a manifest is turned.
break_all() {
	mapfile -t keys < <(solos)
	mapfile -t delta < <(deltas)
	turn "${keys[0]}"
	turn "${delta[0]}"
	store_remove "${keys[1]}"
	store_damage "$(manifest_of "$(oid_of tuned.safetensors)")" 100
}

# mended: one repair, and all is whole, and nothing was destroyed.
mended() {
	local before
	before=$(store_count trash/)
	run -0 git zllm fsck --repair
	says 'mended from' '2 objects whole, 0 not'
	[ "$(store_count trash/)" -gt "$before" ]
	run -0 git zllm fsck
	run -0 git zllm fsck --quick
	clone_and_compare r
	rm -rf "${T:?}/c"
}

# bats test_tags=bucket
@test "each finding names paths, tensors and repositories, and where a copy is" {
	family
	local repo
	repo=$(git config -f .lfsconfig lfs.url | sed 's/.*repo=//')
	mapfile -t keys < <(solos)
	turn "${keys[0]}"
	run -3 git zllm fsck
	says "wrong record: ${keys[0]}" 'needed by base.safetensors' 'needed by tuned.safetensors' \
		'.weight' "pushed by $repo" "a copy seems to be in git-lfs's storage" '0 objects whole, 2 not'
	# A program reads the same.
	run -3 git zllm fsck --quick --json
	json_holds 'd["exit"] == 3 and d["mode"] == "quick" and d["complete"] and d["not_whole"] == 2'
	json_holds "[f['copy'] for f in d['findings'] if f['hurts']] == ['lfs']"
	json_holds "sorted(o['paths'][0] for o in d['findings'][0]['objects']) == ['base.safetensors', 'tuned.safetensors']"
	json_holds "all(o['tensors'] and o['repositories'] == ['$repo'] for o in d['findings'][0]['objects'])"
}

# bats test_tags=bucket
@test "what is damaged and lost is mended from LFS storage, the worktree, a folder, another store" {
	family
	local mirror models=$T/models
	mirror=$(other_store mirror)
	git zllm copy "$STORE" "$mirror"
	mkdir -p "$models/deep"
	cp base.safetensors "$models/deep/one"
	cp tuned.safetensors "$models/two.safetensors"
	cp -R .git/lfs/objects "$T/objects"
	break_all
	mended
	rm -rf .git/lfs/objects
	break_all
	mended
	mv base.safetensors tuned.safetensors "$T/"
	git config filter.lfs.process ''
	git config filter.lfs.smudge cat
	git config filter.lfs.required false
	for from in "$models" "$mirror"; do
		cp "$T/base.safetensors" "$T/tuned.safetensors" . # for oid_of
		break_all
		rm -rf .git/lfs/objects base.safetensors tuned.safetensors
		run -0 git zllm fsck --repair --from "$from"
		says 'mended from' '2 objects whole, 0 not'
		run -0 git zllm fsck
	done
}

@test "what nobody has is listed with its paths and commits, and nothing is deleted" {
	family
	local commit
	commit=$(git log --format=%H --diff-filter=A -- base.safetensors)
	mapfile -t keys < <(solos)
	turn "${keys[0]}"
	rm -rf .git/lfs/objects ./*.safetensors
	store_listing >"$T/before"
	run -3 git zllm fsck --repair
	says 'not mended' 'no copy' 'needed by base.safetensors' "commit $commit" '0 of 1 mended'
	[ "$(store_count trash/)" -eq 1 ]
	[ "$(store_listing | wc -l)" -eq "$(wc -l <"$T/before")" ]
	run -2 git zllm fsck --from "$T"
	says '--repair'
	run -1 git zllm fsck --repair --from "$T/nowhere"
	one_line_error
}

@test "a budget stops between two steps, and the same command goes on there" {
	family
	local i status=4
	turn "$(solos | head -n 1)"
	: >"$T/all"
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		run git zllm fsck --budget 3requests
		printf '%s\n' "$output" >>"$T/all"
		[[ $output == *'the budget is over'* ]] || break
		[ "$status" -eq 4 ] || [ "$status" -eq 3 ]
	done
	[ "$i" -gt 1 ]
	[ "$i" -lt 12 ]
	grep 'wrong record' "$T/all"
	[ -z "$(ls "$HOME/.cache/git-zllm/fsck" 2>/dev/null)" ]
	refused git zllm fsck --budget tomorrow
	refused git zllm fsck --quick --deep
}

# refused COMMAND...
refused() {
	run -2 "$@"
	one_line_error
}

@test "a FIFO, a link and a folder at keys, and keys that are not ours" {
	folder_only 'a bucket has plain values only'
	family
	mapfile -t keys < <(solos)
	(cd "$STORE" && rm -f "${keys[0]}" "${keys[1]}" "${keys[2]}" && mkfifo "${keys[0]}" &&
		ln -s /etc/passwd "${keys[1]}" && mkdir "${keys[2]}" lost+found datasets && : >datasets/a)
	for mode in --quick --deep; do
		run -3 timeout 60 git zllm fsck "$mode"
		says "${keys[0]}" "${keys[1]}" 'not ours: datasets/a' '0 objects whole, 2 not'
	done
	run -0 timeout 60 git zllm fsck --repair
	run -0 git zllm fsck
	says 'not ours: datasets/a'
	[ -p "$(find "$STORE/trash" -type p)" ]
	[ -L "$(find "$STORE/trash" -type l)" ]
	clone_and_compare r
}

@test "an object that a branch of the remote needs and the store lost is damage" {
	family
	store_remove "$(manifest_of "$(oid_of base.safetensors)")"
	run -3 git zllm fsck
	says 'missing manifest' 'base.safetensors' 'a branch of a remote needs it' '1 object has an owner'
	run -0 git zllm fsck --repair
	run -0 git zllm fsck
	says '2 objects whole, 0 not'
}

@test "a cache of bases mends them" {
	bucket_only 'a folder is as near as a cache'
	family
	git clone -q "$T/r.git" "$T/c"
	rm -rf "$T/c" .git/lfs/objects
	turn "$(solos | head -n 1)"
	mv base.safetensors tuned.safetensors "$T/"
	run git zllm fsck --repair
	says 'mended from the cache'
}
