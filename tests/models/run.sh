#!/bin/sh
# The models of what docs/store.md ("gc") argues, in configurations that take seconds; and
# variants in which a rule is left out: each must lose something, or the model shows nothing.
# The large configurations take hours: ../shared/models and the heads of the files name them.
#
#   run.sh           prints TAP
set -u
cd "$(dirname "$0")" || exit 2
number=0

# expect holds|BROKEN MODEL ARGUMENT...
expect() {
	what=$1
	shift
	number=$((number + 1))
	if said=$(/usr/bin/python3 "$@" 2>&1); [ "${said#*"$what"}" != "$said" ]; then
		echo "ok $number - $* $what"
	else
		printf 'not ok %d - %s %s\n# %.300s\n' "$number" "$*" "$what" "$said"
	fi
}

expect holds trash_gc.py 2 1
expect holds trash_gc.py 1 2
for rule in same-name no-age age-from-copy; do
	expect BROKEN trash_gc.py 2 1 "$rule"
done
expect holds prune.py 1 1 1
expect holds prune.py 1 1 1 brought-back
for rule in refs-first young-live own-age live-owners-only delete-owner trash-first restore-purges sweep-young trace-owns-not; do
	expect BROKEN prune.py 1 1 1 "$rule"
done
expect holds recompact.py 2 1 1 1 1
for rule in no-age age-from-copy age-at-end age-forgets-pushes age-forgets-moves same-name manifests-first retire-deletes blob-live no-edges blind-reuse reuse-trash base-any; do
	expect BROKEN recompact.py 2 1 1 1 1 "$rule"
done
echo "1..$number"
