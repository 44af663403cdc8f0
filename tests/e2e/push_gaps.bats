#!/usr/bin/env bats
# A push is judged by what the store has, not by what a clone has at hand; and what
# nobody has any more is named, with the ways out.

load helpers

# Two versions of a model, pushed; the current folder is an ordinary clone, which has the
# files of the last one only, with our hook.
plain_clone() {
	begin_with clone_made
	OLD=$(oid_of "$T/old")
	NEW=$(oid_of model.safetensors)
}

clone_made() {
	make_repo r
	make_model model.safetensors
	cp model.safetensors "$T/old"
	commit 'A model'
	git push -q
	finetune model.safetensors "$T/old"
	commit 'Its fine-tune'
	git push -q
	git clone -q "$T/r.git" "$T/c"
	cd "$T/c" || return 1
	git zllm init "$STORE" '*.safetensors' '*.bin' >/dev/null
	git init -q --bare "$T/fork.git"
	git remote add fork "$T/fork.git"
}

# lost_model: the last commit of T/r needs an object that is nowhere.
lost_model() {
	begin_with model_lost
	LOST=$(<"$T/lost")
}

model_lost() {
	make_repo r
	make_model lost.safetensors 2
	commit 'A model that gets lost'
	oid_of lost.safetensors >"$T/lost"
	rm -f "$(lfs_file "$(<"$T/lost")")"
	git cat-file blob HEAD:lost.safetensors >lost.safetensors # a pointer is all there is
}

at() {
	[ "$(git -C "$T/$1.git" rev-parse main)" = "$(git rev-parse main)" ]
}

# bats test_tags=bucket
@test "an ordinary clone pushes its history to a fork: the store has every object" {
	plain_clone
	run -0 git zllm verify --all
	run -0 git push fork main
	says '1 LFS object' 'not in this clone' 'in the store already' 'nothing is missing'
	at fork
}

@test "the same to a URL, to a new branch, and with the hook that was there running git-lfs" {
	plain_clone
	run -0 git push "$T/fork.git" main
	run -0 git push fork main:new
	printf '#!/bin/sh\ngit lfs pre-push "$@"\n' >.git/hooks/pre-push.before-zllm
	run -0 git push fork main:third
}

@test "settings that the environment gives are kept beside ours" {
	plain_clone
	GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=zllm.largeFile GIT_CONFIG_VALUE_0=1 \
		run -0 git push fork main
	says 'nothing is missing' .gitattributes # which has more than one byte
}

@test "a push to a fork is refused where the store lacks an object that is not here either" {
	plain_clone
	store_remove "$(manifest_of "$OLD")"
	run git push fork main
	[ "$status" -ne 0 ]
	says "$OLD" model.safetensors 'not in the store' 'not in this clone either' \
		"git lfs push --object-id fork $OLD" 'git config lfs.allowincompletepush true'
	run ! git -C "$T/fork.git" rev-parse -q --verify main
	# As it says: in one that has it.
	(cd "$T/r" && git remote add fork "$T/fork.git" && git lfs push --object-id fork "$OLD")
	run -0 git push fork main
	at fork
}

@test "what is here is brought by the words of the message, in a clone that has not all" {
	plain_clone
	store_remove "$(manifest_of "$NEW")" "$(manifest_of "$OLD")"
	run git push origin main:again # git-lfs sends nothing: origin has the commits
	[ "$status" -ne 0 ]
	says "git lfs push --object-id origin $NEW"
	sh -c "$(grep -o 'git lfs push --object-id origin .*' <<<"$output" | head -1)"
	in_store "$NEW"
	run -0 git push origin main:again
}

@test "a remote whose name the shell would read is quoted in the words that bring an object" {
	plain_clone
	store_remove "$(manifest_of "$OLD")"
	git init -q --bare "$T/a fork.git"
	run git push "$T/a fork.git" main
	[ "$status" -ne 0 ]
	says "git lfs push --object-id '$T/a fork.git' $OLD"
}

@test "an object that nobody has stops a push, which says so and names the ways out" {
	lost_model
	run git push origin main
	[ "$status" -ne 0 ]
	says "$LOST" lost.safetensors 'git config lfs.allowincompletepush true' \
		"git lfs push --object-id origin $LOST"
	[ "$(git -C "$T/r.git" rev-parse main)" = "$(git rev-parse main^)" ]
}

