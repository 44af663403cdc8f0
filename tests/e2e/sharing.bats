#!/usr/bin/env bats
# A store in a folder that several users push to: who may is said by the folder, not by the
# umask of each, and what is in the way is named. The users are real: 4001, 4002 and 4003,
# each with a group of its own, and of the group 4000.

load helpers

LAB=4000
USERS=(4001 4002 4003)

# three_users: skips where there cannot be any; each has a HOME.
three_users() {
	local user
	folder_only 'who may write to a bucket is said by its policy'
	[ "$(id -u)" = 0 ] || skip 'only root can be other users (setpriv)'
	setpriv --reuid 4001 --regid 4001 --groups "$LAB" true 2>/dev/null ||
		skip 'setpriv cannot change the user here'
	open_way "$T"
	mkdir -p "$T/bin"
	cp "$(command -v git-zllm)" "$T/bin"
	for user in "${USERS[@]}" 4009; do
		mkdir "$T/home-$user"
		sed "s|$HOME|$T/home-$user|" "$HOME/.gitconfig" >"$T/home-$user/.gitconfig"
		git config --file "$T/home-$user/.gitconfig" safe.directory '*'
		chown -R "$user:$user" "$T/home-$user"
	done
	MASK=022
}

# open_way FOLDER: other users may go to it, and to all above it that are bats'.
open_way() {
	local folder=$1
	while [ "$folder" != / ]; do
		[ "$(stat -c %a "$folder")" != 700 ] || chmod 711 "$folder"
		folder=$(dirname "$folder")
	done
}

# as USER COMMAND: bash runs it as that user, in its HOME, under the umask MASK.
as() {
	local groups=$LAB
	[ "$1" != 4009 ] || groups=4009
	setpriv --reuid "$1" --regid "$1" --groups "$groups" \
		env HOME="$T/home-$1" PATH="$T/bin:/usr/bin:/bin" T="$T" NAS="$T/nas" \
		bash -c "umask $MASK; cd; $2"
}

# pushes USER STORE: as USER, in a repository of its own: init, a model, a push. The second
# time only a model more.
pushes() {
	as "$1" "
		[ -d r.git ] || { git init -q --bare r.git; git init -q r; git -C r remote add origin ~/r.git; }
		cd r && git zllm init $2 '*.bin' >/dev/null && head -c 1500000 /dev/urandom >\$(date +%N).bin &&
		head -c 90 /dev/urandom >\$(date +%N).bin &&
		git add . && git commit -qm m && git push -q origin HEAD 2>&1"
}

# reads USER OTHER: USER clones what OTHER pushed, and has the same files.
reads() {
	as "$1" "rm -rf c && git clone -q $T/home-$2/r.git c 2>&1" &&
		expect_same_files "$T/home-$1/c" "$T/home-$2/r"
}

# all_work STORE: the three push in turn, then at once, and each reads what another pushed:
# around the circle, so that all that anybody wrote is read by somebody else of the group.
all_work() {
	local user reader=${USERS[-1]} pids=()
	for user in "${USERS[@]}"; do
		pushes "$user" "$1"
	done
	for user in "${USERS[@]}"; do
		pushes "$user" "$1" &
		pids+=($!)
	done
	for user in "${pids[@]}"; do
		wait "$user"
	done
	for user in "${USERS[@]}"; do
		chmod -R a+rX "$T/home-$user/r.git"
		reads "$reader" "$user"
		reader=$user
	done
	[ -z "$(find "$1" -name '.*' -mindepth 1)" ]
	run as 4002 "cd r && git zllm doctor"
	echo "$output"
	[ "$(grep -c '^bad' <<<"$output")" -eq 0 ]
}

# nas MODE: the folder T/nas, of the group.
nas() {
	mkdir "$T/nas"
	chgrp "$LAB" "$T/nas"
	chmod "$1" "$T/nas"
}

group_has_all() {
	[ -z "$(find "$1" -type d ! -perm -2070)" ]
	[ -z "$(find "$1" -type f ! -perm -0440)" ]
	[ -z "$(find "$1" ! -group "$LAB")" ]
}

@test "a setgid folder, umask 022: three people push in turn and at once" {
	three_users
	nas 2775
	all_work "$T/nas/store"
	group_has_all "$T/nas/store"
	[ -z "$(find "$T/nas/store" -type f ! -perm 0444)" ]
}

@test "a setgid folder, umask 002" {
	three_users
	MASK=002
	nas 2775
	all_work "$T/nas/store"
	group_has_all "$T/nas/store"
}

