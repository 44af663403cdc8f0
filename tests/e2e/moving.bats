#!/usr/bin/env bats
# A repository whose LFS objects are on another server moves in: all versions of all
# branches and tags, before anything names the store.

load helpers

teardown() {
	[ -z "${SERVER:-}" ] || kill "$SERVER" 2>/dev/null || true
	e2e_teardown
}

# old_server: a server of git-lfs's own API; OLD is its address.
old_server() {
	mkdir "$T/old"
	coproc exec python3 -B "$E2E/lfs_server.py" "$T/old" 2>"$T/old.stderr"
	SERVER=$COPROC_PID
	read -r OLD <&"${COPROC[0]}"
}

# Twenty commits on three branches, with two tags, one of which no branch reaches; each has
# a version of a file of its own. Only git is asked about what is where.
old_repo() {
	plain_repo r
	cd "$T/r" || return 1
	git config -f .lfsconfig lfs.url "$OLD"
	git lfs track '*.bin' >/dev/null
	commit 'Track'
	local i
	for i in {1..12}; do versioned "m$((i % 3)).bin" "$i"; done
	git switch -qc side HEAD~5
	for i in {13..17}; do versioned m1.bin "$i"; done
	git switch -qc third HEAD~2
	versioned deep/n.bin 18
	versioned deep/n.bin 19
	git tag v1
	git reset -q --hard HEAD^
	versioned 'with space.bin' 20
	git switch -q main
	git tag -a -m v0 v0 HEAD~3
	git push -q --no-verify origin --all
	git push -q --no-verify origin --tags
	git lfs push --all origin >/dev/null
}

versioned() {
	mkdir -p "$(dirname "$1")"
	noise "$1" 5000 "$2"
	commit "Version $2 of $1"
}

# ordinary_clone: T/c has the branch main, and the objects of its last commit.
ordinary_clone() {
	git clone -q "$T/r.git" "$T/c"
	cd "$T/c" || return 1
}

moved_in() {
	local seed
	for seed in "$@"; do
		noise "$T/version" 5000 "$seed"
		in_store "$(oid_of "$T/version")" || {
			echo "version $seed is not in the store"
			return 1
		}
	done
}

unchanged() {
	[ -z "$(git status --porcelain)" ]
	[ "$(git config -f .lfsconfig lfs.url)" = "$OLD" ]
	run ! git config --local --get-regexp 'remote\..*\.lfsurl'
}

@test "one command brings every version of every branch and tag, and then the old server may go" {
	old_server
	old_repo
	ordinary_clone
	[ "$(find .git/lfs/objects -type f | wc -l)" -lt 5 ]
	run -0 git zllm init --from-lfs "$STORE" '*.bin'
	says 'the store has 20 of the 20 LFS objects' '20 were brought now'
	moved_in {1..20}
	commit 'Move in'
	git push -q
	kill "$SERVER"
	run -0 git zllm verify --all
	says '20 LFS objects needed, 0 missing'
	# A clone of somebody else has no other way to them than the store.
	git clone -q "$T/r.git" "$T/d"
	expect_same_files "$T/c" "$T/d"
}

@test "init moves in by itself where nobody said so, and only once" {
	old_server
	old_repo
	ordinary_clone
	run -0 git zllm init "$STORE" '*.bin'
	says 'moved there first' 'the store has 20 of the 20'
	moved_in {1..20}
	commit 'Move in'
	git push -q
	: >"$T/old/limit" # a number that is none: whoever asks for an object is not answered
	run -0 git zllm init "$STORE" '*.bin'
	says_not moved
	git clone -q "$T/r.git" "$T/d"
	cd "$T/d"
	git switch -q side
	run -0 git zllm init "$STORE" '*.bin'
	says_not moved
}

