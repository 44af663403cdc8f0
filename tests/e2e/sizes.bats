#!/usr/bin/env bats
# What the codecs make of real pairs: never more than others would. Sizes only.

load helpers

PAIRS='base:sft-a ckpt-4:base base:sft-c base:sft-purebf16 base:sft-frozen base:sft-vocab
	base:lora-merged base:base2 base-fp32-part:sft-a-fp32-part base-fp16-part:sft-a-fp16-part
	base-fp8-part:sft-a-fp8-part base-int8-part:sft-a-int8-part base-nf4-part:sft-a-nf4-part'

# What the others make of all the pairs that are there, a line each: it is python's start
# that takes long.
setup_file() {
	local pair here=() files=()
	/usr/bin/python3 -c 'import numpy, zstandard' || return 0
	for pair in $PAIRS; do
		[ -e "${ZLLM_DATA:-}/${pair%:*}/model.safetensors" ] || continue
		here+=("$pair")
		files+=("$ZLLM_DATA/${pair#*:}/model.safetensors"
			"$ZLLM_DATA/${pair%:*}/model.safetensors")
	done
	/usr/bin/python3 "$BATS_TEST_DIRNAME/../bench/rival_sizes.py" "${files[@]}" \
		>"$BATS_FILE_TMPDIR/sizes"
	printf '%s\n' "${here[@]}" | paste -d ' ' - "$BATS_FILE_TMPDIR/sizes" \
		>"$BATS_FILE_TMPDIR/rivals"
}

# ours BASE MODEL [CODEC]: raw and stored bytes of all tensors, heads included, by that codec
# or by the best codec of each.
ours() {
	git zllm codec bench --json --rounds 1 ${3:+--codec "$3"} \
		--base "$ZLLM_DATA/$1/model.safetensors" "$ZLLM_DATA/$2/model.safetensors" |
		/usr/bin/python3 -I -S -c 'import json, sys
print(next("%d %d" % (r["raw"], r["stored"]) for r in json.load(sys.stdin)["results"]
           if (r["dtype"], r["codec"]) == ("all", "best")))'
}

# not_larger BASE MODEL [PART [CODEC]]: neither than BitX nor than FM-Delta's scheme, whose
# heads are not counted; and at most so many hundredths of a percent of raw. Where a codec is
# named, it alone must do that, for all tensors: no other has to be tried.
not_larger() {
	local ours seen raw bitx fm_delta
	real_data "$1/model.safetensors"
	[ -e "$BATS_FILE_TMPDIR/rivals" ] || skip "no numpy or zstandard"
	read -r raw bitx fm_delta < <(
		sed -n "s/^$1:$2 //p" "$BATS_FILE_TMPDIR/rivals")
	read -r seen ours < <(ours "$1" "$2" "${4:-}")
	echo "$1 -> $2: raw $raw, ours $ours of $seen, BitX $bitx, FM-Delta $fm_delta"
	[ "$seen" -eq "$raw" ]
	[ "$ours" -le "$bitx" ]
	[ "$ours" -le "$fm_delta" ]
	[ $((10000 * ours)) -le $((${3:-10000} * raw)) ]
}

@test "a full fine-tune" { not_larger base sft-a 2035 ulp; }

@test "checkpoints 74 steps apart" { not_larger ckpt-4 base 3250 ulp; }

@test "a mild fine-tune, and one in pure BF16" {
	not_larger base sft-c 1065 ulp
	not_larger base sft-purebf16 300 ulp
}

@test "a fine-tune of some layers, and one with more vocabulary" {
	not_larger base sft-frozen 10000 ulp
	not_larger base sft-vocab
}

@test "a merged LoRA" { not_larger base lora-merged 10000 ulp; }

# encoded BASE MODEL PART: what `codec encode` makes of it, low-rank products where they pay, is
# at most so many hundredths of a percent of raw, and comes back.
encoded() {
	local base="$ZLLM_DATA/$1/model.safetensors" model="$ZLLM_DATA/$2/model.safetensors"
	real_data "$1/model.safetensors"
	git zllm codec encode --base "$base" "$model" "$BATS_TEST_TMPDIR/$2.zllm"
	git zllm codec decode --base "$base" "$BATS_TEST_TMPDIR/$2.zllm" "$BATS_TEST_TMPDIR/$2"
	cmp "$model" "$BATS_TEST_TMPDIR/$2"
	echo "$1 -> $2: $(stat -c %s "$BATS_TEST_TMPDIR/$2.zllm") of $(stat -c %s "$model")"
	[ $((10000 * $(stat -c %s "$BATS_TEST_TMPDIR/$2.zllm"))) -le \
		$(($3 * $(stat -c %s "$model"))) ]
}

@test "low-rank products: of a merged LoRA a fifth is left, of a full fine-tune three quarters" {
	encoded base lora-merged 87
	encoded base sft-a 1560
}

@test "low-rank products: FP16, and a fine-tune of some layers" {
	encoded base-fp16-part sft-a-fp16-part 3230
	encoded base sft-frozen 650
}

@test "an unrelated base is left alone: no larger than solo" {
	not_larger base base2 6580 float
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
