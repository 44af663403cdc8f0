#!/bin/sh
# Installs the Debian packages that are missing: `deps.sh build` for building,
# running and the demo, `deps.sh check` for the tests too, `deps.sh bench` for `make
# bench`: what it runs and is measured against, and no compilers for other processors. Silent when all is there. The servers that the tests of
# buckets start are wanted, not needed: without them those tests are skipped.
set -eu

build="gcc make pkg-config git git-lfs libgit2-dev libcjson-dev libzstd-dev
       libxxhash-dev libssl-dev libyaml-dev libcurl4-openssl-dev python3"
check="$build bats libcmocka-dev libsimde-dev clang libclang-rt-14-dev clang-format clang-tidy
       cppcheck universal-ctags shellcheck python3-zstandard
       python3-xxhash python3-numpy strace acl libfaketime zstd man-db
       gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-i686-linux-gnu libc6-dev-i386-cross
       qemu-user"
bench="$build python3-zstandard python3-numpy"
servers="slurm-wlm ceph-mon ceph-osd radosgw ceph-common curl
         swift-proxy swift-account swift-container swift-object libeatmydata1"
forge="nginx-light fcgiwrap"
annex="git-annex python3-venv"
rivals="awscli s3cmd"

# missing PACKAGE...: those that are not installed.
missing() {
	for package; do
		dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
			printf ' %s' "$package"
	done
}

# In $root: how to become root. Fails where that cannot be.
become_root() {
	root=
	[ "$(id -u)" = 0 ] && return
	root=sudo
	command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null
}

# Packages of servers start them when they are installed. Not by us: while apt-get
# runs, Debian's policy-rc.d forbids it, unless the machine has a policy of its own.
forbid_services() {
	policy=/usr/sbin/policy-rc.d
	[ ! -e "$policy" ] || return 0
	printf '#!/bin/sh\nexit 101\n' | $root tee "$policy" >/dev/null
	trap '$root rm -f "$policy"' EXIT
	trap 'exit 130' INT TERM HUP
	$root chmod 755 "$policy"
}

# install PACKAGE...: what apt-get says is shown only when it fails.
install() {
	echo "git-zllm: installing missing packages: $*"
	export DEBIAN_FRONTEND=noninteractive
	log=$(mktemp)
	if $root apt-get update -qq >"$log" 2>&1 &&
		$root apt-get install -y -qq --no-install-recommends "$@" >>"$log" 2>&1; then
		rm -f "$log"
		return
	fi
	tail -n 20 "$log" >&2
	rm -f "$log"
	echo "git-zllm: apt-get could not install: $*" >&2
	return 1
}

# need PACKAGE...: all of them, or the end.
need() {
	# shellcheck disable=SC2046  # a list of words
	set -- $(missing "$@")
	[ $# -gt 0 ] || return 0
	become_root || {
		echo "git-zllm: missing packages: $*" >&2
		echo "git-zllm: install them as root: apt-get install $*" >&2
		exit 1
	}
	install "$@" || exit 1
}

# want WHY PACKAGE...: where they can be had; else a line says what goes without.
want() {
	why=$1
	shift
	# shellcheck disable=SC2046  # a list of words
	set -- $(missing "$@")
	[ $# -gt 0 ] || return 0
	become_root && forbid_services && install "$@" ||
		echo "git-zllm: without $*: $why" >&2
}

case "${1:-build}" in
build) wanted=$build ;;
check) wanted=$check ;;
bench) wanted=$bench ;;
*) echo "usage: deps.sh build|check|bench" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null 2>&1; then
	command -v pkg-config >/dev/null 2>&1 &&
		pkg-config --exists libgit2 libcjson yaml-0.1 libzstd libxxhash libcrypto libcurl && exit 0
	# shellcheck disable=SC2086  # a list of words
	echo "git-zllm: this is not Debian: install what these packages hold, then repeat:" $wanted >&2
	exit 1
fi

# shellcheck disable=SC2086  # lists of words
need $wanted
# shellcheck disable=SC2086  # lists of words
case "${1:-build}" in
check)
	want 'the test of a git server is skipped' $forge
	want 'the tests of buckets are skipped' $servers
	want 'the tests of git-annex are skipped' $annex
	;;
bench) want 'no bucket is measured, or not beside others' $servers $rivals ;;
esac
