#!/usr/bin/env bats
# git zllm copy: a store mirrored, and cloned from the mirror.

load helpers

setup() {
	e2e_setup
	MIRROR=$(other_store mirror)
}

# Two repositories on one store: a base and its fine-tune in r, another model in s.
two_repositories() {
	begin_with repositories_pushed
}

repositories_pushed() {
	make_repo r
	make_model base.safetensors
	commit 'The base'
	git push -q
	finetune tuned.safetensors base.safetensors
	commit 'Tuned'
	git push -q
	make_repo s
	make_model other.safetensors 7
	echo small >note.bin
	commit 'Another'
	git push -q
}

# repo_id NAME: what .lfsconfig says after repo=
repo_id() {
	git config -f "$T/$1/.lfsconfig" lfs.url | sed 's/.*repo=//'
}

# clone_from_mirror NAME: a fresh clone that is sent to the mirror instead.
clone_from_mirror() {
	git -c "url.zllm::$MIRROR.insteadOf=zllm::$STORE" clone -q "$T/$1.git" "$T/$1-clone"
	diff -r -x .git "$T/$1" "$T/$1-clone"
}

# refused: exit 2 and one line.
refused() {
	run "$@"
	[ "$status" -eq 2 ]
	one_line_error
}

# bats test_tags=bucket,swift
@test "a mirror gives back what the store was given" {
	two_repositories
	run -0 git zllm copy "$STORE" "$MIRROR"
	[[ ${lines[-1]} == '4 objects copied ('*'0 there already, 0 failed' ]]
	store_destroy
	clone_from_mirror r
	clone_from_mirror s
}

# bats test_tags=bucket
@test "a second copy brings only what is new" {
	two_repositories
	git zllm copy "$STORE" "$MIRROR"
	cd "$T/r"
	finetune again.safetensors base.safetensors 9
	commit 'Again'
	git push -q
	run -0 git zllm copy --json "$STORE" "$MIRROR"
	json_holds '[d["copied"], d["there"], d["failed"]] == [1, 4, 0]'
	run -0 git zllm copy --json "$STORE" "$MIRROR"
	json_holds '[d["copied"], d["there"], d["records"], d["bytes"]] == [0, 5, 0, 0]'
	store_destroy
	clone_from_mirror r
}

# bats test_tags=bucket
@test "one repository alone, with the bases it needs" {
	two_repositories
	run -0 git zllm copy --json --repo "$(repo_id r)" "$STORE" "$MIRROR"
	json_holds '[d["copied"], d["there"], d["failed"]] == [2, 0, 0]'
	store_destroy
	clone_from_mirror r
	run ! clone_from_mirror s
}

@test "a damaged record is named and never copied" {
	two_repositories
	victim=$(store_sizes blobs/ | grep -v '~' | sort -n | tail -n 1 | cut -d' ' -f2)
	store_damage "$victim" 5000
	run git zllm copy "$STORE" "$MIRROR"
	[ "$status" -eq 3 ]
	[[ $output == *"record blobs/"* ]]
	[[ ${lines[-1]} != *' 0 failed' ]]
	run ! store_has "$victim" "$MIRROR"
	git init -q "$T/x"
	cd "$T/x"
	git zllm init "$MIRROR" >/dev/null
	git zllm fsck
}

@test "a copy that was killed goes on" {
	folder_only 'killed at the sixth link'
	two_repositories
	strace -f -qq -o /dev/null -e trace=link,linkat -e inject=link,linkat:signal=KILL:when=6 \
		git-zllm copy "$STORE" "$MIRROR" && false
	run -0 git zllm copy "$STORE" "$MIRROR"
	store_destroy
	clone_from_mirror r
	clone_from_mirror s
}

@test "what copy refuses" {
	make_store
	refused git zllm copy
	refused git zllm copy "$STORE"
	refused git zllm copy --repo nonsense "$STORE" "$MIRROR"
	says "'nonsense' is not the id of a repository (32 hexadecimal digits)"
	refused git zllm copy --repo 00000000000000000000000000000000 "$STORE" "$MIRROR"
	run git zllm copy "$(other_store nothing)" "$MIRROR"
	[ "$status" -eq 1 ]
	[[ $output == *"no store at $(other_store nothing)"* ]]
}
