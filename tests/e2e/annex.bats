#!/usr/bin/env bats
# A store as a special remote of git-annex. GIT_ANNEX is the folder of another git-annex than
# Debian's; tests/annex.sh runs this file, and all of testremote, with the newest one.

load helpers

setup() {
	e2e_setup
	[ -z "${GIT_ANNEX:-}" ] || PATH=$GIT_ANNEX:$PATH
	command -v git-annex >/dev/null || skip 'no git-annex (tests/deps.sh check)'
}

# git-annex locks what it has.
teardown() {
	chmod -R u+w "$T" 2>/dev/null || :
	e2e_teardown
}

annex() {
	git annex --quiet "$@"
}

# annex_repo NAME: an annex in T/NAME, which becomes the current folder.
annex_repo() {
	git init -q "$T/$1"
	cd "$T/$1" || return 1
	annex init "$1"
}

# annex_remote [STORE]: the store is its remote `models`.
annex_remote() {
	annex initremote models type=external externaltype=zllm "store=${1:-$STORE}" encryption=none autoenable=true
}

# annex_commit MESSAGE: everything is added to the annex, and committed.
annex_commit() {
	annex add . >/dev/null
	git commit -qm "$1"
}

# wrapped SCRIPT: git-annex-remote-zllm is that script from now on.
wrapped() {
	mkdir -p "$T/wrapped"
	cat >"$T/wrapped/git-annex-remote-zllm"
	chmod +x "$T/wrapped/git-annex-remote-zllm"
	PATH=$T/wrapped:$PATH
}

