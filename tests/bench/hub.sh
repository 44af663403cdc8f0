#!/bin/sh
# A hub's worth of models into a store, by 1, 2 and 4 workers that share the work, one of
# them killed on the way and run again. Everything must come back identical, what is kept be
# within 2 % of one worker's, and the speed-up is printed.
#
#   hub.sh [MODELS [FAMILIES [BYTES [STORE]]]]     default: 2000 40 10000000, a folder
#
# STORE is what a store's name begins with (s3://bucket/hub): `-1`, `-2` and `-4` are added;
# stores in a bucket stay there. `ceph` or `light`: a server of tests/s3 is started for it. BYTES is a model's. ZLLM_HUB=DIR: where the models are made,
# and are left; ZLLM_WORKERS="1 4": other numbers of workers.
set -eu
models=${1:-2000} families=${2:-40} bytes=${3:-10000000}
here=$(cd "$(dirname "$0")" && pwd)
PATH=$here/../../build:$PATH
case ${4:-} in
ceph | light)
	# shellcheck disable=SC2016  # expanded by that shell
	exec sh "$here/../s3/with_server.sh" "$4" sh -c 'AWS_ENDPOINT_URL=$S3_ENDPOINT exec sh "$0" "$1" "$2" "$3" "s3://$S3_BUCKET/hub"' \
		"$here/hub.sh" "$models" "$families" "$bytes"
	;;
esac
work=$(mktemp -d "${TMPDIR:-/tmp}/hub.XXXXXX")
trap 'chmod -R u+w "$work" 2>/dev/null; rm -rf "$work"' EXIT
store=${4:-$work/store}
hub=${ZLLM_HUB:-$work/hub}
export XDG_CACHE_HOME="$work/cache"

seconds() { date +%s.%N; }
# field NAME FILE...: the sum of that number in the JSON of all workers.
field() {
	name=$1
	shift
	cat "$@" | grep -oE "\"$name\": ?[0-9]+" | awk -F: '{ sum += $2 } END { printf "%d", sum }'
}

if [ ! -e "$hub" ]; then
	/usr/bin/python3 "$here/hub.py" "$hub" "$models" "$families" "$bytes"
fi
total=$(du -sb --apparent-size "$hub" | cut -f1)
echo "hub: $models models of $families families, $((total / 1000000)) MB"

# work WORKERS: all parts at once; the second is killed when the first objects are there.
work() {
	n=$1
	into=$store-$n
	[ "$n" -eq 1 ] || killed="$work/killed"
	begin=$(seconds)
	k=0
	while [ $((k += 1)) -le "$n" ]; do
		if [ "$k" -eq 2 ]; then
			{
				git-zllm import --json --part "$k/$n" --store "$into" "$hub" >"$killed" 2>&1 &
				victim=$!
				sleep "$(awk "BEGIN { print $one / $n / 3 }")"
				kill -9 "$victim" 2>/dev/null || echo "(it had ended before it was killed)"
				wait "$victim" || :
				git-zllm import --json --part "$k/$n" --store "$into" "$hub" >"$work/out-$k"
			} &
		else
			git-zllm import --json --part "$k/$n" --store "$into" "$hub" >"$work/out-$k" &
		fi
	done
	wait
	took=$(awk "BEGIN { print $(seconds) - $begin }")
	[ "$(field failed "$work"/out-*)" -eq 0 ]
	rm "$work"/out-*
}

# kept STORE: bytes of all records.
kept() {
	git-zllm gc --dry-run --no-recompact --json "$1" 2>/dev/null |
		sed 's/.*"records":{"kept":{"count":[0-9]*,"bytes":\([0-9]*\)}.*/\1/'
}

# identical STORE: each model comes back as it is.
identical() {
	for model in "$hub"/*/; do
		model=${model%/}
		git-zllm export --json --store "$1" --name "$(basename "$hub")/${model##*/}" "$work/back" >/dev/null
		diff -r "$model" "$work/back"
		rm -rf "$work/back"
	done
}

for workers in ${ZLLM_WORKERS:-1 2 4}; do
	one=${one:-1}
	work "$workers"
	[ "$workers" -ne 1 ] || one=$took
	size=$(kept "$store-$workers")
	: "${first:=$size}"
	echo "$workers workers: $took s, $(awk "BEGIN { printf \"%.2f\", $one / $took }") times as fast, kept $((size / 1000)) kB, $(awk "BEGIN { printf \"%.2f\", 100 * $size / $total }") % of the models"
	[ $((size * 100)) -le $((first * 102)) ] || { echo "more than 2 % above one worker's"; exit 1; }
	identical "$store-$workers"
	echo "  all $models models are identical"
done
