#!/usr/bin/env bats
# Weights go to the store, whatever their files are called: `init` tracks what models are
# called, and a push says which large files git-lfs was not asked to keep.

load helpers

@test "init without patterns tracks what hubs track, and other names of weights" {
	plain_repo r
	cd r
	git zllm init "$STORE" >/dev/null
	for name in a.7z a.arrow a.bin a.bz2 a.ckpt a.ftz a.gz a.h5 a.joblib a.lfs.x \
		a.mlmodel tokenizer.model a.msgpack a.npy a.npz a.onnx a.ot a.parquet a.pb \
		a.pickle a.pkl a.pt a.pth a.rar a.safetensors saved_model/x/y a.tar.x a.tar \
		a.tflite a.tgz a.wasm a.xz a.zip a.zst events.out.tfevents.1.host a.gguf a.ggml \
		model.onnx_data model.onnx_data_1 model.onnx.data __0_0.distcp a.nemo a.keras \
		a.pth.tar a.jit a.wparam a.pdparams a.plan a.engine \
		variables.data-00000-of-00001 deep/er/model.pt2; do
		[ "$(git check-attr filter -- "$name")" = "$name: filter: lfs" ] || {
			echo "not tracked: $name"
			return 1
		}
	done
	for name in README.md config.json tokenizer.json merges.txt model.py; do
		[ "$(git check-attr filter -- "$name")" = "$name: filter: unspecified" ]
	done
}

@test "init again adds the patterns that are missing, once, and keeps what was said" {
	plain_repo r
	cd r
	printf '%s\n' '# ours' '*.gz -filter' '*.pt filter=lfs diff=lfs merge=lfs -text' >.gitattributes
	git zllm init "$STORE" '*.safetensors' >/dev/null
	git zllm init "$STORE" >/dev/null
	[ "$(head -n 2 .gitattributes)" = "$(printf '%s\n' '# ours' '*.gz -filter')" ]
	[ "$(git check-attr filter -- a.gz)" = 'a.gz: filter: unset' ]
	[ "$(grep -cF '*.pt filter' .gitattributes)" -eq 1 ]
	[ "$(grep -cF '*.safetensors filter' .gitattributes)" -eq 1 ]
	[ "$(git check-attr filter -- a.npy)" = 'a.npy: filter: lfs' ]
	cp .gitattributes "$T/before"
	git zllm init "$STORE" >/dev/null
	cmp .gitattributes "$T/before"
	sed -i '/^\*\.npy /d' .gitattributes
	git zllm init "$STORE" >/dev/null
	[ "$(git check-attr filter -- a.npy)" = 'a.npy: filter: lfs' ]
}

@test "the line for git diff alone does not count as a pattern" {
	plain_repo r
	cd r
	git zllm init "$STORE" '*.bin' >/dev/null
	grep -qx '\*.safetensors diff=zllm' .gitattributes
	[ "$(git check-attr filter -- a.safetensors)" = 'a.safetensors: filter: unspecified' ]
	git zllm init "$STORE" >/dev/null
	[ "$(git check-attr filter -- a.safetensors)" = 'a.safetensors: filter: lfs' ]
	[ "$(git check-attr diff -- a.safetensors)" = 'a.safetensors: diff: zllm' ]
}

@test "files that git keeps itself go to git-lfs with the next add after init" {
	plain_repo r
	cd r
	noise weights.npy 1000
	commit 'Before'
	git zllm init "$STORE" >/dev/null
	commit 'After'
	git show :weights.npy | grep -q '^oid sha256:'
}

@test "init does not write through a .gitattributes that is a symbolic link" {
	plain_repo r
	cd r
	echo mine >"$T/mine"
	ln -s "$T/mine" .gitattributes
	run git zllm init "$STORE"
	[ "$status" -eq 2 ]
	says .gitattributes 'symbolic link'
	[ "$(cat "$T/mine")" = mine ]
}

@test "a push warns once of large files that are not in git-lfs, and says what helps" {
	make_repo r
	mkdir "a folder"
	noise "a folder/it's, [big].weights" 12000000
	noise small.weights 9000000
	commit 'Weights'
	run -0 git push origin main
	says "it's, [big].weights (12.0 MB)" 'git lfs migrate import --include=' 'git lfs track'
	[ "$(grep -c 'git itself' <<<"$output")" -eq 1 ]
	run ! grep -q small.weights <<<"$output"
	# What was pushed is not said again.
	echo more >notes
	commit 'Notes'
	run -0 git push origin main
	run ! grep -q weights <<<"$output"
}

@test "the remedy that the warning names can be pasted, and helps" {
	make_repo r
	mkdir "a folder"
	noise "a folder/it's, [big].weights" 12000000
	oid=$(oid_of "a folder/it's, [big].weights")
	commit 'Weights'
	run -0 git push origin main:refs/heads/tried
	remedy=$(grep -o "git lfs migrate import --include=.* moves" <<<"$output")
	git push -q origin :tried
	eval "${remedy% moves}" >/dev/null
	run -0 git push origin main
	run ! grep -q 'git itself' <<<"$output"
	in_store "$oid"
	git clone -q "$T/r.git" "$T/clone"
	[ "$(oid_of "$T/clone/a folder/it's, [big].weights")" = "$oid" ]
}

@test "zllm.largeFile sets from which size on, 0 turns the warning off" {
	make_repo r
	noise a.weights 3000
	noise b.weights 1000
	commit 'Weights'
	run -0 git -c zllm.largeFile=2k push origin main:one
	says 'a.weights (3.0 KB)'
	run ! grep -q b.weights <<<"$output"
	run -0 git -c zllm.largeFile=0 push origin main:two
	run ! grep -q weights <<<"$output"
	run -0 git -c zllm.largeFile=lots push origin main:three
	says "zllm.largeFile is 'lots'"
}

@test "a push to another LFS server, or of no store of ours, is not looked at" {
	plain_repo r
	cd r
	git zllm init "$STORE" '*.safetensors' >/dev/null
	git config -f .lfsconfig lfs.url "file://$T/elsewhere"
	noise a.weights 3000
	commit 'Weights'
	run -0 git -c zllm.largeFile=2k push origin main
	run ! grep -q weights <<<"$output"
}

@test "many large files are one line" {
	make_repo r
	for i in 1 2 3 4 5; do noise "$i.weights" $((3000 + i)) "$i"; done
	commit 'Weights'
	noise 5.weights 9000 6
	commit 'A version'
	run -0 git -c zllm.largeFile=2k push origin main
	says '5.weights (9.0 KB), 4.weights (3.0 KB), 3.weights (3.0 KB) and 2 more'
	[ "$(grep -c weights <<<"$output")" -eq 1 ]
}
