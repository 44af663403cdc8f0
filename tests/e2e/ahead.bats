#!/usr/bin/env bats
# Objects fetched before git-lfs asks for them, and downloads that go on from where
# they were cut. A folder store gains nothing by looking ahead; here it is told to.

load helpers

# 150 small files and three of several MiB, pushed.
many_files() {
	begin_with files_pushed
}

files_pushed() {
	make_repo r
	mkdir small
	python -c 'import random
for i in range(150):
    open(f"small/{i}.bin", "wb").write(random.Random(i).randbytes(1000 + i * 37))
for i in range(3):
    open(f"large{i}.bin", "wb").write(random.Random(i).randbytes(4500000 + i * 1000))'
	commit 'Many files'
	git push -q
	cd "$T" || return 1
}

look_ahead() {
	git config --global zllm.lookahead "${1-1g}"
}

# The trace of a clone without a checkout, whose files are then fetched by us.
bare_clone_of_r() {
	GIT_LFS_SKIP_SMUDGE=1 git clone -q "$T/r.git" "$T/c"
	cd "$T/c" || return 1
}

# Downloads of all that the pointers in the worktree stand for, the largest first.
say_downloads() {
	find . -name '*.bin' -exec awk '/^oid/ { oid = substr($2, 8) } /^size/ { print $2, oid }' {} \; |
		sort -k1,1nr | while read -r size oid; do say_download "$oid" "$size"; done
}

# bats test_tags=bucket,swift
@test "a clone that looks ahead is the same, and leaves nothing behind" {
	many_files
	look_ahead
	git clone -q "$T/r.git" "$T/c"
	expect_same_files "$T/r" "$T/c"
	[ -z "$(find "$T/c/.git/lfs/tmp" "$T/c/.git/zllm" -mindepth 1 -type f 2>/dev/null)" ]
	[ -z "$(find "$T/c/.git/lfs/tmp" -name 'zllm-ahead-*')" ]
}

# bats test_tags=bucket
@test "most objects are there before they are asked for" {
	many_files
	look_ahead
	bare_clone_of_r
	ZLLM_TRACE=1 run -0 drive < <(say_init download; say_downloads; say_terminate)
	says_not '"error"'
	[ "$(grep -c '"complete"' <<<"$output")" -eq 153 ]
	[ "$(grep -c 'was ahead' "$T/agent.stderr")" -ge 100 ]
	[ -z "$(find .git/lfs/tmp -name 'zllm-ahead-*')" ]
}

@test "a switch of branches looks ahead too" {
	make_repo r
	noise one.bin 1000 1
	commit 'One'
	git push -q
	git switch -q -c more
	for i in 1 2 3 4 5 6 7 8 9; do noise "m$i.bin" $((2000 + i)) "$i"; done
	commit 'More'
	git push -q
	git clone -q "$T/r.git" "$T/c"
	look_ahead
	git -C "$T/c" switch -q more
	expect_same_files "$T/r" "$T/c"
}

@test "a session that ends early removes what nobody asked for" {
	many_files
	look_ahead
	bare_clone_of_r
	first=$(say_downloads | head -n 1)
	run -0 drive < <(say_init download; echo "$first"; say_terminate)
	says '"complete"' 'exit 0'
	run -0 drive --eof < <(say_init download; echo "$first")
	[ -z "$(find .git/lfs/tmp -name 'zllm-ahead-*')" ]
	[ -z "$(find .git/zllm -type f 2>/dev/null)" ]
}

@test "small objects are stored many at once, whatever may lie ready of a clone" {
	many_files
	cd r
	printf '#!/bin/sh\nexec git-zllm "$@" 2>>"%s"\n' "$T/trace" >"$T/traced"
	chmod 755 "$T/traced"
	for setting in '' 0 1g; do
		rm -f "$T/trace"
		for i in {1..20}; do noise "more$i.bin" 2000 "more-$i-$setting"; done
		commit "More of them, with '$setting'"
		[ -z "$setting" ] || git config zllm.lookahead "$setting"
		ZLLM_TRACE=1 git -c lfs.customtransfer.zllm.path="$T/traced" push -q origin main
		# All but the first were there when git-lfs offered them.
		[ "$(grep -c 'upload .*: 2000 bytes, 0 stored, 2000 known' "$T/trace")" -ge 19 ]
	done
	run -0 git zllm fsck
	clone_and_compare r
}

