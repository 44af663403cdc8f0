#!/usr/bin/env bats
# What is acknowledged is there: a push looks at what it did not write, and mends it.

load helpers

two_files() {
	make_repo r
	head -c 1200000 /dev/urandom >record.bin
	head -c 3000 /dev/urandom >small.bin
	commit 'A file with records and a small one'
}

# The store's keys below a prefix, as they are after a push elsewhere: before ours.
keys_after_push() { # PREFIX
	git init -q "$T/elsewhere"
	(cd "$T/elsewhere" && git zllm init "$T/peace" >/dev/null)
	git -c lfs.url="zllm::$T/peace" lfs push --all origin >/dev/null 2>&1
	(cd "$T/peace" && find "$1" -type f)
}

expect_clone() {
	rm -rf "$T/c"
	git clone -q "$T/r.git" "$T/c"
	expect_same_files "$T/r" "$T/c"
}

put_foreign() { # KIND PATH
	mkdir -p "$(dirname "$2")"
	case $1 in
	folder) mkdir "$2" && touch "$2/inside" ;;
	fifo) mkfifo "$2" ;;
	link) ln -s /nowhere "$2" ;;
	socket) python3 -c 'import os, socket, sys
os.chdir(os.path.dirname(sys.argv[1]))
socket.socket(socket.AF_UNIX).bind("s")
os.rename("s", os.path.basename(sys.argv[1]))' "$2" ;;
	esac
}

@test "a folder, FIFO, link or socket under any key is moved to trash/, and what is pushed clones" {
	folder_only 'a bucket has plain values only'
	local key kind oid repo
	two_files
	repo=$(git config -f .lfsconfig lfs.url | sed 's/.*repo=//')
	for kind in folder fifo link socket; do
		rm -rf "$T/peace" "$T/elsewhere" "${STORE:?}"/blobs "$STORE"/objects "$STORE"/owners "$STORE"/trash
		for key in $(keys_after_push blobs) $(cd "$T/peace" && find objects -type f); do
			put_foreign $kind "$STORE/$key"
		done
		for oid in $(git lfs ls-files -l | cut -d' ' -f1); do
			put_foreign $kind "$STORE/owners/$repo/$oid"
		done
		git push -q --force origin HEAD:main
		git lfs push --all origin
		git zllm verify --all
		git zllm fsck
		expect_clone
		[ "$(find "$STORE/trash" -name '*@*' | wc -l)" -ge 5 ]
	done
}

@test "a folder, FIFO, link or socket in the place of a marker is moved to trash/ too, and hints work" {
	folder_only 'a bucket has plain values only'
	local key kind keys
	make_repo r
	make_model base.safetensors
	commit 'A base'
	git push -q
	keys=$(cd "$STORE" && find names bases -type f)
	[ "$(grep -c ^names/ <<<"$keys")" -ge 1 ]
	[ "$(grep -c ^bases/ <<<"$keys")" -ge 4 ]
	for kind in folder fifo link socket; do
		rm -rf "${STORE:?}"/blobs "$STORE"/objects "$STORE"/trash "$STORE"/names "$STORE"/bases
		for key in $keys; do
			put_foreign $kind "$STORE/$key"
		done
		run -0 git lfs push --all origin
		run -0 git zllm fsck --markers
		for key in $keys; do
			[ -f "$STORE/$key" ] || { echo "$kind: $key"; ls -ld "$STORE/$key"; false; }
			[ ! -L "$STORE/$key" ]
			[ ! -s "$STORE/$key" ]
		done
		[ "$(find "$STORE/trash" -name 'names-*@*' | wc -l)" -ge 1 ]
		[ "$(find "$STORE/trash" -name 'bases-*@*' | wc -l)" -ge 4 ]
		run -0 git zllm fsck
		expect_clone
	done
}

@test "a folder of the store that is not a folder is named, and the push fails or does without" {
	folder_only 'a bucket has no folders'
	local where kind
	two_files
	for where in blobs objects owners tmp; do
		for kind in fifo link socket; do
			rm -rf "$T/kept"
			mv "$STORE/$where" "$T/kept" 2>/dev/null || mkdir "$T/kept"
			put_foreign $kind "$STORE/$where"
			run timeout 60 git push origin HEAD:main
			[ "$status" -ne 0 ]
			[ "$status" -ne 124 ]
			says "$where is"
			[ $kind = link ] || says "$where is not a folder: move it away"
			rm "$STORE/$where"
			mv "$T/kept" "$STORE/$where"
		done
	done
	git push -q
	expect_clone
}

