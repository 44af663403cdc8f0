#!/bin/sh
# .c files are as clang-format makes them. (Headers have columns that it would not keep.)
set -eu
. tests/lint/sources.sh
# shellcheck disable=SC2046  # a list of words
wrong=$(clang-format --dry-run --style=file $(c_files) 2>&1 | sed -n 's/^\([^:]*\):[0-9].*/\1/p' | sort -u)
[ -z "$wrong" ] || {
	echo "run 'clang-format -i --style=file' on:"
	printf '%s\n' "$wrong"
	exit 1
}
