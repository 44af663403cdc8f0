#!/usr/bin/env bats
# Repositories of every shape git knows: each pushes and clones the same bytes.

load helpers

# A repository with two models and an opaque file, pushed.
pushed() {
	begin_with models_pushed
}

models_pushed() {
	make_repo r
	make_model model.safetensors
	mkdir -p sub/folder
	finetune sub/folder/tuned.safetensors model.safetensors
	noise noise.bin 200000
	commit 'Models'
	git push -q
}

# ---------------------------------------------------------------- where one works

@test "a linked worktree pushes and checks out" {
	pushed
	git worktree add -q "$T/wt" -b side
	expect_same_files "$T/r" "$T/wt"
	cd "$T/wt"
	finetune more.safetensors model.safetensors 7
	commit 'From the worktree'
	git push -q origin side
	in_store "$(oid_of more.safetensors)"
	git clone -q -b side "$T/r.git" "$T/c"
	expect_same_files "$T/wt" "$T/c"
	rm -rf "$T/r/.git/lfs/objects"
	git worktree add -q "$T/wt2" side~0
	expect_same_files "$T/wt" "$T/wt2"
}

@test "a push from a sub-directory works" {
	pushed
	cd sub/folder
	make_model here.safetensors 3
	commit 'From below'
	git push -q
	in_store "$(oid_of here.safetensors)"
	clone_and_compare r
}

@test "git -C works from anywhere" {
	pushed
	cd /
	make_model "$T/r/far.safetensors" 3
	git -C "$T/r" add -A
	git -C "$T/r" commit -qm far
	git -C "$T/r" push -q
	in_store "$(oid_of "$T/r/far.safetensors")"
	clone_and_compare r
}

@test "GIT_DIR and GIT_WORK_TREE in the environment work" {
	pushed
	make_model more.safetensors 3
	commit 'One more'
	cd /
	GIT_DIR=$T/r/.git GIT_WORK_TREE=$T/r git push -q
	in_store "$(oid_of "$T/r/more.safetensors")"
	clone_and_compare r
}

@test "a submodule has its own .lfsconfig and its own store" {
	make_repo inner "$(other_store inner-store)"
	make_model inner.safetensors 5
	commit 'Inner'
	git push -q
	pushed
	git submodule --quiet add "$T/inner.git" lib
	commit 'With a submodule'
	cd lib
	finetune more.safetensors inner.safetensors
	commit 'More of the inner'
	git push -q origin HEAD:main
	in_store "$(oid_of more.safetensors)" "$(other_store inner-store)"
	run ! in_store "$(oid_of more.safetensors)"
	cd "$T/r"
	commit 'Newer submodule'
	git push -q
	clone_and_compare r --recurse-submodules
}

@test "a bare repository fetches and pushes objects" {
	pushed
	git init -q --bare "$T/second.git"
	git clone -q --bare "$T/r.git" "$T/bare.git"
	cd "$T/bare.git"
	git lfs fetch --all origin
	[ "$(find lfs/objects -type f | wc -l)" -eq 3 ]
	no_bad_objects
	store_empty objects/ blobs/
	git lfs push --all "$T/second.git"
	clone_and_compare r
}

# ---------------------------------------------------------------- kinds of clones

# bats test_tags=bucket
@test "a partial clone without blobs works, and pushes" {
	pushed
	git -C "$T/r.git" config uploadpack.allowFilter true
	git clone -q --filter=blob:none "file://$T/r.git" "$T/c"
	expect_same_files "$T/r" "$T/c"
	cd "$T/c"
	finetune more.safetensors model.safetensors 3
	commit 'From a partial clone'
	git push -q
	in_store "$(oid_of more.safetensors)"
	git -C "$T/r" pull -q
	expect_same_files "$T/r" "$T/c"
}

