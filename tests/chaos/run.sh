#!/bin/sh
# run.sh folder|bucket ROUNDS [GRACE [SEED]]: build/chaos on a new store, with a user of its own; says it as
# TAP. A bucket: in the environment that tests/s3/with_server.sh makes.
set -eu
kind=$1 rounds=$2 grace=${3:-2} seed=${4:-1}
program=$(cd "$(dirname "$0")/../.." && pwd)/build/chaos
top=$(mktemp -d "${TMPDIR:-/tmp}/zllm-chaos.XXXXXX")
trap 'rm -rf "$top"' EXIT
mkdir "$top/home"
HOME=$top/home
export HOME GIT_CONFIG_NOSYSTEM=1
cd "$top"
if [ "$kind" = bucket ]; then
	export AWS_ENDPOINT_URL="$S3_ENDPOINT" AWS_EC2_METADATA_DISABLED=true
	store=s3://$S3_BUCKET/chaos-$$/store
else
	store=$top/store
fi
echo 1..1
if said=$("$program" -r "$rounds" -g "$grace" -s "$seed" "$store" 2>&1); then
	echo "ok 1 what a ref reaches comes back, whatever happens to the $kind: $said"
else
	echo "not ok 1 what a ref reaches comes back, whatever happens to the $kind (seed $seed)"
	echo "$said" | sed 's/^/# /'
fi
