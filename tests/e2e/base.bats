#!/usr/bin/env bats
# A fine-tune is stored as what it differs in: its base is found by git, wherever
# in the history it is, and the commit that was found is recorded and shown.

load helpers

# The base at PATH (model.safetensors) in r, pushed.
pushed_base() {
	BASE_PATH=${1:-model.safetensors}
	begin_with base_pushed "$BASE_PATH"
	BASE_OID=$(oid_of "$BASE_PATH")
}

base_pushed() {
	make_repo r
	make_model "$1"
	cp "$1" "$T/base.safetensors"
	commit 'The base'
	git push -q
}

# expect_delta [REV:]FILE: FILE is stored against the base, and the commit that is
# shown for it has just those bytes at just that path, behind the one shown for FILE.
expect_delta() {
	run -0 --separate-stderr git zllm show "$1" --json
	json_holds 'd["model"] == "safetensors"'
	json_holds 'sum(e["codec"] in ("ulp", "bitx") for e in d["extents"]) >= 10'
	json_holds 'all(e["base"] for e in d["extents"] if e["codec"] in ("ulp", "bitx"))'
	json_holds "d['stored'] < 0.62 * d['size']"
	json_holds "d['base_oid'] == '$BASE_OID' and d['base_path'] == '$BASE_PATH'"
	local commit base
	commit=$(json 'd["commit"]' <<<"$output")
	base=$(json 'd["base_commit"]' <<<"$output")
	[ "$(git rev-parse "$commit:$(json 'd["path"]' <<<"$output")")" = "$(git rev-parse "$(in_a_revision "$1")")" ]
	git cat-file blob "$base:$BASE_PATH" | grep -q "$BASE_OID"
	git merge-base --is-ancestor "$base" "$commit"
}

in_a_revision() {
	case $1 in *:*) echo "$1" ;; *) echo "HEAD:$1" ;; esac
}

# The same, and the commit that brings it is the one of HEAD.
expect_commit() {
	run -0 --separate-stderr git zllm show "$1" --json
	json_holds "d['path'] == '$1'"
	json_holds "d['commit'] == '$(git rev-parse "${2:-HEAD}")'"
}

tune() {
	finetune "$1" "$T/base.safetensors" "${2:-1}"
}

@test "the next commit of the same path" {
	pushed_base
	tune model.safetensors
	commit 'Tuned'
	git push -q
	expect_delta model.safetensors
	expect_commit model.safetensors
	clone_and_compare
}

# bats test_tags=bucket
@test "base and fine-tune in one push" {
	make_repo r
	BASE_PATH=model.safetensors
	make_model model.safetensors
	cp model.safetensors "$T/base.safetensors"
	BASE_OID=$(oid_of model.safetensors)
	commit 'The base'
	tune model.safetensors
	commit 'Tuned'
	git push -q
	clone_and_compare
	# Either may have gone first; one of the two is a delta against the other.
	local total
	total=$(stored_bytes)
	[ "$total" -lt $(($(stat -c %s model.safetensors) * 140 / 100)) ]
}

@test "on a branch" {
	pushed_base
	git switch -qc tuned
	tune model.safetensors
	commit 'Tuned on a branch'
	git push -q origin tuned
	expect_delta model.safetensors
	expect_commit model.safetensors
	clone_and_compare r -b tuned
}

@test "on a branch that left long ago, when main went on" {
	pushed_base
	git switch -qc tuned
	git switch -q main
	for i in 1 2 3 4 5; do
		echo "$i" >notes
		commit "Note $i"
	done
	git push -q
	git switch -q tuned
	tune model.safetensors
	commit 'Tuned on an old branch'
	git push -q origin tuned
	expect_delta model.safetensors
}

@test "after many commits that do not touch the model" {
	pushed_base
	for i in $(seq 30); do
		echo "$i" >notes
		commit "Note $i"
	done
	tune model.safetensors
	commit 'Tuned at last'
	git push -q
	expect_delta model.safetensors
	expect_commit model.safetensors
}

@test "under a new name, in the same commit tree" {
	pushed_base
	tune tuned.safetensors
	commit 'Tuned beside it'
	git push -q
	expect_delta tuned.safetensors
	expect_commit tuned.safetensors
	clone_and_compare
}

@test "renamed: the old name is gone" {
	pushed_base
	git rm -q model.safetensors
	tune renamed.safetensors
	commit 'Tuned and renamed'
	git push -q
	expect_delta renamed.safetensors
	clone_and_compare
}

@test "moved to another folder" {
	pushed_base models/base/model.safetensors
	git rm -q models/base/model.safetensors
	mkdir -p tuned/final
	tune tuned/final/model.safetensors
	commit 'Tuned and moved'
	git push -q
	expect_delta tuned/final/model.safetensors
	clone_and_compare
}

@test "after a merge" {
	pushed_base
	git switch -qc side
	echo side >side
	commit 'Side work'
	git switch -q main
	echo main >main
	commit 'Main work'
	git merge -q --no-edit side
	tune model.safetensors
	commit 'Tuned after the merge'
	git push -q
	expect_delta model.safetensors
	clone_and_compare
}

