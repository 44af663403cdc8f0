#!/bin/sh
# A private one-machine OpenStack Swift with its S3 front (s3api), for tests.
#
#   swift.sh start DIR   make (or restart) a store in DIR; prints shell
#                           assignments: S3_ENDPOINT, AWS_ACCESS_KEY_ID, ...
#   swift.sh env   DIR   print those assignments again
#   swift.sh stop  DIR   stop the four servers, by pid file
#
# Environment: S3_SWIFT_WAIT seconds (30), S3_SWIFT_REPLICAS (1),
#              S3_OWNER: a process; when it has ended, however, all is stopped.
# Needs (Debian 12): swift-proxy swift-account swift-container swift-object,
# and a file system with user extended attributes under DIR.
# Everything listens on 127.0.0.1, runs as the caller, and writes to DIR only.
set -eu

me=$(basename "$0")
self=$(cd "$(dirname "$0")" && pwd)/$me
die() { echo "$me: $*" >&2; exit 1; }

[ $# -eq 2 ] || die "usage: $me start|env|stop DIR"
[ "$1" != start ] || mkdir -p "$2"
[ -d "$2" ] || exit 0
dir=$(cd "$2" && pwd)
wait_s=${S3_SWIFT_WAIT:-30}
replicas=${S3_SWIFT_REPLICAS:-1}
export SWIFT_CONF_DIR="$dir/etc"
ak=zllm:test
sk=zllm-test-secret-key

free_ports() {
	/usr/bin/python3 -c 'import socket
l = [socket.socket() for _ in range(4)]
[s.bind(("127.0.0.1", 0)) for s in l]
print(*[s.getsockname()[1] for s in l])'
}

alive() {
	[ -s "$dir/$1.pid" ] || return 1
	p=$(cat "$dir/$1.pid")
	kill -0 "$p" 2>/dev/null && tr '\0' ' ' <"/proc/$p/cmdline" | grep -qF -- "$dir/etc"
}

# guard: waits for the end of S3_OWNER, then stops what runs in DIR: nothing stays
# behind when a test run is killed. In a session of its own, so that ctrl-C spares it.
guard() {
	[ -n "${S3_OWNER:-}" ] || return 0
	[ ! -s "$dir/guard.pid" ] || ! kill -0 "$(cat "$dir/guard.pid")" 2>/dev/null || return 0
	setsid sh "$self" guard "$dir" </dev/null >/dev/null 2>&1 3>&- &
	echo $! >"$dir/guard.pid"
}

make_conf() {
	mkdir -p "$dir/etc" "$dir/disks" "$dir/cache"
	# shellcheck disable=SC2046
	set -- $(free_ports)
	echo "$4" >"$dir/port"
	cat >"$dir/etc/swift.conf" <<-END
	[swift-hash]
	swift_hash_path_suffix = zllm-test
	swift_hash_path_prefix = zllm-test
	[storage-policy:0]
	name = one
	default = yes
	[swift-constraints]
	max_file_size = 5368709122
	END
	n=0
	for s in account container object; do
		n=$((n + 1))
		port=
		eval "port=\$$n"
		cat >"$dir/etc/$s.conf" <<-END
		[DEFAULT]
		bind_ip = 127.0.0.1
		bind_port = $port
		devices = $dir/disks
		mount_check = false
		swift_dir = $dir/etc
		user = $(id -un)
		workers = 1
		log_address = $dir/none
		recon_cache_path = $dir/cache
		fallocate_reserve = 0
		[pipeline:main]
		pipeline = $s-server
		[app:$s-server]
		use = egg:swift#$s
		END
		b=$dir/etc/$s.builder
		swift-ring-builder "$b" create 4 "$replicas" 0 >/dev/null
		d=1
		while [ "$d" -le "$replicas" ]; do
			mkdir -p "$dir/disks/d$d"
			swift-ring-builder "$b" add "r1z$d-127.0.0.1:$port/d$d" 1 >/dev/null
			d=$((d + 1))
		done
		swift-ring-builder "$b" rebalance >/dev/null || [ $? -eq 1 ]
	done
	cat >"$dir/etc/proxy.conf" <<-END
	[DEFAULT]
	bind_ip = 127.0.0.1
	bind_port = $4
	swift_dir = $dir/etc
	user = $(id -un)
	workers = 1
	log_address = $dir/none
	[pipeline:main]
	pipeline = catch_errors cache bulk s3api tempauth slo proxy-server
	[app:proxy-server]
	use = egg:swift#proxy
	account_autocreate = true
	allow_account_management = true
	[filter:catch_errors]
	use = egg:swift#catch_errors
	[filter:cache]
	use = egg:swift#memcache
	memcache_servers = 127.0.0.1:1
	[filter:bulk]
	use = egg:swift#bulk
	[filter:slo]
	use = egg:swift#slo
	[filter:tempauth]
	use = egg:swift#tempauth
	user_zllm_test = $sk .admin
	[filter:s3api]
	use = egg:swift#s3api
	s3_acl = false
	location = us-east-1
	END
	: >"$dir/made"
}

print_env() {
	[ -e "$dir/made" ] || die "no store in $dir"
	echo "S3_ENDPOINT=http://127.0.0.1:$(cat "$dir/port")"
	echo "AWS_REGION=us-east-1"
	echo "AWS_ACCESS_KEY_ID=$ak"
	echo "AWS_SECRET_ACCESS_KEY=$sk"
}

# The key has a ':' in it, which curl's --user would split at.
s3() {
	curl -sf -o /dev/null --aws-sigv4 aws:amz:us-east-1:s3 \
		-H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "$@"
}

start() {
	guard
	[ -e "$dir/made" ] || make_conf
	for s in account container object proxy; do
		alive "$s" && continue
		setsid "swift-$s-server" "$dir/etc/$s.conf" </dev/null >>"$dir/$s.out" 2>&1 3>&- &
		echo $! >"$dir/$s.pid"
	done
	end=$(( $(date +%s) + wait_s ))
	# The key has a ':' in it, which curl's --user would split at.
	# The proxy answers before the back ends do: wait until a bucket is made.
	u=http://zllm%3Atest:$sk@127.0.0.1:$(cat "$dir/port")/ready
	until s3 -X PUT "$u" || s3 "$u"; do
		[ "$(date +%s)" -lt "$end" ] || die "not ready in ${wait_s}s (logs in $dir)"
		sleep 0.2
	done
	print_env
}

stop() {
	for s in proxy object container account; do
		if alive "$s"; then kill -TERM "-$(cat "$dir/$s.pid")"; fi
	done
	for s in proxy object container account; do
		n=0
		while alive "$s" && [ "$n" -lt 30 ]; do sleep 0.1; n=$((n + 1)); done
		if alive "$s"; then kill -KILL "-$(cat "$dir/$s.pid")"; fi
		rm -f "$dir/$s.pid"
	done
}

case $1 in
start) start ;;
guard)
	tail --pid="$S3_OWNER" -f /dev/null
	exec sh "$self" stop "$dir" ;;
env) print_env ;;
stop) stop ;;
*) die "unknown command $1" ;;
esac
