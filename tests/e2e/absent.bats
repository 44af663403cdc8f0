#!/usr/bin/env bats
# `git zllm verify` in clones that do not have all of their history: what is not here is
# brought and looked at, or it is said that it was not.

load helpers

# T/r with two versions of a model, the first of which the store has lost, and T/r.git
# that serves partial clones.
lost_version() {
	begin_with version_lost
	LOST=$(<"$T/lost")
}

version_lost() {
	make_repo r
	mkdir -p deep/er
	noise deep/er/m.bin 20000 1
	oid_of deep/er/m.bin >"$T/lost"
	commit 'One'
	git push -q
	noise deep/er/m.bin 20000 2
	noise notes.txt 5000 3
	commit 'Two'
	git push -q
	store_remove "$(manifest_of "$(<"$T/lost")")"
	git -C "$T/r.git" config uploadpack.allowFilter true
}

# partial_clone FILTER: T/c, the current folder from then on.
partial_clone() {
	git clone -q --filter="$1" "file://$T/r.git" "$T/c"
	cd "$T/c" || return 1
}

@test "a partial clone fetches what it left on the remote, and finds what a full one finds" {
	lost_version
	run -1 git zllm verify --all
	local full=$output
	for filter in blob:none tree:0; do
		partial_clone "$filter"
		local refs
		refs=$(git for-each-ref)
		run -1 --separate-stderr git zllm verify --all
		[ "$output" = "$full" ]
		says "missing $LOST deep/er/m.bin"
		# shellcheck disable=SC2154  # of run
		grep -q ' fetched' <<<"$stderr"
		[ "$refs" = "$(git for-each-ref)" ]
		[ "$(git config remote.origin.partialclonefilter)" = "$filter" ]
		# All of it is here now.
		mv "$T/r.git" "$T/away"
		run -1 git zllm verify --all
		says "missing $LOST"
		says_not fetched
		mv "$T/away" "$T/r.git"
		cd "$T"
		rm -rf c
	done
}

@test "a partial clone whose remote is away says how much was not looked at, and is no success" {
	lost_version
	partial_clone blob:none
	mv "$T/r.git" "$T/away"
	run -1 git zllm verify --all
	says '1 file or folder of history' 'could not be fetched' 'not looked at' '0 missing'
	# What is checked out is here.
	run -0 git zllm verify HEAD^!
	says '0 missing'
}

@test "a shallow clone says that older commits were not looked at" {
	lost_version
	git clone -q --depth=1 "file://$T/r.git" "$T/c"
	cd "$T/c"
	run -0 git zllm verify --all
	says '0 missing' shallow 'git fetch --unshallow'
	git fetch -q --unshallow
	run -1 git zllm verify --all
	says "missing $LOST"
	says_not shallow
}
