# What every end-to-end test stands on: a user of its own (HOME, configuration,
# PATH with build/ in front), repositories with a bare remote, small models, and
# comparisons byte for byte. Nothing here reaches the network or the real HOME.
# What looks into the store is in store_helpers.bash.
#
# shellcheck shell=bash

bats_require_minimum_version 1.5.0
load store_helpers

# ---------------------------------------------------------------- the user

# A fresh user: `install` has been run, no repository exists yet. (That servers are not
# remembered keeps the configuration as it is, for begin_with; remember.bats is about them.)
e2e_setup() {
	local kept=${ZLLM_TEST_MODELS:-$BATS_RUN_TMPDIR}/gitconfig
	e2e_blank_user
	printf '%s\n' '[zllm]' 'remember = false' >>"$HOME/.gitconfig"
	if [ -e "$kept" ]; then
		cp "$kept" "$HOME/.gitconfig"
		return
	fi
	git lfs install --skip-repo >/dev/null
	git zllm install >/dev/null
	mkdir -p "${kept%/*}"
	cp "$HOME/.gitconfig" "$kept.$$"
	mv "$kept.$$" "$kept"
}

# The same before `install`: git has a name and an address, and nothing else.
#
# T and HOME are in the same place for each test of a file, so that what names
# them, as .lfsconfig does, can be kept for the next one (begin_with).
e2e_blank_user() {
	local name
	for name in ${!GIT_@} ${!ZLLM_@} ${!XDG_@}; do
		case $name in ZLLM_DATA | ZLLM_BIN | ZLLM_TEST_*) ;; *) unset "$name" ;; esac
	done
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	E2E=$TOP/tests/e2e
	T=$BATS_FILE_TMPDIR/test/w
	export HOME=$BATS_FILE_TMPDIR/test/home
	mkdir -p "$T" "$HOME"
	export PATH=${ZLLM_BIN:-$TOP/build}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	export LC_ALL=C GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0 TZ=UTC
	store_setup
	umask 022
	printf '%s\n' '[user]' 'name = Test' 'email = test@example.invalid' \
		'[init]' 'defaultBranch = main' \
		'[protocol "file"]' 'allow = always' \
		'[advice]' 'detachedHead = false' \
		'[core]' 'fsync = none' \
		'[push]' 'autoSetupRemote = true' \
		'[gc]' 'auto = 0' '[maintenance]' 'auto = false' \
		'[receive]' 'autogc = false' >"$HOME/.gitconfig"
	cd "$T" || return 1
}

# The folder goes out of the way before it goes: whatever may still run in it shall
# not meet the next test. The store's files are read-only and some tests make folders so.
e2e_teardown() {
	local gone=$BATS_FILE_TMPDIR/gone.$BATS_TEST_NUMBER
	cd / || return 1
	mv "$BATS_FILE_TMPDIR/test" "$gone"
	rm -rf "$gone" 2>/dev/null && return
	chmod -R u+w "$gone"
	rm -rf "$gone"
}

setup() {
	e2e_setup
}

teardown() {
	e2e_teardown
}

# ---------------------------------------------------------------- repositories

# plain_repo NAME: T/NAME with the bare remote T/NAME.git, nothing of LFS in it.
plain_repo() {
	git init -q --bare "$T/$1.git"
	git init -q "$T/$1"
	git -C "$T/$1" remote add origin "$T/$1.git"
}

