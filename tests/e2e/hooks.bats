#!/usr/bin/env bats
# The hooks: a push whose objects are not in the store is refused here, refused or
# reported on a server, and hooks that were there go on.

load helpers

# A repository with a model whose commit is not pushed, and whose object is not in
# the store though git-lfs believes so: its local copy is gone.
lost_model() {
	begin_with model_lost
	LOST=$(oid_of lost.safetensors)
}

model_lost() {
	make_repo r
	make_model model.safetensors
	commit 'A model'
	git push -q
	make_model lost.safetensors 2
	commit 'A model that gets lost'
	rm -f "$(lfs_file "$(oid_of lost.safetensors)")"
}

remote_is_at() {
	[ "$(git -C "$T/r.git" rev-parse main)" = "$(git rev-parse "$1")" ]
}

# server_hook NAME: the example of hooks/ in the bare repository.
server_hook() {
	cp "$TOP/hooks/$1" "$T/r.git/hooks/$1"
	chmod +x "$T/r.git/hooks/$1"
}

@test "pre-push lets a push pass that brings its objects" {
	make_repo r
	make_model model.safetensors
	commit 'A model'
	run -0 git push origin main
	remote_is_at main
}

# bats test_tags=bucket
@test "pre-push refuses a push whose object vanished from the store" {
	make_repo r
	make_model model.safetensors
	commit 'A model'
	# Uploaded, so that git-lfs has no more to do; then lost.
	git lfs push origin main
	git push -q --no-verify origin main
	store_remove "$(manifest_of "$(oid_of model.safetensors)")"
	echo more >notes
	commit 'Notes'
	run git push origin main
	[ "$status" -ne 0 ]
	says "$(oid_of model.safetensors)" model.safetensors 'not in the store' refused
	remote_is_at main^
	git lfs push --all origin
	run -0 git push origin main
	remote_is_at main
}

@test "pre-push refuses a push whose object is nowhere" {
	lost_model
	run git push origin main
	[ "$status" -ne 0 ]
	says "$LOST" lost.safetensors
	remote_is_at main^
}

@test "pre-push sees an older commit that --no-verify pushed past it" {
	make_repo r
	make_model model.safetensors
	commit 'A model'
	git push -q --no-verify
	nothing_stored
	echo more >notes
	commit 'Notes'
	run git push origin main
	# Either git-lfs uploads what is missing, or the push is refused: never past.
	if [ "$status" -eq 0 ]; then
		in_store "$(oid_of model.safetensors)"
	else
		says "$(oid_of model.safetensors)"
		remote_is_at main^
	fi
}

@test "pre-push says nothing about refs that are deleted" {
	lost_model
	git push -q --no-verify origin main:side
	run -0 git push origin :side
}

@test "pre-push checks tags and new branches" {
	lost_model
	git tag v1
	run git push origin v1
	[ "$status" -ne 0 ]
	says "$LOST"
	run git push origin main:new
	[ "$status" -ne 0 ]
	says "$LOST"
	run ! git -C "$T/r.git" rev-parse -q --verify new
}

@test "pre-push leaves a remote alone that has another LFS server" {
	make_repo r
	git init -q --bare "$T/other.git"
	git remote add other "file://$T/other.git"
	make_model model.safetensors
	commit 'A model'
	git config lfs.url "file://$T/other.git"
	run -0 git push other main
	nothing_stored
}

@test "a store that is missing refuses the push in words" {
	lost_model
	store_hide
	run git push origin main
	[ "$status" -ne 0 ]
	says "$STORE"
	remote_is_at main^
}

@test "a hook that was there is kept, runs first, and gets git's arguments and refs" {
	plain_repo r
	cd r
	cat >.git/hooks/pre-push <<-'END'
		#!/bin/sh
		echo "mine ran: $1" >"$(git rev-parse --git-dir)/seen"
		cat >>"$(git rev-parse --git-dir)/seen"
		exit 0
	END
	chmod +x .git/hooks/pre-push
	git zllm init "$STORE" '*.safetensors' >/dev/null
	make_model model.safetensors
	commit 'A model'
	git push -q origin main
	grep -qx 'mine ran: origin' .git/seen
	grep -q "refs/heads/main $(git rev-parse main)" .git/seen
	in_store "$(oid_of model.safetensors)"
}

@test "a hook that was there still stops a push" {
	plain_repo r
	cd r
	printf '#!/bin/sh\necho no from mine >&2\nexit 3\n' >.git/hooks/pre-push
	chmod +x .git/hooks/pre-push
	git zllm init "$STORE" '*.safetensors' >/dev/null
	make_model model.safetensors
	commit 'A model'
	run git push origin main
	[ "$status" -ne 0 ]
	says 'no from mine'
	run ! git -C "$T/r.git" rev-parse -q --verify main
}

