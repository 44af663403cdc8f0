# The store that the tests look into, whatever it is. ZLLM_TEST_STORE says what:
#
#   folder  (as a rule) a folder of the test's own
#   s3      a prefix of the test's own in the bucket S3_BUCKET of S3_ENDPOINT, as
#           tests/s3/with_server.sh exports them
#
# $STORE is what the user would give to `git zllm init`. Keys are those of
# docs/store.md; in a bucket tests/s3/s3_client.py reads and writes them, which
# shares no code with git-zllm.
#
# shellcheck shell=bash

# store_setup: names STORE and, for a bucket, who may use it.
store_setup() {
	local name
	for name in ${!AWS_@}; do
		case $name in
		AWS_ACCESS_KEY_ID | AWS_SECRET_ACCESS_KEY | AWS_REGION) has_bucket || unset "$name" ;;
		*) unset "$name" ;;
		esac
	done
	if has_bucket; then
		export AWS_ENDPOINT_URL=$S3_ENDPOINT AWS_EC2_METADATA_DISABLED=true
		name=$(basename "$BATS_TEST_FILENAME" .bats)
		STORE=s3://$S3_BUCKET/$name-$BATS_TEST_NUMBER-$BASHPID$RANDOM/store
	else
		STORE=$T/store
	fi
}

has_bucket() {
	[ "${ZLLM_TEST_STORE:-folder}" != folder ]
}

# folder_only WHY: a test about what only a folder has. It is counted apart.
folder_only() {
	! has_bucket || skip "not applicable to a bucket: $1"
}

# bucket_only WHY: the other way round.
bucket_only() {
	has_bucket || skip "not applicable to a folder: $1"
}

# other_store NAME: another store of this test, that does not exist yet.
other_store() {
	if has_bucket; then
		printf '%s\n' "${STORE%/*}/$1"
	else
		printf '%s\n' "$T/$1"
	fi
}

s3_client() {
	python "$TOP/tests/s3/s3_client.py" "$@"
}

# ---------------------------------------------------------------- keys

# All that follow take the store as their last word: STORE where it is left out.

# store_keys [PREFIX [STORE]]: every key that begins so, sorted.
store_keys() {
	local store=${2:-$STORE}
	case $store in
	s3://*) s3_client list "$store" "${1:-}" | cut -d' ' -f4- ;;
	*)
		[ -d "$store" ] || return 0
		(cd "$store" && find . -type f ! -path './tmp/*' ! -name RESERVE -printf '%P\n') | sort |
			awk -v prefix="${1:-}" 'index($0, prefix) == 1'
		;;
	esac
}

# store_sizes [PREFIX [STORE]]: "SIZE KEY" of each.
store_sizes() {
	local store=${2:-$STORE}
	case $store in
	s3://*) s3_client list "$store" "${1:-}" | cut -d' ' -f1,4- ;;
	*)
		[ -d "$store" ] || return 0
		(cd "$store" && find . -type f ! -path './tmp/*' ! -name RESERVE -printf '%s %P\n') |
			awk -v prefix="${1:-}" 'index($2, prefix) == 1'
		;;
	esac
}

# store_count PREFIX [STORE]: how many keys.
store_count() {
	store_keys "$@" | wc -l
}

store_has() {
	case ${2:-$STORE} in
	s3://*) s3_client has "${2:-$STORE}" "$1" ;;
	*) [ -f "${2:-$STORE}/$1" ] ;;
	esac
}

store_read() {
	case ${2:-$STORE} in
	s3://*) s3_client read "${2:-$STORE}" "$1" ;;
	*) cat "${2:-$STORE}/$1" ;;
	esac
}

# store_write KEY [STORE] <VALUE: puts or replaces it, as no git-zllm would.
store_write() {
	case ${2:-$STORE} in
	s3://*) s3_client write "${2:-$STORE}" "$1" ;;
	*)
		mkdir -p "$(dirname "${2:-$STORE}/$1")"
		[ ! -e "${2:-$STORE}/$1" ] || chmod u+w "${2:-$STORE}/$1"
		cat >"${2:-$STORE}/$1"
		;;
	esac
}