unwrapped() {
	PATH=${PATH#"$T/wrapped:"}
}

# talk LINE...: what git-annex-remote-zllm says to these.
talk() {
	printf '%s\n' "$@" | git-annex-remote-zllm
}

readme_block() {
	awk -v wanted="$1" '
		/^## / { inside = ($0 == "## git-annex"); next }
		!inside { next }
		/^    / { if (!block) n++; block = 1; if (n == wanted) print substr($0, 5); next }
		/^$/ { next }
		{ block = 0 }' "$TOP/README.md" | sed "s|s3://models/team-a|$STORE|"
}

# bats test_tags=bucket
@test "README's lines about git-annex, in order" {
	annex_repo r
	make_model m.safetensors
	annex_commit 'A model'
	[ "$(readme_block 1 | wc -l)" -eq 2 ]
	[ "$(readme_block 2 | wc -l)" -eq 2 ]
	readme_block 1 | sh -e
	in_store "$(oid_of m.safetensors)"
	annex drop m.safetensors
	git clone -q "$T/r" "$T/c"
	cd "$T/c"
	git zllm trust "$STORE" >/dev/null || :
	readme_block 2 | sh -e
	cmp m.safetensors <(kept_model "$T/m" new-1 new 1 && cat "$T/m")
	readme_block 3 | sh -e
	git annex whereis m.safetensors | grep -q models
}

@test "what git-lfs pushed git-annex gets, and back, and it is stored once" {
	make_repo lfs
	make_model m.safetensors
	make_model other.safetensors 2
	commit 'Models'
	git push -q
	local lfs_oid before
	lfs_oid=$(oid_of m.safetensors)
	before=$(store_count blobs/ objects/)
	annex_repo r
	annex_remote
	cp "$T/lfs/m.safetensors" .
	annex_commit 'The same'
	annex copy --to models
	[ "$(store_count blobs/ objects/)" -eq "$before" ]
	# One that the annex never stored: it is present once it is asked for.
	cp "$T/lfs/other.safetensors" .
	annex_commit 'And another'
	annex drop --force other.safetensors
	run git annex get other.safetensors
	[ "$status" -ne 0 ]
	git annex fsck --from models --fast other.safetensors >/dev/null || :
	annex get other.safetensors
	cmp other.safetensors "$T/lfs/other.safetensors"
	# And what the annex stored, git-lfs finds there.
	make_model new.safetensors 3
	annex_commit 'A new one'
	annex copy --to models
	before=$(store_count blobs/ objects/)
	cd "$T/lfs"
	cp "$T/r/new.safetensors" .
	commit 'A new one'
	git push -q
	[ "$(store_count blobs/ objects/)" -eq "$before" ]
	clone_and_compare lfs
	# Removed by the annex, it is there for git-lfs, and absent for the annex.
	cd "$T/r"
	annex drop --from models --force m.safetensors
	run git annex fsck --from models --fast m.safetensors
	[ "$(git annex find --in models | grep -c '^m.safetensors$')" -eq 0 ]
	in_store "$lfs_oid"
	cd "$T/lfs"
	clone_and_compare lfs
	git zllm fsck >/dev/null
}

@test "keys of other backends, of any content: stored, found, mirrored, removed" {
	annex_repo r
	annex_remote
	git config annex.security.allow-unverified-downloads ACKTHPPT # WORM says nothing of its content
	make_model m.safetensors
	cp m.safetensors same.bin
	noise n.bin 70000
	: >empty.bin
	annex add --backend=MD5E m.safetensors >/dev/null
	annex add --backend=WORM same.bin >/dev/null
	annex add --backend=SHA512 n.bin empty.bin >/dev/null
	git commit -qm 'Odd keys'
	sha256sum ./*in ./*s >"$T/sums"
	annex copy --to models
	[ "$(store_count objects/)" -eq 3 ]
	[ "$(store_count annexes/)" -eq 4 ]
	annex drop .
	annex get .
	sha256sum -c --quiet "$T/sums"
	git config lfs.url "zllm::$STORE"
	run git zllm fsck
	[ "$status" -eq 0 ]
	says_not foreign
	git config --unset lfs.url
	run git zllm doctor
	[ "$status" -eq 0 ]
	says "remote 'models' keeps its contents in $STORE" 'write'
	# A mirror has the keys.
	git zllm copy "$STORE" "$(other_store mirror)"
	annex enableremote models "store=$(other_store mirror)"
	! has_bucket || git zllm trust "$(other_store mirror)" >/dev/null
	annex drop .
	annex get .
	sha256sum -c --quiet "$T/sums"
	# The end of one key leaves its content to the other.
	annex drop --from models m.safetensors
	annex drop same.bin
	annex get same.bin
	sha256sum -c --quiet "$T/sums"
}

@test "five models by git-annex take what they take by git-lfs, within 1 %" {
	local n lfs_bytes annex_bytes
	make_repo lfs
	annex_repo r
	annex_remote "$(other_store annexed)"
	for n in 1 2 3 4 5; do
		cd "$T/lfs"
		if [ "$n" -eq 1 ]; then
			make_model m1.safetensors
		else
			finetune "m$n.safetensors" m1.safetensors "$n"
		fi
		cp "m$n.safetensors" "$T/r/"
		commit "Model $n"
		git push -q
		cd "$T/r"
		annex_commit "Model $n"
		annex copy --to models
	done
	lfs_bytes=$(stored_bytes blobs/ objects/)
	annex_bytes=$(STORE=$(other_store annexed) stored_bytes blobs/ objects/)
	echo "# by git-lfs $lfs_bytes, by git-annex $annex_bytes" >&3
	[ $((annex_bytes * 100)) -le $((lfs_bytes * 101)) ]
	# Which is a good deal less than the files: the history gave the bases.
	[ "$annex_bytes" -lt $(($(cat "$T"/lfs/*.safetensors | wc -c) * 6 / 10)) ]
}

@test "the key's earlier version in the branch gives the base, be it locked or not" {
	annex_repo r
	annex_remote
	make_model m.safetensors
	annex_commit 'A base'
	annex copy --to models
	git annex unlock --quiet m.safetensors
	git commit -qm 'Unlocked' --allow-empty
	finetune tuned m.safetensors
	cp tuned m.safetensors
	rm tuned
	git add m.safetensors
	git commit -qm 'A fine-tune, unlocked'
	[ "$(git ls-files -s m.safetensors | cut -c1-6)" = 100644 ]
	annex copy --to models
	git config lfs.url "zllm::$STORE"
	run git zllm show --json "$(oid_of m.safetensors)"
	json_holds 'd["path"] == "m.safetensors" and d["base_path"] == "m.safetensors" and d["base_source"] == "git"'
	json_holds "d['commit'] == '$(git rev-parse HEAD)'"
	git annex lock --quiet m.safetensors
	annex_commit 'Locked'
	finetune tuned m.safetensors 2
	rm m.safetensors
	mv tuned m.safetensors
	annex_commit 'A fine-tune, locked'
	annex copy --to models
	run git zllm show --json "$(oid_of m.safetensors)"
	json_holds 'd["base_path"] == "m.safetensors" and d["base_source"] == "git"'
	json_holds "d['commit'] == '$(git rev-parse HEAD)'"
}

@test "four jobs at once are one process" {
	annex_repo r
	annex_remote
	for n in 1 2 3 4 5 6 7 8 9 10 11 12; do noise "n$n.bin" $((n * 10000)) "$n"; done
	make_model m.safetensors
	noise large.bin 9000000
	annex_commit 'Many'
	sha256sum ./*.bin ./*.safetensors >"$T/sums"
	wrapped <<-END
		#!/bin/sh
		echo \$\$ >>$T/started
		exec $(command -v git-annex-remote-zllm)
	END
	annex copy -J4 --to models
	[ "$(wc -l <"$T/started")" -eq 1 ]
	annex drop -J4 .
	: >"$T/started"
	annex get -J4 .
	[ "$(wc -l <"$T/started")" -eq 1 ]
	sha256sum -c --quiet "$T/sums"
}

# killed_at N: from now on the program is killed when it tells its N-th progress.
killed_at() {
	export KILLED_PROGRAM KILL_AT=$1 KILL_LOG=$T/kills
	unwrapped
	KILLED_PROGRAM=$(command -v git-annex-remote-zllm)
	wrapped <"$E2E/agents/killed_annex.py"
	: >"$KILL_LOG"
}

# (git-annex tries again by itself, as long as each try comes further than the last.)
@test "killed in the middle of a STORE, and of a RETRIEVE, then again: whole" {
	annex_repo r
	annex_remote
	kept_model large.safetensors large-24000000 large 1 24000000
	annex_commit 'A large one'
	local oid
	oid=$(oid_of large.safetensors)
	killed_at 3
	run git annex copy --to models large.safetensors
	[ "$status" -ne 0 ]
	grep -q killed "$KILL_LOG"
	[ "$(store_count objects/)" -eq 0 ]
	[ "$(git annex find --in models | wc -l)" -eq 0 ]
	unwrapped
	annex copy --to models large.safetensors
	in_store "$oid"
	annex drop large.safetensors
	killed_at 1
	run git annex get large.safetensors
	grep -q killed "$KILL_LOG"
	unwrapped
	annex get large.safetensors
	[ "$(oid_of large.safetensors)" = "$oid" ]
	[ -z "$(find .git/zllm/partial -type f)" ]
	git -c "lfs.url=zllm::$STORE" zllm fsck >/dev/null
}

@test "a store that is away is no reason to drop anything" {
	folder_only 'a disk that is not mounted'
	annex_repo r
	annex_remote
	noise n.bin 50000
	annex_commit 'Noise'
	annex copy --to models
	store_hide
	run git annex drop n.bin
	[ "$status" -ne 0 ]
	[ -e n.bin ]
	run git annex fsck --from models --fast
	says 'no store at' 'git annex enableremote'
	[ "$(git annex find --in models | wc -l)" -eq 1 ]
	store_show
	annex drop n.bin
	annex get n.bin
	# Damaged: it is not counted, and storing it again mends it.
	store_damage "$(store_keys objects/)"
	run git annex drop n.bin
	[ "$status" -ne 0 ]
	[ -e n.bin ]
	git annex fsck --from models --fast >/dev/null 2>&1 || :
	[ "$(git annex find --in models | wc -l)" -eq 0 ]
	annex copy --to models
	annex drop n.bin
	annex get n.bin
}

# nobody_trusts: the user's configuration names no store.
nobody_trusts() {
	[ -z "$(git config --get-all zllm.trust)" ]
}

@test "a bucket on a repository's word alone gets nothing, and the message says what to run" {
	annex_repo r
	annex_remote "$T/folder"
	noise n.bin 50000
	annex_commit 'Noise'
	annex enableremote models 'store=s3://theirs/x?endpoint=http://127.0.0.1:9'
	run git annex copy --to models
	[ "$status" -ne 0 ]
	says "git-annex branch names the store s3://theirs/x" \
		"git zllm trust 's3://theirs/x?endpoint=http://127.0.0.1:9'"
	nobody_trusts
	# Nor does a clone that sets the remote up by itself.
	git clone -q "$T/r" "$T/c"
	cd "$T/c"
	git annex init c >/dev/null 2>&1
	[ "$(git config remote.models.annex-externaltype)" = zllm ]
	nobody_trusts
	run git annex copy --to models
	nobody_trusts
}

@test "what initremote is told wrong is said in a line" {
	annex_repo r
	run git annex initremote models type=external externaltype=zllm encryption=none
	[ "$status" -ne 0 ]
	says 'the remote has no store='
	run git annex initremote models type=external externaltype=zllm encryption=none store=ftp://x/y
	[ "$status" -ne 0 ]
	says 'ftp'
	run git annex initremote models type=external externaltype=zllm encryption=none "store=$T/r"
	[ "$status" -ne 0 ]
	says 'is a git repository'
	run git annex initremote models type=external externaltype=zllm chunk=1MiB encryption=shared "store=$STORE"
	[ "$status" -eq 0 ]
	says 'only with encryption=none' 'only without chunk='
	noise n.bin 50000
	annex_commit 'Noise'
	annex copy --to models
	annex drop n.bin
	annex get n.bin
}

@test "whatever is said to it, it answers in the protocol and ends" {
	annex_repo r
	run talk 'EXTENSIONS INFO FROBNICATE ASYNC' 'J 1 LISTCONFIGS' 'J 2 CLAIMURL http://x'
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = 'VERSION 2' ]
	[ "${lines[1]}" = 'EXTENSIONS INFO ASYNC' ]
	says 'J 1 CONFIG store ' 'J 1 CONFIGEND' 'J 2 UNSUPPORTED-REQUEST'
	run talk 'GETORDERED' 'EXPORTSUPPORTED'
	says UNORDERED EXPORTSUPPORTED-FAILURE
	run talk 'TRANSFER STORE onlyakey'
	[ "$status" -ne 0 ]
	says 'ERROR git-annex sent a line that names no file'
	run talk 'VALUE unasked'
	[ "$status" -ne 0 ]
	says 'ERROR git-annex answered what nobody asked'
	run talk 'J 0 PREPARE'
	[ "$status" -ne 0 ]
	# It goes away while we wait for an answer.
	run talk 'PREPARE'
	[ "$status" -eq 0 ]
	says 'GETUUID'
	run git-annex-remote-zllm extra words </dev/null
	[ "$status" -eq 0 ]
	[ "$output" = 'VERSION 2' ]
}

# All of git-annex's own tests of remotes (573): contents of 0 to 2 MiB, chunks of several
# sizes, shared encryption, cut transfers, keys of another name, absence.
@test "git annex testremote, all of it" {
	annex_repo r
	annex_remote
	run git annex testremote ${TESTREMOTE_FAST:+--fast} models
	[ "$status" -eq 0 ] || {
		printf '%s\n' "$output" | grep -B2 -A6 FAIL | head -60
		return 1
	}
	says 'tests passed'
}
