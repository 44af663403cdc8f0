# For tests about a bucket as such: a proxy with faults in front of the real server,
# and the server's own daemons.
#
# shellcheck shell=bash

# bucket_setup: a fresh user, a bucket, and short limits, so that what will never
# answer is given up soon. No test waits for time to pass.
bucket_setup() {
	e2e_setup
	bucket_only 'see tests/s3/with_server.sh'
	git config --global zllm.s3.timeout 60
	git config --global zllm.s3.stalltime 2
}

bucket_teardown() {
	stop_proxies
	e2e_teardown
}

# ---------------------------------------------------------------- proxies

# start_proxy NAME TARGET: T/NAME.rules, T/NAME.log and T/NAME.heads are its own;
# $PROXY is where it listens (tests/s3/fault_proxy.py).
start_proxy() {
	: >"$T/$1.rules"
	: >"$T/$1.log"
	mkfifo "$T/$1.address"
	# Not our python(): $! would be the shell that runs the function.
	/usr/bin/python3 -B "$TOP/tests/s3/fault_proxy.py" --target "$2" --rules "$T/$1.rules" --log "$T/$1.log" \
		--heads "$T/$1.heads" >"$T/$1.address" 2>"$T/$1.errors" 3>&- &
	echo $! >>"$T/proxies"
	read -r PROXY <"$T/$1.address"
}

# The user's requests go through a proxy; s3_client's do not.
through_proxy() {
	start_proxy proxy "$S3_ENDPOINT"
	export AWS_ENDPOINT_URL=$PROXY
}

# start_gateway WAY...: a gateway that has them (tests/s3/gateway.py) before the server, in
# the user's way; s3_client's requests go past it. $GATEWAY is where it listens.
start_gateway() {
	ways "$@"
	: >"$T/gateway.log"
	mkfifo "$T/gateway.address"
	/usr/bin/python3 -B "$TOP/tests/s3/gateway.py" --target "$S3_ENDPOINT" --ways "$T/gateway.ways" \
		--log "$T/gateway.log" >"$T/gateway.address" 2>"$T/gateway.errors" 3>&- &
	echo $! >>"$T/proxies"
	read -r GATEWAY <"$T/gateway.address"
	export AWS_ENDPOINT_URL=$GATEWAY
}

# ways WAY...: what it demands from now on.
ways() {
	printf '%s\n' "$@" >"$T/gateway.new"
	mv "$T/gateway.new" "$T/gateway.ways"
}

# gateway_answered STATUS METHOD [PATH]: how often.
gateway_answered() {
	awk -v s="$1" -v m="$2" -v p="${3:-.}" '$1 == m && $NF == s && $2 ~ p { n++ } END { print n + 0 }' "$T/gateway.log"
}

stop_proxies() {
	local pid
	[ -e "$T/proxies" ] || return 0
	while read -r pid; do
		kill "$pid" 2>/dev/null
	done <"$T/proxies"
	rm -f "$T/proxies"
}

# rules LINE...: what the proxy does from now on.
rules() {
	printf '%s\n' "$@" >"$T/proxy.rules"
}

no_rules() {
	[ ! -e "$T/proxy.rules" ] || : >"$T/proxy.rules"
}

# faults [ACTION]: how many requests were hit.
faults() {
	awk -v action="${1:-}" '{ split($NF, word, "=") }
		action == "" ? $NF != "-" : word[1] == action { n++ }
		END { print n + 0 }' "$T/proxy.log"
}

# requests [METHOD]: how many there were since requests_begin.
requests_begin() {
	SEEN=$(wc -l <"$T/proxy.log")
}

requests() {
	tail -n "+$((SEEN + 1))" "$T/proxy.log" | grep -cE "^${1:-}" || true
}

# wait_for COUNT METHOD: until the proxy has seen so many since requests_begin; or
# the process $3 has ended.
wait_for() {
	until [ "$(requests "$2")" -ge "$1" ]; do
		kill -0 "$3" 2>/dev/null || return 0
		sleep 0.02
	done
}

# ---------------------------------------------------------------- pushes and clones

# some_models [BYTES]: a base, its fine-tune and an opaque file, committed, not pushed;
# and a tensor of so many bytes, which from 16 MiB on goes up in parts of 8.
some_models() {
	make_repo r
	make_model base.safetensors
	commit 'The base'
	finetune tuned.safetensors base.safetensors
	noise noise.bin 2500000
	[ -z "${1:-}" ] || kept_model large.safetensors "large-$1" large 1 "$1"
	commit 'A fine-tune'
}

# within COMMAND...: nothing hangs, whatever the server does.
within() {
	timeout -k 5 "${WITHIN:-120}" "$@"
}

# in_a_sentence: what git printed in $output has a sentence of ours, which git-lfs
# gives as `error transferring "OID": [CODE] SENTENCE`; alone it would say EOF.
in_a_sentence() {
	[ "$status" -ne 0 ] && [ "$status" -ne 124 ] && [ "$status" -ne 137 ] || {
		printf 'exit %s\n%s\n' "$status" "$output"
		return 1
	}
	says_not 'worker 0: EOF' 'Segmentation' 'Aborted' "$AWS_SECRET_ACCESS_KEY"
	grep -qE 's3://|git-zllm: |error transferring .*: \[[0-9]+\] .' <<<"$output" || {
		printf 'no sentence of ours:\n%s\n' "$output"
		return 1
	}
}

# push_until_done [MOST]: pushes again while it fails, which is in a sentence each
# time and at most MOST times.
push_until_done() {
	local n
	for n in $(seq "${1:-10}"); do
		run within git push origin main
		[ "$status" -ne 0 ] || return 0
		in_a_sentence
	done
	printf 'still fails:\n%s\n' "$output"
	return 1
}

# clone_until_done [MOST]: the same, into T/c, which never holds a wrong byte.
clone_until_done() {
	local n
	rm -rf "$T/c"
	run within git clone -q "$T/r.git" "$T/c"
	for n in $(seq "${1:-10}"); do
		no_bad_objects "$T/c"
		[ "$status" -ne 0 ] || break
		in_a_sentence
		run within git -C "$T/c" reset --hard
	done
	expect_same_files "$T/r" "$T/c"
}

# all_is_there: without any fault the clone is right and the store is sound.
all_is_there() {
	no_rules
	clone_and_compare r
	(cd "$T/r" && git zllm fsck && git zllm verify --all)
	store_lengths
}

# store_lengths: no record is cut short under its final name.
store_lengths() {
	rm -rf "$T/fetched"
	store_fetch "$T/fetched"
	python "$E2E/record_lengths.py" "$T/fetched/blobs"
}

# ---------------------------------------------------------------- the server's daemons

# own_daemons: skips where the server has none that can be killed.
own_daemons() {
	case ${S3_SERVER:-} in
	*/ceph.sh) [ "${S3_CEPH_STORE:-}" = bluestore ] || skip 'not applicable to a cluster in memory' ;;
	*) skip 'not applicable to this server: it has no daemons to kill' ;;
	esac
}

kill_daemon() {
	sh "$S3_SERVER" kill "$S3_SERVER_DIR" "$1"
}

start_daemons() {
	sh "$S3_SERVER" start "$S3_SERVER_DIR" >/dev/null
}
