#!/usr/bin/env bats
# The agent dies, or a system call fails, anywhere: nothing partial ever stands
# under a final name, what was told complete is there, and the next push succeeds.

load helpers

KILLS=${CRASH_KILLS:-$((100 * ${ZLLM_TEST_SHARE:-100} / 100))}
ROUND=10
LONGEST=160 # milliseconds of a push
[ "${ZLLM_TEST_STORE:-folder}" = folder ] || LONGEST=600

# commit_models SEED: a model, its fine-tune and an opaque file, committed.
commit_models() {
	make_model base.safetensors "$1"
	commit 'A base'
	finetune tuned.safetensors base.safetensors "$1"
	noise noise.bin 2500000 "$1"
	commit 'A fine-tune'
}

# expect_sound: all that has its final name is whole. fsck restores what objects
# need; every record is as long as its head says; and where the push in peace made
# the same record, it is that one, bit for bit. (It may have made others: which
# bases there were to choose from depends on what was stored first.)
expect_sound() {
	local there=$STORE
	git zllm fsck >/dev/null
	if has_bucket; then
		there=$T/fetched
		rm -rf "$there"
		store_fetch "$there"
	fi
	[ ! -d "$there/blobs" ] || python "$E2E/record_lengths.py" "$there/blobs" "$T/peace/blobs"
}

# In peace: to a store and a remote of its own.
push_in_peace() {
	local other
	other=$(other_store "in-peace-$RANDOM")
	make_store "$other"
	git init -q --bare "$T/peace.git"
	use_own_agent
	git -c "lfs.url=zllm::$other" push -q "$T/peace.git" main
	store_fetch "$T/peace" "$other"
}

# One round: push a set of models, and kill the agent again and again.
round() {
	local kills=0 tries=0 pushed
	cd "$T" || return 1
	store_destroy
	rm -rf "$T/r" "$T/r.git" "$T/peace" "$T/peace.git" "$T/r.clone"
	use_own_agent
	make_repo r
	commit_models "$1"
	push_in_peace
	export KILLED_MARK=$T/killed
	while [ "$kills" -lt "$ROUND" ] && [ "$tries" -lt 60 ]; do
		tries=$((tries + 1))
		rm -f "$KILLED_MARK"
		if [ $((RANDOM % 2)) -eq 0 ]; then
			use_agent "$E2E/agents/killed_agent.py" "lines $((RANDOM % 14 + 1))"
		else
			use_agent "$E2E/agents/killed_agent.py" "after $((RANDOM % LONGEST + 1))"
		fi
		# As the hook of a push does; what git itself does then is another test's.
		git lfs push origin main >/dev/null 2>&1 && pushed=yes || pushed=no
		[ ! -e "$KILLED_MARK" ] || kills=$((kills + 1))
		use_own_agent
		expect_sound
		# What is complete needs no kill: begin again, now and then from nothing.
		if [ "$pushed" = yes ] && [ ! -e "$KILLED_MARK" ]; then
			store_empty objects/ blobs/
		fi
	done
	TOTAL=$((TOTAL + kills))
	git push -q origin main
	expect_sound
	clone_and_compare
	run -0 git zllm verify --all
}

# bats test_tags=bucket
@test "kill -9 of the agent, $KILLS times: the store is always sound, the next push succeeds" {
	TOTAL=0
	RANDOM=20261123
	local seed=0
	while [ "$TOTAL" -lt "$KILLS" ]; do
		seed=$((seed + 1))
		[ "$seed" -le 40 ]
		round "$seed"
	done
	echo "# $TOTAL kills in $seed rounds" >&3
}

@test "leftover temporary files of killed agents do no harm and are swept when old" {
	folder_only 'a bucket has no temporary files'
	make_repo r
	commit_models 1
	use_agent "$E2E/agents/killed_agent.py" 'lines 2'
	run ! git push -q origin main
	use_own_agent
	mkdir -p "$STORE/tmp"
	noise "$STORE/tmp/left-over" 1000
	find "$STORE/tmp" -type f -exec touch -d '30 days ago' {} +
	git push -q
	clone_and_compare
	run -0 git zllm fsck
}

# ---------------------------------------------------------------- system calls that fail

# with_fault CALL ERROR N [CALL ERROR N]: git-lfs runs the agent with its Nth CALL
# failing.
with_fault() {
	cat >"$T/faulty-agent" <<-END
		#!/bin/sh
		exec strace -f --seccomp-bpf -qq -o /dev/null -e trace=$1${4:+,$4} -e inject=$1:error=$2:when=$3 \
			${4:+-e inject=$4:error=$5:when=$6} git-zllm agent
	END
	chmod +x "$T/faulty-agent"
	use_agent "$T/faulty-agent"
}