# make_repo NAME [STORE]: the same, set up by `git zllm init`, first commit made
# and pushed. The current folder is then the worktree.
make_repo() {
	set -- "$1" "${2:-$STORE}"
	if can_begin && [[ $2 == "$T"/* ]] && [ ! -e "$2" ]; then
		as_kept "make_repo $*" made_repo "$1" "$1.git" "${2#"$T/"}" -- "$@"
	else
		made_repo "$@"
	fi
	cd "$T/$1" || return 1
}

made_repo() {
	plain_repo "$1"
	cd "$T/$1" || return 1
	git zllm init "$2" '*.safetensors' '*.bin' >/dev/null
	git add -A
	git commit -qm 'Set up git-zllm'
	git push -q -u --no-verify origin main # no object is in it, and hooks take time
}

# begin_with FUNCTION [WORD...]: a test begins with what FUNCTION makes in T, which is
# made once in a file of tests, the rest gets copies. (In a bucket each test has
# a store of its own, under another name: there it is made each time.)
begin_with() {
	if can_begin && [ -z "$(ls -A "$T")" ]; then
		as_kept "$*" "$1" . -- "${@:2}"
	else
		"$@"
	fi
}

# can_begin: all is as e2e_setup left it, as far as it matters to what is made.
can_begin() {
	! has_bucket && [ "$(umask)" = 0022 ] &&
		cmp -s "$HOME/.gitconfig" "${ZLLM_TEST_MODELS:-$BATS_RUN_TMPDIR}/gitconfig"
}

# as_kept KEY FUNCTION NAME... -- [WORD...]: FUNCTION, with the words, makes the NAMEs
# below T and goes to a folder; the second time they are copies.
as_kept() {
	local kept=$BATS_FILE_TMPDIR/kept/${1//\//-} function=$2 names=()
	shift 2
	while [ "$1" != -- ]; do
		names+=("$1")
		shift
	done
	shift
	if [ -e "$kept/folder" ]; then
		(cd "$kept/files" && cp -a --parents "${names[@]}" "$T")
	else
		"$function" "$@"
		mkdir -p "$kept/files"
		(cd "$T" && cp -a --parents "${names[@]}" "$kept/files")
		pwd >"$kept/folder"
	fi
	cd "$(<"$kept/folder")" || return 1
}

# repo_with_url NAME URL: a repository whose .lfsconfig names URL, whatever
# `init` would say to it. The store must exist already.
repo_with_url() {
	plain_repo "$1"
	cd "$T/$1" || return 1
	git config -f .lfsconfig lfs.url "$2"
	git lfs track '*.safetensors' '*.bin' >/dev/null
	git add -A
	git commit -qm 'Set up'
}

# make_store [STORE]: an empty store, as `init` makes it, and no repository.
make_store() {
	set -- "${1:-$STORE}"
	if can_begin && [[ $1 == "$T"/* ]] && [ ! -e "$1" ]; then
		local here=$PWD
		as_kept "make_store $1" made_store "${1#"$T/"}" -- "$1"
		cd "$here" || return 1
	else
		made_store "$1"
	fi
}

made_store() {
	git init -q "$T/maker"
	(cd "$T/maker" && git zllm init "$1" >/dev/null)
	rm -rf "$T/maker"
}

# commit MESSAGE: everything that changed. (Without git-lfs's hook, which looks for
# files that are locked.)
commit() {
	git add -A
	git -c core.hooksPath=/dev/null commit -qm "$1"
}

# ---------------------------------------------------------------- models

python() {
	/usr/bin/python3 -B "$@"
}

# kept_model FILE NAME WORD...: FILE as `model.py WORD... OUT WORD...` makes it, which
# is done once for each NAME in a run of bats; or in all runs, where ZLLM_TEST_MODELS
# is a folder for them.
kept_model() {
	local kept=${ZLLM_TEST_MODELS:-$BATS_RUN_TMPDIR/models}/$2
	if [ ! -e "$kept" ]; then
		python "$E2E/model.py" "$3" "$kept.$$" "${@:4}"
		mv "$kept.$$" "$kept"
	fi
	[[ $1 != */* ]] || mkdir -p "${1%/*}"
	cp "$kept" "$1"
}

# make_model FILE [SEED]: about 2 MB of safetensors: BF16, F32, F16, a norm.
make_model() {
	kept_model "$1" "new-${2:-1}" new "${2:-1}"
}

# finetune FILE FROM [SEED]: the same tensors, most words moved by a few units.
finetune() {
	kept_model "$1" "$(oid_of "$2")-${3:-1}" finetune "$2" "${3:-1}"
}

# model COMMAND ...: the other changes model.py knows (shard, reorder, ...).
model() {
	python "$E2E/model.py" "$@"
}

# noise FILE BYTES [SEED]: bytes that nothing can compress.
noise() {
	python -c 'import random, sys
open(sys.argv[1], "wb").write(random.Random(sys.argv[3]).randbytes(int(sys.argv[2])))' \
		"$1" "$2" "${3:-1}"
}

# flip FILE [OFFSET]: turns one bit; without an offset, in the middle.
flip() {
	chmod u+w "$1"
	python -c 'import sys
f = open(sys.argv[1], "r+b")
n = f.seek(0, 2)
at = int(sys.argv[2]) if len(sys.argv) > 2 else n // 2
f.seek(at)
b = f.read(1)[0]
f.seek(at)
f.write(bytes([b ^ 4]))' "$@"
}

# ---------------------------------------------------------------- comparisons

# expect_same_files A B: two worktrees hold the same files, byte for byte.
expect_same_files() {
	diff -r --no-dereference --exclude=.git "$1" "$2"
}

