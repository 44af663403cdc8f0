#!/bin/sh
# The codecs on machines that this one is not: codec_cross.c is built here, for aarch64
# (run by qemu) and for 32-bit x86, and what it prints must be the same to the letter.
# Prints TAP. Without a cross compiler that is a skip or, with CI set, a failure.
#
# libzstd is not there for other machines, nor libcrypto: no_zstd_box.c stands in. xxhash.h
# needs no library. UBSan traps, which needs none either.
set -u
cd "$(dirname "$0")/../.." || exit 2
out=build/cross
mkdir -p "$out/include"
tests=0
failed=0

result() { # ok|not-ok NAME [REASON]
	tests=$((tests + 1))
	case $1 in
	ok) echo "ok $tests - $2" ;;
	skip) echo "ok $tests - $2 # SKIP $3" ;;
	*)
		echo "not ok $tests - $2"
		[ -z "${3:-}" ] || printf '%s\n' "$3" | head -n 20 | sed 's/^/# /'
		failed=1
		;;
	esac
}

absent() { # NAME REASON
	if [ -n "${CI:-}" ]; then
		result not-ok "$1" "$2"
	else
		result skip "$1" "$2"
	fi
}

# build MACHINE COMPILER, which may be several words: ccache gcc
build() {
	# shellcheck disable=SC2046,SC2086  # lists of words
	$2 -std=c11 -O2 -g -Wall -Wextra -Werror -static \
		-fsanitize=undefined -fsanitize-undefined-trap-on-error \
		-I. -isystem "$out/include" -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DXXH_INLINE_ALL \
		-o "$out/codec_cross.$1" tests/cross/*.c \
		$(find codec -name '*.c' | sort | grep -vE '/(zstd_box|digest|sha256|md5|hmac|pool)\.c$') -lm \
		>"$out/$1.log" 2>&1
}

# The golden lists but for what holds zstd frames.
golden_lines() {
	for folder in good bad; do
		grep -vE '^(zstd|bitx-[bfi]|parts-(columns|piece|fused)	)' "tests/golden/$folder/list.tsv" | sed "s/^/$folder /"
	done
}

# run NAME MACHINE PART [RUNNER...]: the part's lines are those of the first who ran it.
run() {
	name=$1 program=codec_cross.$2 part=$3
	shift 3
	lines=$out/$program.$part.lines
	golden_lines | "$@" "$out/$program" "$part" >"$lines" 2>"$lines.err"
	status=$?
	reference=$out/reference.lines
	[ "$part" = golden ] && reference=$out/reference.golden
	if [ $status -eq 77 ]; then
		result skip "$name" "this CPU has no such kernel"
	elif [ $status -ne 0 ]; then
		result not-ok "$name" "exit $status: $(grep WRONG "$lines"; tail -n 3 "$lines" "$lines.err")"
	elif [ ! -f "$reference" ]; then
		mv "$lines" "$reference"
		result ok "$name ($(wc -l <"$reference") cases)"
	elif cmp -s "$lines" "$reference"; then
		result ok "$name"
	else
		result not-ok "$name" "$(diff "$reference" "$lines")"
	fi
}

# machine NAME COMPILER RUNNER...: another machine's, as far as it can be had.
machine() {
	other=$1 compiler=$2
	shift 2
	if ! command -v "$compiler" >/dev/null 2>&1; then
		absent "$other" "there is no $compiler"
	elif ! build "$other" "$compiler"; then
		result not-ok "$other: it compiles" "$(cat "$out/$other.log")"
	elif ! command -v "$1" >/dev/null 2>&1; then
		absent "$other" "there is no $1"
	else
		run "$other: the portable kernel makes the same bytes" "$other" portable "$@"
		run "$other: golden records" "$other" golden "$@"
	fi
}

rm -f "$out"/*.lines "$out"/reference.*
cp "$(pkg-config --variable=includedir libxxhash)/xxhash.h" "$out/include/" || exit 2
if build native "${CC:-gcc}"; then
	run 'here: the portable kernel' native portable
	run 'here: golden records' native golden
	run 'here: avx2 makes the same bytes' native avx2
	run 'here: avx512 makes the same bytes' native avx512
else
	result not-ok 'here: it compiles' "$(cat "$out/native.log")"
fi
machine aarch64 aarch64-linux-gnu-gcc qemu-aarch64
# qemu also where the CPU could run it: the kernel may be built without 32-bit programs.
machine i686 i686-linux-gnu-gcc qemu-i386
echo "1..$tests"
exit $failed
