#!/bin/sh
# What `make check` runs: builds, lint, unit tests under sanitizers, fuzz targets,
# the second reader, and everything end to end. Says how long each took, prints
# what fails in full, and ends with "N passed, N failed, N skipped".
#
#   check.sh [PHASE...]      some phases only: build lint unit models threads corpora fuzz
#                            quick (what `make check-fast` runs: a minute's look)
#                            cross reader chaos sanitized-e2e others (these and models)
#                            e2e s3 swift buckets (s3 and swift at once) e2e-buckets (they
#                            and e2e); and what takes longer: kill-points: all of them;
#                            s3-e2e, swift-e2e: everything on each
#                            server, chaos-long: a thousand rounds (CHAOS_SEED=1)
#   FUZZ_SECONDS=4           for each fuzz target
#   ZLLM_DATA=DIR            trained models; ../shared/data is unpacked where it is there
set -u
cd "$(dirname "$0")/.." || exit 2
results=$PWD/build/check
rm -rf "$results"
mkdir -p "$results"
: >"$results/list"
ci=${CI:-}
export LC_ALL=C CI=true ZLLM_TEST_MODELS="$results/models"

count() {
	grep -c "^$1 " "$results/list"
}

# One thing that is no TAP: note passed|failed|skipped NAME
note() {
	echo "$1 $2" >>"$results/list"
}

# phase NAME: runs the function of that name, with its time and its score.
phase() {
	begin=$(date +%s)
	passed=$(count passed) failed=$(count failed) skipped=$(count skipped)
	"phase_$(printf %s "$1" | tr - _)"
	printf '%-14s %4d s  %4d passed, %d failed, %d skipped\n' "$1" $(($(date +%s) - begin)) \
		$(($(count passed) - passed)) $(($(count failed) - failed)) $(($(count skipped) - skipped))
}

# must NAME COMMAND...: passes when the command does; else its output is shown.
must() {
	what=$1
	shift
	if "$@" >"$results/must.log" 2>&1; then
		note passed "$what"
	else
		note failed "$what"
		echo "--- $what"
		grep -vE '^  (CC|AR|LD) ' "$results/must.log" | tail -n 60
		return 1
	fi
}

# quick_folder: where tests have their files: in memory, where there is room. Thousands
# of small files that come and go are what a disk's file system is slow at.
quick_folder() {
	room=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')
	free=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
	if [ "${room:-0}" -gt 6000000 ] && [ "${free:-0}" -gt 8000000 ]; then
		echo /dev/shm
	else
		echo "${TMPDIR:-/tmp}"
	fi
}

# tap_each [N]: runs each line "NAME COMMAND..." of standard input, two (N) at a time.
tap_each() {
	TMPDIR=$(quick_folder) xargs "-P${1:-2}" -I{} sh -c "sh tests/run_tap.sh '$results' {}" || :
}

# ---------------------------------------------------------------- phases

phase_build() {
	must 'build: gcc' make -j2 build/git-zllm || return
	# clang's warnings, in the flavour that the fuzz targets have their library of.
	must 'build: clang' make -j2 FLAVOUR=fuzz build/fuzz/git-zllm
}

phase_lint() {
	TIDY_NODES=25000 LINT_QUIET=1 sh tests/lint/lint.sh >"$results/lint.log" 2>&1
	sed -n 's/^ok lint: /passed lint: /p; s/^not ok lint: /failed lint: /p' "$results/lint.log" >>"$results/list"
	grep -v '^ok ' "$results/lint.log"
}

# unit_lines BINARY...: what tap_each is given to run them, those first that take longest.
unit_lines() {
	for binary; do
		case $binary in
		*/test_transfer | */test_mend | */test_recompact_faults | */test_npz | */test_store_copy | */test_fsck) rank=1 ;;
		*/test_fsck_* | */test_prune_orders | */test_record_judge | */test_gc_faults | */test_avx512) rank=2 ;;
		*/test_look_ahead | */test_requests | */test_bundle | */test_gc_* | */test_base_series) rank=2 ;;
		*) rank=3 ;;
		esac
		echo "$rank $binary env CMOCKA_MESSAGE_OUTPUT=TAP $binary"
	done | sort | cut -d' ' -f2-
}

