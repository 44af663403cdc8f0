#!/usr/bin/env bats
# Tensors that derive from a part of another, or from several: a vocabulary that
# grew, padding, fused projections, a head that was tied, casts. What is stored for
# them is what it takes where nothing was rearranged, within a few per cent.

load helpers

# The models of one test: small ones, and the trained ones where they are unpacked.
small_pair() {
	make_model "$T/base.safetensors"
	finetune "$T/tuned.safetensors" "$T/base.safetensors"
}

trained_pair() {
	real_data base/model.safetensors
	real_data sft-a/model.safetensors
	# Two layers, embedding and head tell as much as eight, in less time.
	derive cut "$T/base.safetensors" "$ZLLM_DATA/base/model.safetensors" 2
	derive cut "$T/tuned.safetensors" "$ZLLM_DATA/sft-a/model.safetensors" 2
}

# derive COMMAND OUT FROM [WORD]: derive.py; once for each set of words in a run.
derive() {
	local kept
	kept=$BATS_RUN_TMPDIR/derived/$(printf '%s ' "$1" "$(oid_of "$3")" "${@:4}" | tr -c 'a-z0-9\n' -)
	if [ ! -e "$kept" ]; then
		mkdir -p "$(dirname "$kept")"
		python "$E2E/derive.py" "$1" "$kept.$$" "${@:3}"
		mv "$kept.$$" "$kept"
	fi
	cp "$kept" "$2"
}

# push_pair BASE TUNED: pushes one after the other to a new store, clones, compares;
# ADDED is what the second added to the store.
push_pair() {
	local before
	rm -rf "$T/r" "$T/r.git"
	store_destroy
	make_repo r
	cp "$1" model.safetensors
	commit 'Base'
	git push -q
	before=$(stored_bytes)
	cp "$2" model.safetensors
	commit 'Tuned'
	git push -q
	ADDED=$(($(stored_bytes) - before))
	clone_and_compare
}

# at_most BYTES [MORE]: the second push added no more, but for MORE bytes and some
# heads of records.
at_most() {
	local bound=$(($1 * 103 / 100 + ${2:-0} + 4096))
	[ "$ADDED" -le "$bound" ] || {
		echo "added $ADDED, more than $bound"
		return 1
	}
	echo "# $BATS_TEST_DESCRIPTION: $ADDED bytes, plain $1, new ${2:-0}" >&2
}

# What a fine-tune takes as it is.
plain() {
	push_pair "$T/base.safetensors" "$T/tuned.safetensors"
	PLAIN=$ADDED
}

# rearranged COMMAND: COMMAND of the base, and the tuned one as it is; and the other way.
rearranged() {
	derive "$1" "$T/base-$1" "$T/base.safetensors"
	push_pair "$T/base-$1" "$T/tuned.safetensors"
	at_most "$PLAIN"
	derive "$1" "$T/tuned-$1" "$T/tuned.safetensors"
	push_pair "$T/base.safetensors" "$T/tuned-$1"
	at_most "$PLAIN"
}

# changed COMMAND N: the tuned one with something added or taken away.
changed() {
	derive "$1" "$T/tuned-$1" "$T/tuned.safetensors" "$2"
	push_pair "$T/base.safetensors" "$T/tuned-$1"
	at_most "$PLAIN" "$(new_bytes "$1" "$T/tuned-$1" "$T/tuned.safetensors")"
}

# new_bytes COMMAND LARGER SMALLER: what new BF16 weights take alone, about two thirds;
# new zeros and what was taken away take nothing.
new_bytes() {
	case $1 in
	grow | widen) echo $((($(stat -c %s "$2") - $(stat -c %s "$3")) * 68 / 100)) ;;
	*) echo 0 ;;
	esac
}

# Three projections in one record: it names three bases, and all commands know it.
expect_several_bases() {
	run -0 --separate-stderr git zllm show model.safetensors --json
	json_holds 'any(len(e["bases"]) == 3 and e["base"] == e["bases"][0] for e in d["extents"])'
	json_holds 'not any(e["codec"] in ("float", "zstd", "raw") for e in d["extents"])'
	store_keys | grep -q '~.*~.*~'
	git zllm fsck >/dev/null
	git zllm verify >/dev/null
	run -0 --separate-stderr git zllm show model.safetensors
	says '+2 '
}

@test "projections fused in one model and split in the other" {
	small_pair
	plain
	rearranged fuse-columns
	rearranged fuse
	expect_several_bases
}

@test "rows and columns added and taken away" {
	small_pair
	plain
	changed grow 500
	changed shrink 500
	changed pad 24
	changed widen 24
	changed crop 24
}

