#!/usr/bin/env bats
# bats file_tags=bucket
# Services and buckets as they are in the field: what they demand, what they do not know,
# and how they spell. The gateway checks every signature by itself.

load helpers
load s3_helpers

setup() {
	bucket_setup
}

teardown() {
	bucket_teardown
}

# some_and_large: a family, and a tensor that goes in parts.
some_and_large() {
	some_models 17000000
}

# goes_through: a push, a second one of nothing new, and a clone.
goes_through() {
	some_and_large
	push_until_done 1
	run -0 within git zllm doctor
	says 'all is well'
	run -0 git zllm verify --all
	run -0 within git clone -q "$T/r.git" "$T/c"
	expect_same_files "$T/r" "$T/c"
}

# bats test_tags=swift
@test "Object Lock: all that is put has its MD5, what is empty and what goes in parts too" {
	start_gateway md5
	goes_through
	# Each of those that were under way before the first refusal, and no more.
	[ "$(gateway_answered 400 PUT)" -le 40 ]
}

@test "an endpoint with a path: from git, from either variable, and from the store's URL" {
	start_gateway path=/storage/v1/s3
	local below=$GATEWAY/storage/v1/s3
	unset AWS_ENDPOINT_URL
	git config --global zllm.s3.endpoint "$below/"
	goes_through
	git config --global --unset zllm.s3.endpoint
	AWS_ENDPOINT_URL=$GATEWAY run ! within git zllm stats
	AWS_ENDPOINT_URL=$below run -0 within git zllm stats
	AWS_ENDPOINT_URL=$GATEWAY AWS_ENDPOINT_URL_S3=$below run -0 within git zllm stats
	run -0 git zllm init "$STORE?endpoint=$below"
	run -0 within git zllm stats
}

@test "a bucket in the host does not go with a path, and the sentence says what does" {
	start_gateway path=/p
	export AWS_ENDPOINT_URL=$GATEWAY/p
	git config --global zllm.s3.addressing virtual
	git init -q r
	cd r
	run git zllm init "$STORE"
	[ "$status" -ne 0 ]
	says "'$GATEWAY/p' has a path" 'set zllm.s3.addressing to path'
}

# bats test_tags=swift
@test "a bucket that demands encryption, an ACL, a class and tags, and whose requester pays" {
	start_gateway making=x-amz-server-side-encryption:aws:kms \
		making=x-amz-server-side-encryption-aws-kms-key-id:arn:aws:kms:x:1:key/2 \
		making=x-amz-server-side-encryption-bucket-key-enabled:true making=x-amz-storage-class:STANDARD_IA \
		making=x-amz-acl:bucket-owner-full-control 'making=x-amz-tagging:a=b&c=d' always=x-amz-request-payer:requester
	git config --global zllm.s3.sse aws:kms
	git config --global zllm.s3.sseKmsKeyId arn:aws:kms:x:1:key/2
	git config --global zllm.s3.bucketKeyEnabled true
	git config --global zllm.s3.storageClass STANDARD_IA
	git config --global zllm.s3.acl bucket-owner-full-control
	git config --global zllm.s3.tagging 'a=b&c=d'
	git config --global zllm.s3.requestPayer requester
	goes_through
	[ "$(gateway_answered 403 .)" -eq 0 ]
}

@test "a bucket that demands encryption says so, and the sentence and doctor name the setting" {
	start_gateway making=x-amz-server-side-encryption:AES256
	git init -q r
	run git -C r zllm init "$STORE"
	[ "$status" -ne 0 ]
	says 'explicit deny: s3:x-amz-server-side-encryption is not as the policy wants it' 'set zllm.s3.sse to'
	git config --global zllm.s3.sse AES256
	run -0 git -C r zllm init "$STORE"
	git config --global --unset zllm.s3.sse
	run git -C r zllm doctor
	says 'demands that what is put is encrypted: with AES256' 'git config --global zllm.s3.sse AES256'
	ways making-silent=x-amz-acl:bucket-owner-full-control
	run git -C r zllm doctor
	says 'git config --global zllm.s3.acl bucket-owner-full-control'
	ways no-put
	run git -C r zllm doctor
	says 'no identity-based policy allows the s3:PutObject action' 'neither encryption nor an ACL helps'
	[ -z "$(store_keys probe/)" ]
}

@test "a bucket whose requester pays: the sentence and doctor name the setting" {
	start_gateway always=x-amz-request-payer:requester
	git init -q r
	run git -C r zllm init "$STORE"
	[ "$status" -ne 0 ]
	says zllm.s3.requestPayer
	run git -C r zllm doctor "$STORE"
	says 'git config --global zllm.s3.requestPayer requester'
	git config --global zllm.s3.requestPayer requester
	run -0 git -C r zllm init "$STORE"
}

# refuses_condition STATUS:CODE: goes through, and only what was under way at first, and one
# upload's end, are refused.
refuses_condition() {
	start_gateway "no-condition=$1"
	goes_through
	[ "$(gateway_answered "${1%:*}" PUT)" -ge 1 ]
}

@test "If-None-Match is not known, says a 400" {
	refuses_condition 400:InvalidArgument
}

# bats test_tags=swift
@test "If-None-Match is not known, says a 403" {
	refuses_condition 403:AccessDenied
}

@test "If-None-Match is not known, says a 405" {
	refuses_condition 405:MethodNotAllowed
}

@test "a bucket that demands If-None-Match: all that is put whole has it" {
	start_gateway only-condition
	goes_through
	[ "$(gateway_answered 403 PUT)" -eq 0 ]
}

@test "a true refusal is told as one, in the service's words" {
	some_models
	start_gateway no-put
	run within git push origin main
	in_a_sentence
	says 's3:PutObject' 'no identity-based policy allows'
	ways ''
	push_until_done 1
	all_is_there
}

# lists WAY...: the store, under a prefix with much to escape, is read through them.
lists() {
	local way
	STORE="${STORE%/store} +%2541ä/x" # a '%' of its own is written %25
	start_gateway page=3
	some_models
	push_until_done 1
	for way; do
		ways page=3 "$way"
		run -0 git zllm fsck
		run -0 git zllm stats
		run -0 within git clone -q "$T/r.git" "$T/c"
		expect_same_files "$T/r" "$T/c"
		rm -rf "$T/c"
	done
	[ "$(gateway_answered 200 GET '(marker|token)=')" -gt 0 ]
}

@test "listings with keys encoded, said or not, with a slash, laid out for people" {
	lists keys=encoded keys=said keys=slash list=pretty
}

@test "listings of version 1, which begin after a key" {
	lists list=v1
}
