#!/usr/bin/env bats
# Daemons of the cluster are killed in mid-push and brought back. Alone on its
# cluster: other tests would see the outage too.

load helpers
load s3_helpers

setup() {
	bucket_setup
	own_daemons
	through_proxy
	git config --global zllm.s3.stalltime 20
}

teardown() {
	[ -z "${S3_SERVER:-}" ] || start_daemons
	bucket_teardown
}

# push_in_background: PUSH is its process; its words go to T/words.
push_in_background() {
	requests_begin
	git push origin main >"$T/words" 2>&1 3>&- &
	PUSH=$!
}

# push_has_ended: it completed, or failed in a sentence.
push_has_ended() {
	local status=0 output
	wait "$PUSH" || status=$?
	output=$(cat "$T/words")
	echo "# the push ended with $status" >&3
	[ "$status" -eq 0 ] || in_a_sentence
}

# kill_in_mid_push AFTER DAEMON...: they are killed once the push has put AFTER
# objects, and brought back.
kill_in_mid_push() {
	local after=$1 name
	shift
	some_models 40000000
	push_in_background
	wait_for "$after" PUT "$PUSH"
	for name; do kill_daemon "$name"; done
	start_daemons
	push_has_ended
	push_until_done
	all_is_there
	no_temporaries
}

# bats test_tags=bucket
@test "an OSD is killed in mid-push and brought back" {
	kill_in_mid_push 5 osd.1
}

# bats test_tags=bucket
@test "the gateway is killed in mid-push and brought back" {
	kill_in_mid_push 5 rgw
}

@test "the gateway is killed again and again" {
	some_models 40000000
	local n
	for n in 1 2 3 4; do
		push_in_background
		wait_for $((n * 4)) PUT "$PUSH"
		kill_daemon rgw
		start_daemons
		push_has_ended
	done
	push_until_done
	all_is_there
}

@test "the gateway stays away: one sentence; it comes back: the push completes" {
	git config --global zllm.s3.timeout 2
	some_models
	push_in_background
	wait_for 4 PUT "$PUSH"
	kill_daemon rgw
	push_has_ended
	run within git push origin main
	in_a_sentence
	start_daemons
	push_until_done 1
	all_is_there
}

# bats test_tags=bucket
@test "everything is killed at once in mid-push and brought back" {
	kill_in_mid_push 7 rgw osd.0 osd.1 osd.2 mon
}

@test "the gateway is killed in mid-clone and brought back" {
	some_models 40000000
	git push -q
	requests_begin
	git clone "$T/r.git" "$T/c" >"$T/words" 2>&1 3>&- &
	local clone=$! status=0 output
	wait_for 4 GET "$clone"
	kill_daemon rgw
	start_daemons
	wait "$clone" || status=$?
	output=$(cat "$T/words")
	no_bad_objects "$T/c"
	if [ "$status" -ne 0 ]; then
		in_a_sentence
		git -C "$T/c" reset -q --hard
	fi
	expect_same_files "$T/r" "$T/c"
}
