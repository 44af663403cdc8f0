#!/bin/sh
# Runs every check of this folder, or those named: prints "ok lint: NAME" for each,
# and what is wrong in full. `make lint` also prints the ten longest functions.
set -u
cd "$(dirname "$0")/../.." || exit 2

all='format rooms libraries headers lengths prints docs shell cppcheck tidy'
failed=0
# shellcheck disable=SC2086  # a list of words
[ $# -gt 0 ] || set -- $all
# All beside each other: most keep one CPU busy. What each says comes in their order.
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
for check; do
	{
		sh "tests/lint/$check.sh" >"$said/$check" 2>&1
		echo $? >"$said/$check.status"
	} &
done
wait
for check; do
	words=$(cat "$said/$check")
	if [ "$(cat "$said/$check.status")" = 0 ]; then
		echo "ok lint: $check"
		[ -z "$words" ] || [ -n "${LINT_QUIET:-}" ] || printf '%s\n' "$words" | sed 's/^/    /'
	else
		echo "not ok lint: $check"
		printf '%s\n' "$words" | sed 's/^/    /'
		failed=1
	fi
done
exit $failed
