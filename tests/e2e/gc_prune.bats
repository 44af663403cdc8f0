#!/usr/bin/env bats
# git zllm gc --prune: what no ref reaches goes, and comes back; whose refs count.

load helpers

# Sets up T/r with a bare T/r.git, and pushes a branch "exp" with an object of its own.
# (Not kept for the next test: a remote is known by its inode.)
repo_with_branch() {
	made_repo r "$STORE"
	noise kept.bin 2000 kept
	commit 'Kept'
	git push -q origin main
	git checkout -q -b exp
	noise exp.bin 2000000 exp
	commit 'An experiment'
	git push -q origin exp
	git checkout -q main
	KEPT=$(oid_of kept.bin)
	EXP=$(git rev-parse exp:exp.bin | git cat-file --batch | sed -n 's/^oid sha256://p')
	EXP_COMMIT=$(git rev-parse exp)
	REPO=$(sed -n 's/.*repo=//p' .lfsconfig)
}

# Deletes it on the server, by nobody who pushes.
branch_is_deleted() {
	git -C "$T/r.git" update-ref -d refs/heads/exp
}

# A clone that has nothing of its own in its reflogs; the current folder from then on.
fresh_clone() {
	git clone -q "$T/r.git" "$T/c"
	cd "$T/c" || return 1
}

prune() {
	git zllm gc --prune "$@"
}

owned() {
	store_has "owners/$REPO/$1"
}

in_trash() {
	[ "$(store_count "trash/${1:0:2}/${1:2:2}/owners-$1-$REPO@")" -gt 0 ]
}

expired() {
	[ "$(store_count "trash/${1:0:2}/${1:2:2}/expired-$1-$REPO@")" -gt 0 ]
}

# dropped OID: in trash, where it still is owned.
dropped() {
	if owned "$1" || ! in_trash "$1"; then
		store_keys owners/
		return 1
	fi
}

# given_up OID: for good.
given_up() {
	if owned "$1" || in_trash "$1" || ! expired "$1"; then
		store_keys trash/
		return 1
	fi
}

# needed_bytes: what the manifests need, by other code: "RECORDS MANIFESTS".
needed_bytes() {
	local key
	mkdir -p "$T/manifests"
	for key in $(store_keys objects/); do
		store_read "$key" >"$T/manifests/${key##*/}"
	done
	store_sizes blobs/ | /usr/bin/python3 "$BATS_TEST_DIRNAME/needed_bytes.py" "$T/manifests"
}

# until_it COMMAND...: runs it until it is true; a store's clock has whole seconds.
until_it() {
	local tries
	for tries in {1..400}; do
		! "$@" || return 0
	done
	echo "never: $* ($tries times)"
	return 1
}

# bats test_tags=bucket
@test "a deleted branch goes to trash after a question, and restored in time costs nothing" {
	repo_with_branch
	branch_is_deleted
	fresh_clone
	run prune
	[ "$status" -eq 2 ]
	says "$EXP" '2.0 MB' exp.bin "${EXP_COMMIT:0:10}" '--yes' 'nothing was pruned'
	says_not "$KEPT"
	owned "$EXP"
	before=$(store_listing)
	run -0 prune --dry-run
	says "$EXP"
	[ "$(store_listing)" = "$before" ]
	if command -v script >/dev/null; then # a terminal
		run script -qec 'git zllm gc --prune' /dev/null <<<no
		[ "$status" -ne 0 ]
		says "Type 'yes'" 'nothing was done'
		owned "$EXP"
	fi
	run -0 prune --yes
	dropped "$EXP"
	owned "$KEPT"
	in_store "$EXP"
	run -0 git zllm gc --trash
	says "$EXP" exp.bin ' left' '1 object ('
	run -0 git zllm gc
	in_store "$EXP"
	git -C "$T/r.git" update-ref refs/heads/exp "$EXP_COMMIT"
	run -0 prune
	says 'back      1 object that is'
	owned "$EXP"
	in_store "$EXP"
	run -0 prune --json
	json_holds 'd["prune"]["reached"] == 2 and d["prune"]["moved"] == []'
	git clone -q -b exp "$T/r.git" "$T/again"
	[ "$(oid_of "$T/again/exp.bin")" = "$EXP" ]
}

