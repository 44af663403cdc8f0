#!/bin/sh
# Functions of at most 80 lines, .c files of at most 600, each file name once in the
# tree, no file that is named for nothing (util, misc, common, helpers). Prints the
# median and the ten longest. Warns, and does not fail, of functions with more than five
# parameters (where the same go together, a struct wants a name) and of .c files with more
# than 500 lines, outside the tests.
set -eu
. tests/lint/sources.sh

function_max=80
file_max=600
parameters_warned=5
file_warned=500
bad=$(mktemp)
list=$(mktemp)
trap 'rm -f "$bad" "$list"' EXIT

# LINES FUNCTION FILE, longest first; the program alone, then the tests too.
lengths() {
	ctags -x --languages=C --kinds-C=f --fields=+ne --_xformat='%{end} %n %N %F' -L - |
		awk '{ print $1 - $2 + 1, $3, $4 }' | sort -k1,1nr -k3,3 -k2,2
}
# COUNT FUNCTION FILE, most parameters first. What stands in parentheses is the parameters
# of a parameter; "..." is none.
parameters() {
	ctags -x --languages=C --kinds-C=f --_xformat='%N %F %S' -L - |
		awk '{ head = $1 " " $2; s = substr($0, length(head) + 2)
			gsub(/^\(|\)$/, "", s)
			while (gsub(/\([^()]*\)/, "", s)) continue
			sub(/,[ ]*\.\.\.$/, "", s)
			print gsub(/,/, "", s) + 1, head }' | sort -k1,1nr -k3,3 -k2,2
}
# What is too much, and no exception.
warnings() {
	c_files | grep -v '^tests/' | parameters | awk -v max=$parameters_warned '$1 > max' |
		while read -r count name file; do
			excepted lengths "$file" "$name" ||
				echo "warning: $file: $name has $count parameters, more than $parameters_warned"
		done
	c_files | grep -v '^tests/' | while read -r file; do
		lines=$(wc -l <"$file")
		[ "$lines" -le $file_warned ] || [ "$lines" -gt $file_max ] || excepted lengths "$file" file ||
			echo "warning: $file has $lines lines, more than $file_warned"
	done
}
c_files | lengths >"$list"
{
	awk -v max=$function_max '$1 > max' "$list" | while read -r lines name file; do
		excepted lengths "$file" "$name" || echo "$file: $name has $lines lines, more than $function_max"
	done
	for file in $(c_files); do
		lines=$(wc -l <"$file")
		[ "$lines" -le $file_max ] || excepted lengths "$file" file ||
			echo "$file has $lines lines, more than $file_max"
	done
	{ c_files; h_files; } | sed 's|.*/||' | sort | uniq -d | sed 's/$/: a file name that is there twice/'
	c_files | grep -E '/(util|utils|misc|common|helper|helpers)\.c$' | sed 's/$/: a name that says nothing/' || :
} >"$bad"

grep -v ' tests/' "$list" | awk '{ n[NR] = $1 } END {
	printf "%d functions, median %d lines, 90 %% at most %d\n", NR, n[int((NR + 1) / 2)], n[int(NR / 10) + 1] }'
grep -v ' tests/' "$list" | head -n 10
warnings | sort | awk '{ print } / parameters, / { functions++ } / lines, / { files++ }
	END { printf "warned of: %d functions by their parameters, %d files by their lines\n", functions, files }'
cat "$bad"
[ ! -s "$bad" ]
