#!/usr/bin/env bats
# A base in another repository that shares only the store: a model's card names it, or
# the user does.

load helpers

# base_repo [INIT OPTION...]: the base, pushed from T/base; then repository r.
base_repo() {
	begin_with base_pushed "$@"
	BASE_OID=$(oid_of "$T/base/model.safetensors")
}

base_pushed() {
	plain_repo base
	cd "$T/base" || return 1
	git zllm init "$@" "$STORE" '*.safetensors' '*.bin' >/dev/null
	make_model model.safetensors
	commit 'The base'
	git push -q
	make_repo r
}

# push_tuned [FOLDER]: a fine-tune of it there, pushed.
push_tuned() {
	TUNED=${1:+$1/}tuned.safetensors
	finetune "$TUNED" "$T/base/model.safetensors"
	commit 'Tuned'
	git push -q
}

# expect_base NAME: it is stored against the base, which was found by that name.
expect_base() {
	run -0 --separate-stderr git zllm show "$TUNED" --json
	json_holds 'sum(e["codec"] in ("ulp", "bitx") for e in d["extents"]) >= 10'
	json_holds "d['base_oid'] == '$BASE_OID' and d['base_path'] == '$1'"
	json_holds "d['base_commit'] is None and d['stored'] < 0.62 * d['size']"
	clone_and_compare
}

# no_card_base: the base was not found by a name.
no_card_base() {
	run -0 --separate-stderr git zllm show "$TUNED" --json
	json_holds "d['base_path'] not in ('org/base', 'org/unknown')"
	clone_and_compare
}

@test "a README's base_model: a name that another repository declared" {
	base_repo --name Org/Base
	printf -- '---\nlicense: mit\nbase_model: org/base\n---\n# Tuned\n' >README.md
	push_tuned
	expect_base org/base
}

@test "a list of names in the README of the model's folder" {
	base_repo --name org/base
	mkdir -p models/tuned
	printf -- '---\nbase_model:\n- org/other\n- Org/Base\n---\n' >models/tuned/README.md
	push_tuned models/tuned
	expect_base org/base
}

@test "the card of a folder above" {
	base_repo --name org/base
	mkdir -p models/tuned
	printf -- '---\nbase_model: org/base\n---\n' >models/README.md
	push_tuned models/tuned
	expect_base org/base
}

@test "config.json's _name_or_path" {
	base_repo --name org/base
	echo '{"architectures": ["Llama"], "_name_or_path": "org/base"}' >config.json
	push_tuned
	expect_base org/base
}

@test "adapter_config.json's base_model_name_or_path" {
	base_repo --name org/base
	echo '{"peft_type": "LORA", "base_model_name_or_path": "org/base"}' >adapter_config.json
	push_tuned
	expect_base org/base
}

@test "a repository without a declared name is called by its remote's URL" {
	base_repo
	printf -- '---\nbase_model: w/base\n---\n' >README.md
	push_tuned
	expect_base w/base
}

@test "a path of somebody's disk, and a name that nobody has, name nothing" {
	base_repo --name org/base
	echo '{"_name_or_path": "/home/me/org/base"}' >config.json
	printf -- '---\nbase_model: org/unknown\n---\n' >README.md
	push_tuned
	no_card_base
}

@test "hostile cards do no harm" {
	base_repo --name org/base
	printf -- '---\nbase_model: org/\377\n[[[[{{{{\n---\n' >README.md
	printf '{"_name_or_path": "../../etc", ' >config.json
	head -c 3000000 /dev/zero >adapter_config.json
	push_tuned
	no_card_base
}

@test "two repositories claim a name: the one whose model is like ours serves" {
	base_repo --name org/base
	plain_repo other
	cd "$T/other"
	git zllm init --name org/base "$STORE" '*.safetensors' >/dev/null
	model new other.safetensors 77 2
	commit 'Something else of the same name'
	git push -q
	cd "$T/r"
	printf -- '---\nbase_model: org/base\n---\n' >README.md
	push_tuned
	expect_base org/base
}

@test "shards of a base in another repository" {
	plain_repo base
	cd "$T/base" || return 1
	git zllm init --name org/base "$STORE" '*.safetensors' >/dev/null
	make_model "$T/base.safetensors"
	model shard . "$T/base.safetensors" 3
	commit 'The base in shards'
	git push -q
	make_repo r
	printf -- '---\nbase_model: org/base\n---\n' >README.md
	finetune tuned.safetensors "$T/base.safetensors"
	commit 'Tuned, in one file'
	git push -q
	run -0 --separate-stderr git zllm show tuned.safetensors --json
	json_holds 'sum(e["codec"] in ("ulp", "bitx") for e in d["extents"]) >= 10'
	clone_and_compare
}

@test "the card of the commit that brings the model counts, not today's" {
	base_repo --name org/base
	printf -- '---\nbase_model: org/base\n---\n' >README.md
	finetune tuned.safetensors "$T/base/model.safetensors"
	TUNED=tuned.safetensors
	commit 'Tuned'
	printf -- '---\nbase_model: org/unknown\n---\n' >README.md
	commit 'Another card'
	git push -q
	expect_base org/base
}

# bats test_tags=bucket
@test "a name is told to the store once, and its marker is empty" {
	base_repo --name org/base
	push_tuned
	[ "$(store_count names/)" -eq 2 ] # ours and that of r, by its URL
	[ "$(stored_bytes names/)" -eq 0 ]
	local key
	key=$(printf org/base | sha256sum | cut -c1-32)
	[ "$(store_count "names/$key/")" -eq 1 ]
}