@test "what is nowhere is named with its path and commit, nothing is changed, and the rest is there" {
	old_server
	old_repo
	noise "$T/lost" 5000 14
	LOST=$(oid_of "$T/lost")
	rm "$T/old/$LOST"
	ordinary_clone
	run git zllm init --from-lfs "$STORE" '*.bin'
	[ "$status" -ne 0 ]
	says "$LOST  m1.bin  (commit $(git log --all --format=%h --grep='Version 14')" \
		'1 of 20 LFS objects' 'neither on the old server nor here' \
		'git config lfs.allowincompletepush true'
	unchanged
	moved_in {1..13} {15..20}
	# As it says: in a clone that has it, or without.
	cp "$T/lost" "$T/found"
	run git zllm init "$STORE" '*.bin'
	[ "$status" -ne 0 ]
	unchanged
	run -0 git -c lfs.allowincompletepush=true zllm init --from-lfs "$STORE" '*.bin'
	says "$LOST" 'moved without them' 'has 19 of the 20'
	run -1 git zllm verify --all
	says "missing $LOST m1.bin"
	cp "$T/found" "$T/old/$LOST"
	run -0 git zllm init --from-lfs # it knows where: .lfsconfig names the store already
	says 'has 20 of the 20' '1 was brought now'
	moved_in 14
	# Also from a branch whose .lfsconfig names the old server.
	noise "$T/late" 5000 40
	commit 'Move in'
	git switch -q side
	versioned late.bin 40
	mv "$(lfs_file "$(oid_of "$T/late")")" "$T/old/$(oid_of "$T/late")"
	git switch -qc other HEAD^
	run -0 git zllm init --from-lfs "$STORE" '*.bin'
	says 'has 21 of the 21' '1 was brought now'
	moved_in 40
}

@test "a move that was cut goes on where it was" {
	old_server
	old_repo
	ordinary_clone
	echo 4 >"$T/old/limit"
	run git -c lfs.transfer.maxretries=1 zllm init --from-lfs "$STORE" '*.bin'
	[ "$status" -ne 0 ]
	unchanged
	local before
	before=$(store_count objects/)
	[ "$before" -ge 4 ]
	[ "$before" -lt 20 ]
	rm "$T/old/limit"
	run -0 git zllm init --from-lfs "$STORE" '*.bin'
	says 'has 20 of the 20' "$((20 - before)) were brought now"
	moved_in {1..20}
}

@test "a store that could not take an object keeps the repository as it was" {
	old_server
	old_repo
	ordinary_clone
	printf '#!/bin/sh\nexit 1\n' >"$T/broken"
	chmod +x "$T/broken"
	use_agent "$T/broken"
	run git zllm init --from-lfs "$STORE" '*.bin'
	[ "$status" -ne 0 ]
	says 'did not reach the store' 'run the same again'
	unchanged
	use_own_agent
	run -0 git zllm init --from-lfs "$STORE" '*.bin'
	moved_in {1..20}
}

@test "a shallow clone is no place to move from, and a partial one is" {
	old_server
	old_repo
	git clone -q --depth=1 "file://$T/r.git" "$T/s"
	cd "$T/s"
	run git zllm init --from-lfs "$STORE" '*.bin'
	[ "$status" -ne 0 ]
	says shallow 'git fetch --unshallow'
	unchanged
	git -C "$T/r.git" config uploadpack.allowFilter true
	git clone -q --filter=blob:none --single-branch "file://$T/r.git" "$T/c"
	cd "$T/c"
	run -0 git zllm init --from-lfs "$STORE" '*.bin'
	moved_in {1..20}
}

@test "git-lfs's own place beside a git server's files is an old server as well" {
	plain_repo r
	cd "$T/r"
	git lfs track '*.bin' >/dev/null
	for i in 1 2 3; do versioned m.bin "$i"; done
	git push -q --no-verify origin main
	git lfs push --all origin >/dev/null
	ordinary_clone
	run -0 git zllm init --from-lfs "$STORE" '*.bin'
	moved_in 1 2 3
	# Also for who has run init before, by an older git-zllm, and then found this.
	make_store "$T/second"
	git clone -q "$T/r.git" "$T/d"
	cd "$T/d"
	git config -f .lfsconfig lfs.url "zllm::$T/second?repo=$(printf %032d 7)"
	commit 'Too early'
	run -0 git zllm init --from-lfs "$T/second" '*.bin'
	says 'has 3 of the 3' '3 were brought now'
}

