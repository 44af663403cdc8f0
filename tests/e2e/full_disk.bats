#!/usr/bin/env bats
# A store on a disk that is full to its last block, real file systems that cannot even make
# a folder then: push, gc, prune and repair say so in a sentence, nothing is lost, and gc
# frees room all the same. (tests/points has ENOSPC at every single call.)

load helpers

setup() {
	e2e_setup
	folder_only 'a disk of its own'
}

# on_disk KIND SCRIPT: in a mount namespace in which T/disk is a file system of 24 MB, with the
# store on it. The script has fill, free (KiB) and fails COMMAND...
on_disk() {
	own_mounts
	mkdir -p "$T/disk"
	{
		# shellcheck disable=SC2016 # expanded in there
		printf 'set -eE\ntrap %s ERR\nT="%s"\ncd "$T"\n. ./functions\n' "'echo \"failed: \$BASH_COMMAND\"'" "$T"
		case $1 in
		tmpfs) printf 'mount -t tmpfs -o size=24m none disk\n' ;;
		*) printf 'truncate -s 24M image\nmkfs.%s -q -m 0 image\n' "$1"
			printf 'mount -o loop image disk 2>mount.err || { echo "no loop mount: $(cat mount.err)"; exit 77; }\n' ;;
		esac
		cat "$T/script"
	} >"$T/inside"
	run "${MOUNTED[@]}" bash "$T/inside"
	printf '%s\n' "$output"
	[ "$status" -ne 77 ] || skip "$output"
	[ "$status" -eq 0 ]
}

# What the script has.
write_functions() {
	cat >"$T/functions" <<-'END'
		free() { df -k --output=avail "$T/disk" | tail -1; }
		# All blocks, those that a file of one byte takes, too.
		fill() {
			local i=0
			cat /dev/zero >"$T/disk/filler" 2>/dev/null || true
			while printf x >"$T/disk/more$i" 2>/dev/null && [ -s "$T/disk/more$i" ]; do
				i=$((i + 1))
			done
			[ "$(free)" -eq 0 ]
		}
		# fails COMMAND...: for want of room, and says so.
		fails() {
			if "$@" >"$T/said" 2>&1; then
				echo "did not fail: $*"
				cat "$T/said"
				return 1
			fi
			grep -q 'No space left on device; free some space' "$T/said" || { cat "$T/said"; return 1; }
		}
		# sound FILE...: they are what they were, and the store has them whole.
		sound() {
			git zllm fsck >"$T/said" 2>&1 || { cat "$T/said"; return 1; }
			rm -rf "$T/c"
			git clone -q "$T/r.git" "$T/c"
			for file; do cmp "$file" "$T/c/$file"; done
		}
	END
}

# A base and a fine-tune that came first; a file; and one that only a deleted branch had.
for_all_disks() {
	write_functions
	make_model "$T/base.safetensors" 1
	finetune "$T/a.safetensors" "$T/base.safetensors" 2
	noise "$T/other.bin" 1200000 3
	noise "$T/dead.bin" 2500000 4
	noise "$T/new.bin" 2000000 5
	cat >"$T/script" <<-'END'
		plain() { git init -q "$1"; (cd "$1" && git config user.name A && git config user.email a@example.org); }
		git init -q --bare r.git
		plain r
		cd r
		git remote add origin "$T/r.git"
		git zllm init "$T/disk/store" '*.safetensors' '*.bin' >/dev/null
		git zllm base none
		[ -f "$T/disk/store/RESERVE" ]
		for f in a.safetensors base.safetensors other.bin; do
			cp "$T/$f" .
			git add -A
			git commit -qm "$f"
			git push -q origin HEAD:main
		done
		git checkout -q -b dead
		cp "$T/dead.bin" .
		git add -A
		git commit -qm dead
		git push -q origin dead
		git checkout -q -
		git push -q --delete origin dead
		git branch -qD dead
		git reflog expire --expire=now --all
		fill

		cp "$T/new.bin" .
		git add -A
		git commit -qm new
		fails git push -q origin HEAD:main
		sound a.safetensors base.safetensors other.bin

		# A repair: the damaged record may go, and comes back once there is room.
		record=$(find "$T/disk/store/blobs" -type f -size +1000k -size -1500k | head -n 1)
		chmod u+w "$record"
		printf X | dd of="$record" bs=1 seek=600000 conv=notrunc status=none
		fails git zllm fsck --repair

		# Recompaction needs room, and gets it by what goes.
		for i in $(seq 40); do
			code=0
			git zllm gc --prune --yes --expire=4s --grace=2s >"$T/said" 2>&1 || code=$?
			[ $code -eq 0 ] || grep -qE 'No space left on device; free some space|git zllm fsck' "$T/said" || { cat "$T/said"; exit 1; }
			[ "$(free)" -lt 2000 ] || break
			sleep 0.5
		done
		echo "$(free) KiB are free"
		[ "$(free)" -ge 2000 ]
		git zllm fsck --repair
		sound a.safetensors base.safetensors other.bin
		for i in $(seq 20); do
			code=0
			git zllm gc --grace=2s >"$T/said" 2>&1 || code=$?
			[ $code -eq 0 ] && ! find "$T/disk/store/trash" -type f | grep -q . && break
			sleep 0.5
		done
		[ -n "$(find "$T/disk/store/blobs" -name '*~*')" ] # recompacted
		[ -f "$T/disk/store/RESERVE" ]
		git push -q origin HEAD:main
		sound a.safetensors base.safetensors other.bin new.bin
	END
}

@test "ext4: a full disk" {
	for_all_disks
	on_disk ext4
}

@test "tmpfs: a full disk" {
	for_all_disks
	on_disk tmpfs
}
