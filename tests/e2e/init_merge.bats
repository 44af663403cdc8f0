#!/usr/bin/env bats
# `git zllm init` by two people, or on two branches, writes the same: what they wrote
# merges. What cannot be merged is said.

load helpers

repo_id() {
	git config -f "${1:-.}/.lfsconfig" lfs.url | sed 's/.*repo=//'
}

# with_id STORE: its URL with an id that nothing derives.
with_id() {
	echo "zllm::$1$([[ $1 == *\?* ]] && echo '&' || echo '?')repo=0123456789abcdef0123456789abcdef"
}

# begun NAME: a repository with a first commit that is pushed, and nothing of ours.
begun() {
	plain_repo "$1"
	cd "$T/$1" || return 1
	echo "notes of $1" >notes
	commit 'Notes'
	git push -q origin main
}

@test "two clones that run init write the same files, and a pull merges them" {
	begun r
	git clone -q "$T/r.git" "$T/other"
	git zllm init "$STORE" >/dev/null
	make_model a.safetensors 1
	commit 'A model of one'
	git push -q
	cd "$T/other"
	git zllm init "$STORE" >/dev/null
	cmp .lfsconfig "$T/r/.lfsconfig"
	cmp .gitattributes "$T/r/.gitattributes"
	make_model b.safetensors 2
	commit 'A model of the other'
	run -0 git pull -q --no-rebase --no-edit
	[ -z "$(git status --porcelain)" ]
	cmp a.safetensors "$T/r/a.safetensors"
	git push -q
	cd "$T/r"
	git pull -q
	cmp b.safetensors "$T/other/b.safetensors"
}

@test "two clones of an empty repository get one id, by the end of their remote's URL" {
	plain_repo r
	git clone -q "$T/r.git" "$T/other" 2>/dev/null
	cd "$T/other"
	git zllm init "$STORE" >/dev/null
	cd "$T/r"
	git zllm init "$STORE" >/dev/null
	[ "$(repo_id)" = "$(repo_id "$T/other")" ]
	plain_repo another
	cd "$T/another"
	git zllm init "$STORE" >/dev/null
	[ "$(repo_id)" != "$(repo_id "$T/other")" ]
}

@test "an id that another branch, a remote's branch or a tag has is taken again" {
	begun r
	git switch -qc first
	git zllm init "$(with_id "$STORE")" >/dev/null
	commit 'A store'
	git switch -q main
	git zllm init "$STORE" >/dev/null
	[ "$(repo_id)" = 0123456789abcdef0123456789abcdef ]
	rm .lfsconfig .gitattributes
	git push -q --no-verify origin first
	git branch -qD first
	git zllm init "$STORE" >/dev/null
	[ "$(repo_id)" = 0123456789abcdef0123456789abcdef ]
	rm .lfsconfig .gitattributes
	git tag -am 'The store' kept origin/first
	git push -q --no-verify origin :first
	git zllm init "$STORE" >/dev/null
	[ "$(repo_id)" = 0123456789abcdef0123456789abcdef ]
}

@test "refs whose .lfsconfig is huge, broken or another server's do not matter" {
	begun r
	git clone -q "$T/r.git" "$T/other"
	git -C "$T/other" zllm init "$STORE" >/dev/null
	git switch -qc broken
	printf '<<<<<<< a\n' >.lfsconfig
	commit 'Broken'
	git switch -qc huge main
	{ yes '; zllm' | head -c 200000; echo; echo '[lfs]'; echo 'url = zllm::/x?repo=0123456789abcdef0123456789abcdef'; } >.lfsconfig
	commit 'Huge'
	git switch -qc elsewhere main
	git config -f .lfsconfig lfs.url 'https://lfs.example.org/x?repo=0123456789abcdef0123456789abcdef'
	commit 'Elsewhere'
	git switch -q main
	run -0 git zllm init "$STORE"
	cmp .lfsconfig "$T/other/.lfsconfig"
}

@test "forks share an id; repositories that begin by themselves do not" {
	begun r
	git clone -q --bare "$T/r.git" "$T/fork.git"
	git clone -q "$T/fork.git" "$T/fork"
	begun stranger
	for name in r fork stranger; do
		git -C "$T/$name" zllm init "$STORE" >/dev/null
	done
	[ "$(repo_id "$T/r")" = "$(repo_id "$T/fork")" ]
	[ "$(repo_id "$T/r")" != "$(repo_id "$T/stranger")" ]
}

@test "the id does not depend on the store, nor on the branch or merged strangers" {
	begun r
	git clone -q "$T/r.git" "$T/other"
	git zllm init "$STORE" >/dev/null
	begun stranger
	cd "$T/other"
	git pull -q --no-rebase --no-edit --allow-unrelated-histories -s ours "$T/stranger.git" main
	git switch -qc topic
	git commit -q --allow-empty -m 'More'
	git zllm init "$(other_store second)" >/dev/null
	[ "$(repo_id)" = "$(repo_id "$T/r")" ]
}

@test "a shallow clone takes the id of the branch it has, and says when it cannot tell" {
	begun r
	git commit -q --allow-empty -m 'Second'
	git push -q
	git clone -q --depth 1 "file://$T/r.git" "$T/early"
	cd "$T/early"
	run -0 git zllm init "$STORE"
	says 'shallow clone' 'git fetch --unshallow'
	git fetch -q --unshallow
	git config -f .lfsconfig --unset lfs.url
	git zllm init "$STORE" >/dev/null
	cd "$T/r"
	git zllm init "$STORE" >/dev/null
	cmp .lfsconfig "$T/early/.lfsconfig"
	commit 'A store'
	git push -q --no-verify
	git clone -q --depth 1 "file://$T/r.git" "$T/late"
	cd "$T/late"
	git rm -q .lfsconfig
	run -0 git zllm init "$STORE"
	run ! grep -q shallow <<<"$output"
	cmp .lfsconfig "$T/r/.lfsconfig"
}

@test "a .lfsconfig with a merge's conflict markers is named, with the remedy" {
	make_repo r
	make_model model.safetensors
	commit 'A model'
	git push -q
	git switch -qc one
	git config -f .lfsconfig lfs.url "zllm::/one?repo=0123456789abcdef0123456789abcdef"
	commit 'One store'
	git switch -qc two main
	git config -f .lfsconfig lfs.url "zllm::/two?repo=0123456789abcdef0123456789abcdef"
	commit 'Another'
	run git merge -q one
	[ "$status" -ne 0 ]
	for command in status doctor "init $STORE"; do
		# shellcheck disable=SC2086
		run git zllm $command
		[ "$status" -ne 0 ]
		says '.lfsconfig holds the conflict markers' 'git checkout HEAD -- .lfsconfig'
	done
	run git zllm agent <<<'{"event":"init","operation":"download","remote":"origin","concurrent":false,"concurrenttransfers":1}'
	says '"code":' '.lfsconfig holds the conflict markers' 'git checkout HEAD -- .lfsconfig'
	git checkout -q HEAD -- .lfsconfig
	git add .lfsconfig
	git commit -qm 'Merged'
	[ "$(git config -f .lfsconfig lfs.url)" = 'zllm::/two?repo=0123456789abcdef0123456789abcdef' ]
}
