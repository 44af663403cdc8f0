#!/usr/bin/env bats
# A tensor's base is found by what it holds: under other names, and where layers moved, at
# the same path and in a repository of its own that shares only the store.

load helpers

# kept FILE: what its tensors take, in thousandths.
kept() {
	git zllm show "$1" --json |
		json '1000 * sum(e["stored"] for e in d["extents"] if e["kind"] == "tensor") // d["size"]'
}

derive() {
	python "$E2E/derive.py" "$@"
}

# base_pushed: the base in r.
base_pushed() {
	make_repo r
	make_model model.safetensors
	cp model.safetensors "$T/base"
	commit 'The base'
	git push -q
}

@test "other names, other layers, the same path: the nearest tensor is the base" {
	local file want is
	begin_with base_pushed
	cd "$T/r"
	finetune model.safetensors "$T/base"
	commit 'Under its names'
	git push -q
	want=$(kept model.safetensors)
	finetune "$T/tuned" "$T/base" 2
	derive turn "$T/turned" "$T/tuned"
	derive meta model.safetensors "$T/turned"
	commit 'Under others'
	git push -q
	is=$(kept model.safetensors)
	[ "$is" -le $((want + 3)) ] || fail "$is is more than $want"
	run -0 --separate-stderr git zllm show model.safetensors --json
	json_holds "d['base_oid'] == '$(oid_of "$T/base")'"
	json_holds 'sum(e["base_by_values"] is not None for e in d["extents"]) >= 10'
	json_holds '[e["base_by_values"] for e in d["extents"] if e["name"] == "layers.0.attention.wq.weight"] == ["model.layers.1.self_attn.q_proj.weight"]'
	run -0 git zllm show model.safetensors
	says 'git by values: model.layers.1.self_attn.q_proj.weight of model.safetensors, '
	clone_and_compare
}

@test "the same from another repository, by the store's markers alone" {
	begin_with base_pushed
	finetune "$T/tuned" "$T/base"
	derive turn "$T/turned" "$T/tuned"
	make_repo other
	derive meta weights.safetensors "$T/turned"
	commit 'Under other names'
	git push -q
	run -0 --separate-stderr git zllm show weights.safetensors --json
	json_holds "d['base_oid'] == '$(oid_of "$T/base")' and d['base_source'] == 'markers'"
	json_holds 'sum(e["base_by_values"] is not None for e in d["extents"]) >= 10'
	json_holds 'd["stored"] < 0.62 * d["size"]'
	clone_and_compare other
}

@test "a store from before there were markers by values: fsck --markers makes them" {
	has_bucket && skip 'looks into the folder'
	begin_with base_pushed
	cd "$T/r"
	ls -d "$STORE"/bases/0000*
	chmod -R u+w "$STORE/bases"
	rm -r "$STORE"/bases/0000*
	run -0 git zllm fsck --markers
	says '8 '
	ls -d "$STORE"/bases/0000*
}

# experts_made: experts one by one, the same in stacks, and fine-tunes of both.
experts_made() {
	make_model "$T/model"
	derive experts "$T/single" "$T/model"
	derive stack "$T/stacked" "$T/single"
	finetune "$T/single-tuned" "$T/single"
	derive stack "$T/stacked-tuned" "$T/single-tuned"
}

# pushed FILE: FILE at the one path of the repository at hand.
pushed() {
	cp "$1" model.safetensors
	commit "${1##*/}"
	git push -q
}

# adds PERMILLE: the latest push added no more than that to the store.
adds() {
	run -0 --separate-stderr git zllm show model.safetensors --json
	json_holds "1000 * d['added'] <= $1 * d['size']"
}

@test "experts in stacks and one by one: the same bytes are stored once, both ways" {
	begin_with experts_made
	make_repo r
	pushed "$T/single"
	pushed "$T/stacked"
	adds 10
	json_holds '{e["name"] for e in d["extents"] if "down" in (e["name"] or "")} == {"model.layers.0.mlp.experts.%d.down_proj" % i for i in range(2)}'
	clone_and_compare
	make_repo s "$T/other-store"
	pushed "$T/stacked"
	pushed "$T/single"
	adds 10
	clone_and_compare s
	run -0 git zllm fsck
	run -0 git zllm diff HEAD^ HEAD
}

@test "experts: a fine-tune in the other form takes what it takes in the same one" {
	local want is pair
	begin_with experts_made
	for pair in 'single single' 'single stacked' 'stacked stacked' 'stacked single'; do
		make_repo "${pair// /-}" "$T/store-${pair// /-}"
		pushed "$T/${pair% *}"
		pushed "$T/${pair#* }-tuned"
		is=$(kept model.safetensors)
		want=${want:-$is}
		[ "$is" -le $((want + 5)) ] || fail "$pair: $is is more than $want"
		clone_and_compare "${pair// /-}"
	done
}
