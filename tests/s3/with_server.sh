#!/bin/sh
# Runs a command beside an S3 server of its own, which ends with it, however it ends:
#
#   with_server.sh ceph|light|swift COMMAND...
#
#   ceph    Ceph RGW, three OSDs on BlueStore, three copies of everything
#   light   Ceph RGW, one OSD in memory: starts in two seconds
#   swift   OpenStack Swift with s3api
#   reason ceph|light|swift   prints why it cannot run here, and nothing where it can
#
# The command finds S3_ENDPOINT, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION,
# S3_BUCKET (made, empty), S3_SERVER (the script) and S3_SERVER_DIR (its folder).
# S3_KEEP=DIR keeps the server's folder there, with its logs. Exits as the command does;
# 76 when the server does not start, 77 when it cannot run here.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

programs() {
	case $1 in
	ceph | light) echo ceph-mon ceph-osd radosgw ceph monmaptool radosgw-admin curl python3 ;;
	swift) echo swift-proxy-server swift-account-server swift-container-server \
		swift-object-server swift-ring-builder curl python3 ;;
	*) echo "usage: with_server.sh ceph|light|swift COMMAND..." >&2; exit 2 ;;
	esac
}

# Why KIND cannot run here.
reason() {
	for program in $(programs "$1"); do
		command -v "$program" >/dev/null || { echo "no $program (tests/deps.sh check)"; return; }
	done
	if [ "$1" = swift ] && ! /usr/bin/python3 -c 'import os, sys, tempfile
with tempfile.NamedTemporaryFile(dir=sys.argv[1]) as f: os.setxattr(f.name, "user.zllm", b"x")' \
		"${TMPDIR:-/tmp}" 2>/dev/null; then
		echo "no user extended attributes in ${TMPDIR:-/tmp}"
	fi
}

if [ "${1:-}" = reason ]; then
	reason "${2:-}"
	exit
fi
kind=${1:-}
programs "$kind" >/dev/null
shift
why=$(reason "$kind")
[ -z "$why" ] || { echo "with_server: $kind cannot run here: $why" >&2; exit 77; }

case $kind in
ceph) export S3_CEPH_OSDS=3 S3_CEPH_STORE=bluestore S3_CEPH_SYNC=no S3_SERVER="$here/ceph.sh" ;;
light) export S3_CEPH_OSDS=1 S3_CEPH_STORE=memstore S3_SERVER="$here/ceph.sh" ;;
swift) export S3_SERVER="$here/swift.sh" ;;
esac
top=${S3_KEEP:-$(mktemp -d)}
export S3_SERVER_DIR="$top/$kind" S3_OWNER=$$ S3_BUCKET=zllm-test
mkdir -p "$S3_SERVER_DIR"

# However we end; should we be killed outright, the server's own guard does it.
finish() {
	sh "$S3_SERVER" stop "$S3_SERVER_DIR" || :
	[ -n "${S3_KEEP:-}" ] || rm -rf "$top"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

words=$(sh "$S3_SERVER" start "$S3_SERVER_DIR") || exit 76
for word in $words; do export "${word?}"; done
/usr/bin/python3 -B "$here/s3_client.py" make "$S3_BUCKET"
"$@"
