#!/usr/bin/env bats
# bats file_tags=bucket
# What is particular to a store in a bucket: who may use it, where keys come from,
# how much is sent, what is never said.

load helpers
load s3_helpers

setup() {
	bucket_setup
}

teardown() {
	bucket_teardown
}

# one_model: committed, not pushed.
one_model() {
	make_repo r
	make_model model.safetensors
	commit 'A model'
	OID=$(oid_of model.safetensors)
}

# expect_refused TEXT...: a push fails in a sentence that says this.
expect_refused() {
	run within git push origin main
	in_a_sentence
	says "$@"
}

# ---------------------------------------------------------------- who may use it

# bats test_tags=swift
@test "a wrong secret: the sentence says so, and does not hold it" {
	one_model
	AWS_SECRET_ACCESS_KEY=not-the-secret-at-all expect_refused s3:// secret zllm
	says_not not-the-secret-at-all
	run ! in_store "$OID"
	push_until_done 1
}

@test "a key id that the service does not know: the sentence names it" {
	one_model
	AWS_ACCESS_KEY_ID=nobody expect_refused s3:// nobody
	push_until_done 1
}

@test "no keys at all: the sentence says where they are looked for" {
	one_model
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	run within git push origin main
	[ "$status" -ne 0 ]
	says AWS_ACCESS_KEY_ID
	says_not EOF
}

# bats test_tags=swift
@test "a bucket that does not exist: the sentence names it" {
	plain_repo r
	cd r
	run within git zllm init s3://no-such-bucket-here/prefix
	[ "$status" -ne 0 ]
	one_line_error
	says no-such-bucket-here
	[ ! -e .lfsconfig ]
}

# A user whom the bucket's policy lets read, and nothing else.
a_reader() {
	case $S3_SERVER in */ceph.sh) ;; *) skip 'not applicable to this server: it has no such policies' ;; esac
	radosgw-admin -c "$S3_SERVER_DIR/ceph.conf" -n client.rgw user create --uid="$1" --display-name="$1" \
		--access-key="$1" --secret-key=the-secret-of-a-reader >/dev/null 2>&1
	s3_client policy "$S3_BUCKET" <<-END
		{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
		 "Principal":{"AWS":["arn:aws:iam:::user/$1"]},"Action":["s3:GetObject","s3:ListBucket"],
		 "Resource":["arn:aws:s3:::$S3_BUCKET","arn:aws:s3:::$S3_BUCKET/*"]}]}
	END
}

@test "who may only read clones, and a push names the permission that is missing" {
	one_model
	a_reader reader-one
	git push -q
	make_model more.safetensors 2
	commit 'One more'
	export AWS_ACCESS_KEY_ID=reader-one AWS_SECRET_ACCESS_KEY=the-secret-of-a-reader
	git clone -q "$T/r.git" "$T/c"
	cmp model.safetensors "$T/c/model.safetensors"
	expect_refused s3:PutObject
	run -0 git zllm fsck
	run -0 git zllm stats
	run ! in_store "$(oid_of more.safetensors)"
}

@test "who reads without keys clones; doctor finds nothing wrong, with or without the right to list" {
	case $S3_SERVER in */ceph.sh) ;; *) skip 'not applicable to this server: it has no such policies' ;; esac
	one_model
	git push -q
	finetune more.safetensors model.safetensors 2
	commit 'Its fine-tune'
	git push -q
	local S3_KEY=$AWS_ACCESS_KEY_ID S3_SECRET=$AWS_SECRET_ACCESS_KEY
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	git config --global zllm.s3.anonymous true
	local actions
	for actions in '"s3:GetObject","s3:ListBucket"' '"s3:GetObject"'; do
		AWS_ACCESS_KEY_ID=$S3_KEY AWS_SECRET_ACCESS_KEY=$S3_SECRET s3_client policy "$S3_BUCKET" <<-END
			{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":[$actions],
			 "Resource":["arn:aws:s3:::$S3_BUCKET","arn:aws:s3:::$S3_BUCKET/*"]}]}
		END
		rm -rf "$T/c"
		git clone -q "$T/r.git" "$T/c"
		expect_same_files "$T/r" "$T/c"
		run -0 git zllm doctor
		grep -qE '^ok +permission +read$' <<<"$output"
		says 'nothing is wrong'
	done
	grep -qE '^doubtful +permission +list: ' <<<"$output"
}

