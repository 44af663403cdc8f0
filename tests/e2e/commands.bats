#!/usr/bin/env bats
# The commands a person types: what they write, what they print, what they refuse.

load helpers

# A base and a fine-tune, pushed, and a model that is not.
family() {
	begin_with family_pushed
}

family_pushed() {
	make_repo r
	make_model base.safetensors
	commit 'The base'
	git push -q
	finetune tuned.safetensors base.safetensors
	commit 'Tuned'
	git push -q
}

# refused: exit 2 and one line.
refused() {
	run "$@"
	[ "$status" -eq 2 ] || {
		printf 'exit %s: %s\n' "$status" "$output"
		return 1
	}
	one_line_error
}

# ---------------------------------------------------------------- install

@test "install writes exactly these keys" {
	e2e_blank_user
	git lfs install --skip-repo >/dev/null
	git config --global --list | sort >before
	git zllm install >/dev/null
	git config --global --list | sort >after
	diff <(comm -13 before after) - <<-END
		diff.zllm.command=git-zllm diff --driver
		lfs.customtransfer.zllm.args=agent
		lfs.customtransfer.zllm.concurrent=false
		lfs.customtransfer.zllm.path=git-zllm
		lfs.https://zllm.invalid.standalonetransferagent=zllm
		lfs.zllm::.standalonetransferagent=zllm
	END
	[ -z "$(comm -23 before after)" ]
}

@test "uninstall undoes install to the byte" {
	e2e_blank_user
	git lfs install --skip-repo >/dev/null
	git config --global user.signingkey x
	cp "$HOME/.gitconfig" before
	git zllm install >/dev/null
	run ! cmp before "$HOME/.gitconfig"
	git zllm uninstall >/dev/null
	diff before "$HOME/.gitconfig"
}

@test "install sets up git-lfs's filters where nobody did, and uninstall takes them back" {
	e2e_blank_user
	cp "$HOME/.gitconfig" before
	git zllm install >/dev/null
	[ -n "$(git config --global filter.lfs.process)" ]
	make_repo r
	make_model model.safetensors
	commit 'A model'
	git push -q
	clone_and_compare
	git zllm uninstall >/dev/null
	# What the user said of a bucket stays.
	git config --global --unset-all zllm.trust || true
	diff "$T/before" "$HOME/.gitconfig"
}

@test "uninstall leaves git-lfs's filters alone when they were there before" {
	git zllm uninstall >/dev/null
	[ -n "$(git config --global filter.lfs.process)" ]
	[ -z "$(git config --global --get-regexp zllm)" ]
}

@test "install twice is install once" {
	cp "$HOME/.gitconfig" before
	run -0 git zllm install
	diff before "$HOME/.gitconfig"
}

@test "uninstall without install changes nothing" {
	git zllm uninstall >/dev/null
	cp "$HOME/.gitconfig" before
	run -0 git zllm uninstall
	diff before "$HOME/.gitconfig"
}

@test "uninstall keeps a key that somebody else set" {
	git config --global lfs.customtransfer.zllm.path /opt/other/agent
	run -0 git zllm uninstall
	[ "$(git config --global lfs.customtransfer.zllm.path)" = /opt/other/agent ]
}

@test "install --local serves one repository, and uninstall --local undoes it" {
	git zllm uninstall >/dev/null
	plain_repo r
	cd r
	cp .git/config "$T/before"
	git zllm install --local >/dev/null
	[ -z "$(git config --global --get-regexp zllm)" ]
	git zllm init "$STORE" '*.safetensors' >/dev/null
	make_model model.safetensors
	commit 'A model'
	git push -q
	in_store "$(oid_of model.safetensors)"
	git zllm uninstall --local >/dev/null
	[ -z "$(git config --local --get-regexp 'lfs\..*zllm')" ]
}

@test "install --file writes to that file and nowhere else" {
	git zllm uninstall >/dev/null
	cp "$HOME/.gitconfig" before
	git zllm install --file "$T/other-config" >/dev/null
	diff before "$HOME/.gitconfig"
	[ "$(git config -f "$T/other-config" lfs.zllm::.standalonetransferagent)" = zllm ]
	git zllm uninstall --file "$T/other-config" >/dev/null
	[ ! -s "$T/other-config" ] || [ -z "$(git config -f "$T/other-config" --list)" ]
}