# store_remove KEY...: from STORE.
store_remove() {
	case $STORE in
	s3://*) s3_client remove "$STORE" "$@" ;;
	*) (cd "$STORE" && rm -f "$@") ;;
	esac
}

# store_empty PREFIX...: removes all keys of STORE that begin so.
store_empty() {
	local prefix
	for prefix; do
		case $STORE in
		s3://*) s3_client clear "$STORE" "$prefix" ;;
		*) store_keys "$prefix" | (cd "$STORE" && xargs -r -d '\n' rm -f) ;;
		esac
	done
}

# store_damage KEY [OFFSET]: turns one bit; without an offset, in the middle.
store_damage() {
	case $STORE in
	s3://*)
		s3_client read "$STORE" "$1" >"$T/damaged"
		flip "$T/damaged" "${@:2}"
		s3_client write "$STORE" "$1" <"$T/damaged"
		;;
	*) flip "$STORE/$1" "${@:2}" ;;
	esac
}

# store_change KEY COMMAND...: the value becomes what the command makes of it.
store_change() {
	store_read "$1" >"$T/unchanged"
	"${@:2}" <"$T/unchanged" >"$T/changed"
	store_write "$1" <"$T/changed"
}

# ---------------------------------------------------------------- the whole

# store_fetch FOLDER [STORE]: every key as a file.
store_fetch() {
	case ${2:-$STORE} in
	s3://*) s3_client fetch "${2:-$STORE}" "$1" ;;
	*) mkdir -p "$1" && cp -a "${2:-$STORE}/." "$1/" ;;
	esac
}

# store_copy FROM TO: every key.
store_copy() {
	case $1 in
	s3://*) s3_client copy "$1" "$2" ;;
	*) cp -a "$1/." "$2/" ;;
	esac
}

# store_hide, store_show: STORE is gone, and back.
store_hide() {
	case $STORE in
	s3://*)
		s3_client copy "$STORE" "$(other_store away)"
		s3_client clear "$STORE"
		;;
	*) mv "$STORE" "$T/away" ;;
	esac
}

store_show() {
	case $STORE in
	s3://*) s3_client copy "$(other_store away)" "$STORE" ;;
	*) mv "$T/away" "$STORE" ;;
	esac
}

# store_destroy: nothing is left of it.
store_destroy() {
	case $STORE in
	s3://*) s3_client clear "$STORE" ;;
	*) rm -rf "$STORE" ;;
	esac
}

# ---------------------------------------------------------------- what is in it

manifest_of() {
	printf 'objects/%.2s/%s\n' "$1" "$1"
}

in_store() {
	store_has "$(manifest_of "$1")" "${2:-$STORE}"
}

# stored_bytes [PREFIX...]: what all keys that begin so hold together.
stored_bytes() {
	local prefix
	[ $# -gt 0 ] || set -- ''
	for prefix; do store_sizes "$prefix"; done | awk '{ n += $1 } END { print n + 0 }'
}

# store_listing: every key with what changes when it is written again: equal when
# nothing was written, not even the same again.
store_listing() {
	case $STORE in
	s3://*) s3_client list "$STORE" ;;
	*) find "$STORE" -type f -printf '%P %i %T@ %s\n' | sort ;;
	esac
}

# a_blob: the key of the largest record.
a_blob() {
	store_sizes blobs/ | sort -n | tail -1 | cut -d' ' -f2-
}

# nothing_stored [STORE]: no object, no record, no leftover temporary file.
nothing_stored() {
	[ -z "$(store_keys objects/ "${1:-$STORE}")" ] && [ -z "$(store_keys blobs/ "${1:-$STORE}")" ] &&
		no_temporaries "${1:-$STORE}"
}

# no_temporaries [STORE]: nothing half-done is left in it: no temporary file, no
# multipart upload that was not ended.
no_temporaries() {
	case ${1:-$STORE} in
	s3://*)
		local store=${1:-$STORE}
		! s3_client uploads "$S3_BUCKET" | grep -F -- "${store#s3://*/}/"
		;;
	*) [ -z "$(find "${1:-$STORE}/tmp" -type f 2>/dev/null)" ] ;;
	esac
}
