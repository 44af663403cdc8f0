#!/bin/sh
# Each outside library is included by exactly one file, so that what another version of it
# changes is mended in one place.
set -eu
. tests/lint/sources.sh
bad=$(mktemp)
trap 'rm -f "$bad"' EXIT

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
