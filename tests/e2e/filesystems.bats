#!/usr/bin/env bats
# Stores on odd file systems, as odd_filesystem.c plays them: unions, shares of Windows,
# WebDAV, FUSE, encrypted shares. A push works where that is safe, fails in words where it
# is not, and doctor says what the file system does not do.

load helpers

# odd WORDS [COMMAND...]: the command where the store's file system is like that.
odd() {
	local shim=$BATS_FILE_TMPDIR/odd_filesystem.so
	folder_only 'a bucket has no file system'
	[ -e "$shim" ] || cc -shared -fPIC -O1 -o "$shim" "$E2E/odd_filesystem.c" -ldl
	ODD=$1 ODD_ROOT=$STORE LD_PRELOAD=$shim "${@:2}"
}

# works WORDS: init, push, doctor and a clone there.
works() {
	rm -rf "$STORE" "$T"/r "$T"/r.git
	plain_repo r
	cd "$T/r" || return 1
	odd "$1" git zllm init "$STORE" '*.safetensors' '*.bin' >/dev/null
	make_model model.safetensors
	noise small.bin 9000
	noise large.bin 3000000
	commit 'A model'
	odd "$1" git push -q origin main
	finetune model.safetensors model.safetensors
	commit 'A fine-tune'
	odd "$1" git push -q origin main
	[ -z "$(ls -A "$STORE/tmp")" ]
	[ -z "$(find "$STORE" -name '.*' -mindepth 1)" ]
	run -0 git zllm fsck
	clone_and_compare
	closed_lfs
	run odd "$1" git zllm doctor
	[ "$status" -eq 0 ]
}

# fails_in_words WORDS TEXT: nothing is stored, and the next push on a sane one works.
fails_in_words() {
	make_repo r
	noise large.bin 3000000
	commit 'A file'
	run odd "$1" git push -q origin main
	[ "$status" -ne 0 ]
	says "$2"
	[ "$(store_count objects/)" -eq 0 ]
	git push -q origin main
	clone_and_compare
	rm -rf "$STORE" "$T"/r*
}

@test "link that fails in any way: a rename takes its place" {
	local error
	for error in EXDEV EIO EACCES EPERM ENOTSUP EMLINK ENOSYS; do
		works "linkat=$error"
	done
}

@test "link and exclusive rename that fail in any way" {
	works linkat=EPERM,renameat2=EINVAL
	works linkat=EIO,renameat2=EIO
	works linkat=EXDEV,renameat2=EXDEV
	works linkat=EACCES,renameat2=ENOSYS
}

@test "a union, where tmp/ is on another disk than the key" {
	works union
	says_not 'the file system'
	works union,linkat=EPERM
	works union,linkat=EIO,renameat2=EINVAL
}

@test "chmod that fails: it goes on, and doctor says so" {
	local error
	umask 077 # of the store: so that there is something to give
	for error in EACCES EPERM EINTR EINVAL ENOTSUP; do
		rm -rf "$STORE" "$T"/r "$T"/r.git
		mkdir -m 755 "$STORE"
		plain_repo r
		cd "$T/r"
		odd "fchmod=$error" git zllm init "$STORE" '*.bin' >/dev/null
		noise large.bin 3000000
		commit 'A file'
		odd "fchmod=$error" git push -q origin main
		clone_and_compare
		run odd "fchmod=$error" git zllm doctor
		says 'the file system does not store modes'
	done
}

@test "fsync of folders that fails: the whole file system is synced" {
	works fsyncfolder=EIO
	works fsyncfolder=EINVAL
	says_not 'the file system'
	works fsyncfolder=EACCES
	works fsyncfolder=EINVAL,syncfs=ENOSYS
	says 'cannot make names durable'
}

@test "fsync of files that there is none of: likewise; doctor says what is not promised" {
	works fsyncfile=ENOTSUP
	says_not 'the file system'
	works fsyncfile=EINVAL,fsyncfolder=EINVAL,syncfs=ENOSYS
	says 'cannot make files durable' 'cannot make names durable' 'git zllm fsck'
}

@test "fsync that says the disk failed is an error, whatever syncfs says" {
	fails_in_words fsyncfile=EIO 'input/output error'
	fails_in_words fsyncfile=ENOSPC 'no space left'
	fails_in_words fsyncfile=EINVAL,syncfs=EIO 'input/output error'
	fails_in_words fsyncfolder=EIO,syncfs=EIO 'input/output error'
}

@test "every other call is interrupted" {
	works interrupted
	works interrupted,linkat=EPERM
	works interrupted,union
}

@test "names that end at 143, 110 and 80 bytes: fewer bases, one, none; and doctor says it" {
	local max bases
	for max in 143 110 80; do
		rm -rf "$STORE" "$T"/r "$T"/r.git
		plain_repo r
		cd "$T/r"
		odd "names=$max" git zllm init "$STORE" '*.safetensors' >/dev/null
		make_model model.safetensors
		commit 'q, k and v'
		odd "names=$max" git push -q origin main
		model fuse model.safetensors model.safetensors 7
		commit 'fused'
		odd "names=$max" git push -q origin main
		bases=$(store_keys blobs/ | sed 's/[^~]//g' | sort | tail -n 1)
		case $max in
		143) [ "$bases" = '~~' ] ;;
		110) [ "$bases" = '~' ] ;;
		80) [ -z "$bases" ] ;;
		esac
		run -0 git zllm fsck
		clone_and_compare
		run -0 odd "names=$max" git zllm doctor
		says 'names end before' 'take 255 bytes'
	done
}