@test "a sparse checkout fetches what it shows, and pushes" {
	pushed
	git clone -q --sparse "$T/r.git" "$T/c"
	cd "$T/c"
	[ ! -e sub ]
	cmp model.safetensors "$T/r/model.safetensors"
	[ ! -e "$(lfs_file "$(oid_of "$T/r/sub/folder/tuned.safetensors")")" ]
	git sparse-checkout add sub/folder
	expect_same_files "$T/r" "$T/c"
	finetune more.safetensors model.safetensors 3
	commit 'From a sparse checkout'
	git push -q
	in_store "$(oid_of more.safetensors)"
}

@test "a sparse partial clone works" {
	pushed
	git -C "$T/r.git" config uploadpack.allowFilter true
	git clone -q --filter=blob:none --sparse "file://$T/r.git" "$T/c"
	cd "$T/c"
	git sparse-checkout add sub/folder
	expect_same_files "$T/r" "$T/c"
	finetune more.safetensors model.safetensors 3
	commit 'More'
	git push -q
	in_store "$(oid_of more.safetensors)"
}

@test "--separate-git-dir works" {
	pushed
	git clone -q --separate-git-dir="$T/git-dir" "$T/r.git" "$T/c"
	expect_same_files "$T/r" "$T/c"
	cd "$T/c"
	finetune more.safetensors model.safetensors 3
	commit 'More'
	git push -q
	in_store "$(oid_of more.safetensors)"
	[ -e "$T/git-dir/lfs/objects" ]
}

@test "a shallow clone works, and pushes a fine-tune of what it has" {
	pushed
	finetune model.safetensors model.safetensors 2
	commit 'Second version'
	git push -q
	git clone -q --depth 1 "file://$T/r.git" "$T/c"
	expect_same_files "$T/r" "$T/c"
	cd "$T/c"
	finetune model.safetensors model.safetensors 3
	commit 'Third version'
	git push -q
	git -C "$T/r" pull -q
	expect_same_files "$T/r" "$T/c"
}

@test "clone -n, fetch, checkout works" {
	pushed
	git clone -q -n "$T/r.git" "$T/c"
	cd "$T/c"
	git lfs fetch origin main
	no_bad_objects
	git checkout -q main
	expect_same_files "$T/r" "$T/c"
}

@test "GIT_LFS_SKIP_SMUDGE and git lfs pull work" {
	pushed
	GIT_LFS_SKIP_SMUDGE=1 git clone -q "$T/r.git" "$T/c"
	[ "$(stat -c %s "$T/c/model.safetensors")" -lt 1024 ]
	git -C "$T/c" lfs pull
	expect_same_files "$T/r" "$T/c"
}

@test "lfs.fetchexclude leaves out what it names" {
	pushed
	git clone -q -c lfs.fetchexclude=sub "$T/r.git" "$T/c"
	cmp "$T/r/model.safetensors" "$T/c/model.safetensors"
	[ "$(stat -c %s "$T/c/sub/folder/tuned.safetensors")" -lt 1024 ]
}

@test "git lfs fetch --all brings every version" {
	pushed
	finetune model.safetensors model.safetensors 2
	commit 'Second version'
	git push -q
	git clone -q -n "$T/r.git" "$T/c"
	cd "$T/c"
	git lfs fetch --all
	[ "$(find .git/lfs/objects -type f | wc -l)" -eq 4 ]
	no_bad_objects
	git lfs fsck --objects
}

@test "a checkout between versions brings the right bytes each time" {
	pushed
	cp model.safetensors "$T/first"
	finetune model.safetensors model.safetensors 2
	commit 'Second version'
	git push -q
	git clone -q "$T/r.git" "$T/c"
	cd "$T/c"
	cmp model.safetensors "$T/r/model.safetensors"
	git checkout -q HEAD^
	cmp model.safetensors "$T/first"
	git switch -q main
	cmp model.safetensors "$T/r/model.safetensors"
}