@test "install never sets the plain lfs.standalonetransferagent" {
	[ -z "$(git config --get-all lfs.standalonetransferagent)" ]
}

@test "install by a path that PATH does not lead to still works from git" {
	git zllm uninstall >/dev/null
	mkdir elsewhere
	cp "$(command -v git-zllm)" elsewhere/git-zllm
	local program=$T/elsewhere/git-zllm
	PATH=/usr/local/bin:/usr/bin:/bin
	command -v git-zllm >/dev/null && skip 'this machine has git-zllm installed'
	"$program" install >/dev/null
	plain_repo r
	cd r
	"$program" init "$STORE" '*.safetensors' >/dev/null
	make_model model.safetensors
	commit 'A model'
	git push -q
	in_store "$(oid_of model.safetensors)"
	clone_and_compare r
}

# ---------------------------------------------------------------- init

# bats test_tags=bucket
@test "init writes .lfsconfig, .gitattributes and a hook, and makes the store" {
	plain_repo r
	cd r
	run -0 git zllm init "$STORE" '*.safetensors'
	[[ $(git config -f .lfsconfig lfs.url) =~ ^zllm::$STORE\?repo=[0-9a-f]{32}$ ]]
	[ "$(git config -f .lfsconfig --list | wc -l)" -eq 1 ]
	grep -qF '*.safetensors filter=lfs' .gitattributes
	[ -x .git/hooks/pre-push ]
	store_read zllm.json | json 'd["format"]' | grep -qx 1
	git config --local --list >after
	run ! grep -i zllm after
}

@test "init twice changes nothing: the repository keeps its id" {
	make_repo r
	cp .lfsconfig .gitattributes .git/hooks/pre-push "$T/"
	store_read zllm.json >"$T/zllm.json"
	run -0 git zllm init "$STORE" '*.safetensors' '*.bin'
	diff .lfsconfig "$T/.lfsconfig"
	diff .gitattributes "$T/.gitattributes"
	diff .git/hooks/pre-push "$T/pre-push"
	store_read zllm.json | diff - "$T/zllm.json"
	[ -z "$(git status --porcelain)" ]
}

@test "init with another store keeps the repository's id" {
	make_repo r
	local id
	id=$(git config -f .lfsconfig lfs.url | sed 's/.*repo=//')
	git zllm init "$(other_store other)" >/dev/null
	[ "$(git config -f .lfsconfig lfs.url)" = "zllm::$(other_store other)?repo=$id" ]
}

@test "two repositories get two ids" {
	make_repo one
	make_repo two
	[ "$(git config -f "$T/one/.lfsconfig" lfs.url)" != "$(git config -f "$T/two/.lfsconfig" lfs.url)" ]
}

@test "init without patterns tracks what models are called" {
	plain_repo r
	cd r
	git zllm init "$STORE" >/dev/null
	grep -qF '*.safetensors filter=lfs' .gitattributes
	make_model model.safetensors
	commit 'A model'
	git push -q
	in_store "$(oid_of model.safetensors)"
}

@test "init keeps what .lfsconfig and .gitattributes said before" {
	plain_repo r
	cd r
	git config -f .lfsconfig lfs.fetchexclude old
	echo '*.txt text' >.gitattributes
	git zllm init "$STORE" '*.safetensors' >/dev/null
	[ "$(git config -f .lfsconfig lfs.fetchexclude)" = old ]
	grep -qx '\*.txt text' .gitattributes
}

@test "init with a relative store that says so works in clones beside each other" {
	folder_only 'a bucket has no relative name'
	plain_repo r
	cd r
	git zllm init ../store '*.safetensors' >/dev/null
	[[ $(git config -f .lfsconfig lfs.url) == zllm::../store* ]]
	make_model model.safetensors
	commit 'A model'
	git push -q
	in_store "$(oid_of model.safetensors)"
	clone_and_compare r
}