@test "a clock that is two hours wrong works, or the sentence says clock" {
	one_model
	cat >"$T/wrong_clock.c" <<-'END'
		#define _GNU_SOURCE
		#include <dlfcn.h>
		#include <time.h>
		int clock_gettime(clockid_t id, struct timespec *t)
		{
			int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
			int rc = real(id, t);
			if (id == CLOCK_REALTIME)
				t->tv_sec += 7200;
			return rc;
		}
		time_t time(time_t *out)
		{
			struct timespec t;
			clock_gettime(CLOCK_REALTIME, &t);
			if (out)
				*out = t.tv_sec;
			return t.tv_sec;
		}
	END
	gcc -shared -fPIC -o "$T/wrong_clock.so" "$T/wrong_clock.c" -ldl
	cat >"$T/agent" <<-END
		#!/bin/sh
		LD_PRELOAD=$T/wrong_clock.so exec git-zllm agent
	END
	chmod +x "$T/agent"
	[ "$(LD_PRELOAD=$T/wrong_clock.so date +%s)" -gt "$(($(date +%s) + 7000))" ]
	use_agent "$T/agent"
	run within git push origin main
	[ "$status" -eq 0 ] || { in_a_sentence && says clock; }
	use_own_agent
	push_until_done 1
	clone_and_compare r
}

# ---------------------------------------------------------------- where keys come from

# in_files: the keys stand in ~/.aws/credentials, below the profile.
in_files() {
	mkdir -p "$HOME/.aws"
	cat >"$HOME/.aws/credentials" <<-END
		[$1]
		aws_access_key_id = $AWS_ACCESS_KEY_ID
		aws_secret_access_key = $AWS_SECRET_ACCESS_KEY
	END
}

# no_words: nothing is said by the environment.
no_words() {
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION AWS_ENDPOINT_URL
}

@test "keys, region and endpoint from ~/.aws" {
	one_model
	in_files default
	printf '[default]\nregion = us-east-1\nendpoint_url = %s\n' "$S3_ENDPOINT" >"$HOME/.aws/config"
	(no_words && git push -q && git clone -q "$T/r.git" "$T/c")
	expect_same_files "$T/r" "$T/c"
	in_store "$OID"
}

@test "a profile by AWS_PROFILE, and by git's zllm.s3.profile" {
	one_model
	in_files team
	printf '[profile team]\nregion = us-east-1\nendpoint_url = %s\n' "$S3_ENDPOINT" >"$HOME/.aws/config"
	(no_words && AWS_PROFILE=team git push -q)
	in_store "$OID"
	git config --global zllm.s3.profile team
	(no_words && git clone -q "$T/r.git" "$T/c")
	expect_same_files "$T/r" "$T/c"
}

# a_role NAME: one that the user may take, and that may do everything.
a_role() {
	case $S3_SERVER in */ceph.sh) ;; *) skip 'not applicable to this server: it gives out no roles' ;; esac
	local admin=(radosgw-admin -c "$S3_SERVER_DIR/ceph.conf" -n client.rgw) allow='{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
	"${admin[@]}" role create "--role-name=$1" --path=/ --assume-role-policy-doc="$allow"'
		"Principal":{"AWS":["arn:aws:iam:::user/zllm"]},"Action":["sts:AssumeRole"]}]}' >/dev/null
	"${admin[@]}" role-policy put "--role-name=$1" --policy-name=all --policy-doc="$allow"'
		"Action":["s3:*"],"Resource":"arn:aws:s3:::*"}]}' >/dev/null
}

