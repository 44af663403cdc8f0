#!/usr/bin/env bats
# The git server to which somebody has pushed a store is remembered for him: git-lfs comes to
# us also where nothing that is checked out names one. And a clone of which no ref does, nor
# its remote, is as it would be without us.

load helpers

setup() {
	e2e_setup
	git config --global --unset zllm.remember
}

teardown() {
	[ -z "${SERVER:-}" ] || kill "$SERVER" 2>/dev/null || true
	e2e_teardown
}

server_of() {
	printf 'lfs.file://%s.standalonetransferagent\n' "$1"
}

remembered() {
	git config --global --get-regexp '^lfs\..*://.*\.standalonetransferagent$' | grep -v zllm.invalid
}

# old_branch: T/r has a model at the tag v1, from before .lfsconfig; both are pushed.
old_branch() {
	make_store
	plain_repo r
	cd "$T/r" || return 1
	git lfs track '*.bin' >/dev/null
	noise m.bin 5000 1
	commit One
	git tag v1
	git zllm init "$STORE" '*.bin' >/dev/null
	noise m.bin 5000 2
	commit Two
	git push -q --no-verify origin main v1
	git lfs push --all origin >/dev/null
	noise one.bin 5000 1
	noise two.bin 5000 2
	mv one.bin two.bin "$T"
}

# not_by_us: T/plain is a repository of git-lfs without us, at the server T/r.git of old.
not_by_us() {
	rm -rf "$T/r.git"
	git init -q --bare "$T/r.git"
	git init -q "$T/plain"
	cd "$T/plain" || return 1
	git remote add origin "$T/r.git"
	git lfs track '*.bin' >/dev/null
	noise p.bin 7000 3
	commit Plain
}

@test "who pushed a store to a server finds it from there before anything is checked out" {
	make_repo r
	make_model m.safetensors
	commit 'A model'
	run -0 git push
	says "file://$T/r.git is remembered" 'zllm.remember false' 'uninstall'
	[ "$(remembered)" = "$(server_of "$T/r.git") zllm" ]
	run git zllm doctor
	says '1 git server is remembered'
	git commit -q --allow-empty -m Again
	run -0 git push
	says_not remembered

	git init -q "$T/c"
	cd "$T/c"
	git remote add origin "$T/r.git"
	git fetch -q --depth=1 origin '+refs/heads/main:refs/remotes/origin/main'
	git lfs fetch origin refs/remotes/origin/main
	git checkout -q -B main refs/remotes/origin/main
	expect_same_files "$T/r" .

	git zllm uninstall >/dev/null
	run ! remembered
	run git zllm doctor
	says_not 'is remembered'
}

@test "it is remembered without our hook too, and not where somebody does not want it" {
	make_repo r
	rm .git/hooks/pre-push
	git lfs update >/dev/null
	noise m.bin 5000 1
	commit One
	git config --global zllm.remember no
	git push -q
	run ! remembered
	git config --global --unset zllm.remember
	noise m.bin 5000 2
	commit Two
	# The machine has it installed, and this user has not.
	cp "$HOME/.gitconfig" "$T/machine"
	git config --global --unset lfs.zllm::.standalonetransferagent
	GIT_CONFIG_NOSYSTEM=0 GIT_CONFIG_SYSTEM=$T/machine git push -q
	in_store "$(oid_of m.bin)"
	run ! remembered
	cp "$T/machine" "$HOME/.gitconfig"
	# The user, and not the repository, names the store: clones would not find it.
	noise m.bin 5000 3
	commit Three
	git -c lfs.url="$(git config -f .lfsconfig lfs.url)" push -q
	run ! remembered
	# A configuration that cannot be written is in no push's way.
	noise m.bin 5000 4
	commit Four
	touch "$HOME/.gitconfig.lock"
	git push -q
	in_store "$(oid_of m.bin)"
	rm "$HOME/.gitconfig.lock"
	run ! remembered
	noise m.bin 5000 5
	commit Five
	git push -q
	[ "$(remembered)" = "$(server_of "$T/r.git") zllm" ]
}

@test "a clone of one old branch, or commit, finds the store that the server's HEAD names" {
	old_branch
	[ "$(remembered)" = "$(server_of "$T/r.git") zllm" ]
	git clone -q -b v1 "$T/r.git" "$T/a"
	cmp "$T/a/m.bin" "$T/one.bin"
	git clone -q --single-branch --no-tags -b v1 "$T/r.git" "$T/b"
	cmp "$T/b/m.bin" "$T/one.bin"
	git clone -q --depth=1 -b v1 "file://$T/r.git" "$T/c"
	cmp "$T/c/m.bin" "$T/one.bin"
	# What is pushed from there goes where everybody looks for it.
	cd "$T/b"
	noise n.bin 6000 4
	commit New
	run -0 git push -q origin HEAD:refs/heads/side
	in_store "$(oid_of n.bin)"
	[ ! -e "$T/r.git/lfs" ]
	git -C "$T/b" status --porcelain | wc -l | grep -qx 0
	[ ! -e "$T/b/.git/shallow" ]
	[ -z "$(ls -d "${TMPDIR:-/tmp}"/zllm-aside-* 2>/dev/null)" ]
}

