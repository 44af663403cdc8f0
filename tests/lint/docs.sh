#!/bin/sh
# What docs/ and the READMEs name is there: every path, every bare file name, and every
# function that is written with its parentheses (the C library's aside: exceptions.txt);
# and the picture of the rooms in docs/hacking.md is what rooms.txt says.
#
#   docs.sh --picture     prints that picture
set -eu
. tests/lint/sources.sh

# The rooms as boxes, floor by floor.
picture() {
	awk '/^#/ || !NF { next }
		{ split($0, half, /  +/); names = half[1]; what = substr($0, length(names) + 1)
		sub(/^ +/, "", what); floor = names; sub("[/ ].*", "", floor)
		if (floor != last) { if (last) print "        |"; print floor "/"; last = floor }
		gsub(floor "/", "", names); gsub(" ", "   ", names)
		if (names == floor) names = "(" floor ")"
		printf "    v   %-32s %s\n", names, what }' tests/lint/rooms.txt
}
[ "${1:-}" != --picture ] || { picture; exit; }

bad=$(mktemp)
words=$(mktemp)
trap 'rm -f "$bad" "$words"' EXIT
git ls-files 'docs/*.md' README.md '*/README.md' | sort -u >"$words.docs"
trap 'rm -f "$bad" "$words" "$words.docs"' EXIT
git ls-files | sed 's|.*/||' | sort -u >"$words"

while read -r doc; do
	# Names of files: a path from the top or beside the document, or a name that is
	# somewhere; "*" stands for anything.
	grep -ohE '[A-Za-z_0-9./*-]*[A-Za-z_0-9*]\.(c|h|sh|py|bats|bash|md|txt)\b' "$doc" | sort -u |
		while read -r name; do
			case $name in
			*NAME*) true ;; # of a recipe
			*'*'*) git ls-files "$name" | grep -q . ;;
			*/*) [ -e "$name" ] || [ -e "${doc%/*}/$name" ] ||
				git ls-files "*/$name" | grep -q . ;;
			*) grep -qxF -- "$name" "$words" ;;
			esac || excepted docs "$doc" "$name" ||
				echo "$doc names $name, which is not there"
		done
	grep -ohE '\b[a-z_0-9]+\(\)' "$doc" | sort -u | tr -d '()' |
		while read -r function; do
			excepted docs libc "$function" ||
				git grep -qwE "$function" -- 'agent/*.[ch]' 'index/*.[ch]' 'codec/*.[ch]' ||
				echo "$doc names $function(), which is not there"
		done
done <"$words.docs" >"$bad"
sed -n '/^<!-- rooms -->$/,/^<!-- end -->$/p' docs/hacking.md | sed '1,2d' | sed '$d' | sed '$d' >"$words"
picture | cmp -s - "$words" ||
	echo "docs/hacking.md: the picture of the rooms is not what 'tests/lint/docs.sh --picture' prints" >>"$bad"
cat "$bad"
[ ! -s "$bad" ]