@test "git-lfs's own hook that was there is no obstacle, in either order" {
	plain_repo r
	cd r
	git lfs install --local >/dev/null
	git zllm init "$STORE" '*.safetensors' >/dev/null
	make_model model.safetensors
	commit 'A model'
	git push -q origin main
	in_store "$(oid_of model.safetensors)"
	git lfs update --force >/dev/null
	git zllm init "$STORE" >/dev/null
	grep -q zllm .git/hooks/pre-push
	make_model second.safetensors 2
	commit 'Another'
	git push -q
	in_store "$(oid_of second.safetensors)"
}

@test "core.hooksPath is where the hook goes" {
	plain_repo r
	cd r
	mkdir "$T/my hooks"
	git config core.hooksPath "$T/my hooks"
	git zllm init "$STORE" '*.safetensors' >/dev/null
	[ -x "$T/my hooks/pre-push" ]
	[ ! -e .git/hooks/pre-push ]
	make_model model.safetensors
	commit 'A model'
	git push -q origin main
	in_store "$(oid_of model.safetensors)"
}

@test "a hook that cannot be placed beside two others is said, and nothing is lost" {
	plain_repo r
	cd r
	printf '#!/bin/sh\nexit 0 # one\n' >.git/hooks/pre-push
	printf '#!/bin/sh\nexit 0 # two\n' >.git/hooks/pre-push.before-zllm
	run -0 git zllm init "$STORE"
	says 'pre-push'
	grep -q one .git/hooks/pre-push
	grep -q two .git/hooks/pre-push.before-zllm
}

@test "post-receive tells the one who pushed what is missing, and takes the push" {
	lost_model
	server_hook post-receive
	run -0 git push --no-verify origin main
	says "$LOST" lost.safetensors
	remote_is_at main
}

@test "post-receive is silent when all is there" {
	make_repo r
	server_hook post-receive
	make_model model.safetensors
	commit 'A model'
	run -0 git push origin main
	says_not remote:
}

# bats test_tags=bucket
@test "pre-receive refuses a push whose objects are not in the store" {
	lost_model
	printf '#!/bin/sh\nexec git zllm hook pre-receive\n' >"$T/r.git/hooks/pre-receive"
	chmod +x "$T/r.git/hooks/pre-receive"
	run git push --no-verify origin main
	[ "$status" -ne 0 ]
	says "$LOST"
	remote_is_at main^
}

@test "pre-receive takes a push whose objects are in the store" {
	make_repo r
	printf '#!/bin/sh\nexec git zllm hook pre-receive\n' >"$T/r.git/hooks/pre-receive"
	chmod +x "$T/r.git/hooks/pre-receive"
	make_model model.safetensors
	commit 'A model'
	run -0 git push origin main
	git switch -qc side
	finetune side.safetensors model.safetensors
	commit 'On the side'
	run -0 git push origin side
	run -0 git push origin :side
}

@test "pre-receive looks at every ref of a push" {
	lost_model
	printf '#!/bin/sh\nexec git zllm hook pre-receive\n' >"$T/r.git/hooks/pre-receive"
	chmod +x "$T/r.git/hooks/pre-receive"
	git branch good main^
	run git push --no-verify origin good main:bad
	[ "$status" -ne 0 ]
	says refs/heads/bad
	run ! git -C "$T/r.git" rev-parse -q --verify bad
}

@test "pre-receive is no burden for a repository that does not use us" {
	git init -q --bare r.git
	git init -q r
	cd r
	git remote add origin "$T/r.git"
	printf '#!/bin/sh\nexec git zllm hook pre-receive\n' >"$T/r.git/hooks/pre-receive"
	chmod +x "$T/r.git/hooks/pre-receive"
	echo text >file
	commit 'Plain'
	run -0 git push origin main
	says_not remote:
}

@test "the hooks in hooks/ are one command each" {
	for hook in "$TOP"/hooks/pre-push "$TOP"/hooks/post-receive; do
		[ "$(grep -cv '^#' "$hook")" -eq 1 ]
		[ -x "$hook" ]
		sh -n "$hook"
	done
}

@test "an unknown hook is one line and exit 2" {
	run -2 git zllm hook frobnicate </dev/null
	one_line_error
	run -2 git zllm hook </dev/null
	one_line_error
}

@test "a kept hook that comes round to ours is run once, and one that is ours is not run" {
	make_repo r
	noise a.bin 3000
	commit 'A file'
	printf '#!/bin/sh\necho once >>"%s"\nexec .git/hooks/pre-push "$@"\n' "$T/runs" \
		>.git/hooks/pre-push.before-zllm
	chmod +x .git/hooks/pre-push.before-zllm
	timeout 60 git push -q
	[ "$(grep -c once "$T/runs")" -eq 1 ]
	cp .git/hooks/pre-push .git/hooks/pre-push.before-zllm
	noise b.bin 3001
	commit 'Another'
	timeout 60 git push -q
	clone_and_compare r
}
