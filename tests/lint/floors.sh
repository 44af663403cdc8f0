#!/bin/sh
# Includes point downward only: agent -> index -> codec -> codec/common, with
# index/model and index/store beside each other below index. Each outside library
# is included by exactly one file.
set -eu
. tests/lint/sources.sh

# What a file may include, as a pattern of paths, by where it lies.
allowed() {
	case $1 in
	codec/common/*) echo 'codec/common/' ;;
	codec/*) echo 'codec/' ;;
	index/model/*) echo 'index/model/|codec/' ;;
	index/store/*) echo 'index/store/|codec/' ;;
	index/*) echo 'index/|codec/' ;;
	agent/*) echo 'agent/|index/|codec/' ;;
	*) echo 'agent/|index/|codec/|tests/' ;;
	esac
}

bad=$(mktemp)
trap 'rm -f "$bad"' EXIT
for file in $(c_files) $(h_files); do
	grep -oE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"[^"]*"' "$file" | sed 's/.*"\(.*\)"/\1/' |
		grep -vE "^($(allowed "$file"))" | sed "s|^|$file includes what is not below it: |" >>"$bad" || :
done

# one_file HEADER-PATTERN NAME
one_file() {
	# shellcheck disable=SC2046
	users=$(grep -lE "#[[:space:]]*include[[:space:]]*[<\"]($1)[>\"]" $(c_files) $(h_files) |
		grep -v '^tests/' || :)
	count=$(printf '%s\n' "$users" | grep -c . || :)
	[ "$count" -eq 1 ] || echo "$2 is included by $count files, not by one: $(echo "$users" | tr '\n' ' ')" >>"$bad"
}
one_file 'git2(/.*)?\.h' libgit2
one_file '(cjson/)?cJSON\.h' cJSON
one_file 'yaml\.h' libyaml
one_file 'z(std|dict)(_errors)?\.h' zstd
one_file 'xxh(ash|3)\.h' xxHash
one_file 'openssl/.*' OpenSSL
one_file 'curl/.*' libcurl
cat "$bad"
[ ! -s "$bad" ]
