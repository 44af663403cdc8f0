#!/bin/sh
# Only agent/report/report.c prints; agent/session/lfs_session.c writes to git-lfs, and
# agent/annex/annex_talk.c to git-annex.
set -eu
. tests/lint/sources.sh
# shellcheck disable=SC2046
found=$(grep -nE '\b(v?f?printf|v?dprintf|f?puts|f?putc|putchar|perror|fwrite)[[:space:]]*\(' $(c_files) |
	grep -vE '^(tests/|agent/report/report\.c:|agent/session/lfs_session\.c:|agent/annex/annex_talk\.c:)' || :)
[ -z "$found" ] || {
	echo "only agent/report/report.c prints:"
	printf '%s\n' "$found"
	exit 1
}