can_trace() {
	command -v strace >/dev/null || skip 'no strace'
	strace -f --seccomp-bpf -qq -o /dev/null -e trace=fsync -e inject=fsync:error=EIO:when=1 true 2>/dev/null ||
		skip 'strace cannot trace here'
	begin_with models_committed
}

models_committed() {
	make_repo r
	commit_models 1
}

# survive CALL ERROR N...: each push either works or fails in words; the store is
# sound after each; in the end all is there.
survive() {
	local call=$1 error=$2 nth failed=0
	shift 2
	for nth in "$@"; do
		store_empty objects/ blobs/
		git -C "$T/r.git" update-ref -d refs/heads/main
		git update-ref -d refs/remotes/origin/main
		with_fault "$call" "$error" "$nth"
		if ! git push origin main >"$T/words" 2>&1; then
			failed=$((failed + 1))
			run -0 grep -qE 'error|refused|EOF' "$T/words"
		else
			use_own_agent
			run -0 git zllm verify --all
		fi
		use_own_agent
		run -0 git zllm fsck
		git push -q origin main
		run -0 git zllm verify --all
	done
	clone_and_compare
	run -0 git zllm fsck
	echo "# $call/$error: $failed of $# pushes failed in words" >&3
}

@test "bytes are synced before names, names before the manifest, all before complete" {
	folder_only 'a bucket has no fsync'
	can_trace
	cat >"$T/traced-agent" <<-END
		#!/bin/sh
		exec strace -f --seccomp-bpf -y -s 200 -o "$T/trace" -e trace=fsync,link,linkat,rename,renameat,renameat2,write git-zllm agent
	END
	chmod +x "$T/traced-agent"
	use_agent "$T/traced-agent"
	git push -q origin main
	run python "$E2E/durability.py" "$T/trace"
	echo "$output"
	[ "$status" -eq 0 ]
	says ' 3 objects'
	[ "$(($(store_count objects/) + $(store_count blobs/)))" -le "${output%% files*}" ]
}

@test "fsync that fails: a push is never told complete that is not durable" {
	folder_only 'a bucket has no fsync'
	can_trace
	survive fsync EIO 1 2 3 5 9
	with_fault fsync EIO 1+
	store_empty objects/ blobs/
	git -C "$T/r.git" update-ref -d refs/heads/main
	git update-ref -d refs/remotes/origin/main
	run git push origin main
	[ "$status" -ne 0 ]
	use_own_agent
	git push -q origin main
	clone_and_compare
}

@test "link and rename that fail" {
	folder_only 'a bucket has no links'
	can_trace
	survive link,linkat EPERM 1 2 5
	survive rename,renameat,renameat2 EIO 1 2 5
}

@test "link that never works: rename takes its place" {
	folder_only 'a bucket has no links'
	can_trace
	with_fault link,linkat EPERM 1+
	git push -q origin main
	use_own_agent
	run -0 git zllm fsck
	clone_and_compare
}

@test "link and rename that never work: the push fails in words, the next one works" {
	folder_only 'a bucket has no links'
	can_trace
	with_fault link,linkat EPERM 1+ rename,renameat,renameat2 EIO 1+
	run git push origin main
	[ "$status" -ne 0 ]
	says 'input/output error'
	use_own_agent
	[ "$(($(store_count objects/) + $(store_count blobs/)))" -eq 0 ]
	git push -q origin main
	clone_and_compare
}

@test "writes that find the disk full" {
	folder_only 'a push to a bucket writes no files'
	can_trace
	survive pwrite64,write ENOSPC 3 6 12 25 50
}

@test "open and mkdir that fail" {
	can_trace
	survive mkdir,mkdirat EACCES 1 2 4
	survive openat EMFILE 20 30 40 60 80
}

@test "reads that fail" {
	can_trace
	survive read,pread64 EIO 10 20 40 80
}

@test "memory that runs out" {
	can_trace
	survive mmap ENOMEM 20 30 40 50
}

@test "a download whose writes fail leaves nothing wrong" {
	can_trace
	git push -q origin main
	local nth
	for nth in 1 3 8 20; do
		with_fault pwrite64 ENOSPC "$nth"
		rm -rf "$T/c"
		git clone -q "$T/r.git" "$T/c" 2>/dev/null || true
		no_bad_objects "$T/c"
		use_own_agent
		git -C "$T/c" reset -q --hard
		expect_same_files "$T/r" "$T/c"
	done
}
