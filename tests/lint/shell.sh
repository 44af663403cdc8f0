#!/bin/sh
# Every shell script and the bats files please shellcheck, but for:
#   SC1091  sourced files are checked by themselves
#   SC2030, SC2031, SC2034, SC2154  bats runs each test in a subshell, and sets
#           $output, $status and others that shellcheck does not see
#   SC2015  "a && b || c" is meant so where b cannot fail
set -u
. tests/lint/sources.sh
failed=0
# shellcheck disable=SC2046
shellcheck -e SC1091,SC2015 $(sh_files | grep -v '\.bash$') || failed=1
shellcheck -s bash -e SC1091,SC2015,SC2034,SC2154,SC2016 tests/e2e/*.bash || failed=1
shellcheck -s bats -e SC1091,SC2015,SC2030,SC2031,SC2034,SC2154,SC2016 tests/e2e/*.bats || failed=1
exit $failed
