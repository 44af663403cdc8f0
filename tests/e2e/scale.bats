#!/usr/bin/env bats
# docs/scale.md: the array that it writes out, under a Slurm of this machine.

load helpers

# shown TITLE: what docs/scale.md shows below that heading, with this test's store and folder.
shown() {
	awk -v title="$1" '/^#/ { on = $0 == "## " title } on && /^    / { print substr($0, 5) }' "$TOP/docs/scale.md" |
		sed "s#s3://models/hub#$STORE#; s#/data/hub#$T/hub#; /^#SBATCH --array/a #SBATCH --output=$T/job-%a.out"
}

@test "a Slurm array as it is written: all parts, one of them killed and run again" {
	local why
	why=$(sh "$TOP/tests/bench/slurm.sh" reason)
	[ -z "$why" ] || skip "$why"
	mkdir -p hub/{a,b,c,d}
	make_model hub/c/model.safetensors
	finetune hub/a/model.safetensors hub/c/model.safetensors 1
	finetune hub/b/model.safetensors hub/c/model.safetensors 2
	make_model hub/d/model.safetensors 7
	shown 'A Slurm array' >array
	sed '/^sbatch/d; s/ *# the third again$//' array >import-hub
	grep '^sbatch' array >commands
	[ "$(wc -l <commands)" -eq 2 ]
	grep -q 'git zllm import --part auto/4' import-hub
	# The third dies at its first run: a file that stands for the node's end.
	sed "s#^git zllm#[ \$SLURM_ARRAY_TASK_ID != 2 ] || [ -e $T/died ] || { touch $T/died; kill -9 \$\$; }\n&#" \
		-i import-hub
	run sh "$TOP/tests/bench/slurm.sh" sh -xc "$(<commands)"
	cat job-*.out
	[ "$status" -eq 0 ]
	[ -e died ]
	grep -q 'this is part 3 of 4' job-2.out
	local name
	for name in a b c d; do
		git zllm export --store "$STORE" --name "hub/$name" "out/$name"
		diff -r "hub/$name" "out/$name"
	done
	# Nothing is left for a last look.
	[ "$(git zllm import --json --store "$STORE" hub | json "d['stored']")" -eq 0 ]
}

@test "what docs/scale.md says of all commands with parts can be said to them" {
	local command
	for command in import export copy fsck gc; do
		grep -q "^    git zllm $command --part 3/16" "$TOP/docs/scale.md"
		git zllm help "$command" | grep -q -- '--part'
	done
	# The variable that the Job sets is the one that is read.
	[ "$(shown 'An indexed Job of Kubernetes' | grep -A1 'name: ZLLM_PARTS')" = \
		"        - name: ZLLM_PARTS"$'\n'"          value: \"16\"" ]
	mkdir hub
	echo x >hub/x
	JOB_COMPLETION_INDEX=15 ZLLM_PARTS=16 run -0 git zllm import --store "$STORE" hub
	says 'this is part 16 of 16'
}
