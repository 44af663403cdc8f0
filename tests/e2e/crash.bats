#!/usr/bin/env bats
# The agent dies, or a system call fails, anywhere: nothing partial ever stands
# under a final name, what was told complete is there, and the next push succeeds.

load helpers

# The same commits pushed in peace: what each record must be, bit for bit.
KILLS=${CRASH_KILLS:-100}
ROUND=10

# commit_models SEED: a model, its fine-tune and an opaque file, committed.
commit_models() {
	make_model base.safetensors "$1"
	commit 'A base'
	finetune tuned.safetensors base.safetensors "$1"
	noise noise.bin 2500000 "$1"
	commit 'A fine-tune'
}

# expect_sound STORE: every record and manifest that has its final name is whole.
# Records are compared with those of a push in peace where they are the same
# blob's, and each must be read by fsck where an object needs it.
expect_sound() {
	local key
	git zllm fsck >/dev/null
	for key in $(cd "$STORE" && find blobs objects -type f 2>/dev/null); do
		if [ -e "$T/peace/$key" ]; then
			cmp "$STORE/$key" "$T/peace/$key"
		else
			whole_record "$STORE/$key"
		fi
	done
}

# A record that the push in peace does not have (it chose another base): at least
# its head and its length must agree, which `show` and fsck read.
whole_record() {
	[ -s "$1" ] && [ "$(head -c 4 "$1" | wc -c)" -eq 4 ] || return 1
	OTHER=$((${OTHER:-0} + 1))
}

# In peace: to a store and a remote of its own.
push_in_peace() {
	make_store "$T/peace"
	git init -q --bare "$T/peace.git"
	use_own_agent
	git -c "lfs.url=zllm::$T/peace" push -q "$T/peace.git" main
}

# One round: push a set of models, and kill the agent again and again.
round() {
	local kills=0 tries=0
	rm -rf "$STORE" "$T/r" "$T/r.git" "$T/peace" "$T/peace.git" "$T/r.clone"
	cd "$T"
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
			use_agent "$E2E/agents/killed_agent.py" "after $((RANDOM % 160 + 1))"
		fi
		git push -q origin main 2>/dev/null && git update-ref -d refs/remotes/origin/main
		[ ! -e "$KILLED_MARK" ] || kills=$((kills + 1))
		use_own_agent
		expect_sound
		# What is complete needs no kill: begin again, now and then from nothing.
		if git -C "$T/r.git" rev-parse -q --verify main >/dev/null && [ ! -e "$KILLED_MARK" ]; then
			git -C "$T/r.git" update-ref -d refs/heads/main
			find "$STORE/objects" "$STORE/blobs" -type f -delete 2>/dev/null || true
		fi
	done
	TOTAL=$((TOTAL + kills))
	git push -q origin main
	expect_sound
	clone_and_compare
	run -0 git zllm verify --all
}

@test "kill -9 of the agent, $KILLS times: the store is always sound, the next push succeeds" {
	TOTAL=0
	OTHER=0
	RANDOM=20261123
	local seed=0
	while [ "$TOTAL" -lt "$KILLS" ]; do
		seed=$((seed + 1))
		[ "$seed" -le 40 ]
		round "$seed"
	done
	echo "# $TOTAL kills in $seed rounds, $OTHER records that the push in peace did not make" >&3
}

@test "leftover temporary files of killed agents do no harm and are swept when old" {
	make_repo r
	commit_models 1
	use_agent "$E2E/agents/killed_agent.py" 'lines 3'
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

# with_fault CALL ERROR N: git-lfs runs the agent with its Nth CALL failing.
with_fault() {
	cat >"$T/faulty-agent" <<-END
		#!/bin/sh
		exec strace -f -qq -o /dev/null -e trace=$1 -e inject=$1:error=$2:when=$3 git-zllm agent
	END
	chmod +x "$T/faulty-agent"
	use_agent "$T/faulty-agent"
}

can_trace() {
	command -v strace >/dev/null || skip 'no strace'
	strace -f -qq -o /dev/null -e trace=fsync -e inject=fsync:error=EIO:when=1 true 2>/dev/null ||
		skip 'strace cannot trace here'
	make_repo r
	commit_models 1
}

# survive CALL ERROR N...: each push either works or fails in words; the store is
# sound after each; in the end all is there.
survive() {
	local call=$1 error=$2 nth failed=0
	shift 2
	for nth in "$@"; do
		find "$STORE/objects" "$STORE/blobs" -type f -delete 2>/dev/null || true
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

@test "fsync that fails: a push is never told complete that is not durable" {
	can_trace
	survive fsync EIO 1 2 3 5 9
	with_fault fsync EIO 1+
	find "$STORE/objects" "$STORE/blobs" -type f -delete
	git -C "$T/r.git" update-ref -d refs/heads/main
	git update-ref -d refs/remotes/origin/main
	run git push origin main
	[ "$status" -ne 0 ]
	use_own_agent
	git push -q origin main
	clone_and_compare
}

@test "link and rename that fail" {
	can_trace
	survive link,linkat EPERM 1 2 5
	survive rename,renameat,renameat2 EIO 1 2 5
}

@test "link that never works: rename takes its place, or the push fails in words" {
	can_trace
	survive link,linkat EPERM 1+
}

@test "writes that find the disk full" {
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