@test "a setgid folder, umask 077: the group has all, the others nothing" {
	three_users
	MASK=077
	nas 2775
	all_work "$T/nas/a folder/store"
	group_has_all "$T/nas/a folder"
	[ -z "$(find "$T/nas/a folder" -perm /0007)" ]
}

@test "the store's own folder is shared, the one above is not" {
	three_users
	MASK=077
	mkdir -p "$T/above"
	chmod 755 "$T/above"
	mkdir "$T/above/store"
	chgrp "$LAB" "$T/above/store"
	chmod 2770 "$T/above/store"
	all_work "$T/above/store"
	group_has_all "$T/above/store"
}

@test "a default ACL, umask 022 and 077: it is handed down and not narrowed" {
	command -v setfacl >/dev/null || skip 'setfacl is missing (package acl)'
	three_users
	mkdir "$T/nas"
	chmod 750 "$T/nas"
	setfacl -m "g:$LAB:rwx" -m "d:g:$LAB:rwx" -m d:o:- "$T/nas" 2>/dev/null ||
		skip 'this file system has no ACLs'
	for MASK in 022 077; do
		all_work "$T/nas/store-$MASK"
		[ -z "$(find "$T/nas/store-$MASK" -type d ! -perm -0070)" ]
		[ -z "$(find "$T/nas/store-$MASK" -perm /0007)" ]
		[ "$(getfacl -cp "$T/nas/store-$MASK/blobs" | grep -c "group:$LAB:rwx$")" -eq 2 ]
		rm -rf "$T"/home-*/r "$T"/home-*/r.git
	done
}

@test "a folder that everybody may write to: whoever is not of the group can push, and the group too" {
	three_users
	nas 2777
	mkdir "$T/nas/store"
	chmod 2777 "$T/nas/store"
	pushes 4009 "$T/nas/store"
	pushes 4001 "$T/nas/store"
	pushes 4009 "$T/nas/store"
	pushes 4002 "$T/nas/store"
}

@test "a push that is killed while it makes folders leaves none that the others cannot write to" {
	strace -qq -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
	three_users
	nas 2775
	pushes 4001 "$T/nas/store"
	local call nth
	for call in mkdirat fchmodat renameat2; do
		for nth in 1 2 4; do
			printf '%s\n' '#!/bin/sh' \
				"exec strace -f -qq -o /dev/null -e trace=$call -e inject=$call:signal=KILL:when=$nth $T/bin/git-zllm agent" >"$T/killed"
			chmod 755 "$T/killed"
			as 4001 "git config --global lfs.customtransfer.zllm.path $T/killed
				git config --global lfs.customtransfer.zllm.args ''"
			pushes 4001 "$T/nas/store" >/dev/null || true
			[ -z "$(find "$T/nas/store" -type d ! -name '.*' ! -perm -2070)" ]
		done
	done
	pushes 4002 "$T/nas/store"
}

@test "core.sharedRepository in the clone that makes the store: the others' folders are shared too" {
	three_users
	mkdir "$T/nas"
	chown 4001:"$LAB" "$T/nas"
	as 4001 "git init -q r && git init -q --bare r.git && cd r && git remote add origin ~/r.git &&
		git config core.sharedRepository group && git zllm init ../../nas/store >/dev/null"
	chgrp -R "$LAB" "$T/nas/store" # 4001's folder is of 4001's group
	chmod 2775 "$T/nas/store"
	all_work "$T/nas/store"
}

@test "a store of one user stays one: what a strict umask made is nobody else's" {
	three_users
	mkdir "$T/nas"
	chmod 777 "$T/nas"
	MASK=077 pushes 4001 "$T/nas/store"
	[ -z "$(find "$T/nas/store" -perm /0077)" ]
	run pushes 4002 "$T/nas/store"
	[ "$status" -ne 0 ]
	says 'permission denied'
}

# A store as an older git-zllm made it in a shared folder: the second user cannot push.
old_store() {
	nas 2775
	pushes 4001 "$T/nas/store"
	find "$T/nas/store" -type d -exec chmod g-ws {} +
	run pushes 4002 "$T/nas/store"
	[ "$status" -ne 0 ]
	says 'permission denied'
}

@test "a store of an older version goes on for its user, and doctor says how to open it up" {
	three_users
	old_store
	pushes 4001 "$T/nas/store"
	run -0 as 4001 "cd r && git zllm doctor"
	says "the folder above is shared by the group $LAB, but only the store's owner may push"
	bash -c "$(sed -n 's/^ *-> its owner or root runs: //p' <<<"$output" | head -n 1)"
	group_has_all "$T/nas/store"
	all_work "$T/nas/store"
}

