#!/bin/sh
# run.sh folder|bucket [OPTION...]: build/points, as a user of its own; prints its TAP. A
# bucket: in the environment that tests/s3/with_server.sh makes.
set -eu
kind=$1
shift
program=$(cd "$(dirname "$0")/../.." && pwd)/build/points
top=$(mktemp -d "${TMPDIR:-/tmp}/zllm-points.XXXXXX")
trap 'rm -rf "$top"' EXIT
mkdir "$top/home"
export HOME="$top/home" GIT_CONFIG_NOSYSTEM=1 TMPDIR="$top"
cd "$top"
if [ "$kind" = bucket ]; then
	export AWS_ENDPOINT_URL="$S3_ENDPOINT" AWS_EC2_METADATA_DISABLED=true
	kind=s3://$S3_BUCKET/points-$$
fi
"$program" "$@" "$kind"