@test "init with a plain relative folder writes it as absolute" {
	folder_only 'a bucket has no relative name'
	plain_repo r
	git zllm init models 2>/dev/null && return 1
	cd r
	mkdir sub
	cd sub
	git zllm init models '*.safetensors' >/dev/null
	[[ $(git config -f ../.lfsconfig lfs.url) == "zllm::$T/r/sub/models?"* ]]
}

@test "init with odd characters in the store's path" {
	folder_only 'init takes a bucket as a URL; matrix.bats has odd prefixes'
	STORE="$T/50% of? a möbel#store"
	plain_repo r
	cd r
	git zllm init "$STORE" '*.safetensors' >/dev/null
	make_model model.safetensors
	commit 'A model'
	git push -q
	in_store "$(oid_of model.safetensors)"
	clone_and_compare r
}

@test "init refuses what is no repository, a bare one, a bucket, and no store at all" {
	refused git zllm init "$STORE"
	git init -q --bare bare.git
	refused git -C bare.git zllm init "$STORE"
	plain_repo r
	cd r
	refused git zllm init
	refused git zllm init s3://bucket/prefix
	says bucket
	[ ! -e .lfsconfig ]
}

@test "init refuses a folder that cannot be made, and writes nothing" {
	folder_only 'a folder that cannot be made'
	plain_repo r
	cd r
	echo x >"$T/a-file"
	run git zllm init "$T/a-file/store"
	[ "$status" -ne 0 ]
	one_line_error
	[ ! -e .lfsconfig ]
}

@test "init says when install was not run" {
	git zllm uninstall >/dev/null
	plain_repo r
	cd r
	run -0 git zllm init "$STORE"
	says 'git zllm install'
}

# ---------------------------------------------------------------- status

# bats test_tags=bucket
@test "status --json: one row for each object, with the base of a fine-tune" {
	family
	make_model local.safetensors 9
	commit 'Not pushed'
	run -0 --separate-stderr git zllm status --json
	json_holds "d['store'] == '$STORE'"
	json_holds '[o["path"] for o in d["objects"]] == ["base.safetensors", "local.safetensors", "tuned.safetensors"]'
	json_holds '[o["in_store"] for o in d["objects"]] == [True, False, True]'
	json_holds '[o["how"] for o in d["objects"]][::2] == ["solo", "delta"]'
	json_holds "d['objects'][2]['base'] == {'oid': '$(oid_of base.safetensors)', 'path': 'base.safetensors', 'commit': '$(git rev-parse HEAD~2)'}"
	json_holds 'd["objects"][0]["base"] is None'
	json_holds "d['objects'][0]['size'] == $(stat -c %s base.safetensors)"
	json_holds 'd["stored"] == sum(o["stored"] for o in d["objects"])'
	json_holds 'd["size"] == sum(o["size"] for o in d["objects"] if o["in_store"])'
}

# bats test_tags=bucket
@test "status's stored bytes are those of the store's files" {
	family
	run -0 --separate-stderr git zllm status --json
	local files
	files=$(stored_bytes objects/ blobs/)
	json_holds "d['stored'] == $files"
}

@test "status in words names every object and the sums" {
	family
	run -0 git zllm status
	says base.safetensors tuned.safetensors delta 'against base.safetensors' 'in all'
}

@test "status --all shows old versions too" {
	family
	finetune base.safetensors base.safetensors 5
	commit 'A newer base'
	git push -q
	run -0 --separate-stderr git zllm status --json
	json_holds 'len(d["objects"]) == 2'
	run -0 --separate-stderr git zllm status --json --all
	json_holds 'len(d["objects"]) == 3'
}

@test "status of a repository without LFS objects, and without a commit" {
	make_repo r
	run -0 --separate-stderr git zllm status --json
	json_holds 'd["objects"] == []'
	plain_repo fresh
	cd "$T/fresh"
	git zllm init "$STORE" >/dev/null
	run git zllm status --json
	[ "$status" -le 2 ]
}

