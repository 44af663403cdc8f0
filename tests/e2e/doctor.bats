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
	run -0 git zllm doctor
	[ "${lines[-1]}" = 'all is well' ]
	[ "$(grep -cE '^(bad|doubtful)' <<<"$output")" -eq 0 ]
	[ -z "$(store_keys probe/)" ]
	run -0 git zllm doctor --json
	json_holds 'd["bad"] == 0 and d["doubtful"] == 0 and len(d["findings"]) > 8'
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
	finds doubtful repository 'no git repository'
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
