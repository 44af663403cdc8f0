#!/bin/sh
# A private one-machine Ceph cluster with an S3 gateway, for tests.
#
#   ceph.sh start DIR    make (or restart) a cluster in DIR; prints shell
#                           assignments: S3_ENDPOINT, AWS_ACCESS_KEY_ID, ...
#   ceph.sh env   DIR    print those assignments again
#   ceph.sh stop  DIR    stop it (gateway, OSDs, monitor), by pid file
#   ceph.sh kill  DIR N  SIGKILL one daemon (rgw, mon, osd.0 ...), for
#                           fault tests; "start" brings it back
#
# Environment: S3_CEPH_OSDS (1), S3_CEPH_STORE (memstore | bluestore),
#              S3_CEPH_BYTES per OSD (8 GiB), S3_CEPH_WAIT seconds (60),
#              S3_CEPH_SYNC=no: with libeatmydata, where that is installed.
#              Halves the time. A killed daemon loses nothing by it, a power
#              cut would.
#              S3_OWNER: a process; when it has ended, however, all is stopped.
# Needs (Debian 12): ceph-mon ceph-osd radosgw ceph-common.
# Everything listens on 127.0.0.1, runs as the caller, and writes to DIR only.
set -eu

me=$(basename "$0")
self=$(cd "$(dirname "$0")" && pwd)/$me
die() { echo "$me: $*" >&2; exit 1; }

