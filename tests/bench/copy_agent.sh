#!/bin/sh
# The simplest agent there can be, to measure against: it copies each object into
# $COPY_STORE, durably, and back. Speaks just enough of git-lfs's protocol.
member() { printf '%s\n' "$line" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
while read -r line; do
	oid=$(member oid)
	case $(member event) in
	init) echo '{}' ;;
	upload)
		cp "$(member path)" "$COPY_STORE/$oid.tmp" && sync "$COPY_STORE/$oid.tmp" &&
			mv "$COPY_STORE/$oid.tmp" "$COPY_STORE/$oid" && sync "$COPY_STORE"
		printf '{"event":"complete","oid":"%s"}\n' "$oid"
		;;
	download)
		mkdir -p "$PWD/.git/lfs/tmp"
		file=$(mktemp "$PWD/.git/lfs/tmp/copy-XXXXXX") && cp "$COPY_STORE/$oid" "$file"
		printf '{"event":"complete","oid":"%s","path":"%s"}\n' "$oid" "$file"
		;;
	terminate) exit 0 ;;
	esac
done
