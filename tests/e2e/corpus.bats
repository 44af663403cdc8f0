#!/usr/bin/env bats
# Nothing a user pushes is refused for its content, and all of it comes back bit
# for bit: good models, bad models, and what was never one.

load helpers

FILES=$((1000 * ${ZLLM_TEST_SHARE:-100} / 100))
PUSHES=$((15 * ${ZLLM_TEST_SHARE:-100} / 100))

# bats test_tags=bucket
@test "the ends of what a parser can meet" {
	make_repo r
	python "$E2E/random_files.py" odd .
	# A pointer's text is taken by git-lfs for a pointer; as plain data it is not ours.
	rm a-pointer.bin
	commit 'Odd files'
	git push -q
	clone_and_compare
	run -0 git zllm fsck
	run -0 git zllm verify --all
	run -0 --separate-stderr git zllm status --json
	json_holds 'all(o["in_store"] for o in d["objects"])'
}

@test "every odd file can be shown" {
	make_repo r
	python "$E2E/random_files.py" odd .
	rm a-pointer.bin empty.bin
	commit 'Odd files'
	git push -q
	for file in *.bin; do
		git zllm show "$file" --json >"$T/$file.json"
	done
	python -c 'import json, os, sys
for name in os.listdir("."):
    if name.endswith(".bin"):
        d = json.load(open(f"{sys.argv[1]}/{name}.json"))
        assert d["size"] == os.stat(name).st_size, name
        assert sum(e["size"] for e in d["extents"]) == d["size"], name' "$T"
}

# bats test_tags=bucket
@test "$FILES random files, models or not, 0 bytes to a few MB" {
	make_repo r
	python "$E2E/random_files.py" random . "$FILES" 1
	[ "$(find . -name '*.bin' | wc -l)" -eq "$FILES" ]
	commit 'Random files'
	git push -q
	clone_and_compare
	run -0 git zllm fsck
}

@test "20 random files in each of $PUSHES commits, one push each" {
	make_repo r
	for round in $(seq "$PUSHES"); do
		python "$E2E/random_files.py" random . 20 "round $round"
		commit "Round $round"
		git push -q
	done
	clone_and_compare
	git -C "$T/r.clone" lfs fetch --all
	no_bad_objects "$T/r.clone"
	run -0 git zllm fsck
}

# expect_corpus NAME: all files of $ZLLM_DATA/NAME are pushed and cloned.
expect_corpus() {
	real_data "$1"
	make_repo r
	cp -a "$ZLLM_DATA/$1" .
	# One file is the text of a pointer, which git-lfs takes for one.
	rm -f "$1/MANIFEST.tsv" "$1/bad_lfs_pointer.safetensors"
	commit "The corpus $1"
	git push -q
	clone_and_compare
	run -0 git zllm fsck
	run -0 git zllm verify
}

@test "the conformance corpus of single files" {
	expect_corpus single
}

@test "the conformance corpus of sharded models" {
	expect_corpus sharded
}

# What says nothing of where tensors lie is let be (index/model/safetensors.h; which of the
# corpus that is, test_safetensors.c knows one by one). Bad places are not.
@test "good files of the conformance corpus are seen as models, the bad are not" {
	real_data single/MANIFEST.tsv
	make_repo r
	cp "$ZLLM_DATA"/single/*.safetensors .
	rm -f bad_lfs_pointer.safetensors
	commit 'The corpus'
	git push -q
	local file verdict why seen wrong=0
	for file in *.safetensors; do
		[ ! -s "$file" ] || git zllm show "$file" --json >"$T/$file.json"
	done
	python -c 'import json, os, sys
for path in sys.argv[1:]:
    print(os.path.basename(path)[:-5], json.load(open(path))["model"])' "$T"/*.json >"$T/seen"
	while IFS=$'\t' read -r file _ _ _ verdict why _; do
		[ "$file" != file ] && [ -s "$file" ] || continue
		seen=$(sed -n "s/^$file //p" "$T/seen")
		case $verdict/$seen/$file in
		OK/safetensors/* | BAD/opaque/*) ;;
		*/safetensors/bad_overlap* | */safetensors/bad_o[uf]* | */safetensors/bad_json* | \
			*/safetensors/bad_size* | */safetensors/bad_begin* | OK/*)
			echo "$file: a strict reading says $verdict ($why), we say $seen"
			wrong=$((wrong + 1))
			;;
		esac
	done <"$ZLLM_DATA/single/MANIFEST.tsv"
	[ "$wrong" -eq 0 ]
}
