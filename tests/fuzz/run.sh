#!/bin/sh
# Every fuzz target for so many seconds, two at a time: run.sh [SECONDS [TARGET...]].
# Begins with the kept corpus and what earlier runs found (build/fuzz/found); an input
# that breaks a target is kept there too, and belongs into tests/fuzz/corpus.
# Prints TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
seconds=${1:-60}
[ $# -eq 0 ] || shift
# shellcheck disable=SC2046  # a list of words
[ $# -gt 0 ] || set -- $(find tests/fuzz -name 'fuzz_*.c' | sed 's|.*/fuzz_||; s|\.c$||' | sort)

log=$(mktemp)
trap 'rm -f "$log"' EXIT
make -j2 FLAVOUR=fuzz fuzz-binaries >"$log" 2>&1 || {
	cat "$log"
	exit 2
}
echo "1..$#"
for target; do echo "$target"; done | nl | xargs -P2 -n2 sh -c '
	found=build/fuzz/found/$2
	mkdir -p "$found"
	if build/fuzz/fuzz_$2 -max_total_time=$0 -timeout=25 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$found/" "$found" "tests/fuzz/corpus/$2" >"$found.log" 2>&1 </dev/null; then
		echo "ok $1 - $2: $(sed -n "s/^stat::number_of_executed_units: *//p" "$found.log") inputs"
	else
		{ echo "not ok $1 - $2"; tail -n 60 "$found.log" | sed "s/^/# /"; } >"$found.tap"
		cat "$found.tap"
		exit 1
	fi' "$seconds"
