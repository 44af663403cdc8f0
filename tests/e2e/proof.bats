#!/usr/bin/env bats
# Whole values in the wrong place: records under another's name, and manifests that list
# other bytes than those of their oid. They reach no file and no mirror, fsck says what is
# to blame, and a push, a copy and fsck each lead to the true object.

load helpers
load command_helpers

HOWS=(order inline larger)

setup() {
	e2e_setup
	MIRROR=$(other_store mirror)
}

# falsify HOW FILE [STORE]: makes the manifest of FILE false.
falsify() {
	local key words
	key=$(manifest_of "$(oid_of "$2")")
	read -ra words <<<"$1"
	/usr/bin/python3 -c 'import xxhash, zstandard' 2>/dev/null ||
		skip 'python3-xxhash and python3-zstandard are not installed'
	store_read "$key" "${3:-$STORE}" |
		/usr/bin/python3 -B "$E2E/false_manifest.py" "${words[@]}" >"$T/falsified"
	store_write "$key" "${3:-$STORE}" <"$T/falsified"
}

# swap FROM TO: the value at FROM is copied over the one at TO.
swap() {
	store_read "$1" >"$T/swapped"
	store_write "$2" <"$T/swapped"
}

# solos, deltas: keys of records, the largest first.
solos() {
	store_sizes blobs/ | grep -v '~' | sort -rn | cut -d' ' -f2-
}

deltas() {
	store_sizes blobs/ | grep '~' | sort -rn | cut -d' ' -f2-
}

push_again() {
	git lfs push --all origin >/dev/null 2>&1
}

# asked_for FILE...: what the agent answers to a request for each.
asked_for() {
	local file
	run -0 drive < <(
		say_init download
		for file; do say_download "$(oid_of "$file")" "$(stat -c %s "$file")"; done
		say_terminate
	)
}

# ---------------------------------------------------------------- records

# bats test_tags=bucket
@test "a record under another's name is named by fsck, reaches no file, and a push mends it" {
	family
	mapfile -t keys < <(solos)
	mapfile -t delta < <(deltas)
	for pair in "${keys[1]} ${keys[0]}" "${keys[0]} ${keys[1]}" "${keys[0]} ${delta[0]}" \
		"${delta[1]} ${delta[0]}"; do
		# shellcheck disable=SC2086
		swap $pair
		asked_for base.safetensors tuned.safetensors
		says '"error"'
		run -3 git zllm fsck
		says "record ${pair#* }"
		push_again
		run -0 git zllm fsck
	done
	clone_and_compare r
}

@test "fsck names every record that is wrong, in one run" {
	family
	mapfile -t keys < <(solos)
	swap "${keys[0]}" "${keys[1]}"
	swap "${keys[0]}" "${keys[2]}"
	run -3 git zllm fsck "$(oid_of base.safetensors)"
	says "record ${keys[1]}" "record ${keys[2]}"
	says_not "record ${keys[0]}"
}

@test "fsck reads the store's bases, whatever a cache has of them" {
	family
	git config --global zllm.cache "$T/cache"
	git clone -q "$T/r.git" "$T/c"
	mapfile -t keys < <(solos)
	swap "${keys[1]}" "${keys[0]}"
	run -3 git zllm fsck "$(oid_of tuned.safetensors)"
	says "record ${keys[0]}"
}

# halve KEY [STORE], turn KEY [STORE]: the value is half of itself; has one bit turned, within
# its frames.
halve() {
	store_read "$1" "${2:-$STORE}" >"$T/whole"
	head -c "$(($(stat -c %s "$T/whole") / 2))" "$T/whole" >"$T/cut"
	store_write "$1" "${2:-$STORE}" <"$T/cut"
}

turn() {
	STORE=${2:-$STORE} store_damage "$1" "$(($(store_read "$1" "${2:-$STORE}" | wc -c) - 9))"
}

# bats test_tags=bucket
@test "fsck sets a record aside that is proved wrong, and the next push puts it" {
	local how file key moved=0
	family
	mapfile -t keys < <(solos)
	mapfile -t delta < <(deltas)
	for how in halve turn 'swap '"${keys[2]}" 'swap '"${delta[1]}"; do
		for key in "${keys[1]}" "${delta[0]}"; do
			# shellcheck disable=SC2086
			$how "$key"
			file=base.safetensors
			[[ $key != *~* ]] || file=tuned.safetensors
			run -3 git zllm fsck "$(oid_of $file)"
			says "record $key" 'was set aside' 'push the object again'
			moved=$((moved + 1))
			run ! store_has "$key"
			[ "$(store_count trash/)" -eq "$moved" ]
			run -3 git zllm fsck
			says_not 'was set aside'
			[ "$(store_count trash/)" -eq "$moved" ]
			push_again
			run -0 git zllm fsck
			moved=$(store_count trash/)
		done
	done
	clone_and_compare r
}