# bats test_tags=bucket
@test "what nobody needs expires, is collected, and can be brought back until then" {
	repo_with_branch
	git checkout -q exp
	noise two.bin 1500000 two
	commit 'Two'
	git push -q origin exp
	git checkout -q main
	TWO=$(git rev-parse exp:two.bin | git cat-file --batch | sed -n 's/^oid sha256://p')
	branch_is_deleted
	fresh_clone
	run -0 prune --yes
	dropped "$EXP"
	run git zllm gc --undelete nonsense
	[ "$status" -eq 2 ]
	says 'not an oid'
	run git zllm gc --undelete "$(printf '%064d' 7)"
	[ "$status" -ne 0 ]
	says 'not in the store any more'
	run -0 git zllm gc --undelete "$EXP"
	says '1 object brought back' 'Push a branch'
	owned "$EXP"
	dropped "$TWO"
	run -0 git zllm gc --undelete # so that both go at one time
	owned "$TWO"
	gone() {
		prune --yes --expire=2s --grace=2s >"$T/said"
		given_up "$EXP" >/dev/null
	}
	until_it gone
	grep -q 'given up for good' "$T/said"
	given_up "$TWO"
	run -0 git zllm gc --undelete "$TWO" # owned again while it is still there
	owned "$TWO"
	collected() {
		git zllm gc --grace=2s >/dev/null
		[ -z "$(store_keys "trash/${EXP:0:2}/${EXP:2:2}/")" ]
	}
	until_it collected # its trace, too
	run ! in_store "$EXP"
	in_store "$TWO"
	in_store "$KEPT"
	run -0 git zllm fsck
	run -0 --separate-stderr git zllm gc --json --grace=2s
	read -r records manifests <<<"$(needed_bytes)"
	json_holds "d['records']['kept']['bytes'] == $records > 0 and d['manifests']['kept']['bytes'] == $manifests"
	run git zllm gc --undelete "$EXP"
	[ "$status" -ne 0 ]
}

@test "an id that changed: each is pruned by itself, the old one by naming it" {
	local old_url new=00112233445566778899aabbccddeeff
	repo_with_branch
	old_url=$(git config -f .lfsconfig lfs.url)
	sed -i "s/repo=$REPO/repo=$new/" .lfsconfig
	noise new.bin 2000 new
	commit 'Another id'
	git push -q origin main
	NEW=$(oid_of new.bin)
	branch_is_deleted
	fresh_clone
	run -0 prune --yes
	owned "$EXP" # by the old id, which this prune does not speak for
	owned "$KEPT"
	REPO=$new owned "$NEW"
	run -0 git -c lfs.url="$old_url" zllm gc --prune --yes
	dropped "$EXP"
	owned "$KEPT" # reached, whoever owns it
	REPO=$new owned "$NEW"
	run -0 git zllm fsck
}

@test "every ref that the remote advertises counts, and so does a HEAD that is on none" {
	repo_with_branch
	git checkout -q -b two
	noise two.bin 500 two
	commit 'Two'
	git push -q origin two
	git checkout -q main
	TWO=$(git rev-parse two:two.bin | git cat-file --batch | sed -n 's/^oid sha256://p')
	git -C "$T/r.git" update-ref refs/pull/7/head "$EXP_COMMIT"
	branch_is_deleted
	git -C "$T/r.git" update-ref --no-deref HEAD "$(git rev-parse two)"
	git -C "$T/r.git" update-ref -d refs/heads/two
	git clone -q -b main "$T/r.git" "$T/c"
	cd "$T/c"
	run -0 prune
	says 'reached   3 objects'
	owned "$EXP"
	owned "$TWO"
	git -C "$T/r.git" update-ref -d refs/pull/7/head
	git -C "$T/r.git" symbolic-ref HEAD refs/heads/main
	run -0 prune --yes
	dropped "$EXP"
	dropped "$TWO"
	owned "$KEPT"
}

