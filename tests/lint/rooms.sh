#!/bin/sh
# Rooms: what a file includes lies in its own room or in one below it, as rooms.txt has
# them; every folder with sources is a room there; and inside a room no files include each
# other in a circle (a circle is one idea cut in two, or an idea without a name). Prints
# how many arrows there are between rooms, and how many includes they stand for.
#
#   rooms.sh [TABLE]      another table, to try a plan
set -eu
. tests/lint/sources.sh
table=${1:-tests/lint/rooms.txt}
bad=$(mktemp)
includes=$(mktemp)
trap 'rm -f "$bad" "$includes"' EXIT

# FILE INCLUDED, for each include of the program's own files.
{ c_files; h_files; } | xargs grep -HoE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"[^"]*"' |
	sed 's/^\([^:]*\):.*"\(.*\)"/\1 \2/' >"$includes"

# shellcheck disable=SC2016  # awk's own variables
awk -v table="$table" '
	function room(path) { sub("/[^/]*$", "", path); return path }
	BEGIN {
		while ((getline line <table) > 0) {
			if (line ~ /^#/ || line == "") continue
			split(line, half, /  +/)
			count = split(half[1], names, " ")
			row++
			for (i = 1; i <= count; i++) level[names[i]] = row
		}
	}
	$1 ~ "^tests/" {
		if ($2 !~ "^tests/" && !(room($2) in level))
			print $1 " includes \"" $2 "\", which lies in no room of " table
		next
	}
	{
		from = room($1); to = room($2)
		if (!(from in level)) { if (!said[from]++) print from "/ is not a room of " table; next }
		if (!(to in level)) { print $1 " includes \"" $2 "\", which lies in no room of " table; next }
		if (from == to) next
		if (level[to] <= level[from])
			print $1 " includes \"" $2 "\": " to " is not below " from
		if (!arrow[from, to]++) arrows[floor(from) == floor(to) ? floor(from) : "down"]++
		lines++
	}
	function floor(name) { sub("/.*", "", name); return name }
	END {
		printf "arrows between rooms: %d in agent, %d in index, %d in codec, %d from floor to floor; %d includes\n",
			arrows["agent"], arrows["index"], arrows["codec"], arrows["down"], lines >"/dev/stderr"
	}' "$includes" >"$bad"

# Nouns are file names without extension; foo_private.h belongs to foo.
sed 's/\(_private\)\{0,1\}\.[ch]\( \|$\)/\2/g' "$includes" | grep -v '^tests/' |
	awk '{ a = b = $0; sub(" .*", "", a); sub(".* ", "", b); ra = a; rb = b
		sub("/[^/]*$", "", ra); sub("/[^/]*$", "", rb); if (ra == rb && a != b) print a, b }' |
	sort -u | tsort 2>&1 >/dev/null |
	awk '/input contains a loop/ { if (circle) print circle
			circle = "files that include each other in a circle:"; next }
		{ circle = circle " " $2 } END { if (circle) print circle }' >>"$bad"
# A newcomer reads five lines, not a list that nobody keeps.
sed '/^#/d; s/  .*//' "$table" | tr ' ' '\n' | while read -r room; do
	lines=$(sed -n '$=' "$room/README.md" 2>/dev/null || :)
	[ "${lines:-0}" -gt 0 ] && [ "$lines" -le 5 ] || echo "$room/README.md should have one to five lines"
done >>"$bad"
cat "$bad"
[ ! -s "$bad" ]
