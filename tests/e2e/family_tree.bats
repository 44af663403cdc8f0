#!/usr/bin/env bats
# git zllm family: the tree of what derives from what in the store.

load helpers

# pushed FILE FROM SEED: FILE as a fine-tune of T/FROM, a commit and a push of its own.
pushed() {
	finetune "$1" "$T/$2" "$3"
	cp "$1" "$T/$(basename "$1")"
	commit "$1"
	git push -q
}

# tree: "path(child child(...))" of $output, by paths.
tree() {
	json '(lambda f: f(f, d))(lambda f, n: n["path"] + ("(" + " ".join(sorted(f(f, c) for c in n["children"])) + ")" if n["children"] else ""))' <<<"$output"
}

# a_family: a base, three fine-tunes of it, a stranger, another file.
a_family() {
	begin_with family_pushed
}

family_pushed() {
	make_repo r
	make_model base.safetensors
	cp base.safetensors "$T/"
	make_model stranger.safetensors 99
	noise other.bin 1500000
	commit 'The base, and others'
	git push -q
	pushed a.safetensors base.safetensors 1
	pushed b.safetensors base.safetensors 2
	pushed c.safetensors a.safetensors 3
}

@test "a base and its fine-tunes, asked for by any of them" {
	a_family
	local name
	for name in base.safetensors b.safetensors "$(oid_of a.safetensors)" HEAD:c.safetensors; do
		run -0 --separate-stderr git zllm family --json "$name"
		# every delta is against a solo record: c derives from the base in the store
		[ "$(tree)" = 'base.safetensors(a.safetensors b.safetensors c.safetensors)' ]
		json_holds 'd["members"] == 4 and d["complete"] and d["parent"] is None'
	done
	json_holds 'all(c["by"] == "deltas" and c["tied"] == 11 and c["parent"] == d["oid"] for c in d["children"])'
	json_holds 'all(0.5 < c["bits_per_word"] < 4 for c in d["children"])'
	json_holds 'all(c["stored"] < 0.6 * c["size"] for c in d["children"])'
	json_holds '[c["asked"] for c in d["children"] if c["path"] == "c.safetensors"] == [True]'
}

@test "sampled distances are those that diff counts" {
	a_family
	run -0 --separate-stderr git zllm family --json a.safetensors
	local sampled
	sampled=$(json '[c["bits_per_word"] for c in d["children"] if c["asked"]][0]' <<<"$output")
	run -0 --separate-stderr git zllm diff --json base.safetensors a.safetensors
	json_holds "abs(d['bits_per_word'] - $sampled) < 0.05"
}

@test "who has no relatives stands alone" {
	a_family
	local name
	for name in stranger.safetensors other.bin; do
		run -0 --separate-stderr git zllm family --json "$name"
		[ "$(tree)" = "$name" ]
		json_holds 'd["members"] == 1 and d["asked"]'
	done
}

@test "the tree for people" {
	a_family
	run -0 git zllm family a.safetensors
	[ "${#lines[@]}" -eq 4 ]
	[[ ${lines[0]} == "base.safetensors at "*": 2.1 MB, stored "*" %)" ]]
	[[ ${lines[3]} == '`- c.safetensors at '*'11 of 11 tensors from it, ~'*' bits a weight' ]]
	says '|- a.safetensors at ' '<- asked for'
}

@test "the same tensors in other files hang on the older" {
	a_family
	git rm -q base.safetensors
	model shard . "$T/base.safetensors" 2
	commit 'The base in shards'
	git push -q
	run -0 --separate-stderr git zllm family --json b.safetensors
	json_holds 'd["path"] == "base.safetensors" and d["members"] == 6'
	json_holds 'sorted(c["by"] for c in d["children"]).count("equal tensors") == 2'
}

@test "members of another repository" {
	a_family
	plain_repo s
	cd "$T/s"
	git zllm init --base "$(oid_of "$T/base.safetensors")" "$STORE" '*.safetensors' >/dev/null
	finetune theirs.safetensors "$T/base.safetensors" 7
	commit 'Elsewhere'
	git push -q
	run -0 --separate-stderr git zllm family --json theirs.safetensors
	[ "$(tree)" = 'base.safetensors(a.safetensors b.safetensors c.safetensors theirs.safetensors)' ]
}

@test "a damaged manifest is passed over; what is not there is said in one line" {
	a_family
	store_damage "$(manifest_of "$(oid_of b.safetensors)")"
	run -0 --separate-stderr git zllm family --json a.safetensors
	[ "$(tree)" = 'base.safetensors(a.safetensors c.safetensors)' ]
	run -1 git zllm family "$(printf '%064d' 7)"
	one_line_error
	says 'does not have object'
	run -2 git zllm family nothing
	one_line_error
	run -2 git zllm family
	one_line_error
}
