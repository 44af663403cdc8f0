#!/usr/bin/env bats
# A disk that is too small, and files that may not grow: a sentence that says what does
# not fit and where, and afterwards the disk is as full as it was before.

load helpers

setup() {
	e2e_setup
}

big_pushed() {
	make_repo r
	noise big.bin 20000000 7
	commit 'Big'
	git push -q
}

# inside TEXT: runs the script in a mount namespace, in which T/disk is a tmpfs of 12 MB
# that holds a clone c without its objects.
inside() {
	own_mounts
	begin_with big_pushed
	mkdir "$T/disk"
	{
		printf 'set -e\nmount -t tmpfs -o size=%s none "%s"\n' "$1" "$T/disk"
		printf 'GIT_LFS_SKIP_SMUDGE=1 git clone -q "%s" "%s"\ncd "%s"\n' \
			"$T/r.git" "$T/disk/c" "$T/disk/c"
		# shellcheck disable=SC2016
		printf '%s\n' 'free() { df -k --output=avail . | tail -1; }' 'before=$(free)' "$2"
	} >"$T/inside"
	run "${MOUNTED[@]}" sh "$T/inside"
	printf "%s\n" "$output"
}

# What a download that does not fit leaves: all that was free, and no partial file.
LEFT='[ "$(free)" -ge $((before - 64)) ] && [ -z "$(find .git/zllm .git/lfs/tmp -type f)" ] && echo all is free'

# traced OPTION...: git-lfs runs the agent under strace.
traced() {
	command -v strace >/dev/null || skip 'no strace'
	strace -f --seccomp-bpf -qq -o /dev/null -e trace=fsync true 2>/dev/null || skip 'strace cannot trace here'
	printf '#!/bin/sh\nexec strace -f -qq -o %s %s git-zllm agent\n' "$T/trace" "$*" >"$T/agent"
	chmod +x "$T/agent"
	use_agent "$T/agent"
}

@test "a download that does not fit says what it needs, what is free and where, and takes nothing" {
	inside 12m "git lfs pull && exit 9; $LEFT"
	[ "$status" -eq 0 ]
	says 'a file of 20000000 bytes does not fit into' "$T/disk/c/.git" 'it needs 20000000 more, and' \
		'are free: No space left on device; free some space' 'all is free'
}

@test "what a reservation took before it failed is given back" {
	traced -e trace=fstatfs,fallocate -e inject=fstatfs:error=EIO
	inside 12m "git lfs pull && exit 9; $LEFT"
	[ "$status" -eq 0 ]
	says 'does not fit into' 'no space left' 'all is free'
	grep -q 'fallocate(.*ENOSPC' "$T/trace"
}

@test "a partial file that could not be finished on a full disk is not kept" {
	# Nobody says what is free, and nothing can be reserved: the disk is full in the middle.
	traced -e trace=fstatfs,fallocate -e inject=fstatfs:error=EIO:when=1 -e inject=fallocate:error=EOPNOTSUPP
	inside 12m "git lfs pull && exit 9; $LEFT"
	[ "$status" -eq 0 ]
	says 'no space left' 'all is free'
}

@test "a file system that cannot reserve is not written to instead" {
	begin_with big_pushed
	GIT_LFS_SKIP_SMUDGE=1 git clone -q "$T/r.git" "$T/c"
	cd "$T/c"
	traced -e trace=pwrite64,write,fallocate -e inject=fallocate:error=EOPNOTSUPP
	git lfs pull
	cmp big.bin "$T/r/big.bin"
	grep -q 'fallocate(.*INJECTED' "$T/trace"
	[ "$(grep -c 'pwrite64(' "$T/trace")" -lt 400 ]
}

@test "a download that was cut holds no more of the disk than what came" {
	folder_only 'a record is taken out of a folder'
	begin_with big_pushed
	GIT_LFS_SKIP_SMUDGE=1 git clone -q "$T/r.git" "$T/c"
	cd "$T/c"
	local blob partial oid
	blob=$(store_keys blobs/ | head -n 1)
	store_read "$blob" >"$T/kept"
	store_remove "$blob"
	run git lfs pull
	[ "$status" -ne 0 ]
	oid=$(oid_of "$T/r/big.bin")
	partial=.git/zllm/partial/$oid
	[ ! -e "$partial" ] || [ "$(du -k "$partial" | cut -f1)" -le 19532 ]
	# One that was killed holds all that it reserved, until the next session looks.
	mkdir -p .git/zllm/partial
	rm -f "$partial"
	fallocate -l 20000000 "$partial"
	printf 'some bytes that came' | dd of="$partial" conv=notrunc status=none
	fallocate -l 20000000 ".git/zllm/partial/$(printf 'b%.0s' $(seq 64))"
	touch -d '2 minutes ago' .git/zllm/partial/*
	run -0 drive < <(say_init download; say_terminate)
	[ "$(ls .git/zllm/partial)" = "$oid" ]
	[ "$(du -k "$partial" | cut -f1)" -le 1024 ]
	[ "$(head -c 20 "$partial")" = 'some bytes that came' ]
	store_write "$blob" <"$T/kept"
	git lfs pull
	cmp big.bin "$T/r/big.bin"
	[ ! -e "$partial" ]
}

@test "a cache of bases leaves half of what is free to the models" {
	bucket_only 'a folder needs no cache'
	own_mounts
	make_repo r
	make_model m.safetensors
	commit base
	finetune_model n.safetensors m.safetensors
	commit tuned
	git push -q
	mkdir "$T/disk"
	cat >"$T/inside" <<-END
		mount -t tmpfs -o size=2m none "$T/disk"
		git config --global zllm.cache.path "$T/disk/cache"
		git clone -q "$T/r.git" "$T/c" || exit 9
		cmp "$T/r/n.safetensors" "$T/c/n.safetensors"
		[ "\$(df -k --output=avail "$T/disk" | tail -1)" -ge 200 ]
	END
	run -0 "${MOUNTED[@]}" sh "$T/inside"
}

# ---------------------------------------------------------------- ulimit -f

@test "a file that may not grow is a sentence: of a download, a push and a command" {
	folder_only 'files of the store'
	make_repo r
	noise big.bin 5000000 7
	make_model m.safetensors
	commit 'Big'
	run bash -c "ulimit -f 500; git push"
	[ "$status" -ne 0 ]
	says 'File too large' 'ulimit -f'
	git push -q
	GIT_LFS_SKIP_SMUDGE=1 git clone -q "$T/r.git" "$T/c"
	run bash -c "cd '$T/c'; ulimit -f 500; git lfs pull"
	[ "$status" -ne 0 ]
	says 'File too large' 'ulimit -f'
	[ -z "$(ls "$T/c/.git/zllm/partial" 2>/dev/null)" ]
	run bash -c "ulimit -f 500; git zllm codec encode m.safetensors out"
	[ "$status" -eq 1 ]
	one_line_error
	says 'File too large' 'ulimit -f'
	[ ! -e out ]
}

@test "programs that we start are told of a file that may not grow as they always were" {
	make_repo r
	printf '#!/bin/sh\ngrep SigIgn /proc/self/status >%s\n' "$T/ignored" >.git/hooks/pre-push.before-zllm
	chmod +x .git/hooks/pre-push.before-zllm
	git commit -q --allow-empty -m more
	git push -q origin main
	# Neither SIGXFSZ (25) nor SIGPIPE (13) is ignored.
	local mask
	mask=$(cut -f2 "$T/ignored")
	((!(0x$mask & 1 << 24) && !(0x$mask & 1 << 12)))
}
