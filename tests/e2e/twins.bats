#!/usr/bin/env bats
# Copies of a BF16 model in other dtypes: casts are used where they are exact, and
# nothing gets larger than without a base.

load helpers

# push_twin DTYPE: the base, then its twin at the same path; SMALL and TWIN.
push_twin() {
	make_repo r
	make_model model.safetensors
	cp model.safetensors "$T/base.safetensors"
	commit 'The base'
	git push -q
	model twin model.safetensors "$T/base.safetensors" "$1"
	cp model.safetensors "$T/twin.safetensors"
	commit "Its $1 twin"
	git push -q
	clone_and_compare
	run -0 --separate-stderr git zllm show model.safetensors --json
	TWIN=$(json 'sum(e["stored"] for e in d["extents"])' <<<"$output")
}

# push_alone: the same twin in a store of its own; ALONE.
push_alone() {
	make_repo alone "$(other_store alone-store)"
	cp "$T/twin.safetensors" model.safetensors
	commit 'The twin alone'
	git push -q
	ALONE=$(git zllm show model.safetensors --json | json 'sum(e["stored"] for e in d["extents"])')
}

@test "an FP32 copy of BF16 weights costs next to nothing" {
	push_twin F32
	json_holds 'all(e["base"] for e in d["extents"] if e["dtype"] == "F32" and e["size"] > 200000 and e["name"] != "lm_head.weight")'
	json_holds 'sum(e["stored"] for e in d["extents"] if e["dtype"] == "F32" and e["base"]) < 5000'
	run -0 git zllm fsck
}

@test "an FP16 copy of BF16 weights is smaller than alone" {
	push_twin F16
	json_holds 'sum(bool(e["base"]) for e in d["extents"] if e["dtype"] == "F16") >= 9'
	push_alone
	[ "$TWIN" -lt $((ALONE / 4)) ]
}

@test "a BF16 copy of FP32 weights, pushed after them" {
	make_repo r
	make_model "$T/base.safetensors"
	model twin wide.safetensors "$T/base.safetensors" F32
	commit 'FP32 first'
	git push -q
	cp "$T/base.safetensors" narrow.safetensors
	commit 'BF16 then'
	git push -q
	clone_and_compare
	run -0 --separate-stderr git zllm show narrow.safetensors --json
	json_holds 'sum(e["stored"] for e in d["extents"] if e["dtype"] == "BF16") < 5000'
}

@test "8-bit and 4-bit copies take no more than alone" {
	local dtype
	for dtype in I8 U8; do
		push_twin "$dtype"
		push_alone
		[ "$TWIN" -le $((ALONE + 2000)) ]
		cd "$T"
		chmod -R u+w .
		rm -rf r r.git r.clone alone alone.git
		store_destroy
		STORE=$(other_store alone-store) store_destroy
	done
}