@test "lfs.allowincompletepush lets it pass, and the paths are named" {
	lost_model
	git config lfs.allowincompletepush true
	run -0 git push origin main
	says "$LOST" lost.safetensors 'allowincompletepush'
	at r
}

@test "lfs.allowincompletepush is obeyed for one push, and from .lfsconfig" {
	lost_model
	run -0 git -c lfs.allowincompletepush=1 push origin main
	at r
	git config -f .lfsconfig lfs.allowincompletepush true
	git commit -qam 'Some fixtures have no object'
	run -0 git push origin main
	at r
	git config lfs.allowincompletepush false
	git branch other
	run git push origin other
	[ "$status" -ne 0 ]
}

@test "lfs.allowincompletepush excuses no object that is here and did not get there" {
	lost_model
	git config lfs.allowincompletepush true
	git push -q origin main
	make_model model.safetensors
	commit 'A model'
	git push -q --no-verify origin main
	# Its commit is known to the remote, so git-lfs has nothing to send.
	run git push origin main:new
	[ "$status" -ne 0 ]
	says "git lfs push --object-id origin $(oid_of model.safetensors)" lost.safetensors
}

@test "a fixture that was never an object blocks no push of others, once it is allowed" {
	make_repo r
	printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 12\n' 7 >fixture.txt
	commit 'A fixture'
	run git push origin main
	[ "$status" -ne 0 ]
	says fixture.txt
	git config lfs.allowincompletepush true
	make_model model.safetensors
	commit 'A model'
	run -0 git push origin main
	says fixture.txt
	in_store "$(oid_of model.safetensors)"
}

@test "where another server has the objects, git-lfs's own rule stays" {
	make_repo r
	git init -q --bare "$T/other.git"
	git remote add other "file://$T/other.git"
	make_model model.safetensors
	commit 'A model'
	rm -f "$(lfs_file "$(oid_of model.safetensors)")"
	git config lfs.url "file://$T/other.git"
	run git push other main
	[ "$status" -ne 0 ]
	says '(missing)'
}

@test "a clone that lacks an object is told the words that bring it" {
	plain_clone
	store_remove "$(manifest_of "$NEW")"
	run git clone "$T/r.git" "$T/late"
	[ "$status" -ne 0 ]
	says "git lfs push --object-id origin $NEW" 'git lfs push --all origin'
}

# fetches FILE: how often git fetched, as the trace says.
fetches() {
	grep -c "trace: run_command: git .*fetch\|trace: built-in: git fetch" "$1" || true
}

@test "a partial clone pushes its history to a fork: what is absent comes in one fetch" {
	make_repo r
	local i
	for i in 1 2 3 4 5 6; do
		noise model.bin 20000 "$i"
		noise "notes-$i" 2000 "$i"
		commit "Version $i"
	done
	git push -q
	git -C "$T/r.git" config uploadpack.allowFilter true
	git clone -q --filter=blob:none "file://$T/r.git" "$T/c"
	cd "$T/c"
	git zllm init "$STORE" '*.safetensors' '*.bin' >/dev/null
	git init -q --bare "$T/fork.git"
	git remote add fork "$T/fork.git"
	GIT_TRACE=$T/trace run -0 git push fork main
	says '5 LFS objects' 'nothing is missing'
	[ "$(fetches "$T/trace")" -le 4 ] # one, and the processes that it is made of
	at fork
	git clone -q "$T/fork.git" "$T/whole"
	expect_same_files "$T/r" "$T/whole"

	# An old version that the store has lost is found, though its pointer was absent.
	store_remove "$(manifest_of "$(git -C "$T/r" show main~3:model.bin | sed -n 's/^oid sha256://p')")"
	git clone -q --filter=blob:none "file://$T/r.git" "$T/d"
	cd "$T/d"
	git zllm init "$STORE" '*.safetensors' '*.bin' >/dev/null
	git init -q --bare "$T/other.git"
	run git push "$T/other.git" main
	[ "$status" -ne 0 ]
	says model.bin 'not in the store' 'not in this clone either'
}
