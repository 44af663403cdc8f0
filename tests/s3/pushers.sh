#!/bin/bash
# Eight pushers from eight clones at once into one store, again and again; each
# round all of it clones back.
#
#   pushers.sh ROUNDS                 with a server of its own (with_server.sh)
#   pushers.sh ROUNDS STORE FOLDER    into that store, working below that folder
#
# In each round every pusher commits a model that all have, one that is its own, its
# own fine-tune of what the pusher beside it made last, and an opaque file; then all
# push at the same time. Half of them have objects in common that no one has pushed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
pushers=8

if [ $# -lt 3 ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	export HOME=$work/home GIT_CONFIG_NOSYSTEM=1 PATH=$top/build:$PATH
	mkdir "$HOME"
	git config --global user.name pusher
	git config --global user.email pusher@example.invalid
	git config --global init.defaultBranch main
	git lfs install --skip-repo >/dev/null
	git zllm install >/dev/null
	# shellcheck disable=SC2016  # expanded by that shell
	sh "$here/with_server.sh" "${S3_KIND:-ceph}" bash -c 'AWS_ENDPOINT_URL=$S3_ENDPOINT \
		exec bash "$1" "$2" "s3://$S3_BUCKET/pushers" "$3"' pushers "$here/pushers.sh" "${1:-50}" "$work"
	exit
fi
rounds=$1 store=$2 folder=$3

model() {
	/usr/bin/python3 -B "$top/tests/e2e/model.py" "$@"
}

# Random bytes of a BF16 model: quick to make, unlike model.py's.
fresh() {
	model large "$1" "$2" 300000
}

git init -q --bare "$folder/many.git"
git init -q "$folder/p0"
cd "$folder/p0"
git remote add origin "$folder/many.git"
git zllm init "$store" '*.safetensors' '*.bin' >/dev/null
fresh common.safetensors common
git add -A
git commit -qm 'Set up'
git push -q -u origin main
for p in $(seq 1 $pushers); do
	git clone -q "$folder/many.git" "$folder/p$p"
	(cd "$folder/p$p" && git zllm init "$store" >/dev/null)
done

# prepare ROUND P: what pusher P commits on its branch.
prepare() {
	cd "$folder/p$2"
	git switch -q main
	git branch -qD "p$2" 2>/dev/null || true
	git switch -qc "p$2"
	mkdir -p "r$1"
	fresh "r$1/common.safetensors" "round $1" # the same for all
	fresh "r$1/half.safetensors" "half $1 $(($2 % 2))"
	fresh "r$1/own-$2.safetensors" "own $1 $2"
	model finetune "r$1/tuned-$2.safetensors" common.safetensors "$1 $2"
	model metadata "r$1/meta-$2.safetensors" "r$1/common.safetensors" "pusher $2"
	head -c 150000 /dev/urandom >"r$1/noise-$2.bin"
	git add -A
	git commit -qm "Round $1 of pusher $2"
}

push() {
	git -C "$folder/p$2" push -q --force origin "p$2"
}

# all WHAT ROUND: every pusher does it, at the same time.
all() {
	pids=()
	for p in $(seq 1 $pushers); do
		"$1" "$2" "$p" >"$folder/words.$p" 2>&1 3>&- &
		pids+=($!)
	done
	failed=0
	for pid in "${pids[@]}"; do wait "$pid" || failed=$((failed + 1)); done
	[ $failed -gt 0 ] || return 0
	echo "round $2: $failed of $pushers failed to $1:" >&2
	cat "$folder"/words.* >&2
	exit 1
}

for round in $(seq "$rounds"); do
	begin=$SECONDS
	all prepare "$round"
	prepared=$SECONDS
	all push "$round"
	pushed=$SECONDS
	rm -rf "$folder/back"
	git clone -q -n -c zllm.cache.size=0 "$folder/many.git" "$folder/back"
	git -C "$folder/back" lfs fetch --all origin 2>/dev/null >&2
	for p in $(seq 1 $pushers); do
		git -C "$folder/back" checkout -q "p$p"
		diff -r --exclude=.git "$folder/p$p" "$folder/back"
	done
	echo "round $round: made in $((prepared - begin)) s, pushed in $((pushed - prepared)), cloned in $((SECONDS - pushed))"
done
git -C "$folder/back" zllm fsck
echo "$rounds rounds of $pushers pushers: all objects clone back"