@test "status from a sub-directory is that of the repository" {
	family
	mkdir sub
	cd sub
	run -0 --separate-stderr git zllm status --json
	json_holds '[o["path"] for o in d["objects"]] == ["base.safetensors", "tuned.safetensors"]'
}

# ---------------------------------------------------------------- show

@test "show --json: extents cover the file, tensors with names, dtypes and shapes" {
	family
	run -0 --separate-stderr git zllm show base.safetensors --json
	json_holds "d['oid'] == '$(oid_of base.safetensors)'"
	json_holds "d['size'] == $(stat -c %s base.safetensors) and d['model'] == 'safetensors'"
	json_holds 'd["extents"][0]["kind"] == "header" and d["extents"][0]["offset"] == 0'
	json_holds 'all(a["offset"] + a["size"] == b["offset"] for a, b in zip(d["extents"], d["extents"][1:]))'
	json_holds 'd["extents"][-1]["offset"] + d["extents"][-1]["size"] == d["size"]'
	json_holds 'next(e for e in d["extents"] if e["name"] == "model.embed_tokens.weight")["shape"] == [1200, 256]'
	json_holds '{e["dtype"] for e in d["extents"] if e["kind"] == "tensor"} == {"BF16", "F16", "F32"}'
	json_holds 'all(len(e["id"]) == 64 for e in d["extents"])'
	json_holds 'not any(e["base"] for e in d["extents"])'
	diff <(model names base.safetensors) <(json '"\n".join(e["name"] for e in d["extents"] if e["kind"] == "tensor")' <<<"$output")
}

@test "show takes a path, a revision with a path, and an oid" {
	family
	cp base.safetensors "$T/old"
	finetune base.safetensors base.safetensors 5
	commit 'A newer base'
	git push -q
	run -0 --separate-stderr git zllm show HEAD^:base.safetensors --json
	json_holds "d['oid'] == '$(oid_of "$T/old")'"
	run -0 --separate-stderr git zllm show "$(oid_of "$T/old")" --json
	json_holds "d['oid'] == '$(oid_of "$T/old")'"
	run -0 --separate-stderr git zllm show base.safetensors --json
	json_holds "d['oid'] == '$(oid_of base.safetensors)'"
	mkdir sub
	cd sub
	run -0 --separate-stderr git zllm show ../base.safetensors --json
	json_holds "d['oid'] == '$(oid_of ../base.safetensors)'"
}

@test "show in words names tensors, codecs and the base" {
	family
	run -0 git zllm show tuned.safetensors
	says "$(oid_of tuned.safetensors)" model.embed_tokens.weight ulp 'base.safetensors' BF16 '1200, 256'
}

@test "show of an opaque file says so" {
	make_repo r
	noise noise.bin 3000000
	commit 'Noise'
	git push -q
	run -0 --separate-stderr git zllm show noise.bin --json
	json_holds 'd["model"] == "opaque" and {e["kind"] for e in d["extents"]} == {"chunk"} and len(d["extents"]) > 1'
}

@test "show of names that need care in JSON is valid JSON" {
	make_repo r
	make_model "$T/m.safetensors"
	model rename odd.safetensors "$T/m.safetensors" $'q"b\\n\n\t模型 '
	commit 'Odd names'
	git push -q
	run -0 --separate-stderr git zllm show odd.safetensors --json
	json_holds 'len([e for e in d["extents"] if e["kind"] == "tensor"]) == 13'
	diff <(model names odd.safetensors) <(json '"\n".join(e["name"] for e in d["extents"] if e["kind"] == "tensor")' <<<"$output")
}

@test "show of what is not there is refused in one line" {
	family
	run git zllm show nothing.safetensors
	[ "$status" -ne 0 ]
	one_line_error
	run git zllm show "$(printf %064d 0)"
	[ "$status" -ne 0 ]
	one_line_error
	make_model local.safetensors 9
	commit 'Not pushed'
	run git zllm show local.safetensors
	[ "$status" -ne 0 ]
	one_line_error
	says push
}

# ---------------------------------------------------------------- stats

