#!/usr/bin/env bats
# git zllm import and export: models in bulk, from folders, a hub's cache, an LFS repository
# and an annex; by parts; and out again.

load helpers

teardown() {
	[ -z "${SERVER:-}" ] || kill "$SERVER" 2>/dev/null || true
	e2e_teardown
}

# zoo: seven models in folders whose names and order say nothing of what derives from what.
# What derives from the base: a, b, m (in two shards), z; other and tiny are strangers.
zoo() {
	mkdir -p zoo/{a,b,m,other,p,z}
	make_model zoo/p/model.safetensors
	finetune zoo/a/weights.safetensors zoo/p/model.safetensors 1
	finetune zoo/b/model.safetensors zoo/p/model.safetensors 2
	finetune t.safetensors zoo/p/model.safetensors 3
	model shard zoo/m t.safetensors 2
	rm t.safetensors
	finetune zoo/z/final.safetensors zoo/p/model.safetensors 4
	make_model zoo/other/model.safetensors 7
	echo '{"model_type": "llama"}' | tee zoo/a/config.json >zoo/b/config.json
	printf -- '---\nlicense: mit\n---\n# A zoo\n' >'zoo/READ ME%.md'
	noise zoo/p/extra.bin 3000
	: >zoo/p/empty
}

# hub_cache FOLDER MODEL REVISION FILE...: as Hugging Face's libraries keep what they fetched.
hub_cache() {
	local into=$1/models--${2//\//--} revision=$3 file blob
	shift 3
	mkdir -p "$into/blobs" "$into/refs" "$into/snapshots/$revision"
	printf %s "$revision" >"$into/refs/main"
	for file; do
		blob=$(oid_of "$file")
		[ "$(stat -c %s "$file")" -gt 1000 ] || blob=${blob:0:40} # as git names small ones
		cp "$file" "$into/blobs/$blob"
		ln -sf "../../blobs/$blob" "$into/snapshots/$revision/${file##*/}"
	done
}

# stored_by WORD...: bytes that an import said it stored.
stored_by() {
	git zllm import --json "$@" | json "d['stored']"
}

# later WORD...: an hour later, by the machine's clock.
later() {
	LD_PRELOAD=$(echo /usr/lib/*/faketime/libfaketime.so.1) FAKETIME=+1h NO_FAKE_STAT=1 "$@"
}

# owners: who owns something in the store.
owners() {
	store_keys owners/ | cut -d/ -f2 | sort -u
}

# bats test_tags=bucket
@test "a folder of models comes in, bases first, and comes back by its names" {
	zoo
	git zllm import --store "$STORE" zoo
	# One base, four fine-tunes of it: whoever came first in the alphabet.
	[ "$(stored_bytes)" -lt "$(($(stat -c %s zoo/p/model.safetensors) * 28 / 10))" ]
	local name
	for name in a b m other p z; do
		git zllm export --store "$STORE" --name "zoo/$name" "out/$name"
		diff -r "zoo/$name" "out/$name"
	done
	# What lies beside the models belongs to the folder that was named.
	git zllm export --store "$STORE" --name "w/zoo" out/zoo
	cmp 'zoo/READ ME%.md' 'out/zoo/READ ME%.md'
	run -0 git zllm import --store "$STORE" zoo
	[[ ${lines[1]} == 'stored:   0 B,'*' 11 files were there already' ]] # and one without a byte
	git zllm export --store "$STORE" all
	[ "$(find all/objects -type f | wc -l)" -eq "$(store_count objects/)" ]
	(cd all/objects && find . -type f | while read -r f; do [ "$(oid_of "$f")" = "${f##*/}" ]; done)
}

@test "who was killed goes on" {
	folder_only
	zoo
	local after
	for after in 2 11 30; do
		run strace -f -qq -o /dev/null -e trace=linkat \
			-e "inject=linkat:signal=KILL:when=$after" git zllm import --store "$STORE" zoo
		[ "$status" -ge 128 ]
	done
	git zllm import --store "$STORE" zoo
	local killed whole
	killed=$(stored_bytes)
	git zllm import --store "$T/whole" zoo
	whole=$(STORE=$T/whole stored_bytes)
	[ "$((killed * 100))" -le "$((whole * 102))" ]
	git zllm export --store "$STORE" --name zoo/m out
	diff -r zoo/m out
}

@test "what was hashed is remembered, and the memory is not believed" {
	zoo
	find zoo -type f -exec touch -d '1 hour ago' {} +
	# Only what nobody has touched for two seconds is remembered.
	later git zllm import --store "$STORE" zoo
	local memory=$HOME/.cache/git-zllm/imports
	grep -q " $(oid_of zoo/a/weights.safetensors)\$" "$memory"
	# Two files of one size change their places in it.
	local a b
	a=$(oid_of zoo/a/weights.safetensors) b=$(oid_of zoo/z/final.safetensors)
	sed -i "s/$a/X/; s/$b/$a/; s/X/$b/" "$memory"
	echo 'not a line' >>"$memory"
	printf 'cut off' >>"$memory"
	later git zllm import --store "$STORE" zoo
	git zllm export --store "$STORE" --name zoo/a out
	diff -r zoo/a out
}

@test "a hub's cache: each file once, its names are the hub's, and cards find it" {
	mkdir -p files/{1,2,3}
	make_model files/1/model.safetensors
	finetune files/2/model.safetensors files/1/model.safetensors
	echo '{"a": 1}' | tee files/1/config.json >files/2/config.json
	hub_cache hub Acme/Base 1111aaaa files/1/*
	hub_cache hub Acme/Base 2222bbbb files/2/config.json files/1/model.safetensors
	touch hub/models--Acme--Base/blobs/0000.incomplete
	run -0 git zllm import --store "$STORE" hub
	[[ ${lines[0]} == 'imported: 2 files of 2 models'* ]]
	git zllm export --store "$STORE" --name Acme/Base --revision 1111 out/1
	diff -r files/1 out/1
	# Later another one comes, which knows its base by its card alone.
	printf -- '---\nbase_model: Acme/Base\n---\n' >files/2/README.md
	hub_cache hub2 me/tuned 3333cccc files/2/*
	ZLLM_TRACE=$T/trace git zllm import --store "$STORE" hub2
	run -0 git zllm export --store "$STORE" --name me/tuned out/2
	diff -r files/2 out/2
	[ "$(owners | wc -l)" -eq 2 ]
	run git zllm export --store "$STORE" --name no/such out/3
	[ "$status" -eq 2 ]
	one_line_error
	# A blob that is not what it is called is named, and all else comes.
	flip "hub/models--Acme--Base/blobs/$(oid_of files/1/model.safetensors)"
	run git zllm import --store "$T/second" hub
	[ "$status" -ne 0 ]
	says 'not those of the SHA-256'
	run -0 git zllm export --store "$T/second" --name acme/base out/4
	cmp files/1/config.json out/4/config.json
}

@test "what an import would save, said before" {
	zoo
	run -0 git zllm import --dry-run --json zoo
	local guess took
	guess=$(json "d['stored']" <<<"$output")
	[ ! -e "$STORE" ]
	took=$(stored_by --store "$T/s" zoo)
	[ "$((guess * 100))" -ge "$((took * 85))" ]
	[ "$((guess * 100))" -le "$((took * 120))" ]
	run -0 git zllm import --dry-run zoo
	says ' families of like models'
}

# bats test_tags=bucket
@test "three who share the work store what one would, one of them killed" {
	zoo
	git zllm import --store "$(other_store one)" zoo
	run -0 git zllm import --store "$STORE" --part 1/3 zoo
	says 'part:     1 of 3'
	SLURM_ARRAY_TASK_ID=12 SLURM_ARRAY_TASK_MIN=11 SLURM_ARRAY_TASK_MAX=13 SLURM_ARRAY_TASK_COUNT=3 \
		timeout -s KILL 0.05 git zllm import --store "$STORE" zoo || true
	run -0 env SLURM_ARRAY_TASK_ID=12 SLURM_ARRAY_TASK_MIN=11 SLURM_ARRAY_TASK_MAX=13 \
		SLURM_ARRAY_TASK_COUNT=3 git zllm import --store "$STORE" zoo
	says 'this is part 2 of 3'
	JOB_COMPLETION_INDEX=2 git zllm import --store "$STORE" --part auto/3 zoo
	local one three
	three=$(stored_bytes)
	one=$(STORE=$(other_store one) stored_bytes)
	[ "$((three * 100))" -le "$((one * 102))" ]
	# A last look brings nothing more.
	[ "$(stored_by --store "$STORE" zoo)" -eq 0 ]
	local name part
	for name in a b m other p z; do
		for part in 1 2; do
			git zllm export --store "$STORE" --part $part/2 --name "zoo/$name" "out/$name"
		done
		diff -r "zoo/$name" "out/$name"
	done
	# Parts of a copy are the whole copy.
	for part in 1 2 3; do git zllm copy --part $part/3 "$STORE" "$(other_store copied)" >/dev/null; done
	run -0 git zllm copy "$STORE" "$(other_store copied)"
	says '0 objects copied'
	git zllm export --store "$(other_store copied)" --name zoo/m out/copied
	diff -r zoo/m out/copied
}

# bats test_tags=bucket
@test "the bench of a hub, with a few models" {
	/usr/bin/python3 -c 'import numpy' 2>/dev/null || skip 'no numpy here'
	ZLLM_WORKERS='1 3' run -0 sh "$TOP/tests/bench/hub.sh" 12 3 400000 "$(other_store hub)"
	[ "$(grep -c 'all 12 models are identical' <<<"$output")" -eq 2 ]
}

@test "parts of a check are the whole check" {
	make_repo r
	cd "$T"
	zoo
	cd r
	git zllm import ../zoo
	local record part wrong=0
	record=$(store_keys blobs/ | head -n 1)
	store_damage "$record"
	for part in 1 2 3; do
		git zllm fsck --part $part/3 >/dev/null 2>&1 || wrong=$((wrong + 1))
	done
	[ "$wrong" -ge 1 ] && [ "$wrong" -lt 3 ]
	run git zllm import --part 4/3 ../zoo
	[ "$status" -eq 2 ]
	one_line_error
	run env JOB_COMPLETION_INDEX=2 git zllm gc
	[ "$status" -eq 2 ]
	says 'nothing says of how many parts'
}

@test "a prune of a repository leaves what was imported" {
	made_repo r "$STORE"
	make_model base.safetensors
	commit 'The base'
	git push -q
	cd "$T"
	mkdir -p kept/a
	cp r/base.safetensors kept/a/
	git zllm import --store "$STORE" kept
	cd r
	git rm -q base.safetensors
	git commit -qm 'Gone'
	git reflog expire --expire=all --all
	git push -qf origin HEAD
	git update-ref -d refs/remotes/origin/main
	git zllm gc --prune --yes >/dev/null
	git zllm export --store "$STORE" --name kept/a "$T/out"
	diff -r "$T/kept/a" "$T/out"
}

@test "an annex comes in by its keys, and what is no file is passed by" {
	mkdir -p annex/.git/annex/objects/Wx annex/sub
	make_model m.safetensors
	finetune old.safetensors m.safetensors
	local key old
	key=SHA256E-s$(stat -c %s m.safetensors)--$(oid_of m.safetensors).safetensors
	old=SHA256E-s$(stat -c %s old.safetensors)--$(oid_of old.safetensors).safetensors
	mkdir -p "annex/.git/annex/objects/Wx/$key" "annex/.git/annex/objects/Wx/$old"
	cp m.safetensors "annex/.git/annex/objects/Wx/$key/$key"
	cp old.safetensors "annex/.git/annex/objects/Wx/$old/$old"
	ln -s "../.git/annex/objects/Wx/$key/$key" annex/sub/model.safetensors
	ln -s nowhere annex/broken
	mkfifo annex/fifo
	run git zllm import --store "$STORE" annex
	[ "$status" -eq 1 ]
	says 'passed by'
	says 'imported: 2 files of 1 model into'
	git zllm export --store "$STORE" --name w/annex out
	cmp m.safetensors out/sub/model.safetensors
	cmp old.safetensors "out/$old"
}

# old_server: a server of git-lfs's own API; OLD is its address.
old_server() {
	mkdir "$T/old"
	coproc exec python3 -B "$E2E/lfs_server.py" "$T/old" 2>"$T/old.stderr"
	SERVER=$COPROC_PID
	read -r OLD <&"${COPROC[0]}"
}

# section TITLE: the commands that README shows below that heading, a line each.
section() {
	awk -v title="$1" '/^#/ { on = $0 ~ "# " title "$" } on && /^    / { print substr($0, 5) }' "$TOP/README.md" |
		sed "s#/mnt/nas/models#$STORE#g; s#s3://models/hub#$STORE#g; s#https://lfs.example.org/team/models#${OLD:-}#g; s#/data/hub#$HOME/.cache/huggingface/hub#g"
}

@test "README, Models that lie in folders, and More than one machine: as written" {
	mkdir -p files "$HOME/finetunes/mine"
	make_model files/model.safetensors
	finetune "$HOME/finetunes/mine/model.safetensors" files/model.safetensors
	hub_cache "$HOME/.cache/huggingface/hub" acme/llama 1234 files/model.safetensors
	section 'Models that lie in folders' >lines
	[ "$(wc -l <lines)" -eq 3 ]
	bash -euxo pipefail lines
	cmp files/model.safetensors restored/model.safetensors
	section 'More than one machine' >lines
	[ "$(wc -l <lines)" -eq 1 ]
	bash -euxo pipefail lines
}

@test "README, Moving out: a plain LFS server has all, and a clone without git-zllm is whole" {
	old_server
	make_repo r
	make_model a.safetensors
	commit 'One'
	git tag v1
	finetune b.safetensors a.safetensors
	mv b.safetensors a.safetensors
	commit 'Two'
	git push -q origin HEAD v1
	section 'Moving out' >lines
	[ "$(wc -l <lines)" -eq 4 ]
	rm -rf .git/lfs/objects # it is the store that gives them back
	run -0 bash -euxc "$(head -n 1 lines)"
	local way
	way=$(grep '^git -c ' <<<"$output")
	# The objects have not come to git-lfs's own storage, and need not.
	bash -euxc "$way"
	tail -n 3 lines >rest && mv rest "$T/rest"
	rm lines
	bash -euxo pipefail "$T/rest"
	git zllm fsck >/dev/null 2>&1 || true
	# A machine where nobody has heard of git-zllm.
	mkdir -p "$T/plain/bin"
	local clean="env -i HOME=$T/plain PATH=/usr/local/bin:/usr/bin:/bin LC_ALL=C"
	$clean git lfs install --skip-repo >/dev/null
	run $clean git zllm version
	[ "$status" -ne 0 ]
	$clean git clone -q "$T/r.git" "$T/out"
	cmp a.safetensors "$T/out/a.safetensors"
	# An older commit, as README says.
	cd "$T/out"
	git config lfs.url "$OLD"
	$clean git checkout -q v1
	cmp "$(lfs_file "$(git rev-parse v1:a.safetensors >/dev/null; git show v1:a.safetensors | sed -n 's/^oid sha256://p')")" a.safetensors
}

@test "an LFS repository's history comes in, oldest first, from a clone" {
	old_server
	plain_repo r
	cd r
	git config -f .lfsconfig lfs.url "$OLD"
	git lfs track '*.safetensors' >/dev/null
	make_model m.safetensors
	commit 'One'
	finetune n.safetensors m.safetensors
	mv n.safetensors m.safetensors
	commit 'Two'
	cd "$T"
	run -0 git zllm import --store "$STORE" r
	says 'imported: 2 files of 1 model into'
	[ "$(store_count objects/)" -eq 2 ]
	git zllm export --store "$STORE" all
	diff -r r/.git/lfs/objects all/objects
	rm -rf r/.git/lfs/objects/??
	run git zllm import --store "$STORE" r
	[ "$status" -ne 0 ]
}

@test "what is not to be had is said in one line" {
	local words
	for words in '' nowhere '--name /x/y .' '--part 0/3 .' '--part 3 .' '--part auto .'; do
		# shellcheck disable=SC2086
		run git zllm import --store "$STORE" $words
		[ "$status" -eq 2 ]
		one_line_error
	done
	for words in '' 'a b' '--name a/b --repo x out' '--revision x out' '--repo zz out'; do
		# shellcheck disable=SC2086
		run git zllm export --store "$STORE" $words
		[ "$status" -eq 2 ]
		one_line_error
	done
	# What is at a place stays there.
	zoo
	git zllm import --store "$STORE" zoo/p
	mkdir -p out
	echo mine >out/model.safetensors
	run git zllm export --store "$STORE" --name zoo/p out
	[ "$status" -ne 0 ]
	says 'is there already'
	[ "$(cat out/model.safetensors)" = mine ]
}