@test "what a reflog, stash, index or worktree of this clone names is kept, and said" {
	repo_with_branch
	branch_is_deleted
	git branch -q -D exp # its commit is in HEAD's reflog
	run -0 prune
	says 'kept      1 object ' '2.0 MB' 'this clone alone'
	owned "$EXP"
	fresh_clone
	git fetch -q "$T/r" "$EXP_COMMIT" 2>/dev/null || git fetch -q "$T/r" 'refs/remotes/origin/*:refs/tmp/*'
	git worktree add -q --detach "$T/tree" "$EXP_COMMIT"
	rm -f .git/FETCH_HEAD
	git for-each-ref --format='delete %(refname)' refs/tmp | git update-ref --stdin
	run -0 prune
	says 'kept      1 object '
	git worktree remove --force "$T/tree"
	git worktree prune
	git cat-file blob "$EXP_COMMIT:exp.bin" >exp.txt # a pointer, staged
	git -c filter.lfs.clean= add exp.txt
	run -0 prune
	says 'kept      1 object '
	git rm -q --cached exp.txt
	run -0 prune --yes
	dropped "$EXP"
}

# bats test_tags=bucket
@test "a fork that pushed keeps what its refs reach, or nothing is pruned" {
	repo_with_branch
	git init -q --bare "$T/fork.git"
	git remote add fork "$T/fork.git"
	git push -q fork exp # the store has all of it: git-lfs sends nothing
	branch_is_deleted
	fresh_clone
	run prune --yes
	[ "$status" -eq 2 ]
	says 'cannot read remote' w/fork 'not a remote of this clone' 'nothing is pruned' \
		'git remote add' '--forget'
	owned "$EXP"
	git remote add f "$T/fork" # another spelling
	run -0 prune
	says '2 remotes' 'reached   2 objects'
	owned "$EXP"
	git remote remove f
	run prune --yes --forget nobody
	[ "$status" -eq 2 ]
	says 'knows no remote' w/fork w/r
	run -0 prune --yes --forget w/fork
	dropped "$EXP"
	run -0 prune --yes # once was enough
}

@test "a fork that only cloned is in nobody's way" {
	repo_with_branch
	git clone -q --bare "$T/r.git" "$T/fork.git"
	git clone -q "$T/fork.git" "$T/f"
	branch_is_deleted
	fresh_clone
	run -0 prune --yes
	says '1 remote'
	dropped "$EXP"
}

@test "a copy of a template has the same id, and keeps its own" {
	repo_with_branch
	git init -q --bare "$T/copy.git"
	git init -q "$T/copy"
	(
		cd "$T/copy"
		git -C "$T/r" archive exp .lfsconfig .gitattributes | tar x
		cp "$T/r/kept.bin" .
		noise own.bin 700 own
		git remote add origin "$T/copy.git"
		git zllm init "$STORE" '*.bin' >/dev/null
		commit 'From a template'
		git push -q origin main
	)
	OWN=$(oid_of "$T/copy/own.bin")
	owned "$OWN"
	branch_is_deleted
	fresh_clone
	run prune --yes
	[ "$status" -eq 2 ]
	says w/copy
	run -0 prune --yes --remotes-are "$T/copy.git"
	dropped "$EXP"
	owned "$OWN"
	owned "$KEPT"
}

@test "a mirror that git lfs push --all filled is known" {
	repo_with_branch
	git clone -q --mirror "$T/r.git" "$T/m"
	git init -q --bare "$T/mirror.git"
	(
		cd "$T/m"
		git lfs fetch --all
		git push -q --mirror "$T/mirror.git"
		git lfs push --all "$T/mirror.git" 2>/dev/null
	)
	branch_is_deleted
	fresh_clone
	run prune --yes
	[ "$status" -eq 2 ]
	says w/mirror
	git remote add --mirror=push mirror "$T/mirror.git"
	run -0 prune
	owned "$EXP"
}

@test "a submodule and what it lies in have refs and owners of their own" {
	repo_with_branch
	git init -q --bare "$T/super.git"
	git init -q "$T/super"
	cd "$T/super"
	git remote add origin "$T/super.git"
	git zllm init "$STORE" '*.bin' >/dev/null
	noise super.bin 900 super
	git submodule -q add "$T/r.git" sub
	commit 'With a submodule'
	git push -q origin main
	SUPER=$(oid_of super.bin)
	branch_is_deleted
	run -0 prune --yes
	says 'reached   1 object by'
	owned "$EXP"
	owned "$KEPT"
	cd sub
	run -0 prune --yes # its own ref of the branch is there still
	says 'kept      1 object '
	git fetch -q --prune
	run -0 prune --yes
	dropped "$EXP"
	owned "$KEPT"
	store_keys owners/
	[ "$(store_count owners/)" -eq 2 ]
	store_keys owners/ | grep -q "$SUPER"
}

