#!/usr/bin/env bats
# Wrong use, help, and what commands say where they cannot work.

load helpers
load command_helpers

# ---------------------------------------------------------------- wrong use

@test "every command has its help, with every option that it takes" {
	run -0 git zllm help
	git zllm help --words >commands
	[ "$(grep -c . commands)" -ge 19 ]
	while read -r command; do
		says "  $command "
		git zllm help "$command" >text
		grep -q "^usage: git zllm $command" text
		git zllm help --words "$command" | while read -r option; do
			grep -q -- "^  ${option%=}" text
		done
	done <commands
}

@test "the man page has the usage of every command, as the commands have it" {
	git zllm help --synopsis >wanted
	sed -n '/^\.nf$/,/^\.fi$/p' "$TOP/docs/git-zllm.1" | sed '1d;$d' >found
	diff wanted found
}

@test "bash completes commands and their options" {
	completed() {
		bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _git_zllm
			printf "%s\n" "${COMPREPLY[@]}"' - "$TOP/docs/completion/git-zllm" "$@"
	}
	[ "$(completed git zllm st | tr '\n' ' ')" = 'status stats ' ]
	[ "$(completed git-zllm ver | tr '\n' ' ')" = 'verify version ' ]
	[ "$(completed git zllm status --j)" = --json ]
	[ "$(completed git zllm install --fi)" = --file= ]
}

@test "version prints a version" {
	run -0 git zllm version
	[[ $output =~ [0-9]+\.[0-9]+\.[0-9]+ ]]
	run -0 git-zllm --version
}

@test "an unknown command is one line and exit 2" {
	refused git zllm frobnicate
	says frobnicate
	refused git zllm help frobnicate
}

@test "an unknown option is one line and exit 2, for every command" {
	make_repo r
	for command in install uninstall 'init x' status 'show x' stats verify fsck; do
		# shellcheck disable=SC2086  # words
		refused git zllm $command --frobnicate
		says frobnicate
	done
}

@test "words too many are one line and exit 2" {
	make_repo r
	refused git zllm status extra
	refused git zllm stats extra
	refused git zllm install extra
	refused git zllm show
	refused git zllm show a b
	refused git zllm install --system --local
	refused git zllm install --file
}

@test "outside a repository the commands say so in one line and exit 2" {
	cd /
	refused git zllm verify
	for command in status stats fsck 'show x'; do
		# shellcheck disable=SC2086  # words
		refused git zllm $command
		says repository
	done
}

@test "in a repository without a store the commands say what to do and exit 2" {
	plain_repo r
	cd r
	for command in status stats fsck verify 'show x'; do
		# shellcheck disable=SC2086  # words
		refused git zllm $command
		says 'git zllm init'
	done
}

# bats test_tags=bucket
@test "a store that is gone is one line" {
	make_repo r
	store_hide
	for command in status stats fsck verify; do
		run git zllm "$command"
		[ "$status" -ne 0 ]
		one_line_error
		says "$STORE"
	done
}

@test "output to a full disk is no silent success" {
	family
	[ -w /dev/full ] || skip 'no /dev/full'
	git zllm show base.safetensors --json >/dev/full && return 1
	git zllm status --json >/dev/full && return 1
	true
}

@test "a name that means nothing is said not to be what was asked for, and what would be" {
	family
	refused git zllm show nothing
	says "'nothing' is not a path that git knows, a <rev>:<path> or an oid"
	refused git zllm base ./nothing
	says "'./nothing' is not a path, revision, object or name of a model"
	refused git zllm diff nothing tuned.safetensors
	says "'nothing' is not a file, revision, <rev>:<path> or oid"
	refused git zllm verify $'a\nb'
	says 'is not a revision'
	git config lfs.url https://example.org/a
	refused git zllm status
	says "which is not a git-zllm store"
}

# ---------------------------------------------------------------- git-lfs's own commands

@test "README's words for git lfs lock, and status's for what is missing, hold" {
	make_repo r
	make_model model.safetensors
	commit One
	run git lfs lock model.safetensors
	[ "$status" -ne 0 ]
	says 'missing protocol: "zllm::'
	git push -q --no-verify
	run -0 git push
	says 'up-to-date'
	run -0 git zllm status
	says 'git lfs push --object-id origin '
	sh -c "$(grep -o 'git lfs push --object-id .*' <<<"$output")"
	run -0 git zllm status
	says_not 'not in the store'
}