@test "a push that is looked up ahead stores the same, and stores nothing else" {
	look_ahead
	many_files
	cd r
	git switch -q -c secret
	noise secret.bin 3000 77
	commit 'Not to be pushed'
	git switch -q main
	for i in {1..20}; do noise "later$i.bin" 3000 "8$i"; done
	commit 'Later'
	printf '#!/bin/sh\nexec git-zllm "$@" 2>>"%s"\n' "$T/trace" >"$T/traced"
	chmod 755 "$T/traced"
	ZLLM_TRACE=1 git -c lfs.customtransfer.zllm.path="$T/traced" push -q origin main
	# Our hook told what is pushed: all but the first were stored before their turn.
	[ "$(grep -c 'upload .*: 3000 bytes, 0 stored, 3000 known' "$T/trace")" -ge 19 ]
	run ! in_store "$(git show secret:secret.bin | sed -n 's/^oid sha256://p')"
	run -0 git zllm fsck
	git lfs push --all origin
	in_store "$(git show secret:secret.bin | sed -n 's/^oid sha256://p')"
	clone_and_compare r
}

@test "a cache of no size that git knows is a sentence" {
	many_files
	git config --global zllm.cache.size lots
	bare_clone_of_r
	run -0 drive < <(say_init download; say_terminate)
	says '"error"' 'zllm.cache.size' 'number of bytes'
}

@test "look-ahead is a number of bytes" {
	many_files
	look_ahead lots
	bare_clone_of_r
	run -0 drive < <(say_init download; say_downloads | head -n 1; say_terminate)
	says '"error"' 'zllm.lookahead' 'number of bytes'
}

@test "the folders of processes that died are removed, those of others are not" {
	many_files
	look_ahead
	bare_clone_of_r
	mkdir -p .git/lfs/tmp/zllm-ahead-dead00 .git/lfs/tmp/zllm-ahead-lives0
	noise .git/lfs/tmp/zllm-ahead-dead00/zllm-x 1000
	touch -d '1 hour ago' .git/lfs/tmp/zllm-ahead-*
	(
		flock 9
		run -0 drive < <(say_init download; say_downloads; say_terminate)
	) 9<.git/lfs/tmp/zllm-ahead-lives0
	[ ! -e .git/lfs/tmp/zllm-ahead-dead00 ]
	[ -e .git/lfs/tmp/zllm-ahead-lives0 ]
}

# ---------------------------------------------------------------- resuming

# A clone of r with no objects, and one record of the object's taken out of the store:
# the download fails in the middle.
cut_download() {
	begin_with big_pushed
	OID=$(oid_of "$T/r/big.bin")
	SIZE=20000000
	BLOB=$(store_keys blobs/ | tail -n 1)
	store_read "$BLOB" >"$T/kept"
	store_remove "$BLOB"
	run -0 drive < <(say_init download; say_download "$OID" "$SIZE"; say_terminate)
	says '"error"'
	PARTIAL=.git/zllm/partial/$OID
}

big_pushed() {
	make_repo r
	noise big.bin 20000000 7
	commit 'Big'
	git push -q
	bare_clone_of_r
}

# bats test_tags=bucket
@test "a download that was cut is kept, and goes on from there" {
	cut_download
	[ "$(stat -c %s "$PARTIAL")" -eq "$SIZE" ]
	[ -z "$(find .git/lfs/tmp -type f)" ]
	store_write "$BLOB" <"$T/kept"
	run -0 drive < <(say_init download; say_download "$OID" "$SIZE"; say_terminate)
	says '"complete"'
	says_not '"error"'
	[ ! -e "$PARTIAL" ]
}

@test "a partial download whose bytes are wrong is mended" {
	cut_download
	store_write "$BLOB" <"$T/kept"
	head -c 3000000 /dev/urandom | dd of="$PARTIAL" bs=1000000 seek=5 conv=notrunc status=none
	run -0 drive < <(say_init download; say_download "$OID" "$SIZE"; say_terminate)
	says '"complete"'
	says_not '"error"'
}

@test "a partial download that another process has is left to it" {
	cut_download
	store_write "$BLOB" <"$T/kept"
	(
		flock 9
		run -0 drive < <(say_init download; say_download "$OID" "$SIZE"; say_terminate)
		says '"complete"'
		says_not '"error"'
	) 9<"$PARTIAL"
	[ -e "$PARTIAL" ]
}

@test "partial downloads that nobody went on with are swept" {
	cut_download
	store_write "$BLOB" <"$T/kept"
	touch -d '15 days ago' "$PARTIAL"
	cp -p "$PARTIAL" ".git/zllm/partial/$(printf 'b%.0s' $(seq 64))"
	touch ".git/zllm/partial/$(printf 'c%.0s' $(seq 64))"
	run -0 drive < <(say_init download; say_terminate)
	[ ! -e "$PARTIAL" ]
	[ "$(ls .git/zllm/partial)" = "$(printf 'c%.0s' $(seq 64))" ]
}
