#!/usr/bin/env bats
# A symbolic link in a store: no verb follows it, and none says that all is well about the
# half of a store that it sees.

load helpers

# moved NAME: that folder of the store lies elsewhere, and a link in its place.
moved() {
	mkdir -p "$T/disk"
	mv "$STORE/$1" "$T/disk/${1//\//-}"
	ln -s "$T/disk/${1//\//-}" "$STORE/$1"
}

# back NAME: as it was.
back() {
	rm "$STORE/$1"
	mv "$T/disk/${1//\//-}" "$STORE/$1"
}

pushed_model() {
	make_repo r
	make_model model.safetensors
	noise noise.bin 9000
	git add -A
	git commit -qm 'A model'
	git push -q origin main
}

# refused NAME COMMAND...: it fails, and says which link and what to do.
refused() {
	run "${@:2}"
	[ "$status" -ne 0 ]
	says "$1 is a symbolic link" 'mount --bind'
	says_not 'all is well' 'nothing is missing'
}

@test "a folder that was moved to another disk: each verb names the link and what to do" {
	folder_only 'a bucket has no links'
	begin_with pushed_model
	cd "$T/r"
	moved blobs
	refused blobs git zllm fsck
	refused blobs git zllm stats
	refused blobs git zllm copy "$STORE" "$T/mirror"
	refused blobs git clone -q "$T/r.git" "$T/c"
	refused blobs git zllm doctor
	make_model other.safetensors 2
	git add -A
	git commit -qm 'Another'
	refused blobs git push origin main
	[ -z "$(find "$T/disk" -newer "$T/r/other.safetensors" -type f)" ]
	back blobs
	git push -q origin main
	run -0 git zllm fsck
	clone_and_compare
}

@test "so for each folder of the store, at each level" {
	folder_only 'a bucket has no links'
	begin_with pushed_model
	cd "$T/r"
	local name
	for name in objects "$(store_keys objects/ | cut -d/ -f1-2 | head -n 1)" \
		"$(store_keys blobs/ | cut -d/ -f1-2 | head -n 1)" owners; do
		moved "$name"
		refused "$name" git zllm doctor
		refused "$name" git zllm copy "$STORE" "$T/mirror"
		[ "$name" = owners ] || refused "$name" git zllm fsck
		rm -rf "$T/mirror"
		back "$name"
	done
	run -0 git zllm fsck
}

@test "a link that leads nowhere, or in a circle, is not absence" {
	folder_only 'a bucket has no links'
	begin_with pushed_model
	cd "$T/r"
	mv "$STORE/objects" "$T/objects"
	ln -s nowhere "$STORE/objects"
	refused objects git zllm fsck
	refused objects git zllm verify --all
	ln -sfn objects "$STORE/objects"
	refused objects git zllm fsck
	refused objects git clone -q "$T/r.git" "$T/c"
}

@test "a store that is reached by a link is a store" {
	folder_only 'a bucket has no links'
	begin_with pushed_model
	cd "$T/r"
	mv "$STORE" "$T/bigger"
	ln -s bigger "$STORE"
	run -0 git zllm fsck
	run -0 git zllm doctor
	make_model other.safetensors 2
	git add -A
	git commit -qm 'Another'
	git push -q origin main
	clone_and_compare
}
