#!/usr/bin/env bats
# The agent by itself, spoken to as git-lfs does. agent_driver.py holds it to the
# protocol while these conversations run.

load helpers

# A repository with one model in git-lfs's storage: $FILE, $OID, $SIZE.
one_model() {
	begin_with model_made
	name_model
}

# The same, pushed.
stored_model() {
	begin_with model_pushed
	name_model
}

model_made() {
	make_repo r
	make_model model.safetensors
	commit 'A model'
}

model_pushed() {
	model_made
	git push -q
}

name_model() {
	OID=$(oid_of model.safetensors)
	SIZE=$(stat -c %s model.safetensors)
	FILE=$(lfs_file "$OID")
}

@test "init is answered by {} and terminate by a clean exit" {
	make_repo r
	run -0 drive < <(say_init upload; say_terminate)
	[ "$output" = $'{}\nexit 0' ]
}

@test "an upload: progress ends at the size, then complete" {
	one_model
	run -0 drive < <(say_init upload; say_upload "$FILE"; say_terminate)
	says '"complete"' 'exit 0'
	says_not '"error"'
	in_store "$OID"
}

@test "a download: progress ends at the size, complete names a file with the right bytes" {
	stored_model
	run -0 drive < <(say_init download; say_download "$OID" "$SIZE"; say_terminate)
	says '"complete"' 'exit 0'
	says_not '"error"'
}

@test "the first progress comes before the last: the meter moves" {
	one_model
	run -0 drive < <(say_init upload; say_upload "$FILE"; say_terminate)
	[ "$(grep -c '"progress"' <<<"$output")" -ge 2 ]
}

# bats test_tags=bucket,swift
@test "many objects in one session" {
	make_repo r
	for i in 1 2 3 4 5; do make_model "m$i.safetensors" "$i"; noise "n$i.bin" "$((i * 700000))" "$i"; done
	run -0 drive < <(say_init upload; for f in *.safetensors *.bin; do say_upload "$f"; done; say_terminate)
	[ "$(grep -c '"complete"' <<<"$output")" -eq 10 ]
	says_not '"error"'
	run -0 drive < <(
		say_init download
		for f in *.safetensors *.bin; do say_download "$(oid_of "$f")" "$(stat -c %s "$f")"; done
		say_terminate
	)
	[ "$(grep -c '"complete"' <<<"$output")" -eq 10 ]
	says_not '"error"'
}

@test "the end of the input in place of terminate ends the agent without a signal" {
	one_model
	run -0 drive < <(say_init upload; say_upload "$FILE")
	[[ $output =~ exit\ [0-9]+ ]]
	in_store "$OID"
}

@test "an input that ends before init is no crash" {
	make_repo r
	run -0 drive </dev/null
	[[ $output =~ ^exit\ [0-9]+$ ]]
}

@test "unknown fields are ignored, and missing action is none" {
	one_model
	run -0 drive < <(
		printf '{"future":{"a":[1,2]},"event":"init","operation":"upload","remote":"origin","version":2}\n'
		printf '{"size":%s,"x":null,"path":"%s","oid":"%s","event":"upload","y":1e9}\n' "$SIZE" "$(realpath "$FILE")" "$OID"
		say_terminate
	)
	says_not '"error"'
	in_store "$OID"
}

@test "a path relative to the current folder is taken" {
	one_model
	run -0 drive < <(
		say_init upload
		printf '{"event":"upload","oid":"%s","size":%s,"path":"%s"}\n' "$OID" "$SIZE" "$FILE"
		say_terminate
	)
	says_not '"error"'
	in_store "$OID"
}

@test "an error of one object leaves the session alive" {
	one_model
	make_model second.safetensors 2
	run -0 drive < <(
		say_init upload
		printf '{"event":"upload","oid":"%s","size":%s,"path":"/nowhere/at/all"}\n' "$OID" "$SIZE"
		say_upload second.safetensors
		say_terminate
	)
	[ "$(grep -c '"error"' <<<"$output")" -eq 1 ]
	[ "$(grep -c '"complete"' <<<"$output")" -eq 2 ]
	in_store "$(oid_of second.safetensors)"
	run ! in_store "$OID"
}

@test "a size that is not the file's is an error of that object" {
	one_model
	run -0 drive < <(
		say_init upload
		printf '{"event":"upload","oid":"%s","size":%s,"path":"%s"}\n' "$OID" 17 "$(realpath "$FILE")"
		say_terminate
	)
	says '"error"' 'exit 0'
	run ! in_store "$OID"
}

@test "an oid that is no SHA-256 is an error of that object" {
	one_model
	for oid in '' abc "../../../../etc/passwd" "${OID^^}" "${OID}0"; do
		run -0 drive < <(
			say_init download
			say_download "$oid" 5
			say_terminate
		)
		says '"error"'
	done
}

# bats test_tags=bucket
@test "an object that is not in the store is an error that names it" {
	make_repo r
	local oid
	oid=$(printf x | sha256sum | cut -d' ' -f1)
	run -0 drive < <(say_init download; say_download "$oid" 1; say_terminate)
	says '"error"' "$oid" 'exit 0'
}

@test "a download's size that is not the object's is an error" {
	stored_model
	run -0 drive < <(say_init download; say_download "$OID" 5; say_terminate)
	says '"error"'
}

