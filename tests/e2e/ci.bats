#!/usr/bin/env bats
# README's sections "Moving in" and "In CI": their lines, as they are written there, run in
# order; and those of CI between the commands that each system runs itself.

load helpers

# readme_block SECTION N: the N-th indented block of a section, without the indent.
readme_block() {
	awk -v section="## $1" -v wanted="$2" '
		/^##+ / { inside = ($0 == section); next }
		!inside { next }
		/^    / { if (!block) n++; block = 1; if (n == wanted) print substr($0, 5); next }
		/^$/ { next }
		{ block = 0 }' "$TOP/README.md"
}

# commands_of SYSTEM: the shell lines in README's block for a CI system.
commands_of() {
	awk -v ci="**$1**" '
		/^## / { inside = ($0 == "## In CI"); next }
		inside && /^\*\*/ { ours = (index($0, ci) == 1); next }
		inside && ours && /^    / { print substr($0, 5) }' "$TOP/README.md" |
		sed -n -e "s/^sh '\(.*\)'$/\1/p" -e 's/^ *- run: //p' -e 's/^ *- script: //p' -e 's/^  - //p'
}

# A model on a git server; the job is another user, who has run nothing yet. REMOTE is the
# server, COMMIT what is to be built.
job() {
	make_repo r
	make_model m.safetensors
	commit 'A model'
	git push -q
	COMMIT=$(git rev-parse HEAD)
	git -C "$T/r.git" config uploadpack.allowAnySHA1InWant true
	REMOTE=file://$T/r.git
	export HOME=$T/job
	mkdir "$HOME" "$T/work"
	printf '%s\n' '[protocol "file"]' 'allow = always' >"$HOME/.gitconfig"
	cd "$T/work" || return 1
}

# empty_clone: what CI systems begin with.
empty_clone() {
	git init -q "$T/work"
	cd "$T/work" || return 1
	git remote add origin "$REMOTE"
	git config --local gc.auto 0
}

built() {
	expect_same_files "$T/r" "$T/work"
}

@test "Moving in: the lines of README, in order" {
	plain_repo r
	cd "$T/r"
	git lfs track '*.bin' >/dev/null
	noise m.bin 5000 1
	commit 'One'
	git tag v1
	noise m.bin 5000 2
	commit 'Two'
	git branch dev
	git push -q --no-verify origin main dev v1
	git lfs push --all origin >/dev/null
	git clone -q "$T/r.git" "$T/c"
	cd "$T/c"
	readme_block 'Moving in' 1 | sed "s,/mnt/nas/models,$STORE," >"$T/lines"
	[ "$(wc -l <"$T/lines")" -eq 5 ]
	run -0 bash -euc "$(<"$T/lines")"
	says '0 missing'
	rm -rf "$T/r.git/lfs"

	git clone -q "$T/r.git" "$T/d"
	cd "$T/d"
	readme_block 'Moving in' 2 | bash -eu
	git checkout -q v1
	rm -rf .git/lfs/objects
	git checkout -q origin/dev
	cmp m.bin "$T/r/m.bin"

	readme_block 'Moving in' 3 | sed "s,https://git.example.org/team/models.git,$T/r.git," | bash -eu
	git clone -q -b dev "$T/r.git" "$T/e"
	cmp "$T/e/m.bin" "$T/r/m.bin"

	cd "$T/e"
	git branch -q main origin/main
	readme_block 'Moving in' 4 | bash -eu
	git push -q
	git -C "$T/c" fetch -q
	git -C "$T/c" show origin/dev:.lfsconfig | grep -qF "$STORE"
	[ -z "$(readme_block 'Moving in' 5)" ]
}

@test "In CI: each system that README has lines for has its test here" {
	local systems
	systems=$(awk '/^## / { inside = ($0 == "## In CI") }
		inside && /^\*\*/ { sub(/\*\*/, ""); sub(/\*\*.*/, ""); print }' "$TOP/README.md")
	[ "$(wc -l <<<"$systems")" -eq 4 ]
	while read -r system; do
		grep -q "^@test \"$system: " "$BATS_TEST_FILENAME"
		grep -q "commands_of '\?$system'\?" "$BATS_TEST_FILENAME"
	done <<<"$systems"
}

@test "GitHub Actions: actions/checkout with lfs: true" {
	job
	export GITHUB_SERVER_URL=file://$T GITHUB_REPOSITORY=r.git
	commands_of 'GitHub Actions' | grep -q .
	bash -euc "$(commands_of 'GitHub Actions')"
	empty_clone
	git lfs install --local
	git -c protocol.version=2 fetch -q --no-tags --prune --no-recurse-submodules --depth=1 \
		origin "+$COMMIT:refs/remotes/origin/main"
	git lfs fetch origin refs/remotes/origin/main
	git checkout -q --force -B main refs/remotes/origin/main
	built
	# Without the remote's URL git-lfs has no way to know.
	cd "$T"
	rm -rf work
	git zllm uninstall >/dev/null
	git zllm install >/dev/null
	empty_clone
	git fetch -q --depth=1 origin "+$COMMIT:refs/remotes/origin/main"
	run ! git lfs fetch origin refs/remotes/origin/main
}

@test "Azure Pipelines: checkout with lfs: true, of a commit that no ref names" {
	job
	export BUILD_REPOSITORY_URI=$REMOTE
	commands_of 'Azure Pipelines' | grep -q .
	bash -euc "$(commands_of 'Azure Pipelines')"
	empty_clone
	git lfs install --local
	git fetch -q --force --tags --prune --prune-tags --no-recurse-submodules origin --depth=1 "+$COMMIT"
	git lfs fetch origin "$COMMIT"
	git checkout -q --force "$COMMIT"
	built
	# Newer agents give it a name.
	cd "$T"
	rm -rf work
	empty_clone
	git fetch -q --force --tags --prune --prune-tags --no-recurse-submodules origin --depth=1 \
		"+$COMMIT:refs/remotes/origin/$COMMIT"
	git lfs fetch origin "refs/remotes/origin/$COMMIT"
	git checkout -q --force "refs/remotes/origin/$COMMIT"
	built
}

@test "GitLab CI: the runner checks out without git-zllm, the job brings the models" {
	job
	git lfs install --skip-repo >/dev/null # as the runner's image has it
	export GIT_LFS_SKIP_SMUDGE
	GIT_LFS_SKIP_SMUDGE=$(sed -n 's/^ *GIT_LFS_SKIP_SMUDGE: "\(.*\)"$/\1/p' "$TOP/README.md")
	[ "$GIT_LFS_SKIP_SMUDGE" = 1 ]
	empty_clone
	git fetch -q origin --prune --depth=20 "+$COMMIT:refs/pipelines/7"
	git checkout -q -f "$COMMIT"
	[ "$(commands_of 'GitLab CI' | wc -l)" -eq 2 ]
	bash -euc "$(commands_of 'GitLab CI')"
	built
}

@test "Jenkins: the Git plugin fetches all branches, checks out, then pulls" {
	job
	commands_of Jenkins | grep -q .
	bash -euc "$(commands_of Jenkins)"
	git init -q "$T/work"
	git fetch -q --tags --force -- "$REMOTE" '+refs/heads/*:refs/remotes/origin/*'
	git config remote.origin.url "$REMOTE"
	git config --add remote.origin.fetch '+refs/heads/*:refs/remotes/origin/*'
	GIT_LFS_SKIP_SMUDGE=1 git checkout -q -f "$COMMIT"
	git lfs pull origin
	built
}