# clone_and_compare [NAME [GIT OPTION...]]: clones T/NAME.git (the repository of
# the current folder) to T/NAME.clone; its files are those of T/NAME.
clone_and_compare() {
	local name=${1:-$(basename "$PWD")}
	[ $# -eq 0 ] || shift
	rm -rf "$T/$name.clone"
	git clone -q "$@" "$T/$name.git" "$T/$name.clone"
	expect_same_files "$T/$name" "$T/$name.clone"
}

# ---------------------------------------------------------------- oids

oid_of() {
	local sum
	sum=$(sha256sum <"$1")
	printf '%s\n' "${sum%% *}"
}

# lfs_file OID: where git-lfs keeps its copy in the current repository.
lfs_file() {
	printf '%s/lfs/objects/%s/%s/%s\n' "$(git rev-parse --git-common-dir)" "${1:0:2}" "${1:2:2}" "$1"
}

# no_bad_objects [REPO]: everything in git-lfs's storage hashes to its name.
no_bad_objects() {
	local file
	while IFS= read -r file; do
		[ "$(oid_of "$file")" = "$(basename "$file")" ] || {
			echo "bad object: $file"
			return 1
		}
	done < <(find "$(git -C "${1:-.}" rev-parse --absolute-git-dir)/lfs/objects" -type f 2>/dev/null)
}

# ---------------------------------------------------------------- saying what is expected

# says TEXT...: $output holds each of these, case aside.
says() {
	local text
	for text in "$@"; do
		grep -qiF -- "$text" <<<"$output" || {
			printf 'expected: %s\ngot:\n%s\n' "$text" "$output"
			return 1
		}
	done
}

says_not() {
	local text
	for text in "$@"; do
		! grep -qiF -- "$text" <<<"$output" || {
			printf 'not expected: %s\ngot:\n%s\n' "$text" "$output"
			return 1
		}
	done
}

# one_line_error: exactly one line, and it begins with the program's name.
one_line_error() {
	[ "$(printf '%s\n' "$output" | wc -l)" -eq 1 ] && [[ $output == "git-zllm: "?* ]] || {
		printf 'not one line of an error:\n%s\n' "$output"
		return 1
	}
}

# json EXPRESSION: evaluates it in Python over standard input as `d`, prints it.
json() {
	python -c 'import json, sys
d = json.load(sys.stdin)
print(eval(sys.argv[1]))' "$1"
}

# json_holds EXPRESSION: true over $output.
json_holds() {
	[ "$(json "bool($1)" <<<"$output")" = True ] || {
		printf 'does not hold: %s\nin: %.800s\n' "$1" "$output"
		return 1
	}
}

# ---------------------------------------------------------------- the agent by hand

# drive [OPTION...] <messages: agent_driver.py in the current folder. What the
# agent says on standard error goes to T/agent.stderr.
drive() {
	python "$E2E/agent_driver.py" "$@" 2>"$T/agent.stderr"
}

say_init() {
	printf '{"event":"init","operation":"%s","remote":"origin","concurrent":false,"concurrenttransfers":8}\n' "$1"
}

# say_upload FILE: FILE as if it were git-lfs's copy.
say_upload() {
	printf '{"event":"upload","oid":"%s","size":%s,"path":"%s","action":null}\n' \
		"$(oid_of "$1")" "$(stat -c %s "$1")" "$(realpath "$1")"
}

# say_download OID SIZE
say_download() {
	printf '{"event":"download","oid":"%s","size":%s,"action":null}\n' "$1" "$2"
}

say_terminate() {
	printf '{"event":"terminate"}\n'
}

# use_agent COMMAND...: git-lfs runs this in place of the program (in this HOME).
use_agent() {
	git config --global lfs.customtransfer.zllm.path "$1"
	git config --global lfs.customtransfer.zllm.args "${2:-}"
}

use_own_agent() {
	use_agent git-zllm agent
}

# ---------------------------------------------------------------- what the machine can do

# own_mounts: skips unless a mount namespace can be had; then MOUNTED is the
# command that runs another in one.
own_mounts() {
	if unshare -m true 2>/dev/null; then
		MOUNTED=(unshare -m)
	elif unshare -rm true 2>/dev/null; then
		MOUNTED=(unshare -rm)
	else
		skip 'no mount namespaces here (unshare -m fails)'
	fi
	"${MOUNTED[@]}" mount -t tmpfs none "$T" 2>/dev/null || skip 'no tmpfs can be mounted here'
}

real_data() {
	[ -n "${ZLLM_DATA:-}" ] && [ -e "$ZLLM_DATA/$1" ] ||
		skip "no $1 in ZLLM_DATA: ../shared/data is not unpacked here"
}

# lfs_that CHANGE: from here on git-lfs is the real one, but what 'git lfs env'
# prints goes through sed with CHANGE.
lfs_that() {
	: "${REAL_LFS:=$(command -v git-lfs)}"
	mkdir -p "$T/bin"
	cat >"$T/bin/git-lfs" <<-END
		#!/bin/sh
		[ "\$1" = env ] || exec $REAL_LFS "\$@"
		$REAL_LFS "\$@" | sed '$1'
	END
	chmod +x "$T/bin/git-lfs"
	export PATH=$T/bin:$PATH
}

# A git-lfs that takes no program's name from .lfsconfig, as 3.8.1 and later.
closed_lfs() {
	lfs_that 's/,trial//'
}
