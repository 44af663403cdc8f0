#!/usr/bin/env bats
# Where git knows less, or a part of it cannot be read, a push has fewer hints, and goes on.

load helpers

# sha256_repo NAME
sha256_repo() {
	git init -q --bare --object-format=sha256 "$T/$1.git"
	git init -q --object-format=sha256 "$T/$1"
	cd "$T/$1" || return 1
	git remote add origin "$T/$1.git"
	git zllm init "$STORE" '*.safetensors' >/dev/null
	make_model model.safetensors
	cp model.safetensors "$T/base.safetensors"
	commit 'The base'
	git push -q -u origin main
}

# push_tuned: a fine-tune of T/base at the same path, pushed and cloned.
push_tuned() {
	finetune model.safetensors "$T/base.safetensors"
	commit 'Tuned'
	git push -q
	clone_and_compare
}

@test "a SHA-256 repository: a base that is set is used, by its commit and by its oid" {
	sha256_repo r
	git zllm base HEAD
	[ "$(git config -f .zllm zllm.base)" = "$(git rev-parse HEAD)" ]
	git zllm base "$(git rev-parse HEAD)"
	run -2 git zllm base "$(printf '%064d' 7)"
	one_line_error
	says 'does not have object'
	git zllm base "$(oid_of model.safetensors)"
	push_tuned
	run -0 --separate-stderr git zllm show model.safetensors --json
	json_holds "d['base_oid'] == '$(oid_of "$T/base.safetensors")' and d['base_source'] == 'user'"
}

@test "a SHA-256 repository compares revisions, too" {
	sha256_repo r
	push_tuned
	run -0 git zllm diff HEAD^ HEAD
	says '13 changed'
	run -0 git diff HEAD^
	says '13 changed'
}

# remote_base: r with the base at the remote, which serves partial clones.
remote_base() {
	make_repo r
	make_model model.safetensors
	cp model.safetensors "$T/base.safetensors"
	commit 'The base'
	git push -q
	git -C "$T/r.git" config uploadpack.allowFilter true
}

@test "a partial clone: a push is right" {
	remote_base
	git clone -q --filter=blob:none "file://$T/r.git" "$T/c"
	cd "$T/c"
	finetune model.safetensors "$T/base.safetensors"
	commit 'Tuned in a partial clone'
	git push -q
	git -C "$T/r" pull -q
	expect_same_files "$T/r" "$T/c"
	run -0 git zllm fsck
}

@test "a shallow clone with a card: the base is found by name" {
	plain_repo base
	cd "$T/base"
	git zllm init --name org/base "$STORE" '*.safetensors' >/dev/null
	make_model model.safetensors
	cp model.safetensors "$T/base.safetensors"
	commit 'The base'
	git push -q
	make_repo r
	printf -- '---\nbase_model: org/base\n---\n' >README.md
	commit 'A card'
	git push -q
	git clone -q --depth 1 "file://$T/r.git" "$T/c"
	cd "$T/c"
	finetune model.safetensors "$T/base.safetensors"
	commit 'Tuned'
	git push -q
	run -0 --separate-stderr git zllm show model.safetensors --json
	json_holds "d['base_oid'] == '$(oid_of "$T/base.safetensors")' and d['base_path'] == 'org/base'"
}

@test "a corrupt object of git: no hint from it, and the push is right" {
	remote_base
	local blob file
	blob=$(git rev-parse HEAD:model.safetensors)
	file=.git/objects/$(printf %.2s "$blob")/$(printf %s "$blob" | cut -c3-)
	chmod u+w "$file"
	head -c 20 /dev/zero >"$file"
	finetune model.safetensors "$T/base.safetensors"
	commit 'Tuned'
	git push -q
	git clone -q "$T/r.git" "$T/c"
	expect_same_files "$T/r" "$T/c"
}

@test "a repository of another format version: the push is right" {
	remote_base
	git config core.repositoryFormatVersion 1
	git config extensions.worktreeConfig true
	push_tuned
	run -0 --separate-stderr git zllm show model.safetensors --json
	json_holds "d['model'] == 'safetensors'"
}