phase_unit() {
	must 'build: asan' make -j2 FLAVOUR=asan unit-binaries corpus-binaries build/asan/git-zllm || return
	# shellcheck disable=SC2046  # a list of words
	unit_lines $(find build/asan -maxdepth 1 -name 'test_*' -type f | sort) | tap_each
}

# What a minute has time for, in one build: the rules that need no analyzer, the unit
# tests without those that take seconds, and the protocol from end to end.
phase_quick() {
	must 'build: gcc' make -j2 build/git-zllm unit-binaries || return
	for rule in format rooms libraries lengths prints docs; do
		must "lint: $rule" sh "tests/lint/$rule.sh"
	done
	slow='transfer|mend|record_judge|false_manifest|swapped_record|gc_faults|npz|store_copy|s3_client|look_ahead|store_s3_parts|requests|ulp|base_series|recompact_faults|fsck|fsck_rot|fsck_hostile|prune_orders|gc_hostile'
	# shellcheck disable=SC2046  # a list of words
	{
		printf 'e2e/%s bats --tap tests/e2e/%s.bats\n' agent agent dedup dedup
		unit_lines $(find build -maxdepth 1 -name 'test_*' -type f -perm -u+x |
			grep -vE "/test_($slow)\$" | sort)
	} | tap_each
}

# Those whose code runs on several threads.
# (test_base_series pushes fifty versions one after another; test_mend, test_record_judge,
# test_false_manifest and test_swapped_record fail hundreds of transfers in turn, and
# test_base_choice chooses 130 times: on the threads of the others. test_npz has no pool.)
phase_threads() {
	wanted=$(grep -lE '"(codec/common/pool|index/work/lanes|index/blob/transfer|index/model/(model_scan|extents_hash)|index/store/store)\.h"' \
		tests/unit/test_*.c | grep -vE 'test_(base_series|mend|record_judge|false_manifest|swapped_record|base_choice|npz)' | sed 's|tests/unit/\(.*\)\.c|build/tsan/\1|')
	# shellcheck disable=SC2086
	must 'build: tsan' make -j2 FLAVOUR=tsan $wanted || return
	# shellcheck disable=SC2086
	unit_lines $wanted | tap_each
}