[ $# -ge 2 ] || die "usage: $me start|env|stop|kill DIR [DAEMON]"
cmd=$1
[ "$cmd" != start ] || mkdir -p "$2"
[ -d "$2" ] || exit 0
dir=$(cd "$2" && pwd)

osds=${S3_CEPH_OSDS:-1}
store=${S3_CEPH_STORE:-memstore}
bytes=${S3_CEPH_BYTES:-8589934592}
wait_s=${S3_CEPH_WAIT:-60}
eat=/usr/lib/$(uname -m)-linux-gnu/libeatmydata.so.1
preload=
if [ "${S3_CEPH_SYNC:-yes}" = no ] && [ -e "$eat" ]; then preload=LD_PRELOAD=$eat; fi
conf=$dir/ceph.conf

# A port nothing listens on now.
free_port() {
	/usr/bin/python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# alive NAME: is the daemon of that pid file running, and ours?
alive() {
	[ -s "$dir/$1.pid" ] || return 1
	p=$(cat "$dir/$1.pid")
	kill -0 "$p" 2>/dev/null || return 1
	tr '\0' ' ' <"/proc/$p/cmdline" | grep -qF -- "$conf"
}

# spawn NAME COMMAND...: a foreground daemon as our child in the background.
spawn() {
	n=$1; shift
	setsid env ${preload:+"$preload"} "$@" </dev/null >>"$dir/$n.out" 2>&1 3>&- &
	echo $! >"$dir/$n.pid"
}

# until_ok WHAT COMMAND...: poll until the command succeeds.
until_ok() {
	what=$1; shift
	end=$(( $(date +%s) + wait_s ))
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$end" ] || die "$what: not ready in ${wait_s}s (logs in $dir)"
		sleep 0.1
	done
}

# guard: waits for the end of S3_OWNER, then stops what runs in DIR: nothing stays
# behind when a test run is killed. In a session of its own, so that ctrl-C spares it.
guard() {
	[ -n "${S3_OWNER:-}" ] || return 0
	[ ! -s "$dir/guard.pid" ] || ! kill -0 "$(cat "$dir/guard.pid")" 2>/dev/null || return 0
	setsid sh "$self" guard "$dir" </dev/null >/dev/null 2>&1 3>&- &
	echo $! >"$dir/guard.pid"
}

write_conf() {
	mon_port=$(free_port)
	rgw_port=$(free_port)
	replicas=1
	[ "$osds" -ge 3 ] && replicas=3
	cat >"$conf" <<-END
	[global]
	fsid = $(cat /proc/sys/kernel/random/uuid)
	mon host = v2:127.0.0.1:$mon_port
	auth cluster required = none
	auth service required = none
	auth client required = none
	public addr = 127.0.0.1
	cluster addr = 127.0.0.1
	run dir = $dir
	admin socket = $dir/\$name.asok
	log file = $dir/\$name.log
	mon cluster log file = $dir/cluster.log
	keyring = $dir/keyring
	crash dir = $dir/crash
	ms bind msgr1 = false
	ms bind ipv6 = false
	ms mon client mode = crc
	osd crush chooseleaf type = 0
	osd pool default size = $replicas
	osd pool default min size = 1
	osd pool default pg num = 4
	osd pool default pgp num = 4
	mon allow pool size one = true
	mon max pg per osd = 1000
	paxos propose interval = 0.05
	paxos min wait = 0.01
	auth allow insecure global id reclaim = false
	[mon]
	mon data = $dir/mon
	mon data avail crit = 1
	mon data avail warn = 2
	[osd]
	osd data = $dir/\$name
	osd objectstore = $store
	memstore device bytes = $bytes
	bluestore block size = $bytes
	osd memory target = 1073741824
	osd class update on start = false
	[client.rgw]
	rgw data = $dir/rgw
	rgw frontends = beast endpoint=127.0.0.1:$rgw_port tcp_nodelay=1
	rgw dns name = localhost
	rgw enable usage log = false
	rgw thread pool size = 64
	rgw gc obj min wait = 5
	rgw s3 auth use sts = true
	rgw sts key = sixteen-letters.
	END
	echo "$rgw_port" >"$dir/rgw.port"
}

print_env() {
	[ -s "$dir/keys" ] || die "no cluster in $dir"
	echo "S3_ENDPOINT=http://127.0.0.1:$(cat "$dir/rgw.port")"
	echo "AWS_REGION=us-east-1"
	cat "$dir/keys"
}

start() {
	[ -z "${S3_OWNER:-}" ] || kill -0 "$S3_OWNER" 2>/dev/null || die "process $S3_OWNER, whose cluster this is, has ended"
	guard
	if [ ! -s "$conf" ]; then
		mkdir -p "$dir/mon" "$dir/rgw" "$dir/crash"
		write_conf
		: >"$dir/keyring"
		addr=$(sed -n 's/^mon host = //p' "$conf")
		monmaptool --create --clobber --enable-all-features \
			--fsid "$(sed -n 's/^fsid = //p' "$conf")" \
			--addv a "[$addr]" "$dir/monmap" >"$dir/setup.out" 2>&1 ||
			die "monmaptool failed: $(tail -1 "$dir/setup.out")"
		ceph-mon -c "$conf" --mkfs -i a --monmap "$dir/monmap" \
			>>"$dir/setup.out" 2>&1 || die "ceph-mon --mkfs failed: $(tail -1 "$dir/setup.out")"
	fi
	c="ceph -c $conf --connect-timeout 10"
	if [ -s "$dir/keys" ] && grep -q '= memstore' "$conf" && ! alive osd.0; then
		die "$dir was a memstore cluster and is lost; use a new directory, or S3_CEPH_STORE=bluestore"
	fi

	alive mon || spawn mon ceph-mon -c "$conf" -i a -f
	# shellcheck disable=SC2086
	until_ok monitor $c mon stat

	i=0 making=
	while [ "$i" -lt "$osds" ]; do
		if [ ! -e "$dir/osd.$i/ready" ]; then
			mkdir -p "$dir/osd.$i"
			u=$(cat /proc/sys/kernel/random/uuid)
			$c osd new "$u" >>"$dir/setup.out" 2>&1
			env ${preload:+"$preload"} ceph-osd -c "$conf" -i "$i" --mkfs --osd-uuid "$u" >>"$dir/osd.$i.out" 2>&1 &&
				: >"$dir/osd.$i/ready" &
			making="$making $!"
		fi
		i=$((i + 1))
	done
	for j in $making; do wait "$j" || :; done
	i=0
	while [ "$i" -lt "$osds" ]; do
		[ -e "$dir/osd.$i/ready" ] || die "ceph-osd --mkfs failed: $(tail -n 1 "$dir/osd.$i.out")"
		alive "osd.$i" || spawn "osd.$i" ceph-osd -c "$conf" -i "$i" -f
		i=$((i + 1))
	done
	until_ok OSDs sh -c "$c osd stat | grep -q '$osds up'"

	alive rgw || spawn rgw radosgw -c "$conf" -n client.rgw -f
	until_ok gateway curl -sf -o "$dir/probe" "http://127.0.0.1:$(cat "$dir/rgw.port")/"

	if [ ! -s "$dir/keys" ]; then
		ak=zllmtest sk=zllm-test-secret-key
		radosgw-admin -c "$conf" -n client.rgw user create --uid=zllm \
			--display-name=zllm --access-key="$ak" --secret-key="$sk" \
			>>"$dir/setup.out" 2>&1 || die "radosgw-admin failed: $(tail -1 "$dir/setup.out")"
		printf 'AWS_ACCESS_KEY_ID=%s\nAWS_SECRET_ACCESS_KEY=%s\n' "$ak" "$sk" >"$dir/keys"
	fi
	print_env
}

osd_names() {
	for f in "$dir"/osd.*.pid; do
		[ -e "$f" ] && basename "$f" .pid
	done
}

# stop_all SIGNAL NAME...: signal them all, then wait for each to be gone.
stop_all() {
	sig=$1; shift
	for d in "$@"; do
		if alive "$d"; then kill "-$sig" "$(cat "$dir/$d.pid")"; fi
	done
	for d in "$@"; do
		n=0
		while alive "$d" && [ "$n" -lt 100 ]; do sleep 0.1; n=$((n + 1)); done
		if alive "$d"; then kill -KILL "$(cat "$dir/$d.pid")"; fi
		rm -f "$dir/$d.pid"
	done
}

case $cmd in
start) start ;;
guard)
	tail --pid="$S3_OWNER" -f /dev/null
	exec sh "$self" stop "$dir" ;;
env) print_env ;;
kill)
	[ $# -eq 3 ] || die "kill needs a daemon name"
	stop_all KILL "$3" ;;
stop)
	# A memstore is lost in any case: do not wait for it to close down.
	sig=TERM
	if grep -qs '= memstore' "$conf"; then sig=KILL; fi
	# In this order: each one says goodbye to the next, and waits for it.
	stop_all "$sig" rgw
	# shellcheck disable=SC2046  # a list of words
	stop_all "$sig" $(osd_names)
	stop_all "$sig" mon ;;
*) die "unknown command $cmd" ;;
esac