@test "in a merge commit itself" {
	pushed_base
	git switch -qc side
	echo side >side
	commit 'Side work'
	git switch -q main
	echo main >main
	commit 'Main work'
	git merge -q --no-commit --no-ff side
	tune model.safetensors
	commit 'Tuned in the merge'
	git push -q
	expect_delta model.safetensors
}

@test "the base came in by a merge" {
	make_repo r
	git switch -qc side
	BASE_PATH=model.safetensors
	make_model model.safetensors
	cp model.safetensors "$T/base.safetensors"
	BASE_OID=$(oid_of model.safetensors)
	commit 'The base on a side branch'
	git switch -q main
	echo main >main
	commit 'Main work'
	git merge -q --no-edit side
	git push -q
	tune model.safetensors
	commit 'Tuned'
	git push -q
	run -0 --separate-stderr git zllm show model.safetensors --json
	json_holds 'sum(e["codec"] in ("ulp", "bitx") for e in d["extents"]) >= 10'
	json_holds "d['base_oid'] == '$BASE_OID'"
	expect_delta model.safetensors
}

@test "a tag alone is pushed" {
	pushed_base
	git switch -q --detach
	tune model.safetensors
	commit 'Tuned, on no branch'
	git tag v2
	git push -q origin v2
	expect_delta model.safetensors
	clone_and_compare r -b v2
}

@test "an annotated tag alone is pushed" {
	pushed_base
	git switch -q --detach
	tune model.safetensors
	commit 'Tuned, on no branch'
	git tag -am 'Second' v2
	git switch -q main
	git push -q origin v2
	expect_delta v2:model.safetensors
}

@test "push --all: each branch finds its base" {
	pushed_base
	for i in 1 2 3; do
		git switch -qc "tuned-$i" main
		tune model.safetensors "$i"
		commit "Tuned $i"
	done
	git push -q --all origin
	for i in 1 2 3; do
		expect_delta "tuned-$i:model.safetensors"
	done
	clone_and_compare r -b tuned-3
}

@test "another branch than the current one is pushed" {
	pushed_base
	git switch -qc tuned
	tune model.safetensors
	commit 'Tuned'
	git switch -q main
	git push -q origin tuned
	expect_delta tuned:model.safetensors
	run -0 --separate-stderr git zllm show tuned:model.safetensors --json
	json_holds "d['commit'] == '$(git rev-parse tuned)'"
}

@test "resharded: every tensor finds its base by name" {
	pushed_base
	tune "$T/tuned.safetensors"
	git rm -q model.safetensors
	model shard . "$T/tuned.safetensors" 3
	commit 'Tuned and resharded'
	git push -q
	local deltas=0 file
	for file in model-*.safetensors; do
		run -0 --separate-stderr git zllm show "$file" --json
		json_holds "d['stored'] < 0.65 * d['size']"
		deltas=$((deltas + $(json 'sum(e["codec"] in ("ulp", "bitx") for e in d["extents"])' <<<"$output")))
	done
	[ "$deltas" -ge 10 ]
	clone_and_compare
}

