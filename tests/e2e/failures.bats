#!/usr/bin/env bats
# What the user sees when something is wrong, and what is left behind: a sentence,
# no ref on the remote, nothing wrong in the store, nothing wrong in the worktree.

load helpers

# Three objects in the current repository, committed, not pushed.
three_models() {
	begin_with models_made
}

# The same, pushed.
three_pushed() {
	begin_with models_pushed
}

models_made() {
	make_repo r
	make_model a.safetensors 1
	make_model b.safetensors 2
	make_model c.safetensors 3
	commit 'Three models'
}

models_pushed() {
	models_made
	git push -q
}

# The push fails, and no ref of the remote moved.
expect_no_push() {
	local before
	before=$(git -C "$T/r.git" rev-parse main)
	run git push origin main
	[ "$status" -ne 0 ]
	[ "$(git -C "$T/r.git" rev-parse main)" = "$before" ]
}

# The clone fails, and neither its worktree nor its LFS storage holds anything wrong.
expect_no_clone() {
	run git clone "$T/r.git" "$T/c"
	[ "$status" -ne 0 ]
	no_bad_objects "$T/c"
	local name
	for name in *.safetensors; do
		[ ! -e "$T/c/$name" ] || cmp "$name" "$T/c/$name" ||
			head -c 50 "$T/c/$name" | grep -q 'git-lfs.github.com/spec'
	done
}

# ---------------------------------------------------------------- the store as a whole

# bats test_tags=bucket
@test "a store that is missing is a sentence at push, not EOF" {
	three_models
	store_hide
	expect_no_push
	says 'no store at' "$STORE"
	says_not EOF
	[ -z "$(store_keys)" ]
}

# bats test_tags=bucket
@test "a store that is missing is a sentence at clone, not EOF" {
	three_pushed
	store_hide
	expect_no_clone
	says 'no store at' "$STORE"
	says_not EOF
}

@test "an empty folder is not taken for a store: a disk may not be mounted" {
	folder_only 'a bucket has no folders'
	three_models
	mv "$STORE" "$T/away"
	mkdir "$STORE"
	expect_no_push
	says "$STORE"
	[ -z "$(ls -A "$STORE")" ]
}

@test "a store that a newer git-zllm made is refused with a sentence" {
	three_models
	store_change zllm.json sed -E 's/("(format|version)" *: *)1/\199/'
	store_read zllm.json | grep -q 99
	expect_no_push
	says newer
	says_not EOF
	nothing_stored
	run ! git zllm stats
	one_line_error
	says newer
}

@test "a store whose zllm.json is not readable is refused with a sentence" {
	three_models
	echo '{"form' | store_write zllm.json
	expect_no_push
	says zllm.json
	nothing_stored
}

@test "a read-only store refuses a push with a sentence, and gives clones" {
	folder_only 'mounts; s3.bats has a user who may only read'
	own_mounts
	three_pushed
	make_model d.safetensors 4
	commit 'One more'
	cat >"$T/inside" <<-END
		set -e
		mount --bind "$STORE" "$STORE"
		mount -o remount,bind,ro "$STORE"
		git clone -q "$T/r.git" "$T/c"
		git push origin main && exit 9 || exit 0
	END
	run -0 "${MOUNTED[@]}" sh "$T/inside"
	says 'read-only'
	says_not EOF
	git -C "$T/r" reset -q --hard HEAD^
	expect_same_files "$T/r" "$T/c"
}

@test "what a store refuses for all objects of a push is said once, and the rest is not tried" {
	folder_only 'mounts; s3_faults.bats has a service that forbids'
	own_mounts
	make_repo r
	local i
	for i in 1 2 3 4 5; do
		noise "$i.bin" 400000 "$i"
	done
	commit 'Five files'
	cat >"$T/inside" <<-END
		set -e
		mount --bind "$STORE" "$STORE"
		mount -o remount,bind,ro "$STORE"
		git push origin main && exit 9 || exit 0
	END
	run -0 "${MOUNTED[@]}" sh "$T/inside"
	[ "$(grep -ci 'read-only' <<<"$output")" -eq 1 ]
	[ "$(grep -c 'not tried, for the reason above' <<<"$output")" -eq 4 ]
	git push -q origin main
	clone_and_compare
}