@test "a shallow clone refuses, a blob:none clone sees all refs" {
	repo_with_branch
	git -C "$T/r.git" config uploadpack.allowFilter true
	git -C "$T/r.git" config uploadpack.allowAnySHA1InWant true
	git clone -q --depth 1 "file://$T/r.git" "$T/shallow"
	git clone -q --filter=blob:none --single-branch "file://$T/r.git" "$T/partial"
	cd "$T/shallow"
	run prune --yes
	[ "$status" -eq 2 ]
	says shallow 'git fetch --unshallow'
	cd "$T/partial"
	run -0 prune --yes
	says 'reached   2 objects'
	owned "$EXP"
	branch_is_deleted
	run -0 prune --yes
	dropped "$EXP"
	owned "$KEPT"
	[ -z "$(ls -d "${TMPDIR:-/tmp}"/zllm-aside-* 2>/dev/null)" ]
}

# bats test_tags=bucket
@test "a store from before it knew remotes wants all of them named, once" {
	repo_with_branch
	branch_is_deleted
	store_empty remotes/
	fresh_clone
	run prune --yes
	[ "$status" -eq 2 ]
	says 'does not know all remotes' '--remotes-are'
	git commit -q --allow-empty -m 'A push by a newer git-zllm'
	noise new.bin 50 new
	commit 'New'
	git push -q origin main
	run prune --yes
	[ "$status" -eq 2 ]
	run prune --yes --remotes-are
	[ "$status" -eq 2 ]
	run prune --yes --remotes-are https://me:secret@nowhere.invalid/x "$T/no-such.git"
	[ "$status" -eq 2 ]
	says_not secret
	owned "$EXP"
	run -0 prune --yes --remotes-are origin
	dropped "$EXP"
	owned "$KEPT"
	run -0 prune --yes
}

@test "a remote that cannot be listed, or is empty, stops it, and nothing is touched" {
	repo_with_branch
	branch_is_deleted
	fresh_clone
	mv "$T/r.git" "$T/away.git"
	before=$(store_count '')
	run prune --yes
	[ "$status" -ne 0 ]
	says 'cannot read remote' w/r 'nothing is pruned'
	mv "$T/away.git" "$T/r.git"
	mv "$T/r.git/refs" "$T/refs"
	run prune --yes
	[ "$status" -ne 0 ]
	mv "$T/refs" "$T/r.git/refs"
	git -C "$T/r.git" for-each-ref --format='delete %(refname)' | git -C "$T/r.git" update-ref --stdin
	run prune --yes
	[ "$status" -ne 0 ]
	says 'any ref'
	owned "$EXP"
	owned "$KEPT"
	[ "$(store_count '')" -eq "$before" ]
}

@test "no password comes into the store, and every spelling of a remote is one" {
	plain_repo r
	cd "$T/r"
	git remote set-url origin 'https://me:secret@forge.invalid/org/model.git'
	git zllm init "$STORE" '*.bin' >/dev/null
	git remote set-url origin 'git@forge.invalid:org/model'
	git zllm init "$STORE" '*.bin' >/dev/null
	git config url.ssh://other@forge.invalid/.insteadOf hub:
	git remote set-url origin hub:org/model/
	git zllm init "$STORE" '*.bin' >/dev/null
	REPO=$(sed -n 's/.*repo=//p' .lfsconfig)
	store_keys "remotes/$REPO/"
	[ "$(store_count "remotes/$REPO/")" -eq 2 ] # one, and that the list is whole
	store_read "$(store_keys "remotes/$REPO/" | tail -1)" | grep -qx org/model
	store_fetch "$T/all"
	run ! grep -rq secret "$T/all"
	[ -z "$(find "$T/all" -name '*secret*')" ]
}

@test "a push without an id owns under the one that init would write" {
	make_store
	plain_repo r
	cd "$T/r"
	git lfs track '*.bin' >/dev/null
	noise a.bin 100
	commit 'A'
	git -c lfs.url="zllm::$STORE" push -q origin main 2>/dev/null ||
		git -c lfs.url="zllm::$STORE" push origin main
	key=$(store_keys owners/)
	[ "$(store_keys remotes/ | wc -l)" -eq 2 ]
	git zllm init "$STORE" '*.bin' >/dev/null
	[ "$key" = "owners/$(sed -n 's/.*repo=//p' .lfsconfig)/$(oid_of a.bin)" ]
}