@test "a role, by the keys of another profile" {
	one_model
	a_role trainer
	in_files work
	printf '[profile train]\nrole_arn = arn:aws:iam:::role/trainer\nsource_profile = work\nendpoint_url = %s\n' \
		"$S3_ENDPOINT" >"$HOME/.aws/config"
	no_words
	export AWS_PROFILE=train
	git push -q
	git clone -q "$T/r.git" "$T/c"
	expect_same_files "$T/r" "$T/c"
	run -0 git zllm doctor
	says 'from role arn:aws:iam:::role/trainer'
	sed -i 's|role/trainer|role/nobody|' "$HOME/.aws/config"
	run git zllm fsck
	[ "$status" -ne 0 ]
	says 'gives no keys of role arn:aws:iam:::role/nobody'
}

@test "credential_process" {
	one_model
	cat >"$T/keys" <<-END
		#!/bin/sh
		echo '{"Version":1,"AccessKeyId":"$AWS_ACCESS_KEY_ID","SecretAccessKey":"$AWS_SECRET_ACCESS_KEY"}'
	END
	chmod +x "$T/keys"
	mkdir "$HOME/.aws"
	printf '[default]\ncredential_process = %s\n' "$T/keys" >"$HOME/.aws/config"
	git config --global zllm.s3.endpoint "$S3_ENDPOINT"
	git config --global zllm.s3.region us-east-1
	(no_words && git push -q && git clone -q "$T/r.git" "$T/c")
	expect_same_files "$T/r" "$T/c"
}

@test "virtual-host addresses" {
	case $S3_SERVER in */ceph.sh) ;; *) skip 'not applicable to this server: it is given no domain' ;; esac
	git config --global zllm.s3.addressing virtual
	AWS_ENDPOINT_URL=http://localhost:${S3_ENDPOINT##*:}
	one_model
	git push -q
	in_store "$OID"
	clone_and_compare r
}

# ---------------------------------------------------------------- trust

@test "an endpoint that only .lfsconfig names gets no credentials, and no push, until it is trusted" {
	one_model
	git push -q
	start_proxy elsewhere "$S3_ENDPOINT"
	local url="$STORE?endpoint=$PROXY"
	git config -f .lfsconfig lfs.url "zllm::$url"
	make_model more.safetensors 2
	commit 'Another address'
	expect_refused trust
	git push -q --no-verify origin main
	run within git clone "$T/r.git" "$T/c"
	run ! grep -iE 'authorization|x-amz-security-token|signature' "$T/elsewhere.heads"
	git config --global --add zllm.trust "$url"
	git lfs push --all origin
	clone_and_compare r
	grep -qi authorization "$T/elsewhere.heads"
}

@test "a bucket that only .lfsconfig names is read, and not written, until it is trusted" {
	one_model
	git push -q
	git config --global --unset-all zllm.trust
	rm -rf "$T/c"
	git clone -q "$T/r.git" "$T/c"
	expect_same_files "$T/r" "$T/c"
	make_model more.safetensors 2
	commit 'One more'
	run within git push origin main
	[ "$status" -ne 0 ]
	says trust "$STORE"
	git config --global --add zllm.trust "$STORE"
	push_until_done 1
	clone_and_compare r
}

# ---------------------------------------------------------------- what is never said