@test "and what is wrong with one object alone is said of that one" {
	make_repo r
	local i
	for i in 1 2 3; do
		noise "$i.bin" 400000 "$i"
	done
	commit 'Three files'
	flip "$(lfs_file "$(oid_of 1.bin)")"
	flip "$(lfs_file "$(oid_of 3.bin)")"
	run git push origin main
	[ "$status" -ne 0 ]
	says_not 'not tried'
	[ "$(store_count objects/)" -eq 1 ]
}

@test "a store without permission to write refuses a push with a sentence" {
	folder_only 'objects have no modes; s3.bats has a user who may only read'
	[ "$(id -u)" != 0 ] || skip 'root may write everywhere; the read-only mount above stands in'
	three_models
	chmod -R a-w "$STORE"
	expect_no_push
	says 'permission denied'
}

@test "a full store refuses a push with a sentence, and takes it when there is room" {
	folder_only 'a file system that is full'
	own_mounts
	make_repo r
	make_model a.safetensors 1
	make_model b.safetensors 2
	commit 'Two models'
	cat >"$T/inside" <<-END
		set -e
		cp -a "$STORE" "$T/seed"
		mount -t tmpfs -o size=1m none "$STORE"
		cp -a "$T/seed/." "$STORE/"
		if git push origin main 2>"$T/full"; then exit 9; fi
		git zllm fsck
		mount -i -t tmpfs -o remount,size=64m none "$STORE"
		git push origin main
		git zllm fsck
		git clone -q "$T/r.git" "$T/c"
	END
	run -0 "${MOUNTED[@]}" sh "$T/inside"
	grep -i 'no space left' "$T/full"
	expect_same_files "$T/r" "$T/c"
}

# ---------------------------------------------------------------- one object

# bats test_tags=bucket
@test "an object that is refused does not keep the others from being stored" {
	three_models
	flip "$(lfs_file "$(oid_of b.safetensors)")"
	expect_no_push
	says "$(oid_of b.safetensors)"
	in_store "$(oid_of a.safetensors)"
	in_store "$(oid_of c.safetensors)"
	run ! in_store "$(oid_of b.safetensors)"
}

@test "wrong bytes in the local LFS object are refused" {
	three_models
	local file
	file=$(lfs_file "$(oid_of a.safetensors)")
	chmod u+w "$file"
	cp b.safetensors "$file"
	expect_no_push
	says 'its bytes are not those of its name'
	run ! in_store "$(oid_of a.safetensors)"
}

@test "an opaque object with wrong bytes is refused too" {
	make_repo r
	noise a.bin 3000000
	commit 'Noise'
	flip "$(lfs_file "$(oid_of a.bin)")" 0
	expect_no_push
	says 'its bytes are not those of its name'
	run ! in_store "$(oid_of a.bin)"
}

@test "the object that was refused is taken once it is right again" {
	three_models
	flip "$(lfs_file "$(oid_of b.safetensors)")"
	expect_no_push
	flip "$(lfs_file "$(oid_of b.safetensors)")"
	git push -q
	clone_and_compare
}

# ---------------------------------------------------------------- the agent dies

# bats test_tags=bucket
@test "an agent that is killed in mid-transfer: the push fails, the next one works" {
	three_models
	use_agent "$E2E/agents/killed_agent.py" 'lines 2'
	expect_no_push
	use_own_agent
	run -0 git zllm fsck
	git push -q
	clone_and_compare
	run -0 git zllm fsck
}

@test "an agent that is killed in mid-clone leaves nothing wrong, and the repair works" {
	three_pushed
	use_agent "$E2E/agents/killed_agent.py" 'lines 2'
	expect_no_clone
	use_own_agent
	git -C "$T/c" reset -q --hard
	expect_same_files "$T/r" "$T/c"
}

@test "what a killed clone left in the temporary folder goes with a later one" {
	three_pushed
	use_agent "$E2E/agents/killed_agent.py" 'lines 2'
	expect_no_clone
	use_own_agent
	find "$T/c/.git/lfs/tmp" -mindepth 1 -exec touch -d '3 days ago' {} + 2>/dev/null || true
	git -C "$T/c" reset -q --hard
	[ -z "$(find "$T/c/.git/lfs/tmp" -type f -size +100k 2>/dev/null)" ]
}

