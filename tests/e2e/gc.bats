#!/usr/bin/env bats
# git zllm gc, end to end: what nobody needs goes, what somebody needs stays, and clones are
# right at every moment. tests/unit/test_gc*.c have the rules one by one.

load helpers

# trace FILE: the mark of the owner of FILE's object has expired, as a prune leaves it.
trace() {
	local oid repo
	oid=$(oid_of "$1")
	repo=$(store_keys owners/ | sed -n "s|^owners/\(.*\)/$oid\$|\1|p")
	store_write "trash/${oid:0:2}/${oid:2:2}/expired-$oid-$repo@$(printf %032d 1)" </dev/null
	store_remove "owners/$repo/$oid"
}

# collect_until COMMAND...: gcs with a grace period of two seconds, until it is so.
collect_until() {
	local left=60
	while [ $((left -= 1)) -gt 0 ]; do
		git zllm gc --grace=2s >"$T/gc.log" 2>&1 || return
		! "$@" || return 0
		sleep 0.5
	done
	cat "$T/gc.log"
	return 1
}

nothing_in_trash() {
	[ "$(store_count trash/)" -eq 0 ]
}

family() {
	make_repo r
	make_model base.safetensors
	finetune tuned.safetensors base.safetensors
	noise other.bin 300000
	commit 'A family'
	git push -q origin main
}

# bats test_tags=bucket,swift
@test "what was given up is gone, and gc says to the byte what stays" {
	family
	[ "$(store_count objects/)" -eq 3 ]
	run -0 --separate-stderr git zllm gc --json --no-recompact
	json_holds 'd["records"]["kept"]["count"] > 0 and d["records"]["moved"]["count"] == 0 and d["missed"] == 0'
	trace tuned.safetensors
	before=$(store_keys)
	run -0 git zllm gc --dry-run --grace=2s
	says 'moved to trash' manifests
	[ "$(store_keys)" = "$before" ]
	git zllm gc --grace=2s
	run ! store_has "$(manifest_of "$(oid_of tuned.safetensors)")"
	clone_and_compare
	collect_until nothing_in_trash
	[ "$(store_count objects/)" -eq 2 ]
	[ "$(store_count probe/)" -eq 0 ]
	run -0 --separate-stderr git zllm gc --json --grace=2s
	kept=$(store_sizes blobs/ | awk '{ n += $1 } END { print n }')
	json_holds "d['records']['kept']['bytes'] == $kept and d['manifests']['kept']['count'] == 2"
	run -0 git zllm fsck
}

# bats test_tags=bucket
@test "what a push needs again comes back" {
	family
	trace tuned.safetensors
	git zllm gc --grace=2s
	touch tuned.safetensors
	git commit -q --allow-empty -m again
	git lfs push --all origin
	git push -q origin main
	in_store "$(oid_of tuned.safetensors)"
	collect_until nothing_in_trash
	clone_and_compare
	run -0 git zllm fsck
}

@test "a store is named, or is the repository's; options are checked" {
	family
	cd "$T"
	run -0 git zllm gc "$STORE"
	says kept records
	for wrong in --grace=soon --grace=1s --part=0/3 --part=4/3 --part=x --budget=much 'a b'; do
		# shellcheck disable=SC2086  # two words are two arguments
		run -2 git zllm gc $wrong "$STORE"
		one_line_error
	done
	run -2 git zllm gc --unowned "$STORE" </dev/null
	says --yes
	run -2 git zllm gc
	git -C r config zllm.gc.grace never
	run -2 git -C r zllm gc
	says zllm.gc.grace never
}

@test "a manifest that cannot be read stops what is done to records, with the remedy" {
	family
	trace tuned.safetensors
	store_damage "$(manifest_of "$(oid_of other.bin)")"
	run -3 git zllm gc --grace=2s
	says 'could not be read' 'git zllm fsck' "$(oid_of other.bin)"
	[ "$(store_keys trash/ | grep -c /objects-)" -eq 1 ]
}

@test "a store that may not be written to is refused in a sentence" {
	folder_only 'permissions'
	[ "$(id -u)" -ne 0 ] || skip 'root may write anywhere'
	family
	chmod -R a-w "$STORE"
	run -2 git zllm gc
	one_line_error
	chmod -R u+w "$STORE"
}

@test "a full disk is collected: what was out of sight for long goes, and there is room" {
	folder_only 'a file system of its own'
	own_mounts
	mkdir "$T/disk"
	cat >"$T/inside" <<-END
		set -e
		mount -t tmpfs -o size=8m none "$T/disk"
		git init -q "$T/disk/maker"
		(cd "$T/disk/maker" && git zllm init "$T/disk/store" >/dev/null)
		cd "$T/disk/store"
		mkdir -p trash/00/00
		head -c 5000000 /dev/zero >trash/00/00/$(printf %064d 0)@$(printf %032d 1)
		cat /dev/zero >../filler 2>/dev/null || true
		for i in 1 2 3 4 5 6 7 8 9 10; do
			git zllm gc --grace=2s . && [ -n "\$(find trash -type f)" ] || break
			sleep 1
		done
		[ -z "\$(find trash -type f)" ]
		echo room >../some
	END
	run -0 "${MOUNTED[@]}" sh "$T/inside"
	says removed records
}
