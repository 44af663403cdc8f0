#!/usr/bin/env bats
# NumPy's files (.npz, .npy) are models like any other: their arrays are tensors, stored
# once and as deltas, and the files come back bit for bit.

load helpers

setup() {
	/usr/bin/python3 -c 'import numpy' 2>/dev/null || skip "no python3-numpy"
	e2e_setup
}

# arrays HOW OUT FROM...: see arrays.py.
arrays() {
	/usr/bin/python3 -B "$E2E/arrays.py" "$@"
}

arrays_repo() {
	make_repo r
	git lfs track '*.np[yz]' >/dev/null
}

# The base model.npz in r, pushed; base.safetensors has what is in it.
pushed_archive() {
	begin_with archive_pushed
	before=$(stored_bytes)
}

archive_pushed() {
	arrays_repo
	make_model "$T/base.safetensors"
	arrays npz model.npz "$T/base.safetensors"
	commit 'The base'
	git push -q
}

grown() {
	echo $(($(stored_bytes) - before))
}

show_json() {
	run -0 --separate-stderr git zllm show "$1" --json
}

@test "an archive is shown with its format and its tensors, and is stored in less" {
	pushed_archive
	show_json model.npz
	json_holds 'd["model"] == "npz"'
	json_holds 'd["stored"] < 0.8 * d["size"]'
	json_holds 'sum(e["kind"] == "tensor" for e in d["extents"]) == 13'
	json_holds 'sum(e["size"] for e in d["extents"]) == d["size"]'
	json_holds '[(e["dtype"], e["shape"]) for e in d["extents"] if e["name"] == "lm_head.weight"] == [("F32", [256, 256])]'
	json_holds '[(e["dtype"], e["shape"]) for e in d["extents"] if e["name"] == "model.embed_tokens.weight"] == [("BF16", [1200, 256])]'
	run -0 git zllm show model.npz
	says 'model   npz, 27 extents' model.layers.1.mlp.weight '(header)' '(gap)'
	arrays check model.npz "$T/base.safetensors"
	clone_and_compare
}

@test "a fine-tune's archive is a delta against its base's" {
	pushed_archive
	finetune "$T/tuned.safetensors" "$T/base.safetensors" 1
	arrays npz model.npz "$T/tuned.safetensors"
	commit 'Tuned'
	git push -q
	show_json model.npz
	json_holds 'd["model"] == "npz" and d["base_path"] == "model.npz"'
	json_holds 'sum(e["codec"] in ("ulp", "bitx") for e in d["extents"]) >= 10'
	json_holds 'd["stored"] < 0.62 * d["size"]'
	clone_and_compare
}

@test "saved again in another way, an archive shares its tensors" {
	pushed_archive
	local how
	for how in reversed padded piped; do
		arrays $how $how.npz "$T/base.safetensors"
		[ $how = padded ] || arrays check "$how.npz" "$T/base.safetensors"
	done
	commit 'The same tensors'
	git push -q
	for how in reversed padded piped; do
		show_json $how.npz
		json_holds 'd["model"] == "npz"'
		json_holds 'sum(e["kind"] == "tensor" for e in d["extents"]) == 13'
	done
	[ "$(grown)" -lt 60000 ]
	clone_and_compare
}

@test "a tensor is stored once, whether safetensors or NumPy wrote it" {
	pushed_archive
	cp "$T/base.safetensors" model.safetensors
	arrays npy embed.npy "$T/base.safetensors" model.embed_tokens.weight
	commit 'The same in other formats'
	git push -q
	show_json embed.npy
	json_holds 'd["model"] == "npy"'
	json_holds '[e["kind"] for e in d["extents"]] == ["header", "tensor"]'
	json_holds 'd["extents"][1]["shape"] == [1200, 256]'
	[ "$(grown)" -lt 40000 ]
	clone_and_compare
}

@test "an array is a delta against its earlier version, in Fortran's order too" {
	arrays_repo
	make_model "$T/base.safetensors"
	finetune "$T/tuned.safetensors" "$T/base.safetensors" 1
	local from
	for from in base tuned; do
		arrays npy c.npy "$T/$from.safetensors" lm_head.weight
		arrays fortran f.npy "$T/$from.safetensors" model.embed_tokens.weight
		commit "$from"
		git push -q
	done
	show_json c.npy
	json_holds 'd["extents"][1]["codec"] in ("ulp", "bitx") and d["extents"][1]["base"]'
	show_json f.npy
	json_holds 'd["extents"][1]["codec"] in ("ulp", "bitx") and d["extents"][1]["base"]'
	json_holds 'd["extents"][1]["shape"] == [256, 1200]'
	clone_and_compare
}

@test "compressed members are kept as they are, beside tensors and alone" {
	pushed_archive
	arrays half half.npz "$T/base.safetensors"
	arrays packed packed.npz "$T/base.safetensors"
	commit 'Compressed'
	git push -q
	show_json half.npz
	json_holds 'd["model"] == "npz"'
	json_holds 'sum(e["kind"] == "tensor" for e in d["extents"]) == 7'
	show_json packed.npz
	json_holds 'd["model"] == "opaque"'
	clone_and_compare
}

@test "what only looks like an archive is kept as any file" {
	arrays_repo
	make_model "$T/base.safetensors"
	arrays npz whole.npz "$T/base.safetensors"
	head -c -1 whole.npz >short.npz
	{ cat whole.npz; echo; } >longer.npz
	{ echo; cat whole.npz; } >shifted.npz
	head -c 100 whole.npz >begin.npz
	: >empty.npz
	printf 'PK\3\4' >magic.npz
	printf '\223NUMPY\1\0' >magic.npy
	commit 'Odd files'
	git push -q
	local file
	for file in short longer shifted begin; do
		show_json $file.npz
		json_holds 'd["model"] == "opaque"'
	done
	clone_and_compare
}

@test "diff compares archives tensor by tensor" {
	make_model "$T/base.safetensors"
	finetune "$T/tuned.safetensors" "$T/base.safetensors" 1
	arrays npz a.npz "$T/base.safetensors"
	arrays reversed b.npz "$T/base.safetensors"
	arrays npz c.npz "$T/tuned.safetensors"
	run -0 git zllm diff a.npz b.npz
	[[ $output == *'13 equal'* ]]
	run -0 git zllm diff a.npz c.npz
	[[ $output != *'13 equal'* ]]
	[[ $output == *lm_head.weight* ]]
}
