#!/usr/bin/env bats
# `git zllm prune`: local copies go only when the store has the object, and only those that
# git-lfs's own settings would let go.

load helpers

# r: three versions of one model, all pushed; the first two are old by any setting.
three_versions() {
	begin_with versions_pushed
}

versions_pushed() {
	make_repo r
	for i in 1 2 3; do
		make_model model.safetensors "$i"
		git add -A
		GIT_COMMITTER_DATE="2020-01-0${i}T00:00:00Z" git commit -qm "Version $i" --date "2020-01-0${i}T00:00:00Z"
	done
	git push -q
}

# version_file N: git-lfs's copy of that version.
version_file() {
	lfs_file "$(git show "HEAD~$((3 - $1)):model.safetensors" | awk '/^oid/ { print substr($2, 8) }')"
}

@test "old versions go once the store was seen to have them, and come back" {
	three_versions
	old=$(version_file 1) kept=$(version_file 3)
	run -0 git zllm prune --dry-run
	says '2 local copies would go'
	[ -e "$old" ]
	run -0 git zllm prune
	says '2 local copies dropped' 'freed'
	[ ! -e "$old" ] && [ ! -e "$(version_file 2)" ] && [ -e "$kept" ]
	git checkout -q HEAD~2
	cmp model.safetensors "$old"
	run -0 git zllm prune --json
	says '"dropped":'
}

@test "what the store lacks, or has damaged, stays; --deep reads all of it" {
	three_versions
	store_remove "$(manifest_of "$(basename "$(version_file 1)")")"
	run -1 git zllm prune
	says "kept $(basename "$(version_file 1)"): the store does not have it" '1 local copy dropped'
	[ -e "$(version_file 1)" ] && [ ! -e "$(version_file 2)" ]
}

@test "a turned bit is found by --deep, and the copy stays" {
	three_versions
	for key in $(store_keys blobs/); do
		store_damage "$key"
	done
	run -1 git zllm prune --deep
	says 'not whole' '0 local copies dropped'
	[ -e "$(version_file 1)" ] && [ -e "$(version_file 2)" ]
}

@test "what is not pushed, stashed, or of a recent branch stays, as git-lfs's settings say" {
	three_versions
	make_model unpushed.safetensors 7
	git add -A
	GIT_COMMITTER_DATE='2020-02-01T00:00:00Z' git commit -qm 'Not pushed'
	git branch recent HEAD~3
	git commit -q --amend --no-edit
	run -0 git zllm prune --dry-run
	says '2 local copies would go'
	run -0 git -c lfs.fetchrecentrefsdays=5000 zllm prune --dry-run
	says '1 local copy would go'
	run -0 git zllm prune
	[ -e "$(lfs_file "$(oid_of unpushed.safetensors)")" ]
}

@test "with --checked-out a clone holds a model once, and all of git goes on" {
	three_versions
	GIT_LFS_SKIP_SMUDGE=0 git clone -q "$T/r.git" "$T/c"
	cd "$T/c"
	file=$(version_file 3)
	[ -e "$file" ]
	run -0 git zllm prune --checked-out
	says '1 local copy dropped'
	[ ! -e "$file" ]
	[ -z "$(git status --porcelain)" ]
	echo more >>model.safetensors
	git checkout -q -- model.safetensors
	cmp model.safetensors "$T/r/model.safetensors"
	run -0 git zllm prune --checked-out
	git checkout -q -b another
	echo text >text
	git add text
	git commit -qm 'A text file'
	git push -q
	git rm -q model.safetensors
	git commit -qm 'Without it'
	git checkout -q main
	cmp model.safetensors "$T/r/model.safetensors"
}

@test "with --checked-out a file that was changed keeps its copy" {
	three_versions
	file=$(version_file 3)
	printf X | dd of=model.safetensors bs=1 seek=5000 conv=notrunc status=none
	git zllm prune --checked-out
	[ -e "$file" ]
	rm model.safetensors
	ln -s "$file" model.safetensors
	git zllm prune --checked-out
	[ -e "$file" ]
}

@test "outside a repository, and with words that it does not know, it says so and drops nothing" {
	mkdir "$T/none"
	cd "$T/none"
	run -2 git zllm prune
	says 'not a git repository'
	run -2 git zllm prune all
	says "prune takes no 'all'"
}
