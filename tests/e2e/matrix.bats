#!/usr/bin/env bats
# Which configurations of git-lfs bring transfers to us, row by row of the matrix
# in docs (git-lfs 3.3.0 of Debian 12): those that must work and those that fail,
# with the words the user then sees.

load helpers

# One small model, pushed from the current repository.
push_a_model() {
	make_model model.safetensors
	commit 'A model'
	git push -q origin main
}

# expect_works NAME URL: a repository whose .lfsconfig names URL pushes to $STORE
# and clones from it.
expect_works() {
	repo_with_url "$1" "$2"
	push_a_model
	in_store "$(oid_of model.safetensors)"
	clone_and_compare "$1"
}

# expect_fails NAME URL: the push fails, $output says how, no ref moves.
expect_fails() {
	repo_with_url "$1" "$2"
	git push -q --no-verify origin main
	make_model model.safetensors
	commit 'A model'
	run git push origin main
	[ "$status" -ne 0 ]
	[ "$(git -C "$T/$1.git" rev-parse main)" = "$(git rev-parse main^)" ]
}

# No test may reach the network: ssh is a program that says it was asked, and
# HTTP goes to a closed port of this machine.
no_network() {
	export GIT_SSH_COMMAND="sh -c 'echo ssh was asked >&2; exit 255'"
	export GIT_SSH_VARIANT=ssh
	git config --global http.proxy http://127.0.0.1:9
	git config --global lfs.transfer.maxretries 1
	git config --global lfs.dialtimeout 2
}

# bats test_tags=bucket
@test "A: a store that init wrote takes a plain push and gives a plain clone" {
	make_repo r
	[[ $(git config -f .lfsconfig lfs.url) == zllm::* ]]
	push_a_model
	in_store "$(oid_of model.safetensors)"
	clone_and_compare
}

# bats test_tags=bucket
@test "A: push and clone make no request to any LFS server" {
	no_network
	make_repo r
	make_model model.safetensors
	commit 'A model'
	GIT_TRACE=1 GIT_CURL_VERBOSE=1 git push origin main 2>trace
	GIT_TRACE=1 GIT_CURL_VERBOSE=1 git clone "$T/r.git" "$T/c" 2>>trace
	run ! grep -E 'HTTP: |ssh was asked' trace
}

@test "A: .lfsconfig holds no key that git-lfs warns about" {
	make_repo r
	make_model model.safetensors
	commit 'A model'
	run -0 git push origin main
	says_not unsafe warning
	run -0 git clone "$T/r.git" "$T/c"
	says_not unsafe warning
}

@test "A2: zllm:: with an absolute path works" {
	make_store
	expect_works r "zllm::$STORE"
}

@test "A3: zllm:: with a path relative to the worktree works, also from a sub-directory" {
	folder_only 'a bucket has no relative name'
	make_store
	expect_works r zllm::../store
	mkdir sub
	cd sub
	make_model more.safetensors 2
	commit 'Another'
	git push -q
	in_store "$(oid_of more.safetensors)"
	clone_and_compare r
}

@test "A4: zllm:: with a file:// URL works" {
	folder_only 'file:// is a folder'
	make_store
	expect_works r "zllm::file://$STORE"
}

@test "A5: a bucket is refused with a sentence" {
	expect_fails r 'zllm::s3://my.bucket.name/p?region=eu&x=1'
	says s3
	says_not 'worker 0: EOF' ssh
}

@test "A+: spaces in the path work" {
	STORE=$(other_store 'a store/of ours')
	mkdir "$T/a store"
	make_store "$STORE"
	expect_works r "zllm::$STORE"
}

@test "A+: ~ is the home folder" {
	folder_only 'a bucket is in no home folder'
	STORE=$HOME/models
	make_store
	expect_works r 'zllm::~/models'
}

@test "A+: %20 is a space" {
	STORE=$(other_store 'a store')
	make_store
	expect_works r "zllm::$(other_store a%20store)"
}