@test "without a remote, what is here moves in; with an address, what is there" {
	old_server
	git init -q "$T/r"
	cd "$T/r"
	git lfs track '*.bin' >/dev/null
	versioned m.bin 1
	versioned m.bin 2
	run -0 git zllm init "$STORE" '*.bin'
	says 'has 2 of the 2'
	moved_in 1 2
	git reset -q --hard
	versioned m.bin 3
	mv "$(lfs_file "$(oid_of m.bin)")" "$T/old/$(oid_of m.bin)"
	run -0 git zllm init --from-lfs --lfs-url "$OLD" "$STORE" '*.bin'
	says 'has 3 of the 3' '1 was brought now'
	moved_in 3
}

@test "where git-lfs does not know the program yet, nothing is changed" {
	old_server
	old_repo
	ordinary_clone
	git zllm uninstall >/dev/null
	git lfs install --skip-repo >/dev/null
	run git zllm init "$STORE" '*.bin'
	[ "$status" -ne 0 ]
	says "git zllm install"
	unchanged
}

# ---------------------------------------------------------------- commits from before

# somebody_else: a user who has run `install`, and nothing more.
somebody_else() {
	export HOME=$T/else
	mkdir "$HOME"
	head -19 "$BATS_FILE_TMPDIR/test/home/.gitconfig" | grep -v standalone >"$HOME/.gitconfig"
	git config --global --remove-section lfs.customtransfer.zllm 2>/dev/null || true
	git zllm install >/dev/null
}

# moved_repo: T/r has moved in by T/c, and the old server is gone. Commits from before name
# no store (git-lfs keeps their objects beside the git server's).
moved_repo() {
	plain_repo r
	cd "$T/r" || return 1
	git lfs track '*.bin' >/dev/null
	versioned m.bin 1
	git tag v1
	versioned m.bin 2
	git tag v2
	git branch dev
	git push -q --no-verify origin main dev v1 v2
	git lfs push --all origin >/dev/null
	ordinary_clone
	git zllm init --from-lfs "$STORE" '*.bin' >"$T/said"
	commit 'Move in'
	git push -q
	rm -rf "$T/r.git/lfs"
}

has_version() {
	noise "$T/version" 5000 "$2"
	cmp "$1" "$T/version"
}

@test "in the clone that moved in, old branches, tags and worktrees use the store" {
	moved_repo
	grep -qF 'commits from before use the store too' "$T/said"
	git switch -q dev
	has_version m.bin 2
	versioned n.bin 3
	run -0 git push -q origin dev
	in_store "$(oid_of n.bin)"
	rm -rf .git/lfs/objects
	git checkout -q v1 # from one old commit to another
	has_version m.bin 1
	rm -rf .git/lfs/objects
	run -0 git worktree add -q "$T/tree" v2
	has_version "$T/tree/m.bin" 2
	run -0 git zllm doctor
	says_not 'from before'
}

@test "where old commits name another server, this clone goes to the store instead" {
	old_server
	old_repo
	ordinary_clone
	git zllm init --from-lfs "$STORE" '*.bin' >/dev/null
	commit 'Move in'
	git push -q
	kill "$SERVER"
	wait "$SERVER" || true
	rm -rf .git/lfs/objects
	local ref
	for ref in v1 origin/side v0 origin/third~1 main~8; do
		git checkout -q "$ref"
		[ -n "$(git ls-files '*.bin')" ]
		run ! grep -rIl 'git-lfs.github.com' --include='*.bin' .
	done
	# What is pushed from there has an owner in the store, as what is pushed from main.
	git switch -q side
	versioned s.bin 30
	run -0 git push -q origin side
	in_store "$(oid_of s.bin)"
	[ "$(store_count "owners/$(git config --blob main:.lfsconfig lfs.url | sed 's/.*repo=//')/")" = 21 ]
}