# bats test_tags=bucket,swift
@test "an upload of what is in the store already writes nothing" {
	stored_model
	# The remote's marker aside: a copy that a test begins with is another place.
	store_listing | grep -v remotes/ >"$T/before"
	run -0 drive < <(say_init upload; say_upload "$FILE"; say_terminate)
	says '"complete"'
	diff "$T/before" <(store_listing | grep -v remotes/)
}

@test "a store that is missing is an error of init, with words" {
	one_model
	store_hide
	run -0 drive < <(say_init upload)
	says '"error"' 'no store at' "$STORE"
}

@test "a repository without a store is an error of init that says what to do" {
	plain_repo r
	cd r
	run -0 drive < <(say_init upload)
	says '"error"' 'git zllm init'
}

@test "a folder without a repository is an error of init" {
	mkdir "$T/nothing"
	cd "$T/nothing"
	run -0 drive < <(say_init upload)
	says '"error"' 'not a git repository'
}

@test "lines that are no messages end in words or are passed over, never in a crash" {
	make_repo r
	for line in hello '{' '[]' '{}' 'null' '"init"' '{"event":7}' '{"event":"dance"}' \
		'{"event":"upload"}' '{"event":"init"}' '{"event":"upload","oid":"x","size":-1,"path":""}' \
		'{"event":"upload","oid":5,"size":"big","path":[]}' '{"event":"init","operation":"sideways"}'; do
		run -0 drive --raw < <(printf '%s\n' "$line")
		[[ $output =~ exit\ [0-9]+ ]]
		grep -v '^exit ' <<<"$output" | python -c 'import json, sys
for line in sys.stdin: assert isinstance(json.loads(line), dict), line'
	done
}

@test "lines that are no messages in the middle of a session do not end in a crash" {
	one_model
	run -0 drive --raw < <(say_init upload; echo garbage; say_upload "$FILE"; say_terminate)
	[[ $output =~ exit\ [0-9]+ ]]
}

@test "a line of a megabyte and NUL bytes are no crash" {
	make_repo r
	run -0 drive --raw < <(python -c 'print("{\"event\":\"" + "x" * 1000000 + "\"}"); print("{\"event\":\"\\u0000init\"}"); print("a\0b")')
	[[ $output =~ exit\ [0-9]+ ]]
}

@test "an upload asked for before init is an error, not a crash" {
	one_model
	run -0 drive --raw < <(say_upload "$FILE"; say_terminate)
	[[ $output =~ exit\ [0-9]+ ]]
	run ! in_store "$OID"
}

@test "an output that nobody reads ends the agent without a signal" {
	one_model
	run -0 drive --close-stdout < <(say_init upload; say_upload "$FILE"; say_upload "$FILE"; say_terminate)
	[[ $output =~ ^exit\ [0-9]+$ ]]
	run -0 git zllm fsck
}

@test "tracing goes to standard error, not into the protocol" {
	one_model
	export ZLLM_TRACE=1 GIT_TRACE=1
	drive >"$T/out" < <(say_init upload; say_upload "$FILE"; say_terminate)
	grep -q 'exit 0' "$T/out"
	run ! grep -q trace "$T/out"
	grep -q 'trace' "$T/agent.stderr"
}

@test "the agent leaves nothing in the temporary folders of store and repository" {
	stored_model
	run -0 drive < <(say_init upload; say_upload "$FILE"; say_terminate)
	no_temporaries
	run -0 drive < <(say_init download; say_download "$OID" "$SIZE"; say_download "$OID" 5)
	# What was handed over is git-lfs's to rename; nothing else stays.
	[ "$(find .git/lfs/tmp -type f | wc -l)" -le 1 ]
}

# bats test_tags=bucket,swift
@test "an upload that ends in an error leaves no temporary file in the store" {
	one_model
	flip "$FILE"
	run -0 drive < <(say_init upload; printf '{"event":"upload","oid":"%s","size":%s,"path":"%s"}\n' \
		"$OID" "$SIZE" "$(realpath "$FILE")"; say_terminate)
	says '"error"' 'its bytes are not those of its name'
	no_temporaries
}

@test "the answers hold only what the protocol knows" {
	one_model
	run -0 drive < <(say_init upload; say_upload "$FILE"; say_terminate)
	grep '^{' <<<"$output" | python -c 'import json, sys
for line in sys.stdin:
    keys = set(json.loads(line))
    assert keys <= {"event", "oid", "bytesSoFar", "bytesSinceLast", "error", "path"}, keys'
}

# What a gc does in a push's long life: the object was there when it was looked up ahead,
# and is not when its turn comes. A push relies on what it saw for the grace period only.
# bats test_tags=bucket
@test "a long push does not rely on what it saw before the grace period" {
	make_repo r
	for i in 1 2 3 4 5 6; do noise "n$i.bin" 200000 "$i"; done
	commit 'Six files'
	git push -q
	git config zllm.gc.grace 4s
	ZLLM_TRACE=1 run -0 drive < <(
		say_init upload
		for i in 1 2 3; do say_upload "n$i.bin"; done
		until [ "$(grep -c 'upload .* known' "$T/agent.stderr")" -eq 3 ]; do sleep 0.1; done
		store_remove "$(manifest_of "$(oid_of n6.bin)")"
		sleep 4
		say_upload n6.bin
		say_terminate
	)
	says_not '"error"'
	[ "$(grep -c '"complete"' <<<"$output")" -eq 4 ]
	in_store "$(oid_of n6.bin)"
}