# bats test_tags=bucket
@test "a SHA-256 repository works" {
	git init -q --bare --object-format=sha256 "$T/r.git" 2>/dev/null || skip 'this git has no SHA-256 repositories'
	git init -q --object-format=sha256 "$T/r"
	cd "$T/r"
	git remote add origin "$T/r.git"
	git zllm init "$STORE" '*.safetensors' >/dev/null
	make_model model.safetensors
	commit 'A model'
	git lfs ls-files >/dev/null 2>&1 || skip 'this git-lfs cannot read SHA-256 repositories'
	git push -q origin main
	in_store "$(oid_of model.safetensors)"
	finetune model.safetensors model.safetensors
	commit 'Tuned'
	git push -q
	clone_and_compare r
}

# ---------------------------------------------------------------- where git-lfs keeps its files

@test "lfs.storage elsewhere: objects go there, nothing into .git/lfs" {
	pushed
	git clone -q -n "$T/r.git" "$T/c"
	cd "$T/c"
	git config lfs.storage "$T/elsewhere/lfs"
	git checkout -q main
	expect_same_files "$T/r" "$T/c"
	[ "$(find "$T/elsewhere/lfs/objects" -type f | wc -l)" -eq 3 ]
	[ -z "$(find .git/lfs -type f 2>/dev/null)" ]
	finetune more.safetensors model.safetensors 3
	commit 'More'
	git push -q
	in_store "$(oid_of more.safetensors)"
}

@test "lfs.storage relative to the git directory" {
	pushed
	git clone -q -n "$T/r.git" "$T/c"
	cd "$T/c"
	git config lfs.storage my-lfs
	git checkout -q main
	expect_same_files "$T/r" "$T/c"
	[ "$(find .git/my-lfs/objects -type f | wc -l)" -eq 3 ]
	finetune more.safetensors model.safetensors 3
	commit 'More'
	git push -q
	in_store "$(oid_of more.safetensors)"
}

@test "lfs.storage on another file system than the store" {
	local folder elsewhere=
	for folder in /dev/shm /var/tmp "$TOP/build"; do
		[ ! -w "$folder" ] || [ "$(stat -c %d "$folder")" = "$(stat -c %d "$T")" ] ||
			elsewhere=$(mktemp -d "$folder/zllm-test.XXXXXX")
		[ -z "$elsewhere" ] || break
	done
	[ -n "$elsewhere" ] || skip 'all is one file system here'
	pushed
	git clone -q -n "$T/r.git" "$T/c"
	git -C "$T/c" config lfs.storage "$elsewhere/lfs"
	git -C "$T/c" checkout -q main && expect_same_files "$T/r" "$T/c"
	local rc=$?
	rm -rf "$elsewhere"
	[ $rc -eq 0 ]
}

# ---------------------------------------------------------------- modes

@test "umask 027 reaches git-lfs's copies and the store" {
	folder_only 'objects have no modes'
	umask 027
	pushed
	git clone -q "$T/r.git" "$T/c"
	[ -z "$(find "$T/c/.git/lfs/objects" "$STORE" -type f -perm /0007)" ]
	[ -z "$(find "$T/c/.git/lfs/objects" "$STORE" -type f ! -perm -0440)" ]
	[ -z "$(find "$STORE" -mindepth 1 -type d -perm /0007)" ]
}

@test "umask 022: everyone may read the store and git-lfs's copies" {
	folder_only 'objects have no modes'
	pushed
	git clone -q "$T/r.git" "$T/c"
	[ -z "$(find "$T/c/.git/lfs/objects" "$STORE" -type f ! -perm -0444)" ]
	[ -z "$(find "$STORE" -type d ! -perm -0555)" ]
}

