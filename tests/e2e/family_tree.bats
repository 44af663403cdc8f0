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

@test "a file that is not a model: that it has no tensors to compare, and what it shares" {
	a_family
	run -0 git zllm family other.bin
	says 'other.bin at ' 'not a model of a known format: it has no tensors to compare'
	[[ ${lines[-1]} == 'None of its '*' chunks is in another object.' ]]
	# the same at its end: all chunks but those at the seam
	noise shorter.bin 9000000 4
	noise "$T/head" 900000 5
	cat "$T/head" shorter.bin >longer.bin
	noise small.bin 1000
	commit 'More'
	git push -q
	run -0 git zllm family longer.bin
	says 'it has no tensors to compare' ' chunks are in other objects, too; ' ' of them in shorter.bin at '
	run -0 --separate-stderr git zllm family --json longer.bin
	json_holds "3 < d['sharing']['shared'] == d['sharing']['of_it']"
	json_holds "d['sharing']['with'] == '$(oid_of shorter.bin)'"
	run -0 git zllm family small.bin
	says 'it has no tensors to compare' 'whole inside its manifest, and shares nothing'
	run -0 git zllm family a.safetensors
	says_not 'no tensors' 'chunk'
}

# ---------------------------------------------------------------- show and status say the same

# versions_pushed: a, and b, c and d, each a fine-tune of the one before, in folders of
# their own and pushed in turn: all their deltas are against a's tensors.
versions_pushed() {
	make_repo r
	make_model a/model.safetensors
	cp a/model.safetensors "$T/a"
	commit a
	git push -q
	local last=a name
	for name in b c d; do
		finetune "$name/model.safetensors" "$T/$last" 7
		cp "$name/model.safetensors" "$T/$name"
		git zllm base --path "$name" "$last/model.safetensors" >/dev/null
		commit "$name"
		git push -q
		last=$name
	done
}

@test "show and status name the object that holds the bases, not the one that led to it" {
	begin_with versions_pushed
	local name base
	base=$(oid_of "$T/a")
	for name in b c d; do
		run -0 --separate-stderr git zllm show --json "$name/model.safetensors"
		json_holds "d['base_oid'] == '$base' and d['base_path'] == 'a/model.safetensors'"
		json_holds 'd["base_commit"]'
		run -0 git zllm show "$name/model.safetensors"
		[ "$(grep -c '^base    a/model.safetensors (commit ' <<<"$output")" -eq 1 ]
	done
	says 'found   by user, through c/model.safetensors'
	run -0 --separate-stderr git zllm status --json
	json_holds "all(o['base']['oid'] == '$base' and o['base']['path'] == 'a/model.safetensors' for o in d['objects'] if o['how'] == 'delta')"
	json_holds 'sum(o["how"] == "delta" for o in d["objects"]) == 3'
	run -0 --separate-stderr git zllm status --all
	[ "$(grep -c 'against a/model.safetensors at ' <<<"$output")" -eq 3 ]
	says_not 'against b/' 'against c/'
}

@test "show tells what an object needs of the store from what its push added" {
	make_repo r
	make_model base.safetensors
	commit base
	git push -q
	local before
	before=$(stored_bytes)
	# one tensor is another: all others are the base's
	cp base.safetensors tuned.safetensors
	flip tuned.safetensors $(($(stat -c %s tuned.safetensors) - 100))
	commit tuned
	git push -q
	run -0 --separate-stderr git zllm show --json tuned.safetensors
	json_holds "0 < d['added'] <= $(($(stored_bytes) - before))"
	json_holds 'd["added"] < d["stored"] <= d["needed"]'
	run -0 git zllm show tuned.safetensors
	[ "$(grep -c '^size    2.1 MB, needs .* of the store, added .* to it, saved ' <<<"$output")" -eq 1 ]
	# the base needs nothing but what it brought
	run -0 --separate-stderr git zllm show --json base.safetensors
	json_holds 'd["added"] == d["stored"] == d["needed"]'
}

@test "a delta needs its base's records too, each once" {
	begin_with versions_pushed
	run -0 --separate-stderr git zllm show --json a/model.safetensors
	local base
	base=$(json 'sum(e["stored"] for e in d["extents"])' <<<"$output")
	run -0 --separate-stderr git zllm show --json b/model.safetensors
	json_holds 'd["added"] == d["stored"]'
	json_holds "d['stored'] < d['needed'] <= d['stored'] + $base"
	json_holds "d['needed'] > d['stored'] + $base * 0.9"
}
