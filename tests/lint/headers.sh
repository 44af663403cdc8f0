#!/bin/sh
# Every header compiles alone, with gcc and with clang. Of one that is the first thing its
# .c file includes, each build by gcc and by clang says so already.
set -u
. tests/lint/sources.sh
flags=$(compile_flags)
failed=0

# built_first HEADER: whether the .c file of that name includes it before anything else.
built_first() {
	case $1 in tests/*) return 1 ;; esac
	grep -m1 '^#' "${1%.h}.c" 2>/dev/null | grep -qxF "#include \"$1\""
}

for header in $(h_files); do
	[ "$header" != tests/lint/for_analyzer.h ] || continue
	built_first "$header" && continue
	for compiler in gcc clang; do
		# shellcheck disable=SC2086  # a list of words
		eval "$compiler $flags -Wall -Wextra -Werror -fsyntax-only -x c - " <<-END || {
			#include "$header"
			struct nothing_else;
		END
			echo "$header does not compile alone with $compiler"
			failed=1
		}
	done
done
exit $failed
