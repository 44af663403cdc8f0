#!/bin/sh
# The demo: a base model and three fine-tunes, pushed with plain git into a store in
# a folder, cloned elsewhere with plain git, and compared byte for byte. Uses a HOME
# of its own and leaves nothing behind but one folder, which it names.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
make=$top/tests/demo/make_family.py
place=$(mktemp -d "${TMPDIR:-/tmp}/git-zllm-demo.XXXXXX")

HOME=$place/home
PATH=$top/build:$PATH
GIT_CONFIG_NOSYSTEM=1
GIT_TERMINAL_PROMPT=0
export HOME PATH GIT_CONFIG_NOSYSTEM GIT_TERMINAL_PROMPT
unset XDG_CONFIG_HOME GIT_DIR GIT_WORK_TREE GIT_CONFIG_GLOBAL GIT_CONFIG_PARAMETERS 2>/dev/null || :
mkdir "$HOME"

log=$place/log
say() { printf '\n== %s\n' "$*"; }
run() {
	printf '$ %s\n' "$*"
	"$@" >>"$log" 2>&1 || { tail -n 20 "$log" >&2; echo "demo: failed: $*" >&2; exit 1; }
}

git config --global user.name demo
git config --global user.email demo@localhost
git config --global init.defaultBranch main
git config --global advice.detachedHead false

say "Once for each user: tell git about git-zllm"
run git zllm install

say "A repository, a bare remote, and a store in a folder"
run git init -q --bare "$place/remote.git"
run git init -q "$place/models"
cd "$place/models"
run git remote add origin "$place/remote.git"
run git zllm init "$place/store"
run git add .lfsconfig .gitattributes
run git commit -q -m "models are kept by git-zllm"

say "A base model (BF16), committed and pushed with plain git"
mkdir base
python3 "$make" base base/model.safetensors 1
run git add base
run git commit -q -m "base"
run git push -q -u origin main

say "Three fine-tunes of it: all weights, the last layers alone, and a larger step"
mkdir chat code math
python3 "$make" tune base/model.safetensors chat/model.safetensors 2 1e-5
python3 "$make" tune base/model.safetensors code/model.safetensors 3 2e-5 4
python3 "$make" tune base/model.safetensors math/model.safetensors 4 1e-4
run git add chat code math
run git commit -q -m "fine-tunes"
run git push -q

say "A clone elsewhere, with plain git"
run git clone -q "$place/remote.git" "$place/clone"

failed=0
for model in base chat code math; do
	if cmp -s "$model/model.safetensors" "$place/clone/$model/model.safetensors"; then
		echo "identical  $model/model.safetensors"
	else
		echo "DIFFERENT  $model/model.safetensors"
		failed=1
	fi
done

say "What the store holds ('git zllm status', 'git zllm stats')"
git zllm status
echo
git zllm stats

[ "$failed" = 0 ] || { echo "demo: a file differs" >&2; exit 1; }
printf '\nEverything is in %s (remove it when you like).\n' "$place"
