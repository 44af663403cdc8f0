#!/bin/sh
# Every header compiles alone, with gcc and with clang.
set -u
. tests/lint/sources.sh
flags=$(compile_flags)
failed=0
for header in $(h_files); do
	[ "$header" != tests/lint/for_analyzer.h ] || continue
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