@test "something foreign in the place of zllm.json is named, and the push fails" {
	folder_only 'a bucket has plain values only'
	local kind
	two_files
	for kind in folder fifo link; do
		rm -rf "$STORE/zllm.json"
		put_foreign $kind "$STORE/zllm.json"
		run git push origin HEAD:main
		[ "$status" -ne 0 ]
		says "$STORE"
		run git zllm init "$STORE"
		[ "$status" -ne 0 ]
		says zllm.json
	done
}

@test "verify, status and the hook see a record or manifest that was cut; a push mends it" {
	folder_only 'the test cuts files'
	two_files
	git push -q
	local key how
	for how in 0 40 -1; do
		for key in $(cd "$STORE" && find blobs objects -type f); do
			chmod u+w "$STORE/$key"
			truncate -s "$how" "$STORE/$key"
			run git zllm verify --all
			[ "$status" -eq 1 ]
			says "$(basename "$key")"
			run git zllm status
			says 'damaged in the store'
			git commit -q --allow-empty -m 'Another'
			run git -c zllm.unused=1 push --no-verify origin HEAD:other
			run git zllm hook pre-push origin "$T/r.git" <<<"refs/heads/main $(git rev-parse HEAD) refs/heads/new $(git rev-parse HEAD | tr '0-9a-f' 0)"
			[ "$status" -ne 0 ]
			says 'not whole'
			git lfs push --all origin
			git zllm verify --all
			git zllm fsck
			expect_clone
		done
	done
	[ "$(find "$STORE/trash" -type f | wc -l)" -ge 9 ]
}

# A first mender waits before it moves the manifest, and dies as soon as it has; a second
# mends in between.
@test "of two who mend a manifest the one that dies takes nothing from what was complete" {
	folder_only 'the test stands between system calls'
	two_files
	git push -q
	local oid m first
	oid=$(sha256sum small.bin | cut -d' ' -f1)
	m=$STORE/objects/${oid:0:2}/$oid
	chmod u+w "$m"
	printf X | dd of="$m" bs=1 seek=90 conv=notrunc status=none
	cat >"$T/slow.c" <<-'C'
		#define _GNU_SOURCE
		#include <dlfcn.h>
		#include <fcntl.h>
		#include <signal.h>
		#include <stdio.h>
		#include <stdlib.h>
		#include <string.h>
		#include <unistd.h>
		int renameat2(int d, const char *p, int e, const char *q, unsigned f)
		{
			int (*real)(int, const char *, int, const char *, unsigned) = dlsym(RTLD_NEXT, "renameat2");
			char fd[64], folder[4096] = "";
			snprintf(fd, sizeof(fd), "/proc/self/fd/%d", d);
			if (readlink(fd, folder, sizeof(folder) - 1) < 0 || !strstr(folder, "/objects/"))
				return real(d, p, e, q, f);
			close(open(getenv("AT"), O_WRONLY));
			close(open(getenv("GO"), O_RDONLY));
			real(d, p, e, q, f);
			kill(getpid(), SIGKILL);
			return -1;
		}
	C
	gcc -shared -fPIC -o "$T/slow.so" "$T/slow.c" -ldl
	mkfifo "$T/at" "$T/go"
	printf '%s\n' '{"event":"init","operation":"upload","remote":"origin","concurrent":false,"concurrenttransfers":1}' \
		"{\"event\":\"upload\",\"oid\":\"$oid\",\"size\":3000,\"path\":\"$PWD/small.bin\",\"action\":null}" \
		'{"event":"terminate"}' >"$T/say"
	AT=$T/at GO=$T/go LD_PRELOAD=$T/slow.so git-zllm agent <"$T/say" >"$T/first" 2>&1 &
	first=$!
	timeout 60 cat "$T/at" # until the first is there
	git-zllm agent <"$T/say" | grep '"complete"'
	git zllm verify --all
	: >"$T/go"
	local code=0
	wait "$first" || code=$?
	[ "$code" -eq 137 ]
	[ ! -e "$m" ] # the first did move the good one, and died
	git zllm verify --all
	expect_clone
	git lfs push --all origin
	[ -f "$m" ]
}