@test "somebody else is told by doctor what leads old commits to the store" {
	moved_repo
	somebody_else
	run ! git clone -q -b v1 "$T/r.git" "$T/d"
	rm -rf "$T/d"
	git clone -q "$T/r.git" "$T/d"
	cd "$T/d"
	git checkout -q v1 # from a commit that names the store: git-lfs still knows
	rm -rf .git/lfs/objects
	run ! git checkout -q v2
	run git zllm doctor
	says '3 branches and tags' 'refs/remotes/origin/dev' 'from before' 'run: git config remote.origin.lfsurl'
	sh -c "$(grep -o 'git config remote.origin.lfsurl .*' <<<"$output")"
	git reset -q --hard v2
	has_version m.bin 2
	run git zllm doctor
	says_not 'from before'
	# Or once for all clones of this remote, before there is one.
	git zllm install "$T/r.git" >/dev/null
	git clone -q -b v1 "$T/r.git" "$T/e"
	has_version "$T/e/m.bin" 1
	cd "$T/e"
	versioned n.bin 9
	git switch -qc new
	run -0 git push -q origin new
	in_store "$(oid_of n.bin)"
	git zllm uninstall >/dev/null
	run ! git config --global --get-regexp standalonetransferagent
}

@test "the old server is still asked for what is late, whatever is configured by then" {
	moved_repo
	git zllm install origin >/dev/null
	cd "$T/r"
	git checkout -q dev # whoever has not heard of it pushes to the old server
	versioned late.bin 7
	git -c "lfs.file://$T/r.git.standalonetransferagent=lfs-standalone-file" lfs push origin dev
	git push -q --no-verify origin dev
	[ -d "$T/r.git/lfs/objects" ]
	cd "$T/c"
	run -0 git zllm init --from-lfs
	says 'has 3 of the 3' '1 was brought now'
	moved_in 7
}

@test "a store that moved leaves older commits behind, and both ways of moving it say the line" {
	folder_only
	make_repo r
	versioned m.bin 1
	git tag v1
	git push -q origin main v1
	run -0 git zllm copy "$STORE" "$T/new"
	says "git config --global url.zllm::$T/new.insteadOf zllm::$STORE" 'every earlier commit'
	local line
	line=$(grep -o 'git config --global url.*' <<<"$output")
	run -0 git zllm init "$T/new" '*.bin'
	says 'older commits name another store' 'git config --global'
	commit 'Move'
	git push -q
	mv "$STORE" "$T/gone"
	run ! git clone -q -b v1 "$T/r.git" "$T/d"
	sh -c "$line"
	rm -rf "$T/d"
	git clone -q -b v1 "$T/r.git" "$T/d"
	has_version "$T/d/m.bin" 1
}

@test "the key for a remote is that of the endpoint which git-lfs makes of its URL" {
	plain_repo x
	cd "$T/x"
	local url endpoint key
	for url in https://host.invalid/a/x.git https://me:pw@host.invalid:8443/a/x/ \
		git@host.invalid:a/x.git host.invalid:a/x ssh://git@host.invalid:2222/a/x.git \
		git://host.invalid/x file:///srv/x.git "$T/x.git"; do
		git config remote.origin.url "$url"
		endpoint=$(git lfs env | sed -n 's/^Endpoint=\([^ ]*\).*/\1/p')
		git zllm install origin >/dev/null
		key=$(git config --global --name-only --get-regexp '^lfs\..*//.*standalone' |
			grep -v zllm.invalid)
		[ "$key" = "lfs.$(sed 's,//[^/@]*@,//,; s,/info/lfs$,,' <<<"$endpoint").standalonetransferagent" ] || {
			printf '%s: endpoint %s, key %s\n' "$url" "$endpoint" "$key"
			return 1
		}
		git zllm uninstall >/dev/null
		git zllm install >/dev/null
	done
	run -2 git zllm install no-such-place
	one_line_error
}
