#!/usr/bin/env bats
# What a repository's .lfsconfig may not do by itself: take a push, or credentials, to a
# bucket that nothing of the user's names. No server is needed: a refusal comes before
# any request, and what is allowed goes to a port where nobody listens.

load helpers

NOBODY=http://127.0.0.1:9
BUCKET=s3://someones-bucket/models

# strange_repo URL: a repository whose .lfsconfig names URL, and a model to push.
strange_repo() {
	export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=a-secret-that-is-not-shown
	export AWS_EC2_METADATA_DISABLED=true
	git config --global zllm.s3.timeout 1
	repo_with_url r "zllm::$1"
	make_model model.safetensors
	commit 'A model'
}

# push_says TEXT...: the push fails, and says so; no secret is in what it says.
push_says() {
	GIT_TRACE=1 ZLLM_TRACE=1 run git push origin main
	[ "$status" -ne 0 ]
	local text
	for text in "$@"; do
		grep -qF -- "$text" <<<"$output" || {
			printf 'not said: %s\nin:\n%s\n' "$text" "$output"
			return 1
		}
	done
	[[ $output != *a-secret-that-is-not-shown* ]]
}

@test "nothing is pushed to a bucket that only .lfsconfig names, until it is trusted" {
	export AWS_ENDPOINT_URL=$NOBODY
	strange_repo "$BUCKET"
	push_says "names the store $BUCKET" 'nothing is pushed there' "git zllm trust $BUCKET"
	run -0 git zllm trust
	[ "$output" = "$BUCKET is trusted" ]
	[ "$(git config --global --get-all zllm.trust)" = "$BUCKET" ]
	push_says 127.0.0.1:9
	run -0 git zllm trust --remove "$BUCKET"
	push_says 'nothing is pushed there'
}

@test "an endpoint that only .lfsconfig names gets no credentials, to read neither" {
	strange_repo "$BUCKET?endpoint=$NOBODY"
	push_says 'no credentials are sent to that endpoint'
	run git zllm stats
	[ "$status" -eq 2 ]
	[[ $output == *'no credentials are sent to that endpoint'* ]]
	run -0 git zllm trust "$BUCKET"
	push_says 'no credentials are sent to that endpoint'
	run -0 git zllm trust "$BUCKET?endpoint=$NOBODY"
	push_says 127.0.0.1:9
	run -0 git zllm trust --list
	[ "$output" = "$BUCKET
$BUCKET?endpoint=$NOBODY" ]
}

@test "a trusted bucket covers what lies below it, and nothing beside" {
	export AWS_ENDPOINT_URL=$NOBODY
	strange_repo s3://someones-bucket/models/a
	git zllm trust s3://someones-bucket/model
	push_says 'nothing is pushed there'
	git zllm trust s3://someones-bucket/models
	push_says 127.0.0.1:9
}

@test ".lfsconfig cannot trust itself" {
	export AWS_ENDPOINT_URL=$NOBODY
	strange_repo "$BUCKET"
	git config -f .lfsconfig zllm.trust "$BUCKET"
	commit 'Trust me'
	push_says 'nothing is pushed there'
}

@test "doctor says where settings and keys come from, and shows no secret" {
	export AWS_ENDPOINT_URL=$NOBODY AWS_REGION=eu-west-1
	strange_repo "$BUCKET"
	run -1 git zllm doctor
	[[ $output == *"endpoint = $NOBODY (AWS_ENDPOINT_URL)"* ]]
	[[ $output == *'region = eu-west-1 (AWS_REGION)'* ]]
	[[ $output == *'access key ...MPLE'* ]]
	[[ $output == *"run 'git zllm trust'"* ]]
	[[ $output != *a-secret-that-is-not-shown* && $output != *AKIDEXAMPLE* ]]
}

@test "what trust refuses" {
	make_repo r
	run -2 git zllm trust
	[[ $output == *'folders need no trust'* ]]
	one_line_error
	run -2 git zllm trust --remove s3://never-trusted
	one_line_error
	run -2 git zllm trust --list s3://bucket
	one_line_error
	run -2 git zllm trust a b
	one_line_error
}
