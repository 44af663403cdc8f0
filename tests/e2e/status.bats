#!/usr/bin/env bats
# `status`, `show` and `stats`: what they print of a family of models.

load helpers
load command_helpers

# ---------------------------------------------------------------- status

# bats test_tags=bucket
@test "status --json: one row for each object, with the base of a fine-tune" {
	family
	make_model local.safetensors 9
	commit 'Not pushed'
	run -0 --separate-stderr git zllm status --json
	json_holds "d['store'] == '$STORE'"
	json_holds '[o["path"] for o in d["objects"]] == ["base.safetensors", "local.safetensors", "tuned.safetensors"]'
	json_holds '[o["in_store"] for o in d["objects"]] == [True, False, True]'
	json_holds '[o["how"] for o in d["objects"]][::2] == ["solo", "delta"]'
	json_holds "d['objects'][2]['base'] == {'oid': '$(oid_of base.safetensors)', 'path': 'base.safetensors', 'commit': '$(git rev-parse HEAD~2)'}"
	json_holds 'd["objects"][0]["base"] is None'
	json_holds "d['objects'][0]['size'] == $(stat -c %s base.safetensors)"
	json_holds 'd["stored"] == sum(o["stored"] for o in d["objects"])'
	json_holds 'd["size"] == sum(o["size"] for o in d["objects"] if o["in_store"])'
}

# bats test_tags=bucket
@test "status's stored bytes are those of the store's files" {
	family
	run -0 --separate-stderr git zllm status --json
	local files
	files=$(stored_bytes objects/ blobs/)
	json_holds "d['stored'] == $files"
}

@test "status in words names every object and the sums" {
	family
	run -0 git zllm status
	says base.safetensors tuned.safetensors delta 'against base.safetensors' 'in all'
}

@test "status --all shows old versions too" {
	family
	finetune base.safetensors base.safetensors 5
	commit 'A newer base'
	git push -q
	run -0 --separate-stderr git zllm status --json
	json_holds 'len(d["objects"]) == 2'
	run -0 --separate-stderr git zllm status --json --all
	json_holds 'len(d["objects"]) == 3'
}

@test "status of a repository without LFS objects, and without a commit" {
	make_repo r
	run -0 --separate-stderr git zllm status --json
	json_holds 'd["objects"] == []'
	plain_repo fresh
	cd "$T/fresh"
	git zllm init "$STORE" >/dev/null
	run git zllm status --json
	[ "$status" -le 2 ]
}

@test "status from a sub-directory is that of the repository" {
	family
	mkdir sub
	cd sub
	run -0 --separate-stderr git zllm status --json
	json_holds '[o["path"] for o in d["objects"]] == ["base.safetensors", "tuned.safetensors"]'
}

# ---------------------------------------------------------------- show

@test "show --json: extents cover the file, tensors with names, dtypes and shapes" {
	family
	run -0 --separate-stderr git zllm show base.safetensors --json
	json_holds "d['oid'] == '$(oid_of base.safetensors)'"
	json_holds "d['size'] == $(stat -c %s base.safetensors) and d['model'] == 'safetensors'"
	json_holds 'd["extents"][0]["kind"] == "header" and d["extents"][0]["offset"] == 0'
	json_holds 'all(a["offset"] + a["size"] == b["offset"] for a, b in zip(d["extents"], d["extents"][1:]))'
	json_holds 'd["extents"][-1]["offset"] + d["extents"][-1]["size"] == d["size"]'
	json_holds 'next(e for e in d["extents"] if e["name"] == "model.embed_tokens.weight")["shape"] == [1200, 256]'
	json_holds '{e["dtype"] for e in d["extents"] if e["kind"] == "tensor"} == {"BF16", "F16", "F32"}'
	json_holds 'all(len(e["id"]) == 64 for e in d["extents"])'
	json_holds 'not any(e["base"] for e in d["extents"])'
	diff <(model names base.safetensors) <(json '"\n".join(e["name"] for e in d["extents"] if e["kind"] == "tensor")' <<<"$output")
}

@test "show takes a path, a revision with a path, and an oid" {
	family
	cp base.safetensors "$T/old"
	finetune base.safetensors base.safetensors 5
	commit 'A newer base'
	git push -q
	run -0 --separate-stderr git zllm show HEAD^:base.safetensors --json
	json_holds "d['oid'] == '$(oid_of "$T/old")'"
	run -0 --separate-stderr git zllm show "$(oid_of "$T/old")" --json
	json_holds "d['oid'] == '$(oid_of "$T/old")'"
	run -0 --separate-stderr git zllm show base.safetensors --json
	json_holds "d['oid'] == '$(oid_of base.safetensors)'"
	mkdir sub
	cd sub
	run -0 --separate-stderr git zllm show ../base.safetensors --json
	json_holds "d['oid'] == '$(oid_of ../base.safetensors)'"
}

@test "show in words names tensors, codecs and the base" {
	family
	run -0 git zllm show tuned.safetensors
	says "$(oid_of tuned.safetensors)" model.embed_tokens.weight ulp 'base.safetensors' BF16 '1200, 256'
}

@test "show of an opaque file says so" {
	make_repo r
	noise noise.bin 3000000
	commit 'Noise'
	git push -q
	run -0 --separate-stderr git zllm show noise.bin --json
	json_holds 'd["model"] == "opaque" and {e["kind"] for e in d["extents"]} == {"chunk"} and len(d["extents"]) > 1'
}

@test "show of names that need care in JSON is valid JSON" {
	make_repo r
	make_model "$T/m.safetensors"
	model rename odd.safetensors "$T/m.safetensors" $'q"b\\n\n\t模型 '
	commit 'Odd names'
	git push -q
	run -0 --separate-stderr git zllm show odd.safetensors --json
	json_holds 'len([e for e in d["extents"] if e["kind"] == "tensor"]) == 13'
	diff <(model names odd.safetensors) <(json '"\n".join(e["name"] for e in d["extents"] if e["kind"] == "tensor")' <<<"$output")
}

@test "show of what is not there is refused in one line" {
	family
	run git zllm show nothing.safetensors
	[ "$status" -ne 0 ]
	one_line_error
	run git zllm show "$(printf %064d 0)"
	[ "$status" -ne 0 ]
	one_line_error
	make_model local.safetensors 9
	commit 'Not pushed'
	run git zllm show local.safetensors
	[ "$status" -ne 0 ]
	one_line_error
	says push
}

# ---------------------------------------------------------------- stats

@test "stats --json: counts and levels add up" {
	family
	make_repo second
	cp "$T/r/base.safetensors" copy.safetensors
	model metadata other.safetensors copy.safetensors x
	commit 'Copies'
	git push -q
	run -0 --separate-stderr git zllm stats --json
	local size files
	size=$(stat -c %s copy.safetensors)
	files=$(stored_bytes objects/ blobs/)
	json_holds "d['store'] == '$STORE' and d['objects'] == 3"
	json_holds "d['records'] == $(store_count blobs/)"
	json_holds "d['bytes']['pushed'] - d['bytes']['objects'] == $size == d['saved']['file_dedup']"
	json_holds "d['saved']['tensor_dedup'] == d['bytes']['objects'] - d['bytes']['blobs'] > $size * 0.9"
	json_holds "d['bytes']['stored'] == $files"
	json_holds 'd["saved"]["delta"] > 0 and d["saved"]["solo"] > 0'
}

@test "stats of an empty store is all zeros" {
	make_repo r
	run -0 --separate-stderr git zllm stats --json
	json_holds 'd["objects"] == 0 and d["records"] == 0 and d["bytes"]["stored"] == 0'
	run -0 git zllm stats
}
