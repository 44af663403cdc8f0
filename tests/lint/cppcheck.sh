#!/bin/sh
# cppcheck on the program.
#   memleak    cppcheck 2.10 does not see ownership pass into a struct literal; ASan's
#              leak check runs in every unit test
#   uninitvar  it does not see that a callee fills one member after another; gcc,
#              clang and clang-tidy do
set -eu
cppcheck --enable=warning,performance,portability --error-exitcode=1 -q -j2 --std=c11 \
	--suppress=memleak --suppress=uninitvar --suppress=missingIncludeSystem \
	-I. -D_GNU_SOURCE -DZLLM_VERSION='"0"' agent index codec