@test "no secret in arguments, traces, messages or files" {
	one_model
	export AWS_SESSION_TOKEN=
	command -v strace >/dev/null && strace -f -qq -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
	ZLLM_TRACE=1 GIT_TRACE=1 GIT_TRACE_CURL=1 GIT_CURL_VERBOSE=1 GIT_TRACE_SETUP=1 \
		strace -f -qq -s 4000 -v -e trace=execve -o "$T/execs" git push origin main >"$T/out" 2>&1
	ZLLM_TRACE=1 GIT_TRACE=1 git clone "$T/r.git" "$T/c" >>"$T/out" 2>&1
	ZLLM_TRACE=1 git zllm stats >>"$T/out" 2>&1
	# The environment is in T/execs, of course; the arguments come before it.
	sed 's/\], \[.*//' "$T/execs" >"$T/arguments"
	grep -q git-zllm "$T/arguments"
	grep -q 's3: PUT' "$T/out"
	run ! grep -F -- "$AWS_SECRET_ACCESS_KEY" "$T/arguments" "$T/out"
	run ! grep -iE 'Signature=[0-9a-f]{16}' "$T/arguments" "$T/out"
	run ! grep -rF -- "$AWS_SECRET_ACCESS_KEY" "$T/r" "$T/r.git" "$T/c" "$HOME"
}

# ---------------------------------------------------------------- large values

# bats test_tags=swift
@test "a tensor of several parts: up, down, and no upload is left open" {
	make_repo r
	kept_model large.safetensors large-40000000 large 1 40000000
	commit 'Large'
	git push -q
	[ "$(store_sizes blobs/ | awk '$1 > 39e6' | wc -l)" -eq 1 ]
	no_temporaries
	clone_and_compare
	run -0 git zllm fsck
}

# bats test_tags=swift
@test "an agent killed between the parts: nothing under a final name, the next push completes" {
	make_repo r
	kept_model large.safetensors large-40000000 large 1 40000000
	commit 'Large'
	through_proxy
	printf '#!/bin/sh\necho $$ >"%s"\nexec git-zllm agent\n' "$T/pid" >"$T/agent"
	chmod +x "$T/agent"
	use_agent "$T/agent"
	rules 'PUT partNumber=3 1 delay=3600'
	git push origin main >"$T/words" 2>&1 3>&- &
	local push=$!
	until grep -q 'delay=' "$T/proxy.log"; do kill -0 "$push" && sleep 0.02; done
	kill -KILL "$(cat "$T/pid")"
	run ! wait "$push"
	use_own_agent
	no_rules
	[ "$(store_count objects/)" -eq 0 ]
	[ "$(store_count blobs/)" -eq 0 ]
	push_until_done 1
	all_is_there
}

# bats test_tags=swift
@test "a push that failed half-way sends what is missing, and no more" {
	some_models
	through_proxy
	git config --global zllm.s3.timeout 1
	rules 'PUT /blobs/ 15-1000 status=503' 'PUT /objects/ * status=503'
	run within git push origin main
	in_a_sentence
	local before
	before=$(store_count blobs/)
	[ "$before" -ge 1 ]
	no_rules
	requests_begin
	push_until_done 1
	[ "$(requests 'PUT [^ ]*/blobs/')" -le $(($(store_count blobs/) - before)) ]
	all_is_there
}

# ---------------------------------------------------------------- mirrors and doctors

# bats test_tags=swift
@test "a folder is copied to a bucket and back" {
	local bucket=$STORE
	STORE=$T/folder
	some_models
	git push -q
	run -0 git zllm copy "$T/folder" "$bucket"
	run -0 git zllm copy "$bucket" "$T/back"
	diff <(cd "$T/folder" && find objects blobs -type f -exec sha256sum {} + | sort) \
		<(cd "$T/back" && find objects blobs -type f -exec sha256sum {} + | sort)
	mv "$T/folder" "$T/away"
	git -c "url.zllm::$bucket.insteadOf=zllm::$T/folder" clone -q "$T/r.git" "$T/c"
	expect_same_files "$T/r" "$T/c"
}

@test "doctor says which permission a reader lacks" {
	make_repo r
	a_reader reader-two
	export AWS_ACCESS_KEY_ID=reader-two AWS_SECRET_ACCESS_KEY=the-secret-of-a-reader
	run git zllm doctor
	says s3:PutObject 'remove: not tried'
	says_not "$AWS_SECRET_ACCESS_KEY"
	[ -z "$(store_keys probe/)" ]
}