@test "a push from an old branch needs no copies of what the store has, and is checked" {
	old_branch
	GIT_LFS_SKIP_SMUDGE=1 git clone -q -b v1 "$T/r.git" "$T/c"
	cd "$T/c"
	cp "$T/r/.git/hooks/pre-push" .git/hooks/
	git switch -qc side
	noise n.bin 6000 4
	commit New
	git push -q origin side:first
	in_store "$(oid_of n.bin)"
	noise n.bin 6000 5
	commit Newer
	GIT_LFS_SKIP_PUSH=1 run git push -q origin side:second
	[ "$status" -ne 0 ]
	says 'not in the store' n.bin
	# To a server that knows nothing of it, as without us: git-lfs has to have it all.
	git init -q --bare "$T/fork.git"
	run ! git push -q "$T/fork.git" side:third
	says missing
}

@test "a server that is remembered wrongly: clones, pushes and fetches are git-lfs's own" {
	old_branch
	not_by_us
	run -0 git push -q -u origin main
	[ -n "$(find "$T/r.git/lfs" -name "$(oid_of p.bin)")" ]
	run ! in_store "$(oid_of p.bin)"
	git clone -q "$T/r.git" "$T/c"
	expect_same_files . "$T/c"
	cd "$T/c"
	rm -rf .git/lfs/objects p.bin
	GIT_LFS_SKIP_SMUDGE=1 git checkout -q p.bin
	GIT_LFS_SKIP_SMUDGE=1 git lfs pull
	expect_same_files "$T/plain" .
	# An object that is nowhere is told by git-lfs's own words; nothing goes round in circles.
	rm -rf .git/lfs/objects "$T/r.git/lfs/objects"
	run timeout 60 git lfs fetch
	[ "$status" -ne 0 ]
	says 'no branch or tag here names a store'
	no_bad_objects
	GIT_LFS_SKIP_DOWNLOAD_ERRORS=1 run timeout 60 git lfs fetch
	no_bad_objects
	[ -z "$(find .git/lfs/objects .git/lfs/tmp -type f | tee /dev/stderr)" ]
}

@test "what an old commit needs and never came to the store is still had from where it was" {
	old_branch
	plain_repo q
	cd "$T/q"
	git lfs track '*.bin' >/dev/null
	noise m.bin 5000 7
	commit Before
	git tag v0
	git push -q --no-verify origin main v0
	git lfs push --all origin >/dev/null
	git config -f .lfsconfig lfs.url "$(git -C "$T/r" config -f .lfsconfig lfs.url)"
	noise m.bin 5000 8
	commit After
	git push -q
	git clone -q -b v0 "$T/q.git" "$T/c"
	git show v0:m.bin | git lfs smudge | cmp - "$T/c/m.bin"
}

@test "the same with a server of git-lfs's own API" {
	mkdir "$T/old"
	coproc exec python3 -B "$E2E/lfs_server.py" "$T/old" 2>"$T/old.stderr"
	SERVER=$COPROC_PID
	read -r OLD <&"${COPROC[0]}"
	git config --global "lfs.$OLD.standalonetransferagent" zllm
	plain_repo r
	cd "$T/r"
	git config -f .lfsconfig lfs.url "$OLD"
	git lfs track '*.bin' >/dev/null
	noise a.bin 5000 1
	noise b.bin 5000 2
	commit Two
	git push -q origin main
	[ -e "$T/old/$(oid_of a.bin)" ]
	[ -e "$T/old/$(oid_of b.bin)" ]
	git clone -q "$T/r.git" "$T/c"
	expect_same_files . "$T/c"
}

@test "by ssh the same server is meant" {
	mkdir bin
	printf '%s\n' '#!/bin/sh' 'for last; do :; done' 'case $last in *git-lfs*) exit 255 ;; esac' \
		'exec sh -c "$last"' >bin/ssh
	chmod +x bin/ssh
	export GIT_SSH=$T/bin/ssh GIT_SSH_VARIANT=simple
	make_repo r
	git remote set-url origin "git@host.invalid:$T/r.git"
	make_model m.safetensors
	commit 'A model'
	git push -q
	remembered | grep -q 'lfs.https://host.invalid/'
	git init -q "$T/c"
	cd "$T/c"
	git remote add origin "ssh://host.invalid$T/r.git"
	git fetch -q origin
	git lfs fetch origin origin/main
	git checkout -q main
	expect_same_files "$T/r" .
}