@test "A+: a percent sign that begins no escape stands for itself" {
	STORE=$(other_store '50%zz')
	make_store
	expect_works r "zllm::$STORE"
}

@test "A+: UTF-8 in the path works" {
	STORE=$(other_store 'Modèle-模型')
	make_store
	expect_works r "zllm::$STORE"
}

@test "A+: options that a newer git-zllm may have written are ignored" {
	make_store
	expect_works r "zllm::$STORE?future=1&repo=00112233445566778899aabbccddeeff&x"
	store_has "owners/00112233445566778899aabbccddeeff/$(oid_of model.safetensors)"
}

@test "A8: without the standalone key git-lfs says that the protocol is missing" {
	make_store
	git config --global --unset-all lfs.zllm::.standalonetransferagent
	expect_fails r "zllm::$STORE"
	says 'missing protocol'
	nothing_stored
}

# bats test_tags=bucket
@test "A8: a machine where install was not run repairs a clone with install and reset" {
	make_repo r
	push_a_model
	git zllm uninstall >/dev/null
	run ! git clone "$T/r.git" "$T/c"
	says 'missing protocol'
	git zllm install >/dev/null
	git -C "$T/c" reset -q --hard
	expect_same_files "$T/r" "$T/c"
}

@test "A9: without the agent's path the push fails" {
	make_store
	git config --global --unset-all lfs.customtransfer.zllm.path
	expect_fails r "zllm::$STORE"
	nothing_stored
}

@test "B1: zllm:// is taken for SSH by git-lfs and fails" {
	no_network
	make_store
	expect_fails r 'zllm://bucket/prefix'
	says 'ssh was asked'
}

@test "C: s3:// alone is taken for SSH by git-lfs and fails" {
	no_network
	expect_fails r 's3://bucket/prefix'
	says 'ssh was asked'
}

# The https:// spelling of STORE.
spelled_https() {
	case $STORE in
	s3://*) printf 'https://zllm.invalid/s3/%s\n' "${STORE#s3://}" ;;
	*) printf 'https://zllm.invalid/file%s\n' "$STORE" ;;
	esac
}

@test "E1: the spelling https://zllm.invalid/ works and contacts nobody" {
	no_network
	make_store
	expect_works r "$(spelled_https)"
}

@test "E2: that spelling fails where install was not run" {
	no_network
	make_store
	git zllm uninstall >/dev/null
	expect_fails r "$(spelled_https)"
	nothing_stored
}

@test "I: remote.origin.lfsurl in .lfsconfig works for that remote" {
	make_store
	plain_repo r
	cd r
	git config -f .lfsconfig remote.origin.lfsurl "zllm::$STORE"
	git lfs track '*.safetensors' >/dev/null
	push_a_model
	in_store "$(oid_of model.safetensors)"
	clone_and_compare r
}

@test "J: install takes over no other repository: plain LFS of a file:// remote goes on" {
	[ -z "$(git config --global --get lfs.standalonetransferagent)" ]
	make_store
	git init -q --bare other.git
	git init -q other
	cd other
	git remote add origin "file://$T/other.git"
	git lfs track '*.safetensors' >/dev/null
	push_a_model
	nothing_stored
	[ -f "$T/other.git/lfs/objects/$(oid_of model.safetensors | sed 's|^\(..\)\(..\)|\1/\2/\1\2|')" ]
}

@test "O: with lfs.pushurl alone the push works and the clone fails" {
	make_store
	plain_repo r
	cd r
	git config -f .lfsconfig lfs.pushurl "zllm::$STORE"
	git lfs track '*.safetensors' >/dev/null
	push_a_model
	in_store "$(oid_of model.safetensors)"
	run ! git clone -q "$T/r.git" "$T/c"
}

@test "P: lfs.locksverify=true does no harm" {
	make_store
	plain_repo r
	cd r
	git config -f .lfsconfig lfs.url "zllm::$STORE"
	git config -f .lfsconfig lfs.locksverify true
	git lfs track '*.safetensors' >/dev/null
	push_a_model
	clone_and_compare r
}

