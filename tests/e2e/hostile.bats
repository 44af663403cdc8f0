#!/usr/bin/env bats
# A repository, a model or a store that was made to harm whoever looks at it: what it
# says is shown and does nothing, what it points to is not touched.

load helpers

setup() {
	e2e_setup
}

# ---------------------------------------------------------------- terminals

# hostile_model FILE NAME SEED: one BF16 tensor, called NAME (as JSON writes it).
hostile_model() {
	python - "$@" <<-'PY'
		import random, struct, sys
		data = random.Random(int(sys.argv[3])).randbytes(131072)
		head = '{"%s":{"dtype":"BF16","shape":[256,256],"data_offsets":[0,131072]}}' % sys.argv[2]
		open(sys.argv[1], "wb").write(struct.pack("<Q", len(head)) + head.encode() + data)
	PY
}

# harmless FILE: nothing in it that a terminal obeys or hides: controls other than a
# newline, DEL, C1 controls, marks of direction, separators, what is not UTF-8.
harmless() {
	python - "$1" <<-'PY'
		import sys, unicodedata
		text = open(sys.argv[1], "rb").read().decode("utf-8", "surrogateescape")
		bad = [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
		sys.exit("a terminal would obey %r" % bad[:8] if bad else 0)
	PY
}

# Everything in one name: OSC 52, a newline with a forged line, CSI as C1, DEL, a
# right-to-left override, a line separator; and in a path, where no newline can be.
NAME='w\u001b]52;c;cm0=\u0007\nchanged forged\u009b2J\u007f\u202efdp\u2028z'
ODD=$'p\033]0;T\a\302\2332J\342\200\256\177\377.safetensors'

hostile_repo() {
	make_repo r
	hostile_model m.safetensors "$NAME" 1
	hostile_model "$ODD" "$NAME" 3
	commit one
	hostile_model m.safetensors "$NAME" 2
	commit two
	git push -q origin main
}

@test "names of tensors and paths reach the terminal escaped, by every command" {
	hostile_repo
	local words
	for words in 'zllm show m.safetensors' 'zllm diff HEAD^ HEAD' '--no-pager diff HEAD^ HEAD' \
		'zllm diff --all HEAD^ HEAD' 'zllm family m.safetensors' 'zllm status' 'zllm verify' \
		'zllm stats' 'zllm fsck' 'zllm doctor' 'zllm codec bench m.safetensors'; do
		# shellcheck disable=SC2086
		git $words >"$T/out" 2>&1 || :
		harmless "$T/out" || {
			echo "of: git $words"
			cat -v "$T/out"
			return 1
		}
	done
	run -0 git zllm show m.safetensors
	[[ $output == *'w\x1b]52;c;cm0=\x07\x0achanged forged\xc2\x9b2J\x7f\xe2\x80\xaefdp\xe2\x80\xa8z'* ]]
	run -0 git zllm status
	[[ $output == *'p\x1b]0;T\x07\xc2\x9b2J\xe2\x80\xae\x7f\xff.safetensors'* ]]
}

@test "a line is one line: a name cannot forge another" {
	hostile_repo
	run -0 git zllm diff HEAD^ HEAD
	[ "$(grep -c '^changed' <<<"$output")" -eq 1 ]
}

@test "JSON output has the names whole, by JSON's own escapes" {
	hostile_repo
	local words
	for words in 'show --json m.safetensors' 'status --json' 'diff --json HEAD^ HEAD' \
		'family --json m.safetensors'; do
		# shellcheck disable=SC2086
		git zllm $words >"$T/out"
		harmless "$T/out"
		python -c 'import json, sys; json.load(open(sys.argv[1]))' "$T/out"
	done
	git zllm show --json m.safetensors >"$T/out"
	NAME=$NAME python - "$T/out" <<-'PY'
		import json, os, sys
		name = json.loads('"%s"' % os.environ["NAME"])
		assert name in [e.get("name") for e in json.load(open(sys.argv[1]))["extents"]]
	PY
}

@test "errors say hostile names escaped: of commands, revisions, options, files and URLs" {
	make_repo r
	local odd=$'x\033]0;T\a\302\233\n\342\200\256'
	git config --file .lfsconfig lfs.url "zllm::/nowhere/$odd"
	for words in stats status verify fsck doctor; do
		git zllm "$words" >>"$T/out" 2>&1 || :
	done
	git zllm "$odd" >>"$T/out" 2>&1 || :
	git zllm show "$odd" >>"$T/out" 2>&1 || :
	git zllm show "--$odd" >>"$T/out" 2>&1 || :
	git zllm diff "$odd" HEAD >>"$T/out" 2>&1 || :
	git zllm base "$odd" >>"$T/out" 2>&1 || :
	git zllm copy "$odd" "$odd" >>"$T/out" 2>&1 || :
	git zllm trust "s3://$odd" >>"$T/out" 2>&1 || :
	git zllm codec encode "$odd" "$odd" >>"$T/out" 2>&1 || :
	harmless "$T/out"
	grep -qF 'x\x1b]0;T\x07\xc2\x9b\x0a\xe2\x80\xae' "$T/out"
}

@test "what git-lfs prints of ours is escaped too" {
	make_repo r
	make_model m.safetensors
	commit one
	git config --file .lfsconfig lfs.url 'zllm::/nowhere/%1b]0;T%07%c2%9b'
	git lfs push --all origin >"$T/out" 2>&1 && return 1
	cat "$T/out"
	harmless "$T/out"
	grep -qF '\x1b]0;T\x07\xc2\x9b' "$T/out"
}

# ---------------------------------------------------------------- commands in messages

# words_to_run: each command that the messages in $T/out say to run, one a line.
words_to_run() {
	sed -nE "s/.*(run|line): (git (zllm|lfs) .*)$/\2/p; s/.*'(git (zllm|lfs|config) .*)' [a-z].*/\1/p" "$T/out"
}

@test "the commands that a message says to run start nothing that a repository wrote" {
	export AWS_EC2_METADATA_DISABLED=true AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y
	make_repo r
	local url line n=0
	# shellcheck disable=SC2016
	for url in 's3://models/a$(touch${IFS}PWN)?endpoint=https://s3.example' \
		's3://models/a;touch${IFS}PWN;:?endpoint=https://s3.example' \
		"s3://models/a';touch PWN;'?endpoint=https://s3.example" \
		's3://models/`touch PWN`?endpoint=https://s3.example' \
		's3://models/a?endpoint=https://s3.example/|touch${IFS}PWN' \
		'/mnt/nas/$(touch${IFS}PWN)' "/mnt/'\$(touch PWN)'" $'/mnt/a\ntouch PWN\n' '/mnt/a b;touch PWN'; do
		git config -f .lfsconfig lfs.url "zllm::$url"
		{ git zllm stats || git zllm fsck || git lfs push --all origin; } >"$T/out" 2>&1 || :
		cat "$T/out"
		words_to_run >"$T/words"
		while IFS= read -r line; do
			n=$((n + 1))
			(cd "$T/r" && sh -c "$line" && bash -c "$line") </dev/null >/dev/null 2>&1 || :
			[ ! -e PWN ]
		done <"$T/words"
		[ ! -e PWN ]
	done
	[ "$n" -ge 9 ]
}

@test "the command to trust a store is the one that trusts it" {
	export AWS_EC2_METADATA_DISABLED=true AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y
	make_repo r
	git config -f .lfsconfig lfs.url "zllm::s3://models/it's&more?endpoint=http://127.0.0.1:9"
	git config --global zllm.s3.timeout 1
	run -2 git zllm stats
	[[ $output == *'run: git zllm trust '* ]]
	sh -c "${output##*run: }"
	run git zllm stats
	[[ $output != *trust* ]]
}

# ---------------------------------------------------------------- links

# untouched COMMAND...: it is refused with 2 and says why; nothing outside is changed.
untouched() {
	local before
	before=$(cd "$T" && find . -path ./r -prune -o -newer "$T/mark" -print | sort)
	run -2 "$@"
	[[ $output == *'symbolic link'* ]]
	[ "$(cat "$T/outside")" = mine ]
	[ ! -e "$T/new" ]
	[ ! -s "$T/empty" ]
	[ "$(cd "$T" && find . -path ./r -prune -o -newer "$T/mark" -print | sort)" = "$before" ]
}

cloned_with_links() {
	plain_repo r
	echo mine >"$T/outside"
	: >"$T/empty"
	: >"$T/mark"
	mkdir "$T/away"
	cd "$T/r" || return 1
}

@test "init writes through no link of the repository, and then writes nothing" {
	folder_only 'no store is made'
	cloned_with_links
	local name target
	for name in .lfsconfig .zllm .gitattributes; do
		for target in ../outside ../new ../empty; do
			ln -s "$target" "$name"
			untouched git zllm init "$T/store" --name a/b
			[ ! -e "$T/store" ]
			rm "$name"
		done
	done
	[ -z "$(ls -A .git/lfs 2>/dev/null)" ]
	[ "$(ls -A)" = .git ]
}

@test "base writes through no link of the repository" {
	make_repo r
	echo mine >"$T/outside"
	: >"$T/empty"
	: >"$T/mark"
	ln -s ../outside .zllm
	untouched git zllm base none
	untouched git zllm base --unset
}

@test "hooks in a folder of the repository are written through no link" {
	folder_only 'no store is made'
	cloned_with_links
	mkdir hooks
	git config core.hooksPath hooks
	local name
	for name in pre-push post-commit post-merge post-checkout; do
		ln -s ../../new "hooks/$name"
		untouched git zllm init "$T/store"
		ln -sf ../../empty "hooks/$name"
		untouched git zllm init "$T/store"
		rm "hooks/$name"
	done
	ln -s ../away links
	local folder
	for folder in links links/hooks hooks/../links "$T/r/links" "$T/r/links/x"; do
		git config core.hooksPath "$folder"
		untouched git zllm init "$T/store"
		[ -z "$(ls -A "$T/away")" ]
	done
	[ ! -e .lfsconfig ]
}

@test "a link that waits where a hook was once put together is left alone" {
	cloned_with_links
	mkdir hooks
	git config core.hooksPath hooks
	ln -s ../../outside hooks/pre-push.zllm-new
	git zllm init "$STORE"
	[ "$(cat "$T/outside")" = mine ]
	[ -f hooks/pre-push ]
	[ ! -L hooks/pre-push ]
	[ -z "$(find hooks -name 'pre-push.????????????????')" ]
}

@test "a hook that is a link to another is kept as it was, and ours takes its name" {
	cloned_with_links
	mkdir hooks
	printf '#!/bin/sh\nexit 0\n' >mine.sh
	chmod +x mine.sh
	ln -s ../mine.sh hooks/pre-push
	git config core.hooksPath hooks
	git zllm init "$STORE"
	[ "$(cat mine.sh)" = $'#!/bin/sh\nexit 0' ]
	[ "$(readlink hooks/pre-push.before-zllm)" = ../mine.sh ]
	grep -q 'hook pre-push' hooks/pre-push
}

@test "files of the user may be links: the global configuration is written through one" {
	mv "$HOME/.gitconfig" "$T/dotfile"
	ln -s "$T/dotfile" "$HOME/.gitconfig"
	git zllm uninstall
	git zllm install
	[ -L "$HOME/.gitconfig" ]
	grep -q zllm "$T/dotfile"
}

@test "what never ends is not read: links to devices and FIFOs, and huge files" {
	make_repo r
	mkfifo "$T/fifo"
	local name target
	for name in .lfsconfig .zllm; do
		for target in /dev/zero "$T/fifo"; do
			cp "$name" "$T/kept" 2>/dev/null || :
			ln -sf "$target" "$name"
			run -2 timeout 20 git zllm base
			[[ $output == *"$name is not a regular file"* ]]
			rm "$name"
			[ ! -e "$T/kept" ] || mv "$T/kept" "$name"
		done
		truncate -s 2M "$name"
		run -2 timeout 20 git zllm base
		[[ $output == *"$name has more than"* ]]
		git checkout -q -- "$name" 2>/dev/null || rm "$name"
	done
	for name in show 'diff HEAD'; do
		ln -sf "$T/fifo" m.safetensors
		# shellcheck disable=SC2086
		run timeout 20 git zllm $name m.safetensors
		[ "$status" -ne 0 ]
		[ "$status" -ne 124 ]
	done
}

# ---------------------------------------------------------------- the program

@test "the program is position-independent, with read-only relocations, fortified calls and guards" {
	command -v readelf >/dev/null || skip 'no readelf'
	local program
	program=$(command -v git-zllm)
	if readelf -sW "$program" | grep -q __asan_init; then skip 'built with a sanitizer'; fi
	readelf -hW "$program" | grep -q 'DYN (Position-Independent'
	readelf -lW "$program" | grep -q GNU_RELRO
	readelf -dW "$program" | grep -qE 'BIND_NOW|FLAGS.*NOW'
	run -0 readelf -lW "$program"
	[[ ! $(grep GNU_STACK <<<"$output") == *RWE* ]]
	readelf -sW "$program" | grep -q __stack_chk_fail
	readelf -sW "$program" | grep -qE '__(memcpy|vsnprintf|vasprintf)_chk'
}

# built_with VAR=VALUE...: how the Makefile would compile and link, with nothing built.
built_with() {
	env -u MAKEFLAGS -u CFLAGS -u CPPFLAGS -u LDFLAGS -u OPT "$@" \
		make -n -B -C "$TOP" build/agent/main.o build/git-zllm 2>/dev/null >"$T/lines"
	COMPILED=$(grep -m 1 -- '-c -o build/agent/main.o' "$T/lines")
	LINKED=$(grep -m 1 -- '-o build/git-zllm ' "$T/lines")
}

@test "flags of whoever packages it are used, after ours, and none is doubled" {
	built_with
	[ "$(grep -o 'D_FORTIFY_SOURCE' <<<"$COMPILED" | wc -l)" -eq 1 ]
	[[ $LINKED == *-Wl,-z,now* ]]
	built_with CFLAGS='-O3 -march=x86-64 -DMINE=1' CPPFLAGS='-D_FORTIFY_SOURCE=3 -Wdate-time' LDFLAGS=-Wl,--as-needed
	[[ $COMPILED == *-O2*-O3\ -march=x86-64\ -DMINE=1* ]]
	[[ $COMPILED == *-D_FORTIFY_SOURCE=3* ]]
	[ "$(grep -o 'D_FORTIFY_SOURCE' <<<"$COMPILED" | wc -l)" -eq 1 ]
	[[ $COMPILED == *-std=c11* ]]
	[[ $LINKED == *-Wl,-z,now*-Wl,--as-needed* ]]
	[[ $LINKED == *-O3* ]]
	# Without an optimiser, or with a sanitizer, there is nothing to fortify with.
	built_with CFLAGS=-O0
	[[ $COMPILED != *FORTIFY* ]]
	built_with CFLAGS=-fsanitize=address
	[[ $COMPILED != *FORTIFY* ]]
}

@test "flags on make's command line do not take ours away" {
	env -u MAKEFLAGS make -n -B -C "$TOP" CFLAGS=-O1 CPPFLAGS=-DX LDFLAGS=-Wl,--as-needed build/agent/main.o build/git-zllm >"$T/lines" 2>/dev/null
	grep -qE -- '-I\. .*-DX .*-std=c11 .*-O1 .*-c -o build/agent/main.o' "$T/lines"
	grep -qE -- '-Wl,-z,now .*-Wl,--as-needed .*-o build/git-zllm ' "$T/lines"
}

@test "branches are guarded on x86 alone" {
	built_with CC="$T/cc"
	[[ $COMPILED != *-fcf-protection* ]]
	printf '#!/bin/sh\necho aarch64-linux-gnu\n' >"$T/cc"
	chmod +x "$T/cc"
	built_with CC="$T/cc"
	[[ $COMPILED != *-fcf-protection* ]]
	printf '#!/bin/sh\necho x86_64-linux-gnu\n' >"$T/cc"
	built_with CC="$T/cc"
	[[ $COMPILED == *-fcf-protection* ]]
}
