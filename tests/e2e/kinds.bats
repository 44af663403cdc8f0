#!/usr/bin/env bats
# The same hints in every kind of repository that git makes: plain, reftable, SHA-256, with
# relative worktrees, partial, shallow. (GITBIN: the folder of a newer git, for the kinds
# that this machine's cannot make.)

load helpers

setup() {
	e2e_setup
	[ -z "${GITBIN:-}" ] || PATH=$GITBIN:$PATH
	export GIT_DEFAULT_HASH=sha1 GIT_DEFAULT_REF_FORMAT=files # git 3.0 has others
}

# Two models of other seeds: one that a repository of the store is named for, and the one
# that is at m/ in the repository of each test.
models() {
	plain_repo other
	cd "$T/other" || return 1
	git zllm init --name org/other "$STORE" '*.safetensors' >/dev/null
	make_model model.safetensors 2
	commit 'Of another name'
	git push -q
	make_model "$T/base.safetensors"
}

# new_repo [INIT OPTION...]: r with m/model.safetensors, pushed.
new_repo() {
	git init -q --bare "$@" "$T/r.git" 2>/dev/null && git init -q "$@" "$T/r" ||
		skip "this git does not know $*"
	git -C "$T/r.git" config uploadpack.allowFilter true
	cd "$T/r" || return 1
	git remote add origin "$T/r.git"
	git zllm init "$STORE" '*.safetensors' >/dev/null
	mkdir m
	cp "$T/base.safetensors" m/model.safetensors
	commit 'The base'
	git push -q -u origin main
}

# based FILE SOURCE OID PATH COMMIT: FILE stands on that version (COMMIT may be None), and
# SOURCE led to it.
based() {
	run -0 --separate-stderr git zllm show "$1" --json
	json_holds "(d['base_source'], d['base_oid'], str(d['base_path']), str(d['base_commit'])) == ('$2', '$3', '$4', '$5')"
}

# same_hints: fine-tunes pushed from the current folder find their bases: by their path, by
# their card, by what the user set as a revision; and the commands that read history work.
same_hints() {
	local base parent
	base=$(oid_of "$T/base.safetensors")
	parent=$(git rev-parse HEAD)
	mkdir -p n x
	finetune m/model.safetensors "$T/base.safetensors"
	printf -- '---\nbase_model: org/other\n---\n' >n/README.md
	finetune n/tuned.safetensors "$T/other/model.safetensors"
	git zllm base --path 'x' HEAD >/dev/null
	finetune x/set.safetensors "$T/base.safetensors" 3
	commit 'Tuned'
	git push -q origin HEAD
	based m/model.safetensors git "$base" m/model.safetensors "$parent"
	based n/tuned.safetensors card "$(oid_of "$T/other/model.safetensors")" org/other None
	based x/set.safetensors user "$base" m/model.safetensors "$parent"
	run -0 git zllm diff HEAD^:m/model.safetensors HEAD:m/model.safetensors
	says '13 changed'
	run -0 git zllm family m/model.safetensors
	says m/model.safetensors
	run -0 git zllm verify
	run -0 --separate-stderr git zllm status --json
	json_holds 'len(d["objects"]) == 3 and all(o["in_store"] for o in d["objects"])'
	run -0 git zllm doctor
	says_not 'cannot be read'
}

# hooks_work: the hooks of r and of its remote say what the store lacks.
hooks_work() {
	local lost
	cp "$TOP/hooks/post-receive" "$T/r.git/hooks/post-receive"
	make_model lost.safetensors 4
	lost=$(oid_of lost.safetensors)
	commit 'One that gets lost'
	rm -f "$(lfs_file "$lost")"
	run git push origin HEAD
	[ "$status" -ne 0 ]
	says "$lost"
	run -0 git push --no-verify origin HEAD
	says "$lost" remote:
}

@test "plain" {
	begin_with models
	new_repo
	same_hints
	says 'read by libgit2'
}

@test "reftable" {
	begin_with models
	new_repo --ref-format=reftable
	same_hints
	says 'read by git)'
	hooks_work
}

@test "SHA-256" {
	begin_with models
	new_repo --object-format=sha256
	same_hints
	says 'read by git)'
	hooks_work
}

@test "SHA-256, partial" {
	begin_with models
	new_repo --object-format=sha256
	git clone -q --filter=blob:none "file://$T/r.git" "$T/c"
	cd "$T/c"
	same_hints
}

@test "a relative worktree" {
	begin_with models
	new_repo
	git worktree add -q --relative-paths "$T/wt" -b side 2>/dev/null ||
		skip 'this git does not know --relative-paths (2.48)'
	[ "$(git config extensions.relativeWorktrees)" = true ]
	cd "$T/wt"
	same_hints
	says 'read by libgit2'
}

@test "partial: what is not here is told" {
	begin_with models
	new_repo
	cp "$T/other/model.safetensors" m/model.safetensors
	commit 'In between'
	git push -q
	cp "$T/base.safetensors" m/model.safetensors
	commit 'Back'
	git push -q
	git clone -q --filter=blob:none "file://$T/r.git" "$T/c"
	git clone -q --filter=blob:none "file://$T/r.git" "$T/d"
	cd "$T/c"
	same_hints
	cd "$T/d"
	run -0 git zllm doctor
	says 'this clone is partial, and 1 of its objects' 'git fetch --refetch'
	git fetch -q --refetch --filter=blob:limit=1k
	run -0 git zllm doctor
	says_not 'this clone is partial'
	[ "$(git config remote.origin.partialclonefilter)" = blob:none ]
}

@test "shallow: where it ends is told" {
	begin_with models
	new_repo
	git clone -q --depth 1 "file://$T/r.git" "$T/c"
	cd "$T/c"
	same_hints
	says 'this clone is shallow' 'git fetch --unshallow'
	git fetch -q --unshallow
	run -0 git zllm doctor
	says_not 'this clone is shallow'
}