@test "a bad name is refused before anything is written" {
	plain_repo r
	cd "$T/r"
	for name in '' 'a b' /abs/path ../x 'a/b/c/d/e'; do
		run -2 git zllm init --name "$name" "$STORE"
		one_line_error
		says 'not a name of a model'
	done
	[ -z "$(store_keys)" ] && [ ! -e .lfsconfig ] && [ ! -e .zllm ]
}

# ---------------------------------------------------------------- the user says it

@test "git zllm base <name>: before git's history, and for all who clone" {
	base_repo --name org/base
	make_model tuned.safetensors 99
	commit 'Another model at the same path'
	git push -q
	git zllm base org/base
	[ "$(git zllm base)" = org/base ]
	push_tuned
	expect_base org/base
	[ "$(git -C "$T/r.clone" zllm base)" = org/base ]
}

@test "git zllm base <oid>" {
	base_repo
	git zllm base "$BASE_OID"
	push_tuned
	run -0 --separate-stderr git zllm show "$TUNED" --json
	json_holds "d['base_oid'] == '$BASE_OID'"
	clone_and_compare
}

# own_bases: r with a base in old/, and an unrelated one, which is at HEAD, in model/.
own_bases() {
	begin_with bases_pushed
	BASE_OID=$(oid_of old/base.safetensors)
}

bases_pushed() {
	make_repo r
	make_model old/base.safetensors
	model new model/m.safetensors 99 2
	commit 'Two models'
	git push -q
	cp old/base.safetensors "$T/base.safetensors"
}

# expect_own_base FILE
expect_own_base() {
	commit 'Tuned'
	git push -q
	run -0 --separate-stderr git zllm show "$1" --json
	json_holds "d['base_oid'] == '$BASE_OID' and d['stored'] < 0.62 * d['size']"
	clone_and_compare
}

@test "git zllm base <path>: a file, a folder, from a folder below" {
	own_bases
	git zllm base old/base.safetensors
	[ "$(git zllm base)" = old/base.safetensors ]
	finetune model/m.safetensors "$T/base.safetensors"
	expect_own_base model/m.safetensors
	(cd model && git zllm base ../old)
	[ "$(git zllm base)" = old ]
	finetune model/m.safetensors "$T/base.safetensors" 2
	expect_own_base model/m.safetensors
}

@test "git zllm base <rev> and <rev>:<path> are pinned" {
	own_bases
	git tag v1
	git rm -q -r old
	commit 'Without the base'
	git push -q
	git zllm base v1
	[ "$(git zllm base)" = "$(git rev-parse v1)" ]
	finetune model/m.safetensors "$T/base.safetensors"
	expect_own_base model/m.safetensors
	git zllm base v1:old/base.safetensors
	[ "$(git zllm base)" = "$BASE_OID" ]
}

@test "git zllm base none: no tensor is a delta, until it is unset" {
	own_bases
	git zllm base none
	finetune old/base.safetensors "$T/base.safetensors"
	commit 'Tuned'
	git push -q
	run -0 --separate-stderr git zllm show old/base.safetensors --json
	json_holds "d['base_oid'] is None and all(not e['base'] for e in d['extents'])"
	git zllm base --unset
	run -0 --separate-stderr git zllm base
	[ -z "$output" ]
	BASE_OID=$(oid_of old/base.safetensors)
	finetune old/base.safetensors "$T/base.safetensors" 2
	expect_own_base old/base.safetensors
}

@test "git zllm base --path: other bases below a folder" {
	own_bases
	git zllm base none
	git zllm base --path model/ old/base.safetensors
	run -0 git zllm base
	says 'none' 'model: old/base.safetensors'
	finetune model/m.safetensors "$T/base.safetensors"
	expect_own_base model/m.safetensors
	git zllm base --path model --unset
	[ "$(git zllm base)" = none ]
}

@test "git zllm base: several, and init --base" {
	base_repo --name org/base
	plain_repo s
	cd "$T/s"
	git zllm init --name org/s --base org/base "$STORE" '*.safetensors' >/dev/null
	[ "$(git zllm base)" = org/base ]
	[ "$(git config -f .zllm zllm.name)" = org/s ]
	git zllm base org/base "$BASE_OID"
	[ "$(git zllm base)" = "$(printf 'org/base\n%s' "$BASE_OID")" ]
	finetune tuned.safetensors "$T/base/model.safetensors"
	TUNED=tuned.safetensors
	commit 'Tuned'
	git push -q
	expect_base org/base
}

@test "git zllm base: what is no base is refused in one line, and nothing is written" {
	own_bases
	touch untracked
	local bad
	for bad in no/such/model '' 'a b' 'HEAD:nothing' v99 --sorry "$(printf '%064d' 0)" untracked \
		HEAD:.gitattributes; do
		run -2 git zllm base "$bad"
		one_line_error
	done
	run -2 git zllm base none HEAD
	says "'none' cannot be given with others"
	run -2 git zllm base --path x
	one_line_error
	run -2 git zllm base --unset
	says 'no such base'
	[ ! -e .zllm ]
	cd "$T"
	run -2 git zllm base none
	says 'not a git repository'
}

@test "a .zllm that git cannot read: the push goes on without it" {
	own_bases
	printf '[zllm\nbase = x' >.zllm
	run -2 git zllm base
	one_line_error
	says .zllm
	finetune old/base.safetensors "$T/base.safetensors"
	expect_own_base old/base.safetensors
}