@test "init --shared opens a store up, and one that is made is the group's" {
	three_users
	old_store
	as 4001 "cd r && git zllm init --shared $T/nas/store >/dev/null"
	group_has_all "$T/nas/store"
	all_work "$T/nas/store"
	chmod 777 "$T"
	as 4001 "cd r && git zllm init --shared $T/new >/dev/null"
	[ "$(stat -c %a "$T/new")" = 2775 ]
	chmod 755 "$T/new"
	run as 4002 "cd r && git zllm init --shared $T/new"
	[ "$status" -ne 0 ]
	says 'opening it to its group' 'not permitted'
}

@test "doctor names what is in the way of the others, and its line mends it" {
	three_users
	nas 2775
	pushes 4001 "$T/nas/store"
	run -0 as 4002 "cd ~; git zllm doctor $T/nas/store | grep sharing"
	says "the group $LAB may push"
	chmod g-w "$T/nas/store/blobs"
	chgrp 4001 "$T/nas/store/objects"
	chmod g+s "$T/nas/store/objects"
	chmod g-s "$T/nas/store/owners"
	chmod 0400 "$T/nas/store/zllm.json"
	run -1 as 4001 "git zllm doctor $T/nas/store"
	says "blobs does not have all the rights that the store's folder gives" \
		"objects is not of the group $LAB" \
		'owners does not hand its group down' \
		'zllm.json cannot be read by all'
	bash -c "$(sed -n 's/^ *-> its owner or root runs: //p' <<<"$output" | head -n 1)"
	group_has_all "$T/nas/store"
	run as 4001 "git zllm doctor $T/nas/store"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "doctor names folders without the store's default ACL, and its line mends it" {
	command -v setfacl >/dev/null || skip 'setfacl is missing (package acl)'
	three_users
	mkdir "$T/nas"
	chmod 777 "$T/nas"
	pushes 4001 "$T/nas/store"
	setfacl -m "g:$LAB:rwx" -m "d:g:$LAB:rwx" "$T/nas/store" 2>/dev/null ||
		skip 'this file system has no ACLs'
	run -1 as 4001 "git zllm doctor $T/nas/store"
	says "does not have the default ACL of the store's folder"
	as 4001 "$(sed -n 's/^ *-> its owner or root runs: \(getfacl\)/\1/p' <<<"$output" | head -n 1)"
	run -0 as 4001 "git zllm doctor $T/nas/store"
	all_work "$T/nas/store"
}

# readme_lines N: the Nth block of commands in the README's section, for this test's folder
# and group.
readme_lines() {
	sed -n '/^### Sharing a folder/,/^##* [^S]/p' "$TOP/README.md" |
		awk -v want="$1" '/^    / { if (!in_block) { n++; in_block = 1 } if (n == want) print; next }
			{ in_block = 0 }' |
		sed "s|/mnt/nas|$T/nas|g; s|\blab\b|$LAB|g"
}

@test "README, 'Sharing a folder', in order and as written" {
	three_users
	mkdir "$T/nas"
	bash -euc "$(readme_lines 1)"
	[ "$(stat -c '%a %g' "$T/nas/models")" = "2775 $LAB" ]
	local init
	init=$(readme_lines 2)
	[[ $init == *'git zllm init '* ]]
	as 4001 "git init -q r && git init -q --bare r.git && cd r && git remote add origin ~/r.git && $init" >/dev/null
	all_work "$T/nas/models"
	mv "$T/nas/models" "$T/kept"
	if command -v setfacl >/dev/null; then
		mkdir "$T/nas/models"
		bash -euc "$(readme_lines 3)"
		rm -rf "$T"/home-4001/r*
		as 4001 "git init -q r && git init -q --bare r.git && cd r && git remote add origin ~/r.git && $init" >/dev/null
		rm -rf "$T"/home-400[23]/r*
		all_work "$T/nas/models"
		rm -rf "$T"/home-400[123]/r*
		rm -rf "$T/nas/models"
	fi
	mv "$T/kept" "$T/nas/models"
	chown -R 4001:4001 "$T/nas/models"
	chmod -R g-ws "$T/nas/models"
	run pushes 4002 "$T/nas/models"
	[ "$status" -ne 0 ]
	[ -d "$T/home-4001/r" ] || as 4001 "git init -q r"
	as 4001 "cd r && $(readme_lines 4)" >/dev/null
	rm -rf "$T/home-4001/r"
	all_work "$T/nas/models"
	[[ "$(readme_lines 5)" == *'git zllm status '* ]] # "See what it does" follows
}
