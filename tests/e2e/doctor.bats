#!/usr/bin/env bats
# git zllm doctor: each thing that can be wrong is found, and what helps is said.

load helpers

# finds GRADE AREA TEXT...: such a line is in $output.
finds() {
	local grade=$1 area=$2
	shift 2
	grep -E "^$grade +$area " <<<"$output" | grep -qF -- "$*" || {
		printf 'not found: %s %s %s\nin:\n%s\n' "$grade" "$area" "$*" "$output"
		return 1
	}
}

# bats test_tags=bucket,swift
@test "where all is well it says so, and leaves nothing in the store" {
	make_repo r
	closed_lfs
	run -0 git zllm doctor
	[ "${lines[-1]}" = 'all is well' ]
	[ "$(grep -cE '^(bad|doubtful)' <<<"$output")" -eq 0 ]
	[ -z "$(store_keys probe/)" ]
	run -0 git zllm doctor --json
	json_holds 'd["bad"] == 0 and d["doubtful"] == 0 and len(d["findings"]) > 8'
}

@test "a git-lfs that runs a program of the repository is told of, and the version that does not" {
	make_repo r
	lfs_that 's/Transfers=basic,.*/Transfers=basic,ssh,trial/'
	run -0 git zllm doctor
	finds doubtful git-lfs 'CVE-2026-105803'
	says 'upgrade git-lfs to 3.8.1'
	run -0 git zllm doctor --json
	json_holds 'any(f["finding"] == "doubtful" and "3.8.1" in f["remedy"] for f in d["findings"] if f["area"] == "git-lfs")'
	run -0 git zllm install
	says 'CVE-2026-105803' '3.8.1'
}

@test "a git-lfs that does not is not" {
	make_repo r
	closed_lfs
	run -0 git zllm doctor
	finds ok git-lfs 'no repository can make it run a program'
	run -0 git zllm install
	says_not CVE
	# A name that only looks like it.
	lfs_that 's/Transfers=.*/Transfers=basic,trial2,my-trial/'
	run -0 git zllm doctor
	finds ok git-lfs 'no repository can make it run a program'
}

@test "the real git-lfs is tried, not its number: what it says fits what a clone runs" {
	folder_only 'any store'
	make_repo r
	make_model m.safetensors
	commit one
	git push -q origin main
	printf '#!/bin/sh\ntouch %s\nexec git-zllm agent\n' "$T/ran" >evil
	chmod +x evil
	git config -f .lfsconfig lfs.customtransfer.zllm.path.access ./evil
	commit two
	git push -q --no-verify origin main
	# Which of the two keys counts is by chance where git-lfs takes both.
	local i
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		[ ! -e "$T/ran" ] || break
		rm -rf "$T/c"
		git clone -q "$T/r.git" "$T/c" || :
	done
	run -0 git zllm doctor
	if [ -e "$T/ran" ]; then
		finds doubtful git-lfs CVE
	else
		finds ok git-lfs 'no repository can make it run a program'
	fi
}

@test "the trial leaves nothing behind, and is not led astray by git's environment" {
	make_repo r
	mkdir "$T/tmp"
	local before
	before=$(find . -type f | sort | xargs sha256sum)
	TMPDIR=$T/tmp GIT_DIR=$T/r/.git GIT_WORK_TREE=$T/r GIT_INDEX_FILE=$T/r/.git/index \
		GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=lfs.customtransfer.trial.path GIT_CONFIG_VALUE_0=x \
		run -0 git zllm install
	[ -z "$(ls -A "$T/tmp")" ]
	[ "$(find . -type f | sort | xargs sha256sum)" = "$before" ]
	closed_lfs
	git config --global lfs.customtransfer.trial.path x
	run -0 git zllm doctor
	finds ok git-lfs 'no repository can make it run a program'
}

@test "without git-lfs, or where it cannot be tried, doctor and install say nothing of it" {
	make_repo r
	TMPDIR=/nowhere run -0 git zllm install
	says_not CVE
	lfs_that d
	run git zllm doctor
	says_not CVE 'no repository can make it'
	printf '#!/bin/sh\nexit 1\n' >"$T/bin/git-lfs"
	run -0 git zllm install
	says_not CVE
	run -1 git zllm doctor
	finds bad git-lfs "'git lfs' does not run"
	says_not CVE
}

