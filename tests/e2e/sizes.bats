#!/usr/bin/env bats
# What the codecs make of real pairs: never more than others would. Sizes only.

load helpers

# best BASE MODEL: stored bytes of all tensors, heads included, by the best codec of each.
best() {
	git zllm codec bench --json --base "$ZLLM_DATA/$1/model.safetensors" \
		"$ZLLM_DATA/$2/model.safetensors" |
		/usr/bin/python3 -c 'import json, sys
print(next(r["stored"] for r in json.load(sys.stdin)["results"]
           if (r["dtype"], r["codec"]) == ("all", "best")))'
}

# not_larger BASE MODEL [PART]: neither than BitX nor than FM-Delta's scheme, whose heads
# are not counted; and at most so many hundredths of a percent of raw.
not_larger() {
	local ours raw bitx fm_delta
	real_data "$1/model.safetensors"
	/usr/bin/python3 -c 'import numpy, zstandard' || skip "no numpy or zstandard"
	ours=$(best "$1" "$2")
	read -r raw bitx fm_delta < <(/usr/bin/python3 "$TOP/tests/bench/rival_sizes.py" \
		"$ZLLM_DATA/$2/model.safetensors" "$ZLLM_DATA/$1/model.safetensors")
	echo "$1 -> $2: raw $raw, ours $ours, BitX $bitx, FM-Delta $fm_delta"
	[ "$ours" -le "$bitx" ]
	[ "$ours" -le "$fm_delta" ]
	[ $((10000 * ours)) -le $((${3:-10000} * raw)) ]
}

@test "a full fine-tune" { not_larger base sft-a 2090; }

@test "checkpoints 74 steps apart" { not_larger ckpt-4 base 3250; }

@test "a mild fine-tune, and one in pure BF16" {
	not_larger base sft-c 1065
	not_larger base sft-purebf16 300
}

@test "a fine-tune of some layers, and one with more vocabulary" {
	not_larger base sft-frozen
	not_larger base sft-vocab
}

@test "a merged LoRA" { not_larger base lora-merged; }

@test "an unrelated base is left alone: no larger than solo" {
	not_larger base base2 6580
}

@test "FP32, FP16 and FP8 twins" {
	not_larger base-fp32-part sft-a-fp32-part
	not_larger base-fp16-part sft-a-fp16-part
	not_larger base-fp8-part sft-a-fp8-part
}

@test "8-bit and 4-bit integers" {
	not_larger base-int8-part sft-a-int8-part
	not_larger base-nf4-part sft-a-nf4-part
}