@test "an agent that cannot be run fails the push" {
	three_models
	use_agent /nowhere/git-zllm agent
	expect_no_push
	nothing_stored
}

# ---------------------------------------------------------------- damage in the store

# bats test_tags=bucket
@test "a flipped bit in a record: the clone fails and names the record" {
	three_pushed
	local blob
	blob=$(a_blob)
	store_damage "$blob"
	expect_no_clone
	says "$(basename "$blob" | cut -c1-16)"
	says_not 'worker 0: EOF'
}

@test "a flipped bit in the head of a record: the clone fails" {
	three_pushed
	store_damage "$(a_blob)" 40
	expect_no_clone
	says_not EOF
}

@test "a record that was cut short: the clone fails and names the record" {
	three_pushed
	local blob
	blob=$(a_blob)
	store_change "$blob" head -c -1000
	expect_no_clone
	says "$(basename "$blob" | cut -c1-16)"
}

@test "a record that another one was copied over: the clone fails" {
	three_pushed
	local keys
	mapfile -t keys < <(store_sizes blobs/ | sort -n | tail -2 | cut -d' ' -f2-)
	store_read "${keys[0]}" >"$T/kept"
	store_write "${keys[1]}" <"$T/kept"
	expect_no_clone
}

# bats test_tags=bucket
@test "a missing record: the clone fails and names the record" {
	three_pushed
	local blob
	blob=$(a_blob)
	store_remove "$blob"
	expect_no_clone
	says "$(basename "$blob" | cut -c1-16)"
}

# bats test_tags=bucket
@test "a flipped bit in a manifest: the clone fails and names the object" {
	three_pushed
	store_damage "$(manifest_of "$(oid_of a.safetensors)")"
	expect_no_clone
	says "$(oid_of a.safetensors)"
	says_not 'worker 0: EOF'
}

@test "a manifest of another object: the clone fails" {
	three_pushed
	store_read "$(manifest_of "$(oid_of b.safetensors)")" >"$T/kept"
	store_write "$(manifest_of "$(oid_of a.safetensors)")" <"$T/kept"
	expect_no_clone
}

# bats test_tags=bucket
@test "an object that is not in the store: the clone fails and names it" {
	three_pushed
	store_remove "$(manifest_of "$(oid_of a.safetensors)")"
	expect_no_clone
	says "$(oid_of a.safetensors)"
}

@test "the undamaged objects of a damaged store are still given" {
	three_pushed
	store_damage "$(manifest_of "$(oid_of a.safetensors)")"
	GIT_LFS_SKIP_SMUDGE=1 git clone -q "$T/r.git" "$T/c"
	run ! git -C "$T/c" lfs pull
	cmp b.safetensors "$T/c/b.safetensors"
	cmp c.safetensors "$T/c/c.safetensors"
}

# bats test_tags=bucket
@test "a damaged record is put right by removing it and pushing again" {
	three_pushed
	store_remove "$(a_blob)"
	for oid in $(git lfs ls-files -l | cut -d' ' -f1); do store_remove "$(manifest_of "$oid")"; done
	git lfs push --all origin
	clone_and_compare
}

@test "a push never writes over a damaged record in silence" {
	three_pushed
	store_damage "$(a_blob)"
	make_repo again
	cp "$T"/r/*.safetensors .
	model metadata other.safetensors a.safetensors other
	model metadata other2.safetensors b.safetensors other
	model metadata other3.safetensors c.safetensors other
	commit 'The same tensors'
	git push -q || true
	run git zllm fsck
	[ "$status" -eq 3 ]
}

@test "a download to a full disk is a sentence and leaves nothing wrong" {
	own_mounts
	three_pushed
	cat >"$T/inside" <<-END
		mkdir "$T/small"
		mount -t tmpfs -o size=5m none "$T/small"
		git clone "$T/r.git" "$T/small/c" && exit 9
		git -C "$T/small/c" lfs fsck --objects
	END
	run "${MOUNTED[@]}" sh "$T/inside"
	[ "$status" -ne 9 ]
	says 'no space left'
}
