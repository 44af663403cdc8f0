# What the tests of single commands have in common.
#
# shellcheck shell=bash

# A base and a fine-tune, pushed, and a model that is not.
family() {
	begin_with family_pushed
}

family_pushed() {
	make_repo r
	make_model base.safetensors
	commit 'The base'
	git push -q
	finetune tuned.safetensors base.safetensors
	commit 'Tuned'
	git push -q
}

# refused: exit 2 and one line.
refused() {
	run "$@"
	[ "$status" -eq 2 ] || {
		printf 'exit %s: %s\n' "$status" "$output"
		return 1
	}
	one_line_error
}
