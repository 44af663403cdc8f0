#!/usr/bin/env bats
# `init`: what it writes into a repository, twice, and where it refuses.

load helpers
load command_helpers

# bats test_tags=bucket
@test "init writes .lfsconfig, .gitattributes and a hook, and makes the store" {
	plain_repo r
	cd r
	run -0 git zllm init "$STORE" '*.safetensors'
	[[ $(git config -f .lfsconfig lfs.url) =~ ^zllm::$STORE\?repo=[0-9a-f]{32}$ ]]
	[ "$(git config -f .lfsconfig --list | wc -l)" -eq 1 ]
	grep -qF '*.safetensors filter=lfs' .gitattributes
	[ -x .git/hooks/pre-push ]
	store_read zllm.json | json 'd["format"]' | grep -qx 1
	git config --local --list >after
	run ! grep -i zllm after
}

@test "init twice changes nothing: the repository keeps its id" {
	make_repo r
	cp .lfsconfig .gitattributes .git/hooks/pre-push "$T/"
	store_read zllm.json >"$T/zllm.json"
	run -0 git zllm init "$STORE" '*.safetensors' '*.bin'
	diff .lfsconfig "$T/.lfsconfig"
	diff .gitattributes "$T/.gitattributes"
	diff .git/hooks/pre-push "$T/pre-push"
	store_read zllm.json | diff - "$T/zllm.json"
	[ -z "$(git status --porcelain)" ]
}

@test "init with another store keeps the repository's id" {
	make_repo r
	local id
	id=$(git config -f .lfsconfig lfs.url | sed 's/.*repo=//')
	git zllm init "$(other_store other)" >/dev/null
	[ "$(git config -f .lfsconfig lfs.url)" = "zllm::$(other_store other)?repo=$id" ]
}

@test "two repositories get two ids" {
	make_repo one
	make_repo two
	[ "$(git config -f "$T/one/.lfsconfig" lfs.url)" != "$(git config -f "$T/two/.lfsconfig" lfs.url)" ]
}

@test "init without patterns tracks what models are called" {
	plain_repo r
	cd r
	git zllm init "$STORE" >/dev/null
	grep -qF '*.safetensors filter=lfs' .gitattributes
	make_model model.safetensors
	commit 'A model'
	git push -q
	in_store "$(oid_of model.safetensors)"
}

@test "init keeps what .lfsconfig and .gitattributes said before" {
	plain_repo r
	cd r
	git config -f .lfsconfig lfs.fetchexclude old
	echo '*.txt text' >.gitattributes
	git zllm init "$STORE" '*.safetensors' >/dev/null
	[ "$(git config -f .lfsconfig lfs.fetchexclude)" = old ]
	grep -qx '\*.txt text' .gitattributes
}

@test "init with a relative store that says so works in clones beside each other" {
	folder_only 'a bucket has no relative name'
	plain_repo r
	cd r
	git zllm init ../store '*.safetensors' >/dev/null
	[[ $(git config -f .lfsconfig lfs.url) == zllm::../store* ]]
	make_model model.safetensors
	commit 'A model'
	git push -q
	in_store "$(oid_of model.safetensors)"
	clone_and_compare r
}

@test "init with a plain relative folder writes it as absolute" {
	folder_only 'a bucket has no relative name'
	plain_repo r
	git zllm init models 2>/dev/null && return 1
	cd r
	mkdir sub
	cd sub
	git zllm init models '*.safetensors' >/dev/null
	[[ $(git config -f ../.lfsconfig lfs.url) == "zllm::$T/r/sub/models?"* ]]
}

@test "init with odd characters in the store's path" {
	folder_only 'init takes a bucket as a URL; matrix.bats has odd prefixes'
	STORE="$T/50% of? a möbel#store"
	plain_repo r
	cd r
	git zllm init "$STORE" '*.safetensors' >/dev/null
	make_model model.safetensors
	commit 'A model'
	git push -q
	in_store "$(oid_of model.safetensors)"
	clone_and_compare r
}

@test "init refuses what is no repository, a bare one, a bucket, and no store at all" {
	refused git zllm init "$STORE"
	git init -q --bare bare.git
	refused git -C bare.git zllm init "$STORE"
	plain_repo r
	cd r
	refused git zllm init
	refused git zllm init s3://bucket/prefix
	says bucket
	[ ! -e .lfsconfig ]
}

@test "init refuses a folder that cannot be made, and writes nothing" {
	folder_only 'a folder that cannot be made'
	plain_repo r
	cd r
	echo x >"$T/a-file"
	run git zllm init "$T/a-file/store"
	[ "$status" -ne 0 ]
	one_line_error
	[ ! -e .lfsconfig ]
}

@test "init says when install was not run" {
	git zllm uninstall >/dev/null
	plain_repo r
	cd r
	run -0 git zllm init "$STORE"
	says 'git zllm install'
}
