#!/bin/sh
# tests/e2e/annex.bats, with all of git-annex's own tests of remotes in it, by Debian's
# git-annex and by the newest one (a wheel of PyPI in build/annex), on a folder, a light S3
# server and Ceph RGW with three OSDs.
#
#   annex.sh [STORE...]      folder, light, ceph; some of them only
set -u
cd "$(dirname "$0")/.." || exit 2
[ $# -gt 0 ] || set -- folder light ceph
make build/annex/bin/git-annex ||
	echo "annex.sh: the newest git-annex cannot be had from PyPI: Debian's alone is tested" >&2
bad=0

# tried STORE: the file once.
tried() {
	case $1 in
	folder) bats --timing tests/e2e/annex.bats ;;
	*) ZLLM_TEST_STORE=s3 sh tests/s3/with_server.sh "$1" bats --timing tests/e2e/annex.bats ;;
	esac
}

for store; do
	for version in '' "$PWD/build/annex/bin"; do
		[ -z "$version" ] || [ -x "$version/git-annex" ] || continue
		echo "# $store, $(PATH=${version:+$version:}$PATH git-annex version --raw)"
		ZLLM_TEST_ANNEX=$version tried "$store" || bad=1
	done
done
exit $bad