@test "before install" {
	e2e_blank_user
	git init -q r
	cd r
	run -1 git zllm doctor
	finds bad git-lfs 'filters are not set up'
	finds bad agent '5 of the 5 keys'
	finds bad hook 'no pre-push hook'
	finds bad store 'no store is configured'
	[[ $output == *"-> run 'git zllm install'"* ]]
}

@test "a program that is gone, a key that is another's" {
	make_repo r
	git config --global lfs.customtransfer.zllm.path /nowhere/git-zllm
	run -1 git zllm doctor
	finds bad agent '/nowhere/git-zllm'
	git zllm install
	git config --global lfs.customtransfer.zllm.concurrent true
	run -1 git zllm doctor
	finds bad agent "lfs.customtransfer.zllm.concurrent is 'true' instead of 'false'"
}

@test "git-lfs's hook in the place of ours" {
	make_repo r
	git lfs install --force >/dev/null
	run -0 git zllm doctor
	finds doubtful hook "git-lfs's own pre-push hook"
	rm .git/hooks/pre-push
	run -1 git zllm doctor
	finds bad hook 'no pre-push hook'
}

@test "a store that is away, and one that may only be read" {
	make_repo r
	store_hide
	run -1 git zllm doctor
	finds bad store "no store at $STORE"
	store_show
	folder_only 's3.bats has a user who may only read'
	[ "$(id -u)" -ne 0 ] || skip 'root may write everywhere'
	chmod -R a-w "$STORE"
	run -0 git zllm doctor
	finds ok permission read
	finds doubtful permission 'write: '
}

@test "a store by name, outside any repository" {
	make_store
	run -0 git zllm doctor "$STORE"
	finds ok store "$STORE is open"
	finds ok permission remove
	run -0 git zllm doctor
	finds doubtful repository 'not a git repository'
	run -1 git zllm doctor "$(other_store nothing)"
	finds bad store "no store at $(other_store nothing)"
	run -2 git zllm doctor a b
	one_line_error
}

@test "a store whose clock is another, and an old probe" {
	folder_only 'the clock is that of the files'
	make_repo r
	mkdir -p "$STORE/probe"
	touch -d '2 hours ago' "$STORE/probe/00000000000000000000000000000000"
	faketime=$(find /usr/lib -name 'libfaketime.so.1' | head -n 1)
	[ -n "$faketime" ] || skip 'no libfaketime here'
	LD_PRELOAD=$faketime FAKETIME='+20m' NO_FAKE_STAT=1 run -1 git-zllm doctor
	finds bad clock 'behind'
	[ ! -e "$STORE/probe/00000000000000000000000000000000" ]
}

@test "the settings of the cache and of look-ahead" {
	make_repo r
	git config zllm.lookahead much
	run -1 git zllm doctor
	finds bad look-ahead "zllm.lookahead is 'much'"
	git config zllm.lookahead 1m
	git config zllm.cache.size 20x
	run -1 git zllm doctor
	finds ok look-ahead 'up to 1.0 MB (zllm.lookahead)'
	finds bad cache "zllm.cache.size is '20x'"
}

@test "where a bucket's bases are kept, and a folder that cannot be" {
	bucket_only 'the bases of a folder are not kept elsewhere'
	make_repo r
	run -0 git zllm doctor
	finds ok cache "bases are kept in $HOME/.cache/git-zllm (the default)"
	finds ok look-ahead 'up to 4.3 GB (the default)'
	: >file
	git config zllm.cache.path "$PWD/file/cache"
	run -0 git zllm doctor
	finds doubtful cache "$PWD/file"
	git config zllm.cache.path "$PWD/new/cache"
	run -0 git zllm doctor
	finds ok cache "$PWD/new/cache (zllm.cache.path)"
	[ ! -e new ]
	git config zllm.cache.size 0
	run -0 git zllm doctor
	finds ok cache 'none (zllm.cache.size is 0)'
}