@test "Q: one colon does not work" {
	no_network
	make_store
	expect_fails r "zllm:$STORE"
	nothing_stored
}

@test "Q: upper case does not work" {
	no_network
	make_store
	expect_fails r "ZLLM::$STORE"
	nothing_stored
}

@test "insteadOf: a mirror is used for what .lfsconfig names" {
	STORE=$(other_store mirror)
	make_store
	git config --global "url.zllm::$STORE.insteadOf" zllm::/nowhere/models
	expect_works r zllm::/nowhere/models
}

@test "insteadOf: the longest prefix wins" {
	local wrong
	wrong=$(other_store wrong)
	make_store "$wrong"
	make_store
	git config --global "url.zllm::$wrong.insteadOf" zllm::/nowhere
	git config --global "url.zllm::$STORE.insteadOf" zllm::/nowhere/models
	expect_works r zllm::/nowhere/models
	nothing_stored "$wrong"
}

@test "-c lfs.url goes before .lfsconfig" {
	local other
	other=$(other_store other)
	make_repo r
	make_store "$other"
	make_model model.safetensors
	commit 'A model'
	git -c "lfs.url=zllm::$other" push -q origin main
	in_store "$(oid_of model.safetensors)" "$other"
	nothing_stored
	git -c "lfs.url=zllm::$other" clone -q "$T/r.git" "$T/c"
	expect_same_files "$T/r" "$T/c"
}

@test "GIT_CONFIG_COUNT is obeyed" {
	local other
	other=$(other_store other)
	make_repo r
	make_store "$other"
	make_model model.safetensors
	commit 'A model'
	export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=lfs.url GIT_CONFIG_VALUE_0=zllm::$other
	git push -q origin main
	in_store "$(oid_of model.safetensors)" "$other"
	nothing_stored
	clone_and_compare
}

@test "the repository's own configuration goes before .lfsconfig" {
	local other
	other=$(other_store other)
	make_repo r
	make_store "$other"
	git config lfs.url "zllm::$other"
	push_a_model
	in_store "$(oid_of model.safetensors)" "$other"
	nothing_stored
}

# bats test_tags=bucket
@test "pushurl and url: writes go to the one, reads come from the other" {
	local reads
	reads=$(other_store reads)
	make_store
	make_store "$reads"
	plain_repo r
	cd r
	git config -f .lfsconfig lfs.pushurl "zllm::$STORE"
	git config -f .lfsconfig lfs.url "zllm::$reads"
	git lfs track '*.safetensors' >/dev/null
	push_a_model
	in_store "$(oid_of model.safetensors)"
	nothing_stored "$reads"
	run ! git clone -q "$T/r.git" "$T/c"
	rm -rf "$T/c"
	store_copy "$STORE" "$reads"
	store_destroy
	clone_and_compare r
}

@test ".lfsconfig from the index counts where the worktree has none" {
	make_repo r
	make_model model.safetensors
	commit 'A model'
	rm .lfsconfig
	git push -q origin main
	in_store "$(oid_of model.safetensors)"
}

@test "a push to a URL in place of a remote's name works" {
	make_repo r
	make_model model.safetensors
	commit 'A model'
	git init -q --bare "$T/second.git"
	git push -q "file://$T/second.git" main
	in_store "$(oid_of model.safetensors)"
}

@test "lfs.basictransfersonly does not turn the agent off" {
	git config --global lfs.basictransfersonly true
	make_repo r
	push_a_model
	in_store "$(oid_of model.safetensors)"
	clone_and_compare
}

@test "lfs.concurrenttransfers and a concurrent agent work too" {
	git config --global lfs.customtransfer.zllm.concurrent true
	make_repo r
	for i in 1 2 3 4; do make_model "m$i.safetensors" "$i"; done
	commit 'Four models'
	git push -q
	clone_and_compare
	run -0 git zllm fsck
}