phase_corpora() {
	for binary in build/asan/corpus_*; do
		[ -x "$binary" ] || continue
		name=${binary##*/corpus_}
		must "corpus: $name" find "tests/fuzz/corpus/$name" -type f -exec "$binary" {} +
	done
}

phase_fuzz() {
	sh tests/run_tap.sh "$results" fuzz sh tests/fuzz/run.sh "${FUZZ_SECONDS:-4}" || :
}

phase_cross() {
	echo 'cross sh tests/cross/run.sh' | tap_each
}

# What the store's argument rests on, and that each of its rules is needed.
phase_models() {
	echo "models sh tests/models/run.sh" | tap_each
}

phase_reader() {
	echo "reader sh tests/reader/test_reader.sh" | tap_each
}

# The longest first, so that all end together.
phase_e2e() {
	{
		printf 'tests/e2e/%s.bats\n' crash annex relation markers family base corpus matrix card status shapes
		find tests/e2e -name '*.bats' ! -name 's3*' | sort
	} | awk '!seen[$0]++' | sed 's|.*/\(.*\)\.bats|e2e/\1 bats --tap &|' | tap_each
}

# Some of it again, the program being built with ASan and UBSan. What they say of an
# agent nobody reads, so it goes to files.
sanitized_lines() {
	mkdir -p "$results/sanitizers"
	for file in agent failures hooks; do
		echo "asan/$file env ASAN_OPTIONS=log_path=$results/sanitizers/asan" \
			"UBSAN_OPTIONS=log_path=$results/sanitizers/ubsan" \
			"ZLLM_BIN=$PWD/build/asan bats --tap tests/e2e/$file.bats"
	done
}

sanitizers_are_silent() {
	must 'sanitizers have nothing to say of the agents' \
		sh -c "! find '$results/sanitizers' -type f -exec cat {} + | grep ."
}

phase_sanitized_e2e() {
	[ -x build/asan/git-zllm ] || must 'build: asan' make -j2 FLAVOUR=asan build/asan/git-zllm || return
	sanitized_lines | tap_each
	sanitizers_are_silent
}

# The files of tests/e2e with tests about a store, those that take longest first;
# those that kill the server's daemons are not among them.
bucket_files='s3_faults s3 s3_gateway shapes base status verify init commands matrix crash failures corpus markers card family hooks dedup
	agent ahead annex import copy doctor diff family_tree hintless relation twins'

# bucket_lines TAG FILE...: what run_tap.sh is given to run those of each file's tests
# that have the tag; all of them where there is no tag.
bucket_lines() {
	tag=$1
	shift
	for file; do
		path=tests/e2e/$file.bats
		[ -z "$tag" ] || grep -qE "^# bats (test|file)_tags=.*\\<$tag\\>" "$path" || continue
		echo "$server/$file env ZLLM_TEST_STORE=s3 ZLLM_TEST_SHARE=$share bats --tap" \
			"${tag:+--filter-tags $tag}" "$path"
	done
}

# on_bucket SERVER [TAG]: the tests that have the tag, or all, with a bucket for a
# store, two files at a time; then those that kill daemons, alone. A server that
# cannot run here is a reason to skip, but not where everything must be there: in CI.
on_bucket() {
	server=$1
	why=$(sh tests/s3/with_server.sh reason "$server")
	if [ -n "$why" ]; then
		if [ "$ci" = true ]; then note failed "$server: $why"; else note skipped "$server: $why"; fi
		return
	fi
	# shellcheck disable=SC2086  # a list of words
	bucket_lines "${2:-}" $bucket_files >"$results/$server.two"
	if [ "${2:-}" = bucket ] && [ -x build/chaos ]; then
		echo "$server/chaos sh tests/chaos/run.sh bucket 6 4" >>"$results/$server.two"
	fi
	if [ "${2:-}" = bucket ] && [ -x build/points ]; then
		echo "$server/points sh tests/points/run.sh bucket -e 40 -n 1 -l 4 -w when" >>"$results/$server.two"
	fi
	bucket_lines "${2:-}" s3_kills >"$results/$server.one"
	# shellcheck disable=SC2016  # expanded by that shell
	sh tests/s3/with_server.sh "$server" sh -c '
		export TMPDIR=$3
		xargs -P2 -I{} sh -c "sh tests/run_tap.sh $1 {}" <"$1/$2.two"
		xargs -P1 -I{} sh -c "sh tests/run_tap.sh $1 {}" <"$1/$2.one"
		exit 0' on_bucket "$results" "$server" "$(quick_folder)" >"$results/$server.out" 2>&1
	status=$?
	cat "$results/$server.out"
	[ $status -ne 76 ] || note failed "$server: did not start"
}

# What `make check` has time for: those tests that are marked so, as
# "# bats test_tags=bucket", and a tenth of what is tried a thousand times in a folder.
phase_s3() {
	share=10
	on_bucket ceph bucket
}

phase_swift() {
	share=10
	on_bucket swift swift
}

# Both beside each other: whoever talks to a server waits most of the time.
phase_buckets() {
	phase_s3 >"$results/s3.phase" 2>&1 &
	phase_swift >"$results/swift.phase" 2>&1 &
	wait
	cat "$results/s3.phase" "$results/swift.phase"
}

# What has a server for a store waits for it half of the time, in which the folder's
# tests may run.
phase_e2e_buckets() {
	phase_buckets >"$results/buckets.phase" 2>&1 &
	phase_e2e
	wait
	cat "$results/buckets.phase"
}

# Everything at once on one store, killed where it may be; and the same for long.
phase_chaos() {
	must 'build: chaos' make -j2 build/chaos || return
	echo 'chaos/folder sh tests/chaos/run.sh folder 40' | tap_each
}

# What keeps one CPU busy at a time, or waits for ages to pass (chaos): in one queue, so
# that no CPU is idle while the longest of a few ends.
phase_others() {
	must 'build: chaos' make -j2 build/chaos build/points || return
	[ -x build/asan/git-zllm ] || must 'build: asan' make -j2 FLAVOUR=asan build/asan/git-zllm || return
	{
		printf '%s\n' 'models sh tests/models/run.sh' 'chaos/folder sh tests/chaos/run.sh folder 40' \
			'points/folder sh tests/points/run.sh folder -e 17 -l 4' \
			'reader sh tests/reader/test_reader.sh' 'cross sh tests/cross/run.sh'
		sanitized_lines
	} | tap_each 3
	sanitizers_are_silent
}

# Commands that fail and die at every point: nothing is lost, and they complete.
phase_kill_points() {
	must 'build: points' make -j2 build/points || return
	echo 'points/folder sh tests/points/run.sh folder' | TAP_SECONDS=7200 tap_each
	TMPDIR=$(quick_folder) TAP_SECONDS=14400 sh tests/s3/with_server.sh light sh tests/run_tap.sh "$results" points/bucket \
		sh tests/points/run.sh bucket -l 10 || note failed 'points: bucket'
}

phase_chaos_long() {
	must 'build: chaos' make -j2 build/chaos || return
	echo 'chaos/folder sh tests/chaos/run.sh folder 1000 2 '"${CHAOS_SEED:-1}" | TAP_SECONDS=7200 tap_each
	for server in ceph swift; do
		TAP_SECONDS=7200 sh tests/s3/with_server.sh $server sh tests/run_tap.sh "$results" "chaos/$server" \
			sh tests/chaos/run.sh bucket 100 4 "${CHAOS_SEED:-1}" || note failed "chaos: $server"
	done
}

phase_s3_e2e() {
	share=100
	on_bucket ceph
}

phase_swift_e2e() {
	share=100
	on_bucket swift
}

# Trained models and the conformance corpus, where they can be had.
prepare_data() {
	shared=$PWD/../shared/data
	[ -z "${ZLLM_DATA:-}" ] && [ -f "$shared/models.py" ] || return 0
	ZLLM_DATA=$PWD/build/data
	export ZLLM_DATA
	mkdir -p "$ZLLM_DATA"
	/usr/bin/python3 "$shared/models.py" unpack "$ZLLM_DATA" >"$results/data.log" 2>&1 &&
		{ [ -d "$ZLLM_DATA/single" ] || tar -xJf "$shared/conformance.tar.xz" -C "$ZLLM_DATA"; } || {
		echo "check: $shared cannot be unpacked:"
		tail -n 5 "$results/data.log"
	}
}

# ---------------------------------------------------------------- all of it

begin_all=$(date +%s)
[ "$*" = quick ] || prepare_data
[ $# -gt 0 ] || set -- build lint unit threads corpora fuzz others e2e-buckets
for name; do
	phase "$name"
done
printf '%-14s %4d s\n' 'in all' $(($(date +%s) - begin_all))
sed -n 's/^inapplicable /not applicable: /p' "$results/list"
sed -n 's/^skipped /skipped: /p' "$results/list"
sed -n 's/^failed /FAILED: /p' "$results/list"
echo "$(count passed) passed, $(count failed) failed, $(count skipped) skipped"
[ "$(count failed)" -eq 0 ] && [ "$(count passed)" -gt 0 ]
