#!/usr/bin/env bats
# Where a store is: relative ones from wherever git runs us, ones inside a worktree, ones
# that are not there; and repositories of which git does not want to hear.

load helpers

# beside NAME: a repository in T whose store is ../store, with one model, pushed.
beside() {
	folder_only 'a bucket has no relative name'
	plain_repo "$1"
	cd "$T/$1" || return 1
	git zllm init ../store '*.safetensors' >/dev/null
	make_model model.safetensors
	commit 'A model'
	git push -q
}

@test "a relative store is one, from linked worktrees, submodules and theirs" {
	beside r
	echo .worktrees >.gitignore
	commit 'Worktrees are here'
	rm -rf .git/lfs/objects
	git worktree add -q .worktrees/deep/x -b x
	cmp model.safetensors .worktrees/deep/x/model.safetensors
	cd .worktrees/deep/x
	make_model more.safetensors 2
	commit 'From the worktree'
	git push -q origin x:main
	in_store "$(oid_of more.safetensors)" "$T/store"
	run -0 git zllm doctor
	run -0 git zllm init ../store '*.safetensors'

	git init -q "$T/super"
	cd "$T/super"
	git submodule --quiet add "$T/r.git" libs/models
	git submodule --quiet add --name a/b "$T/r.git" again
	commit 'Models of others'
	expect_same_files libs/models "$T/r/.worktrees/deep/x"
	git clone -q --recurse-submodules "$T/super" "$T/other"
	expect_same_files "$T/super" "$T/other"
	git worktree add -q linked/w
	git -C linked/w submodule --quiet update --init
	expect_same_files libs/models linked/w/libs/models
	[ "$(find "$T" -name zllm.json)" = "$T/store/zllm.json" ]
}

@test "a relative store that is not there: no init is advised, which would make a second one" {
	beside r
	mkdir "$T/far"
	run git clone -q "$T/r.git" "$T/far/c"
	[ "$status" -ne 0 ]
	says "no store at $T/far/c/../store" "'../store' leads from $T/far/c" \
		'git config lfs.url'
	says_not 'zllm init'
	cd "$T/far/c"
	git config lfs.url "zllm::$T/store"
	git reset -q --hard
	cmp model.safetensors "$T/r/model.safetensors"
}

# kept_out: whatever `git add` takes, nothing of the store is among it.
kept_out() {
	git add -A
	! git ls-files | grep -qv -e '^\.lfsconfig$' -e '^\.gitattributes$' -e '^model'
}

@test "a store inside the worktree is ignored by git, and that is said" {
	folder_only 'a bucket is in no worktree'
	plain_repo r
	cd r
	printf 'no newline' >.git/info/exclude
	run -0 git zllm init './odd [name]*?' '*.safetensors'
	says "'/odd \\[name]\\*\\?/'" "$T/r/.git/info/exclude"
	make_model model.safetensors
	kept_out
	git commit -qm 'A model'
	git push -q
	in_store "$(oid_of model.safetensors)" "$T/r/odd [name]*?"
	run -0 git zllm init './odd [name]*?' '*.safetensors'
	says_not exclude
	[ "$(wc -l <.git/info/exclude)" -eq 2 ]

	git worktree add -q w
	cd w
	run -0 git zllm init "$T/r/w/deep/store" '*.safetensors'
	says "'/deep/store/'" "$T/r/.git/info/exclude"
	kept_out
	cd "$T/r"
	rm -rf .git/info
	printf '/w\n!/third/\n' >.gitignore
	run -0 git zllm init w/another '*.safetensors'
	says "'/another/'"
	run -0 git zllm init third '*.safetensors'
	says 'a line of .gitignore has git add it'
}

@test "a store in another repository's worktree is told of" {
	folder_only 'a bucket is in no worktree'
	git init -q "$T/outer"
	plain_repo r
	cd r
	run -0 git zllm init "$T/outer/store" '*.safetensors'
	says 'another repository' "'/store/' in $T/outer/.git/info/exclude"
	run -0 git -C "$T/outer" status --porcelain --ignored
	says_not '!!'
	echo /store >"$T/outer/.gitignore"
	run -0 git zllm init "$T/outer/store" '*.safetensors'
	says_not 'another repository'
}

# bats test_tags=bucket
@test "a store whose disk is away: nothing is made under its mount point" {
	make_repo r
	git clone -q "$T/r.git" "$T/c"
	store_hide
	cd "$T/c"
	if ! has_bucket; then
		run git zllm status
		[ "$status" -ne 0 ]
		one_line_error
		says "no store at $STORE, which .lfsconfig names: is its disk mounted?" 'git config lfs.url'
		says_not 'zllm init'
	fi
	has_bucket || mkdir -p "$STORE" # a mount point stays
	run git zllm init "$STORE"
	[ "$status" -ne 0 ]
	one_line_error
	says "no store at ${STORE#*://}, which .lfsconfig names"
	has_bucket || [ -z "$(ls -A "$STORE")" ]
	# To begin a new one all the same, as it says; it is of the same repository.
	local id
	id=$(git config -f .lfsconfig lfs.url)
	cd "$T"
	sh -c "$(grep -o 'git config -f .*' <<<"$output")"
	cd c
	run -0 git zllm init "$STORE"
	[ "$(git config -f .lfsconfig lfs.url)" = "$id" ]
}

@test "init refuses a folder that git keeps a repository in" {
	folder_only 'a bucket is no folder'
	plain_repo r
	git init -q "$T/linked"
	cd r
	git commit -q --allow-empty -m First
	git worktree add -q ../wt
	mkdir sub
	local place
	for place in . ./ ./sub/.. "$T/r" "$T/r.git" ../r.git "$T/linked" ../wt ./.git; do
		run git zllm init "$place"
		[ "$status" -ne 0 ]
		one_line_error
		says 'is a git repository'
	done
	[ -z "$(find "$T" -name zllm.json -o -name .lfsconfig)" ]
}

@test "another user's repository: git's refusal is told, with the way out, and doctor says bad" {
	folder_only 'nothing of it is particular to a bucket'
	beside r
	if [ "$(id -u)" = 0 ]; then
		chown -R 4001 "$T/r"
	else
		export GIT_TEST_ASSUME_DIFFERENT_OWNER=1
	fi
	local command
	for command in doctor status verify 'fsck' stats trust 'base none' "init $T/store" \
		'show HEAD' 'family HEAD' 'diff HEAD^ HEAD' 'install --local' 'uninstall --local'; do
		# shellcheck disable=SC2086 # words
		run git zllm $command </dev/null
		[ "$status" -ne 0 ]
		says 'belongs to another user' "git config --global --add safe.directory $T/r"
		says_not 'not a git repository' 'nothing is wrong'
	done
	git config --global --add safe.directory "$T/r"
	run -0 git zllm verify
}

@test "a relative store and a hook on a server: its configuration may name the store" {
	beside r
	mkdir "$T/srv"
	mv "$T/r.git" "$T/srv/r.git"
	git remote set-url origin "$T/srv/r.git"
	cp "$TOP/hooks/post-receive" "$T/srv/r.git/hooks/pre-receive"
	sed -i s/post-receive/pre-receive/ "$T/srv/r.git/hooks/pre-receive"
	make_model more.safetensors 2
	commit 'One more'
	run git push origin main
	[ "$status" -ne 0 ]
	says "the bare repository $T/srv/r.git" 'on the server' \
		"git -C $T/srv/r.git config lfs.url"
	says_not 'zllm init'
	git -C "$T/srv/r.git" config lfs.url "zllm::$T/store"
	run -0 git push origin main
}
