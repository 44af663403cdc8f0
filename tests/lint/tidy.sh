#!/bin/sh
# clang-tidy on the program, with .clang-tidy; for_analyzer.h tells the analyzer what
# err_set() gives back. exceptions.txt holds what is wrong with clang-tidy itself.
set -u
. tests/lint/sources.sh
flags=$(compile_flags)
out=$(mktemp)
bad=$(mktemp)
trap 'rm -f "$out" "$bad"' EXIT

# for_analyzer.h would change the definitions in err.c.
c_files | grep -v '^tests/\|^codec/common/err\.c$' |
	xargs -P2 -n1 sh -c "clang-tidy --quiet \"\$1\" -- $flags -include tests/lint/for_analyzer.h 2>/dev/null" sh >"$out"
sed "s|^$PWD/||" "$out" | grep -E '^[^ ]+:[0-9]+:[0-9]+: (error|warning):' | sort -u |
	while IFS= read -r line; do
		file=${line%%:*}
		check=$(printf '%s\n' "$line" | sed 's/.*\[\([^],]*\).*\]$/\1/')
		excepted tidy "$file" "$check" || printf '%s\n' "$line"
	done >"$bad"
cat "$bad"
[ ! -s "$bad" ]
