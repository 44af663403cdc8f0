#!/bin/sh
# Runs one command that prints TAP and keeps the score:
#   run_tap.sh RESULTS NAME COMMAND...
# appends "passed|failed|skipped|inapplicable NAME: test" to RESULTS/list for each test
# (inapplicable is what was skipped with the words "not applicable"), keeps the
# output in RESULTS/NAME.log, and prints it all but the passed tests when one failed.
# RESULTS/times gets "SECONDS CPU-SECONDS NAME" (not those of servers: no children).
set -u
results=$1
name=$2
shift 2
log=$results/$(printf %s "$name" | tr '/ ' '..').log
begin=$(date +%s)
timeout "${TAP_SECONDS:-900}" "$@" >"$log" 2>&1 </dev/null
status=$?
# The last line of `times` is what the children took: 1m2.3s 0m4.5s
times >"$log.times"
awk -v name="$name" -v seconds=$(($(date +%s) - begin)) '
	function in_seconds(t, part) { split(t, part, "m"); return part[1] * 60 + part[2] }
	END { printf "%4d %6.1f %s\n", seconds, in_seconds($1) + in_seconds($2), name }' \
	"$log.times" >>"$results/times"

# A skipped test is "ok" to bats and "not ok" to cmocka; a program that ends early or
# fails without naming a test has failed too.
awk -v name="$name" -v status=$status '
	/^1\.\.0 # SKIP/ { sub(/^1\.\.0 # SKIP /, ""); print "skipped " name ": " $0; planned = 0; next }
	/^1\.\.[0-9]+/ { planned += substr($1, 4) }
	/^ok [0-9]+ .*# skip not applicable/ { sub(/^ok [0-9]+ /, ""); print "inapplicable " name ": " $0; n++; next }
	/^(not )?ok [0-9]+ .*# *(skip|SKIP|TODO)/ { sub(/^(not )?ok [0-9]+ /, ""); print "skipped " name ": " $0; n++; next }
	/^ok [0-9]+/ { sub(/^ok [0-9]+ (- )?/, ""); print "passed " name ": " $0; n++ }
	/^not ok [0-9]+/ { sub(/^not ok [0-9]+ (- )?/, ""); print "failed " name ": " $0; n++; bad++ }
	END {
		if (planned == "" || n < planned || (status && !bad))
			print "failed " name ": " n + 0 " of " (planned == "" ? "?" : planned) " tests ran, exit " status
	}' "$log" >"$log.list"
cat "$log.list" >>"$results/list"
grep -q '^failed ' "$log.list" || exit 0
echo "--- $name"
grep -vE '^ok |# *TODO' "$log" | head -n 150
exit 1
