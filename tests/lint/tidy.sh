#!/bin/sh
# clang-tidy on the program, with .clang-tidy; for_analyzer.h tells the analyzer what
# err_set() gives back. exceptions.txt holds what is wrong with clang-tidy itself.
set -u
. tests/lint/sources.sh
# shellcheck disable=SC2016  # the inner shell expands
flags=$(compile_flags)
# TIDY_NODES=N: the analyzer gives a function up after so many steps. `make check` says
# 25000, which takes an eighth of the time; `make lint` leaves it at the analyzer's own.
if [ -n "${TIDY_NODES:-}" ]; then
	steps="--extra-arg=-Xclang --extra-arg=-analyzer-config"
	steps="$steps --extra-arg=-Xclang --extra-arg=max-nodes=$TIDY_NODES"
fi
out=$(mktemp)
bad=$(mktemp)
trap 'rm -f "$out" "$bad"' EXIT

# Several files a process spare its start; but then the analyzer forgets between them what
# va_start() is. for_analyzer.h would change the definitions in err.c.
c_files | grep -v '^tests/\|^codec/common/err\.c$' >"$bad"
# shellcheck disable=SC2046  # a list of paths without spaces
{
	grep -l 'va_list' $(cat "$bad")
	grep -L 'va_list' $(cat "$bad") | paste -sd '        \n'
} | xargs -P2 -L1 sh -c "clang-tidy --quiet ${steps:-} \"\$@\" -- $flags -include tests/lint/for_analyzer.h 2>/dev/null" sh >"$out"
sed "s|^$PWD/||" "$out" | grep -E '^[^ ]+:[0-9]+:[0-9]+: (error|warning):' | sort -u |
	while IFS= read -r line; do
		file=${line%%:*}
		check=$(printf '%s\n' "$line" | sed 's/.*\[\([^],]*\).*\]$/\1/')
		excepted tidy "$file" "$check" || printf '%s\n' "$line"
	done >"$bad"
cat "$bad"
[ ! -s "$bad" ]