# ---------------------------------------------------------------- how many requests

@test "300 tensors: a push of a fine-tune and a clone cost at most 2 requests a tensor and 20, and 3 where records are looked for" {
	# An answer that a busy machine is late with must not be asked for again.
	git config --global zllm.s3.stalltime 60
	git config --global zllm.s3.timeout 600
	# Without PUT "if absent" each record is looked for first.
	local most=620
	case $S3_SERVER in */ceph.sh) ;; *) most=920 ;; esac
	make_repo r
	kept_model "$T/many.safetensors" many-300 many 1 300
	cp "$T/many.safetensors" model.safetensors
	commit 'The base'
	git push -q
	finetune model.safetensors "$T/many.safetensors"
	commit 'The fine-tune'
	through_proxy
	requests_begin
	git push -q
	echo "# push: $(requests) requests ($(requests PUT) PUT, $(requests GET) GET, $(requests HEAD) HEAD)" >&3
	[ "$(requests)" -le "$most" ]
	[ "$(requests POST)" -eq 0 ]
	requests_begin
	git clone -q "$T/r.git" "$T/c"
	echo "# clone: $(requests) requests ($(requests GET) GET, $(requests HEAD) HEAD)" >&3
	[ "$(requests)" -le 620 ]
	expect_same_files "$T/r" "$T/c"
}

# bats test_tags=swift
# many_files COUNT: d/1.bin ... of 300 bytes each, committed.
many_files() {
	mkdir d
	python -c 'import random, sys
for i in range(1, int(sys.argv[1]) + 1):
    open(f"d/{i}.bin", "wb").write(random.Random(i).randbytes(300))' "$1"
	commit 'Many files'
}

@test "a text file pushed from a repository with 150 objects: at most 10 requests and 2 % of the objects" {
	make_repo r
	many_files 150
	git push -q
	through_proxy
	echo text >notes
	commit 'A text file'
	requests_begin
	run -0 git push origin main
	echo "# push of a text file: $(requests) requests ($(requests GET) GET)" >&3
	[ "$(requests)" -le 13 ]
	requests_begin
	run -0 git zllm verify
	says '150 LFS objects needed, 0 missing'
	echo "# verify: $(requests) requests" >&3
	[ "$(requests)" -le 163 ]
	requests_begin
	run -0 git zllm verify --quick
	says '150 LFS objects needed, 0 missing'
	echo "# verify --quick: $(requests) requests" >&3
	[ "$(requests)" -le 13 ]
	requests_begin
	run -0 git zllm status --json
	echo "# status: $(requests) requests" >&3
	[ "$(requests)" -le 163 ]
	# What is not listed is found out, also among many.
	store_remove "$(manifest_of "$(oid_of d/17.bin)")"
	echo more >>notes
	commit 'More of it'
	requests_begin
	run git push origin main
	[ "$status" -ne 0 ]
	says "$(oid_of d/17.bin)" d/17.bin 'not in the store'
	[ "$(requests)" -le 13 ]
	requests_begin
	run -1 git zllm verify --quick
	says "missing $(oid_of d/17.bin) d/17.bin" '1 missing'
	[ "$(requests)" -le 13 ]
}

@test "an unchanged push costs a handful of requests" {
	one_model
	git config --global zllm.s3.stalltime 60
	git push -q
	through_proxy
	requests_begin
	git push -q --force origin main
	git lfs push --all origin
	[ "$(requests)" -le 20 ]
	[ "$(requests 'PUT [^ ]*/(blobs|objects)/')" -eq 0 ]
}

# ---------------------------------------------------------------- many at once

@test "eight pushers from eight clones at once into one bucket: all objects clone back" {
	local rounds=${PUSHER_ROUNDS:-$((1 + ${ZLLM_TEST_SHARE:-100} / 50))}
	bash "$TOP/tests/s3/pushers.sh" "$rounds" "$STORE" "$T"
}