@test "stats --json: counts and levels add up" {
	family
	make_repo second
	cp "$T/r/base.safetensors" copy.safetensors
	model metadata other.safetensors copy.safetensors x
	commit 'Copies'
	git push -q
	run -0 --separate-stderr git zllm stats --json
	local size files
	size=$(stat -c %s copy.safetensors)
	files=$(stored_bytes objects/ blobs/)
	json_holds "d['store'] == '$STORE' and d['objects'] == 3"
	json_holds "d['records'] == $(store_count blobs/)"
	json_holds "d['bytes']['pushed'] - d['bytes']['objects'] == $size == d['saved']['file_dedup']"
	json_holds "d['saved']['tensor_dedup'] == d['bytes']['objects'] - d['bytes']['blobs'] > $size * 0.9"
	json_holds "d['bytes']['stored'] == $files"
	json_holds 'd["saved"]["delta"] > 0 and d["saved"]["solo"] > 0'
}

@test "stats of an empty store is all zeros" {
	make_repo r
	run -0 --separate-stderr git zllm stats --json
	json_holds 'd["objects"] == 0 and d["records"] == 0 and d["bytes"]["stored"] == 0'
	run -0 git zllm stats
}

# ---------------------------------------------------------------- verify and fsck

@test "verify is content when the store has what HEAD needs" {
	family
	run -0 git zllm verify
	run -0 git zllm verify --all
	run -0 git zllm verify HEAD^ main
}

# bats test_tags=bucket
@test "verify lists what is missing and exits with 1" {
	family
	make_model local.safetensors 9
	commit 'Not pushed'
	run -1 git zllm verify
	says "$(oid_of local.safetensors)" local.safetensors
	run -0 git zllm verify HEAD^
}

@test "verify --all sees what only a branch needs" {
	family
	git switch -qc side
	make_model side.safetensors 9
	commit 'On the side'
	git switch -q main
	run -0 git zllm verify
	run -1 git zllm verify --all
	says side.safetensors
}

@test "verify catches what git lfs prune --verify-remote would not" {
	family
	store_remove "$(manifest_of "$(oid_of tuned.safetensors)")"
	run -1 git zllm verify
}

@test "verify of a revision that does not exist is refused in one line" {
	family
	run git zllm verify no-such-branch
	[ "$status" -ne 0 ]
	says no-such-branch
}

@test "fsck of a whole store says how many" {
	family
	run -0 git zllm fsck
	says '2 objects'
}

# bats test_tags=bucket
@test "fsck finds a damaged record, names object and record, exits with 3" {
	family
	local blob
	blob=$(a_blob)
	store_damage "$blob"
	run -3 git zllm fsck
	says "$(oid_of base.safetensors)" "$(basename "$blob" | cut -c1-16)"
}

@test "fsck finds every single damaged record" {
	family
	local blob
	while IFS= read -r blob; do
		store_read "$blob" >"$T/kept"
		store_damage "$blob"
		run -3 git zllm fsck
		store_write "$blob" <"$T/kept"
	done < <(store_keys blobs/)
	run -0 git zllm fsck
}

@test "fsck finds a damaged manifest wherever the bit is" {
	family
	local key size at
	key=$(manifest_of "$(oid_of tuned.safetensors)")
	size=$(stored_bytes "$key")
	for at in 0 5 9 20 50 100 $((size / 2)) $((size - 20)) $((size - 1)); do
		store_damage "$key" "$at"
		run -3 git zllm fsck
		store_damage "$key" "$at"
	done
	run -0 git zllm fsck
}

@test "fsck of named objects reads only those" {
	family
	store_damage "$(manifest_of "$(oid_of tuned.safetensors)")"
	run -0 git zllm fsck "$(oid_of base.safetensors)"
	run -3 git zllm fsck "$(oid_of tuned.safetensors)"
	run git zllm fsck "$(printf %064d 0)"
	[ "$status" -ne 0 ]
	refused git zllm fsck abc
	says "'abc' is not an oid (64 hex digits)"
}

@test "fsck writes nothing" {
	family
	store_listing >"$T/before"
	git zllm fsck >/dev/null
	diff "$T/before" <(store_listing)
}

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
