#!/bin/sh
# Installs the Debian packages that are missing: `deps.sh build` for building,
# running and the demo, `deps.sh check` for the tests too. Silent when all is there.
set -eu

build="gcc make pkg-config git git-lfs libgit2-dev libcjson-dev libzstd-dev
       libxxhash-dev libssl-dev libyaml-dev libcurl4-openssl-dev python3"
check="$build bats libcmocka-dev libsimde-dev clang libclang-rt-14-dev clang-format clang-tidy
       cppcheck universal-ctags shellcheck python3-zstandard
       python3-xxhash python3-numpy strace libfaketime zstd man-db
       gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-i686-linux-gnu libc6-dev-i386-cross
       qemu-user"

case "${1:-build}" in
build) wanted=$build ;;
check) wanted=$check ;;
*) echo "usage: deps.sh build|check" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null 2>&1; then
	command -v pkg-config >/dev/null 2>&1 &&
		pkg-config --exists libgit2 libcjson yaml-0.1 libzstd libxxhash libcrypto libcurl && exit 0
	# shellcheck disable=SC2086  # a list of words
	echo "git-zllm: this is not Debian: install what these packages hold, then repeat:" $wanted >&2
	exit 1
fi

missing=
for package in $wanted; do
	dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
		missing="$missing $package"
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ]; then
	sudo=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
	sudo=sudo
else
	echo "git-zllm: missing packages:$missing" >&2
	echo "git-zllm: install them as root: apt-get install$missing" >&2
	exit 1
fi
echo "git-zllm: installing missing packages:$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
# shellcheck disable=SC2086  # a list of words
if ! { $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends $missing; } >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "git-zllm: apt-get could not install:$missing" >&2
	rm -f "$log"
	exit 1
fi
rm -f "$log"