@test "a fine-tune of shards, merged into one file" {
	make_repo r
	make_model "$T/base.safetensors"
	model shard . "$T/base.safetensors" 3
	commit 'The base in shards'
	git push -q
	git rm -q ./*.safetensors
	finetune merged.safetensors "$T/base.safetensors"
	commit 'Tuned, one file'
	git push -q
	run -0 --separate-stderr git zllm show merged.safetensors --json
	json_holds 'sum(e["codec"] in ("ulp", "bitx") for e in d["extents"]) >= 10'
	json_holds "d['stored'] < 0.65 * d['size']"
	clone_and_compare
}

@test "tensors in another order" {
	pushed_base
	tune "$T/tuned.safetensors"
	model reorder model.safetensors "$T/tuned.safetensors" 3
	commit 'Tuned and reordered'
	git push -q
	expect_delta model.safetensors
	clone_and_compare
}

@test "other __metadata__" {
	pushed_base
	tune "$T/tuned.safetensors"
	model metadata model.safetensors "$T/tuned.safetensors" 'another word, and a longer header'
	commit 'Tuned, other metadata'
	git push -q
	expect_delta model.safetensors
	clone_and_compare
}

@test "a chain of fine-tunes: every base is stored solo" {
	pushed_base
	local i
	for i in 1 2 3 4; do
		finetune model.safetensors model.safetensors "$i"
		commit "Step $i"
		git push -q
	done
	clone_and_compare
	# No record leans on one that leans on another: bases stand in the names.
	local base
	store_keys blobs/ >"$T/keys"
	while IFS= read -r base; do
		grep -v '~' "$T/keys" | grep -q "/$base"
	done < <(sed -n 's/.*~//p' "$T/keys" | sort -u)
	run -0 git zllm fsck
}

@test "an unrelated model makes no object larger than solo" {
	pushed_base
	make_store "$T/alone"
	make_model model.safetensors 99
	commit 'Another model at the same path'
	git push -q
	clone_and_compare
	run -0 --separate-stderr git zllm show model.safetensors --json
	local with alone
	with=$(json 'd["stored"]' <<<"$output")
	make_repo solo "$T/alone"
	make_model model.safetensors 99
	commit 'The same alone'
	git push -q
	alone=$(git zllm show model.safetensors --json | json 'd["stored"]')
	[ "$with" -le $((alone + 2000)) ]
}

@test "a tensor that stayed the same is not stored again" {
	pushed_base
	tune "$T/tuned.safetensors"
	python - "$T/base.safetensors" "$T/tuned.safetensors" model.safetensors "$E2E" <<-'END'
		import sys
		sys.path.insert(0, sys.argv[4])
		import model
		meta, base = model.load(sys.argv[1])
		tuned = model.load(sys.argv[2])[1]
		model.save(sys.argv[3], base[:8] + tuned[8:], meta)
	END
	commit 'Half frozen'
	git push -q
	run -0 --separate-stderr git zllm show model.safetensors --json
	local frozen
	frozen=$(git zllm show HEAD^:model.safetensors --json | json '{e["name"]: e["id"] for e in d["extents"] if e["kind"] == "tensor"}')
	json_holds "sum(($frozen).get(e['name']) == e['id'] for e in d['extents'] if e['kind'] == 'tensor') >= 8"
	clone_and_compare
}

# ---------------------------------------------------------------- where the base's bytes come from

# bats test_tags=bucket
@test "the base is read from the store when the local copy is gone" {
	pushed_base
	tune model.safetensors
	commit 'Tuned'
	rm -f "$(lfs_file "$BASE_OID")"
	git push -q
	expect_delta model.safetensors
	clone_and_compare
}

@test "a base whose local copy is damaged is not used: the push is right all the same" {
	pushed_base
	tune model.safetensors
	commit 'Tuned'
	flip "$(lfs_file "$BASE_OID")"
	git push -q
	clone_and_compare
	run -0 git zllm fsck
}

@test "a base whose local copy was cut short is not used: the push is right all the same" {
	pushed_base
	tune model.safetensors
	commit 'Tuned'
	chmod u+w "$(lfs_file "$BASE_OID")"
	truncate -s 1000000 "$(lfs_file "$BASE_OID")"
	git push -q
	clone_and_compare
	run -0 git zllm fsck
}

# bats test_tags=bucket
@test "a base whose record in the store is damaged: the push is right or refused, never wrong" {
	pushed_base
	tune model.safetensors
	commit 'Tuned'
	rm -f "$(lfs_file "$BASE_OID")"
	local blob
	blob=$(a_blob)
	store_read "$blob" >"$T/kept"
	store_damage "$blob"
	if git push -q 2>"$T/words"; then
		store_write "$blob" <"$T/kept"
		clone_and_compare
	fi
}

@test "a base that is in no store is not used: the clone is right" {
	pushed_base
	store_remove "$(manifest_of "$BASE_OID")"
	store_empty blobs/
	tune model.safetensors
	commit 'Tuned'
	git push -q
	git clone -q "$T/r.git" "$T/c"
	expect_same_files "$T/r" "$T/c"
}

# bats test_tags=bucket
@test "a clone fetches a base the delta needs, though the base itself is not checked out" {
	pushed_base
	git rm -q model.safetensors
	tune tuned.safetensors
	commit 'Only the fine-tune'
	git push -q
	git clone -q --depth 1 "file://$T/r.git" "$T/c"
	expect_same_files "$T/r" "$T/c"
	[ "$(find "$T/c/.git/lfs/objects" -type f | wc -l)" -eq 1 ]
}

@test "a push from a shallow clone, where no parent is known, is right" {
	pushed_base
	git clone -q --depth 1 "file://$T/r.git" "$T/shallow"
	cd "$T/shallow"
	tune model.safetensors
	commit 'Tuned in a shallow clone'
	git push -q
	expect_delta model.safetensors
	git -C "$T/r" pull -q
	expect_same_files "$T/r" "$T/shallow"
}

# push_afresh NAME: both versions, one push each, to a new remote and a new store.
push_afresh() {
	local store
	store=$(other_store "$1")
	make_store "$store"
	git init -q --bare "$T/$1.git"
	git remote add "$1" "$T/$1.git"
	git -c "lfs.url=zllm::$store" push -q "$1" main^:refs/heads/main
	git -c "lfs.url=zllm::$store" push -q "$1" main
	store_fetch "$T/$1.fetched" "$store"
}

# bats test_tags=bucket
@test "the same push twice into fresh stores gives the same records, bit for bit" {
	pushed_base
	tune model.safetensors
	commit 'Tuned'
	push_afresh first
	push_afresh second
	[ -n "$(find "$T/first.fetched/blobs" -name '*~*')" ]
	diff -r "$T/first.fetched/blobs" "$T/second.fetched/blobs"
	diff -r "$T/first.fetched/objects" "$T/second.fetched/objects"
}