@test "fsck sets a wrong base aside, and leaves the deltas on it where they are" {
	family
	mapfile -t keys < <(solos)
	store_keys blobs/ | grep '~' >"$T/deltas"
	turn "${keys[0]}"
	turn "${keys[1]}"
	run -3 git zllm fsck "$(oid_of tuned.safetensors)"
	says "${keys[0]}" "${keys[1]}" 'was set aside'
	store_keys blobs/ | grep '~' | cmp - "$T/deltas"
	run ! store_has "${keys[0]}"
	run ! store_has "${keys[1]}"
	push_again
	run -0 git zllm fsck
	clone_and_compare r
}

@test "fsck sets nothing aside that a newer version wrote, that it may not read, or that is a link" {
	local key
	family
	mapfile -t keys < <(solos)
	key=${keys[0]}
	store_read "$key" >"$T/kept"
	# A version, and a codec: with another version alone it were ours, damaged.
	{ head -c 8 "$T/kept" && printf '\2\0\177' && tail -c +12 "$T/kept"; } >"$T/newer"
	store_write "$key" <"$T/newer"
	run git zllm fsck
	[ "$status" -ne 0 ]
	says 'upgrade'
	store_read "$key" | cmp - "$T/newer"
	store_write "$key" <"$T/kept"
	[ "$(store_count trash/)" -eq 0 ]
	[[ $STORE != s3://* ]] || return 0
	ln -sfn "$T/kept" "$STORE/$key"
	run git zllm fsck
	[ "$status" -ne 0 ]
	[ -L "$STORE/$key" ]
	rm "$STORE/$key"
	store_write "$key" <"$T/newer"
	truncate -s 100 "$STORE/$key"
	chmod 000 "$STORE/$key"
	if ! head -c 1 "$STORE/$key" >/dev/null 2>&1; then
		run git zllm fsck
		[ "$status" -ne 0 ]
		[ -f "$STORE/$key" ]
	fi
	[ ! -d "$STORE/trash" ]
}

@test "a checker that may not write, or whose pushes go elsewhere, says which records are wrong" {
	folder_only 'mounts'
	own_mounts
	family
	mapfile -t keys < <(solos)
	turn "${keys[0]}"
	export STORE
	# shellcheck disable=SC2016
	run "${MOUNTED[@]}" bash -c '
		mount --bind "$STORE" "$STORE"
		mount -o remount,bind,ro "$STORE"
		git zllm fsck'
	[ "$status" -eq 3 ]
	says "record ${keys[0]}" 'could not be set aside' 'push the object again'
	(cd "$T" && git init -q other && cd other && git zllm init "$MIRROR" >/dev/null)
	git config lfs.pushurl "zllm::$MIRROR"
	run -3 git zllm fsck
	says "record ${keys[0]}" 'could not be set aside' 'pushes go to another store'
	store_has "${keys[0]}"
}

# ---------------------------------------------------------------- manifests

@test "a false manifest reaches no file: neither at once, nor resumed, nor ahead" {
	family
	noise large.bin 5000000
	commit 'Large enough to be resumed'
	git push -q
	for how in order larger; do
		for ahead in 0 1g; do
			git config zllm.lookahead "$ahead"
			falsify "$how" large.bin
			asked_for large.bin base.safetensors
			[ "$(grep -c '"error"' <<<"$output")" -eq 1 ]
			[ "$(grep -c '"path"' <<<"$output")" -eq 1 ]
			[ -z "$(find .git/zllm -type f -path '*partial*')" ]
			push_again
		done
	done
	asked_for large.bin
	says '"path"'
}

# bats test_tags=bucket
@test "a push over a false manifest puts the true one" {
	family
	for how in "${HOWS[@]}" "another $(oid_of tuned.safetensors)"; do
		[[ $how != another* ]] || swap "$(manifest_of "$(oid_of base.safetensors)")" \
			"$(manifest_of "$(oid_of tuned.safetensors)")"
		falsify "$how" tuned.safetensors
		push_again
		run -0 git zllm fsck
	done
	clone_and_compare r
	[ "$(store_count trash/)" -ge 4 ]
}

# bats test_tags=bucket
@test "fsck sets a false manifest aside and says so; then a push puts the true one" {
	family
	for how in "${HOWS[@]}"; do
		falsify "$how" tuned.safetensors
		run -3 git zllm fsck
		says "object $(oid_of tuned.safetensors)" 'its manifest is false' 'set aside' '1 object whole, 1 not'
		run ! in_store "$(oid_of tuned.safetensors)"
		push_again
		run -0 git zllm fsck
		says '2 objects whole, 0 not'
	done
	clone_and_compare r
}

@test "a checker that may not write still says that a manifest is false" {
	folder_only 'mounts; s3.bats has a user who may only read'
	own_mounts
	family
	falsify order tuned.safetensors
	export STORE
	# shellcheck disable=SC2016
	run "${MOUNTED[@]}" bash -c '
		mount --bind "$STORE" "$STORE"
		mount -o remount,bind,ro "$STORE"
		git zllm fsck'
	[ "$status" -eq 3 ]
	says 'its manifest is false' 'could not be set aside' 'push the object again'
	in_store "$(oid_of tuned.safetensors)"
}

@test "fsck moves nothing in a store that is not pushed to" {
	family
	falsify order tuned.safetensors
	git zllm copy "$(other_store away)" "$MIRROR" 2>/dev/null || true
	(cd "$T" && git init -q other && cd other && git zllm init "$MIRROR" >/dev/null)
	git config lfs.pushurl "zllm::$MIRROR"
	run -3 git zllm fsck
	says 'its manifest is false' 'could not be set aside' 'pushes go to another store'
	in_store "$(oid_of tuned.safetensors)"
}

# ---------------------------------------------------------------- mirrors

# bats test_tags=bucket
@test "no copy spreads a false manifest, and the others are copied" {
	family
	for how in "${HOWS[@]}"; do
		falsify "$how" tuned.safetensors
		run -3 git zllm copy "$STORE" "$MIRROR"
		says "object $(oid_of tuned.safetensors)" '1 failed'
		run ! in_store "$(oid_of tuned.safetensors)" "$MIRROR"
		in_store "$(oid_of base.safetensors)" "$MIRROR"
		push_again
	done
	run -0 git zllm copy "$STORE" "$MIRROR"
	store_destroy
	git -c "url.zllm::$MIRROR.insteadOf=zllm::$STORE" clone -q "$T/r.git" "$T/c"
	expect_same_files "$T/r" "$T/c"
}

# bats test_tags=bucket
@test "a copy from a good store mends a mirror that an older version poisoned" {
	family
	git zllm copy "$STORE" "$MIRROR"
	for how in "${HOWS[@]}"; do
		falsify "$how" tuned.safetensors "$MIRROR"
		run -0 git zllm copy --json "$STORE" "$MIRROR"
		json_holds '[d["copied"], d["mended"], d["there"], d["failed"]] == [1, 1, 1, 0]'
	done
	falsify order tuned.safetensors "$MIRROR"
	run -0 git zllm copy "$STORE" "$MIRROR"
	says 'wrong manifest' '1 object copied'
	store_destroy
	git -c "url.zllm::$MIRROR.insteadOf=zllm::$STORE" clone -q "$T/r.git" "$T/c"
	expect_same_files "$T/r" "$T/c"
}

@test "a mirror's damaged manifest is replaced; a source's false one replaces nothing" {
	family
	git zllm copy "$STORE" "$MIRROR"
	key=$(manifest_of "$(oid_of tuned.safetensors)")
	store_read "$key" "$MIRROR" | head -c 200 >"$T/cut"
	store_write "$key" "$MIRROR" <"$T/cut"
	run -0 git zllm copy --json "$STORE" "$MIRROR"
	json_holds '[d["copied"], d["mended"], d["there"]] == [1, 1, 1]'
	falsify order tuned.safetensors
	store_read "$key" "$MIRROR" >"$T/true"
	run -3 git zllm copy "$STORE" "$MIRROR"
	store_read "$key" "$MIRROR" | cmp - "$T/true"
}

@test "what copy leaves out: a manifest cut short, a missing record, a swapped one" {
	family
	mapfile -t keys < <(deltas)
	key=$(manifest_of "$(oid_of tuned.safetensors)")
	store_fetch "$T/kept"
	put_back() { store_write "$1" <"$T/kept/$1"; }

	head -c 200 "$T/kept/$key" >"$T/cut"
	store_write "$key" <"$T/cut"
	run -3 git zllm copy "$STORE" "$MIRROR"
	says "$key" '1 failed'
	put_back "$key"

	store_remove "${keys[0]}"
	run git zllm copy "$STORE" "$MIRROR"
	[ "$status" -ne 0 ]
	says 'has no record of blob' '1 failed'
	put_back "${keys[0]}"

	swap "${keys[1]}" "${keys[0]}"
	run -3 git zllm copy "$STORE" "$MIRROR"
	says "record ${keys[0]}" '1 failed'
	run ! store_has "${keys[0]}" "$MIRROR"
	put_back "${keys[0]}"

	run -0 git zllm copy "$STORE" "$MIRROR"
	store_destroy
	git -c "url.zllm::$MIRROR.insteadOf=zllm::$STORE" clone -q "$T/r.git" "$T/c"
	expect_same_files "$T/r" "$T/c"
}

# bats test_tags=bucket
@test "a copy mends the records that a mirror has cut, swapped or lost; fsck of it tells the others" {
	local how key
	family
	git zllm copy "$STORE" "$MIRROR"
	mapfile -t keys < <(solos)
	mapfile -t delta < <(deltas)
	there() { git -c "lfs.url=zllm::$MIRROR" zllm fsck; }
	for key in "${keys[1]}" "${delta[0]}"; do
		halve "$key" "$MIRROR"
		run -0 git zllm copy "$STORE" "$MIRROR"
		run -0 there

		store_read "${delta[1]}" >"$T/other"
		store_write "$key" "$MIRROR" <"$T/other"
		run -0 git zllm copy "$STORE" "$MIRROR"
		run -0 there

		(STORE=$MIRROR && store_remove "$key")
		run -0 git zllm copy "$STORE" "$MIRROR"
		run -0 there

		turn "$key" "$MIRROR"
		run -3 there
		says "record $key" 'was set aside'
		run -0 git zllm copy "$STORE" "$MIRROR"
		run -0 there
	done
	store_destroy
	git -c "url.zllm::$MIRROR.insteadOf=zllm::$STORE" clone -q "$T/r.git" "$T/c"
	expect_same_files "$T/r" "$T/c"
}

# bats test_tags=bucket
@test "a record that is wrong in a mirror is mended when an object that needs it is copied" {
	local key
	family
	mapfile -t keys < <(solos)
	mapfile -t delta < <(deltas)
	for key in "${keys[1]}" "${delta[0]}"; do
		git zllm copy "$STORE" "$MIRROR"
		turn "$key" "$MIRROR"
		(STORE=$MIRROR && store_remove "$(manifest_of "$(oid_of base.safetensors)")" \
			"$(manifest_of "$(oid_of tuned.safetensors)")")
		run -0 git zllm copy "$STORE" "$MIRROR"
		run -0 git -c "lfs.url=zllm::$MIRROR" zllm fsck
		store_read "$key" | cmp - <(store_read "$key" "$MIRROR")
	done
}

@test "what neither store has right is told by copy, and the rest is copied" {
	family
	git zllm copy "$STORE" "$MIRROR"
	mapfile -t delta < <(deltas)
	halve "${delta[0]}"
	halve "${delta[0]}" "$MIRROR"
	run -3 git zllm copy "$STORE" "$MIRROR"
	says "object $(oid_of tuned.safetensors)" "${delta[0]}" '1 failed'
	says_not "object $(oid_of base.safetensors)"
}

@test "no delta is copied onto a base that a mirror has cut, or a link in its place" {
	folder_only 'one of the two is a link'
	family
	git zllm copy "$STORE" "$MIRROR"
	mapfile -t keys < <(solos)
	while read -r key; do rm "$MIRROR/$key"; done < <(deltas)
	rm "$MIRROR/$(manifest_of "$(oid_of tuned.safetensors)")"
	# Nothing but the fine-tune is looked at.
	rm "$STORE/$(manifest_of "$(oid_of base.safetensors)")"
	halve "${keys[0]}" "$MIRROR"
	ln -sf /nowhere "$MIRROR/${keys[1]}"
	run -0 git zllm copy "$STORE" "$MIRROR"
	run -0 git -c "lfs.url=zllm::$MIRROR" zllm fsck
}

@test "a copy moves a folder, FIFO or link that lies at a mirror's key out of the way" {
	folder_only 'a bucket has plain values only'
	local kind key
	family
	for kind in folder fifo link; do
		rm -rf "$MIRROR"
		git zllm copy "$STORE" "$MIRROR"
		while read -r key; do
			rm "$MIRROR/$key"
			case $kind in
			folder) mkdir "$MIRROR/$key" ;;
			fifo) mkfifo "$MIRROR/$key" ;;
			link) ln -s /nowhere "$MIRROR/$key" ;;
			esac
		done < <(store_keys blobs/ && store_keys objects/)
		run -0 git zllm copy "$STORE" "$MIRROR"
		run -0 git -c "lfs.url=zllm::$MIRROR" zllm fsck
		says '2 objects whole, 0 not'
	done
}