# A tied model has no head of its own; here the head is the other's embedding.
@test "a head that is tied in one model and not in the other" {
	small_pair
	plain
	derive tie "$T/base-tied" "$T/base.safetensors"
	derive untie "$T/tuned-untied" "$T/tuned.safetensors" "$T/base.safetensors"
	push_pair "$T/base-tied" "$T/tuned-untied"
	at_most "$PLAIN"
	derive untie "$T/base-untied" "$T/base.safetensors" "$T/tuned.safetensors"
	push_pair "$T/base-tied" "$T/base-untied"
	at_most "$PLAIN"
}

# A fine-tune of a rearranged fine-tune derives from the same base, as depth is 1.
@test "the fine-tune of a fused fine-tune, and of a grown one" {
	small_pair
	plain
	for way in fuse 'grow 500'; do
		# shellcheck disable=SC2086  # a command and its number
		set -- $way
		derive "$1" "$T/tuned-$1" "$T/tuned.safetensors" "${@:2}"
		push_pair "$T/base.safetensors" "$T/tuned-$1"
		local first=$ADDED before
		finetune model.safetensors "$T/tuned-$1" 7
		commit 'Tuned again'
		before=$(stored_bytes)
		git push -q
		[ $(($(stored_bytes) - before)) -le $((first * 150 / 100)) ]
		clone_and_compare
		run -0 --separate-stderr git zllm show model.safetensors --json
		json_holds 'sum(len(e["bases"]) for e in d["extents"]) >= 10'
	done
}

@test "trained models, fused, grown and widened" {
	trained_pair
	plain
	# Parts have no low-rank product yet, which takes a quarter off what is whole.
	PLAIN=$((PLAIN * 134 / 100))
	rearranged fuse
	expect_several_bases
	changed grow 500
	changed widen 24
}

# The sums in a record find a base that is not what it was.
@test "a damaged base of several is found, and named" {
	small_pair
	derive fuse "$T/tuned-fuse" "$T/tuned.safetensors"
	push_pair "$T/base.safetensors" "$T/tuned-fuse"
	local record base
	record=$(store_keys | grep '~.*~.*~' | head -1)
	base=${record##*~}
	store_damage "$(store_keys "blobs/${base:0:2}/${base:2:2}/$base")"
	# Not the clone, and not the good copy of it that a bucket's bases have on this disk.
	rm -rf "$T/r.clone" "$HOME/.cache/git-zllm"
	run ! git clone -q "$T/r.git" "$T/r.clone"
	says "$base"
}

# A local copy of a base that went bad is made up for by the store's.
@test "a local copy of a base that went bad" {
	small_pair
	derive fuse "$T/tuned-fuse" "$T/tuned.safetensors"
	make_repo r
	cp "$T/base.safetensors" model.safetensors
	commit 'Base'
	git push -q
	flip "$(lfs_file "$(oid_of model.safetensors)")" 900000
	cp "$T/tuned-fuse" model.safetensors
	commit 'Tuned'
	git push -q
	clone_and_compare
	run -0 --separate-stderr git zllm show model.safetensors --json
	json_holds 'any(len(e["bases"]) == 3 for e in d["extents"])'
}

# The F32 copy of a BF16 model holds nothing new, and neither does the way back.
@test "exact twins in another dtype, fused as well" {
	make_model "$T/base.safetensors"
	derive double "$T/double" "$T/base.safetensors"
	derive fuse "$T/double-fused" "$T/double"
	derive fuse "$T/base-fused" "$T/base.safetensors"
	for pair in 'base.safetensors double' 'base.safetensors double-fused' \
		'double base-fused' 'double-fused base.safetensors'; do
		# shellcheck disable=SC2086  # two words
		set -- $pair
		push_pair "$T/$1" "$T/$2"
		at_most 0 4096 # manifest, owner, heads, some bytes a frame
	done
}

# Quantised values are no cast of the weights they come from: where nothing is gained,
# nothing is lost.
@test "quantised copies never take more than alone" {
	local kind alone before
	real_data base/model.safetensors
	real_data base-int8-part/model.safetensors
	derive cut "$T/base.safetensors" "$ZLLM_DATA/base/model.safetensors" 2
	make_repo r
	cp "$T/base.safetensors" model.safetensors
	commit 'Base'
	git push -q
	for kind in int8 fp8 nf4 fp16 fp32; do
		rm -rf "$T/alone" "$T/alone.git"
		make_repo alone "$(other_store "alone-$kind")"
		cp "$ZLLM_DATA/base-$kind-part/model.safetensors" model.safetensors
		commit "Only $kind"
		git push -q
		alone=$(STORE=$(other_store "alone-$kind") stored_bytes)
		cd "$T/r"
		git checkout -q -B "$kind" main
		cp "$T/alone/model.safetensors" model.safetensors
		commit "Made $kind"
		before=$(stored_bytes)
		git push -q origin "$kind"
		ADDED=$(($(stored_bytes) - before))
		echo "# $kind: $ADDED after its base, $alone alone" >&2
		[ "$ADDED" -le $((alone + 1024)) ]
	done
	clone_and_compare r -b fp32
}