@test "core.sharedRepository=group: the group may write the store's folders" {
	folder_only 'objects have no modes'
	umask 077
	plain_repo r
	cd r
	git config core.sharedRepository group
	git zllm init "$STORE" '*.safetensors' >/dev/null
	make_model model.safetensors
	commit 'A model'
	git push -q
	[ -z "$(find "$STORE" -mindepth 1 -type d ! -perm -0770)" ]
	[ -z "$(find "$STORE" -mindepth 1 -type f ! -perm -0440)" ]
	[ -z "$(find "$STORE" -mindepth 1 -perm /0007)" ]
}

@test "core.sharedRepository=group: what a checkout fetched may be read by the group" {
	pushed
	umask 077
	git clone -q -n "$T/r.git" "$T/c"
	git -C "$T/c" config core.sharedRepository group
	git -C "$T/c" checkout -q main
	[ -z "$(find "$T/c/.git/lfs/objects" -type f ! -perm -0440)" ]
}

# ---------------------------------------------------------------- names

@test "paths with spaces, quotes and UTF-8" {
	make_repo r
	mkdir -p 'a folder/ö "quoted"'
	make_model "a folder/ö \"quoted\"/model's 模型.safetensors"
	make_model ' leading space.safetensors' 2
	make_model ./-dash.safetensors 3
	commit 'Odd names'
	git push -q
	clone_and_compare
}

@test "a repository in a folder with spaces and UTF-8" {
	make_repo 'ein Möbel repo'
	make_model model.safetensors
	commit 'A model'
	git push -q
	clone_and_compare 'ein Möbel repo'
}

@test "deep paths" {
	make_repo r
	local deep
	deep=$(printf 'folder-number-%s/' $(seq 60))
	mkdir -p "$deep"
	make_model "${deep}model.safetensors"
	commit 'Deep'
	git push -q
	clone_and_compare
	run -0 git zllm status --json
	json_holds 'd["objects"][0]["path"].startswith("folder-number-1/") and d["objects"][0]["in_store"]'
}

# ---------------------------------------------------------------- pushing again

# bats test_tags=bucket
# (Here the remote may be a copy of the one that was pushed to, in its place: another
# remote, of which the store is told.)
@test "a push of everything again writes nothing to the store" {
	pushed
	store_listing | grep -v remotes/ >"$T/before"
	git lfs push --all origin
	git lfs push origin main
	git push -q --force origin main
	diff "$T/before" <(store_listing | grep -v remotes/)
}

@test "a second remote with the same store adds nothing but its name and its place" {
	pushed
	store_listing | grep -vE 'names/|remotes/' >"$T/before"
	git init -q --bare "$T/second.git"
	git remote add second "$T/second.git"
	git push -q second main
	diff "$T/before" <(store_listing | grep -vE 'names/|remotes/')
	[ "$(stored_bytes names/)" -eq 0 ]
	git clone -q "$T/second.git" "$T/c"
	expect_same_files "$T/r" "$T/c"
}

# bats test_tags=bucket
@test "a second remote with a store of its own gets everything" {
	pushed
	local other
	other=$(other_store other)
	make_store "$other"
	git init -q --bare "$T/second.git"
	git remote add second "$T/second.git"
	git -c "lfs.url=zllm::$other" push -q second main
	[ "$(store_count objects/ "$other")" -eq 3 ]
	store_destroy
	git -c "lfs.url=zllm::$other" clone -q "$T/second.git" "$T/c"
	expect_same_files "$T/r" "$T/c"
}

@test "git lfs migrate import: history that was not LFS is pushed and cloned" {
	plain_repo r
	cd r
	make_model model.safetensors
	commit 'Not LFS'
	finetune model.safetensors model.safetensors
	commit 'Still not'
	git lfs migrate import --yes --everything --include='*.safetensors' >/dev/null 2>&1
	git lfs checkout >/dev/null
	git zllm init "$STORE" '*.safetensors' >/dev/null
	commit 'Now with git-zllm'
	git push -q origin main
	[ "$(store_count objects/)" -eq 2 ]
	git lfs checkout >/dev/null # migrate leaves the pointer in the worktree
	clone_and_compare r
}
