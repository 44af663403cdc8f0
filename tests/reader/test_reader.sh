#!/bin/sh
# The second reader against the program: what git-zllm stores, zllm_reader.py restores;
# what the documents allow, both read; what they forbid, both refuse. Prints TAP.
# shellcheck disable=SC2015  # `ok` never fails, so A && ok || not_ok is if-then-else
set -u

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
python=/usr/bin/python3

skip() { echo "1..0 # SKIP $*"; exit 0; }
[ -x "$top/build/git-zllm" ] || skip "build/git-zllm is not built"
git lfs version >/dev/null 2>&1 || skip "git-lfs is missing"
$python -c 'import zstandard, xxhash' 2>/dev/null ||
	skip "python3-zstandard or python3-xxhash is missing"

place=$(mktemp -d "${TMPDIR:-/tmp}/git-zllm-reader.XXXXXX") || exit 1
trap 'exec 3>&-; rm -rf "$place"' EXIT
trap 'exit 1' INT TERM HUP

HOME=$place/home
PATH=$top/build:$PATH
GIT_CONFIG_NOSYSTEM=1
GIT_TERMINAL_PROMPT=0
PYTHONDONTWRITEBYTECODE=1
export HOME PATH GIT_CONFIG_NOSYSTEM GIT_TERMINAL_PROMPT PYTHONDONTWRITEBYTECODE
unset XDG_CONFIG_HOME GIT_DIR GIT_WORK_TREE GIT_CONFIG_GLOBAL GIT_CONFIG_PARAMETERS 2>/dev/null || :
mkdir "$HOME"

tests=0 failures=0
ok() { tests=$((tests + 1)); echo "ok $tests - $*"; }
not_ok() {
	tests=$((tests + 1)) failures=$((failures + 1))
	echo "not ok $tests - $*"
	sed 's/^/# /' "$place/said"
}
give_up() {
	not_ok "$*"
	echo "1..$tests"
	exit 1
}

# One python is asked on descriptor 3 and answers on 4: it ends when 3 is closed.
mkfifo "$place/ask" "$place/told"
$python "$here/session.py" <"$place/ask" >"$place/told" &
exec 3>"$place/ask" 4<"$place/told"
# ask COMMAND ARGUMENT...: by session.py; what it prints is in $place/said.
ask() {
	command=$1
	shift
	printf '%s' "$command	$place/said" >&3
	[ $# = 0 ] || printf '\t%s' "$@" >&3
	echo >&3
	read -r answer <&4 && return "$answer"
	echo "session.py has ended" >"$place/said"
	return 125
}

reader() { ask reader "$@"; }
tools() { $python "$here/store_tools.py" "$@"; }
program() { git -C "$place/models" -c "lfs.url=zllm::$1" zllm fsck "$2"; }
sha256() { sha256sum <"$1" | cut -c 1-64; }

# restores STORE OID: the reader writes a file whose SHA-256 is OID.
restores() {
	rm -f "$place/out"
	reader restore "$1" "$2" "$place/out" &&
		[ "$(sha256 "$place/out")" = "$2" ]
}

# verdict_of STATUS: what a reader meant by its exit status and its sentence.
verdict_of() {
	if [ "$1" = 0 ]; then echo whole
	elif grep -q 'newer\|upgrade' "$place/said"; then echo newer
	elif [ "$1" -lt 126 ]; then echo damage
	else echo crash
	fi
}
reader_verdict() {
	rm -f "$place/out"
	reader restore "$1" "$2" "$place/out"
	status=$?
	verdict=$(verdict_of $status)
	case $status:$verdict in
	0:whole | 3:damage | 4:newer) ;;
	*) verdict="$verdict, with exit $status" ;;
	esac
	[ "$verdict" = whole ] || [ ! -e "$place/out" ] || verdict="$verdict, and a file"
	[ "$(wc -l <"$place/said")" -le 1 ] || verdict="$verdict, in many lines"
	echo "$verdict"
}
program_verdict() {
	program "$1" "$2" >"$place/said" 2>&1 </dev/null
	verdict_of $?
}

# ---------------------------------------------------------------- what git-zllm stores
push_family() {
	git config --global user.name test &&
	git config --global user.email test@localhost &&
	git config --global init.defaultBranch main &&
	git zllm install &&
	git init -q --bare "$place/remote.git" &&
	git init -q "$place/models" &&
	cd "$place/models" &&
	git remote add origin "$place/remote.git" &&
	git zllm init "$place/store" &&
	for commit in first second; do
		$python "$here/make_models.py" "$commit" . &&
		sha256sum ./*.safetensors ./*.bin ./*.np[yz] >>"$place/sums" &&
		git add . &&
		git commit -q -m "$commit" &&
		git push -q -u origin main || return 1
	done
}
push_family >"$place/said" 2>&1 || give_up "two commits are pushed"
ok "two commits are pushed"

missing=
tools cover "$place/store" >"$place/cover" 2>"$place/said" || give_up "every record parses"
for dtype in BOOL U8 I8 U16 I16 U32 I32 U64 I64 F16 BF16 F32 F64 F8_E4M3 F8_E5M2 F8_E8M0 \
	C64 F4 F6_E2M3 F6_E3M2 F8_E4M3FNUZ F8_E5M2FNUZ; do
	for codec in "(zstd|float)" "(bitx|ulp)"; do
		grep -Eqx "$codec $dtype (coded|tight)" "$place/cover" || missing="$missing $codec-$dtype"
	done
done
for line in "zstd bytes coded" "(zstd|float|raw) U8 raw" "(zstd|float|raw) BF16 fill" "(bitx|ulp) BF16 same" \
	"(bitx|ulp) BF16 fill" "(bitx|ulp) BF16 raw" "(bitx|ulp) 3 frames" "(zstd|float) 7 frames" "opaque, inline" \
	"opaque, record" "safetensors, inline" "safetensors, record" "npy, inline" "npy, record" \
	"npz, inline" "npz, record"; do
	grep -Eqx "$line" "$place/cover" || missing="$missing '$line'"
done
cp "$place/cover" "$place/said"
if [ -z "$missing" ]; then ok "the push covers codecs, dtypes and modes"
else not_ok "the push covers codecs, dtypes and modes, but for$missing"; fi

reader list "$place/store"
cp "$place/said" "$place/list"
cut -c 1-64 "$place/sums" | sort -u >"$place/pushed"
cut -c 1-64 "$place/list" | diff "$place/pushed" - >>"$place/said" &&
	ok "list shows exactly the pushed objects" ||
	not_ok "list shows exactly the pushed objects"
while read -r oid rest; do
	restores "$place/store" "$oid" && ok "restores $rest" || not_ok "restores $rest"
done <"$place/list"

# ---------------------------------------------------------------- what it codes by name
# float and ulp, of every dtype that they take, whatever the push has chosen; bundles.
code_by_name() {
	mkdir "$place/old" "$place/new" &&
	$python "$here/make_models.py" first "$place/old" &&
	$python "$here/make_models.py" second "$place/new" || return 1
	for name in floats frames; do
		old=$place/old/$name.safetensors new=$place/new/$name.safetensors
		git zllm codec encode --codec float "$old" "$place/$name.float" &&
		git zllm codec encode --codec ulp --base "$old" "$new" "$place/$name.ulp" &&
		tools unbundle "$place/$name.float" "$place/coded" &&
		tools unbundle "$place/$name.ulp" "$place/coded" || return 1
	done
}
code_by_name >"$place/said" 2>&1 || give_up "models are coded by float and by ulp"
missing=
tools cover "$place/coded" >"$place/cover" 2>"$place/said" || give_up "every record parses"
for dtype in F16 BF16 F32 F8_E4M3 F8_E5M2 F8_E4M3FNUZ F8_E5M2FNUZ; do
	for line in "float $dtype 4 lanes" "float $dtype 64 lanes" "ulp $dtype 4 lanes" \
		"ulp $dtype 64 lanes"; do
		grep -qx "$line" "$place/cover" || missing="$missing '$line'"
	done
done
for line in "ulp one class" "ulp many classes" "float 7 frames" "ulp 7 frames"; do
	grep -qx "$line" "$place/cover" || missing="$missing '$line'"
done
cp "$place/cover" "$place/said"
if [ -z "$missing" ]; then ok "float and ulp are covered"
else not_ok "float and ulp are covered, but for$missing"; fi
reader list "$place/coded"
cp "$place/said" "$place/list"
while read -r oid rest; do
	restores "$place/coded" "$oid" && ok "restores, coded by name, $rest" ||
		not_ok "restores, coded by name, $rest"
done <"$place/list"

# ---------------------------------------------------------------- what is allowed
# The program reads these by fsck and, as plain git does, by checking them out.
{
	$python "$here/rules.py" good "$place/good" &&
	$python "$here/rules_codes.py" good "$place/good" &&
	$python "$here/rules_parts.py" good "$place/good"
} >"$place/good.txt" 2>"$place/said" || give_up "a store is made by hand"
git init -q "$place/pointers"
git -C "$place/pointers" config lfs.url "zllm::$place/good"
echo '*.bin filter=lfs' >"$place/pointers/.gitattributes"
while read -r oid size; do
	name="made by hand: $oid, $size bytes"
	restores "$place/good" "$oid" && ok "reader: $name" || not_ok "reader: $name"
	[ "$(program_verdict "$place/good" "$oid")" = whole ] &&
		ok "program: $name" || not_ok "program: $name"
	[ "$size" = 0 ] || printf 'version %s\noid sha256:%s\nsize %s\n' \
		https://git-lfs.github.com/spec/v1 "$oid" "$size" >"$place/pointers/$oid.bin"
done <"$place/good.txt"

check_out() {
	cd "$place/pointers" && git add . && git commit -q -m pointers && git lfs pull || return 1
	for file in *.bin; do
		[ "$(sha256 "$file")" = "${file%.bin}" ] || { echo "$file differs"; return 1; }
	done
}
(check_out) >"$place/said" 2>&1 && ok "git-lfs checks out what was made by hand" ||
	not_ok "git-lfs checks out what was made by hand"

# ---------------------------------------------------------------- what is refused
{
	$python "$here/rules.py" bad "$place/bad" &&
	$python "$here/rules_codes.py" bad "$place/bad" &&
	$python "$here/rules_parts.py" bad "$place/bad"
} >"$place/bad.txt" 2>"$place/said" || give_up "stores are made that break rules"
while read -r name oid want rule; do
	got=$(reader_verdict "$place/bad/$name" "$oid")
	case $want:$got in
	damage:damage | newer:newer | refused:damage | refused:newer | optional:damage)
		ok "reader: $rule: $got" ;;
	*)	not_ok "reader: $rule: $got instead of $want" ;;
	esac
	got=$(program_verdict "$place/bad/$name" "$oid")
	case $want:$got in
	damage:damage | newer:newer | refused:damage | refused:newer | optional:damage | \
	optional:whole)
		ok "program: $rule: $got" ;;
	*)	not_ok "program: $rule: $got instead of $want" ;;
	esac
done <"$place/bad.txt"

# ---------------------------------------------------------------- one flipped bit
# In a manifest and in its first delta record, at every kind of place. The object is the
# one of BF16, made by hand, so that its codec is known.
store=$place/good
oid=$(sed -n 12p "$place/good.txt" | cut -c 1-64)
chmod -R u+w "$store"
tools where "$store" "$oid" >"$place/where" 2>"$place/said" || give_up "places are found"
# flipped STORE OID NAME FILE OFFSET: both refuse; then the file is what it was. (The
# program's fsck moves what proves wrong out of sight.)
flipped() {
	cp -p "$4" "$place/kept"
	ask flip "$4" "$5"
	for who in reader program; do
		got=$(${who}_verdict "$1" "$2")
		case $got in
		damage | newer) ok "$who: a flipped bit in $3: $got" ;;
		*) not_ok "$who: a flipped bit in $3: $got" ;;
		esac
	done
	rm -f "$4"
	cp -p "$place/kept" "$4"
	rm -rf "$1/trash"
}
while read -r name file at; do
	flipped "$store" "$oid" "$name" "$file" "$at"
done <"$place/where"
restores "$store" "$oid" && ok "flipped back, it is whole" ||
	not_ok "flipped back, it is whole"

# In a frame of float and one of ulp for each dtype.
store=$place/flips
$python "$here/rules_codes.py" flips "$store" >"$place/where" 2>"$place/said" ||
	give_up "frames of float and ulp are made by hand"
while read -r name oid file at; do
	flipped "$store" "$oid" "$name" "$file" "$at"
done <"$place/where"
missing=
while read -r name oid rest; do
	restores "$store" "$oid" || missing="$missing $name"
done <"$place/where"
[ -z "$missing" ] && ok "flipped back, all are whole" ||
	not_ok "flipped back, all are whole, but for $missing"

# ---------------------------------------------------------------- golden records
$python "$here/golden.py" "$top/tests/golden" >"$place/said" 2>&1 &&
	ok "golden records: good ones are restored, bad ones refused" ||
	not_ok "golden records: good ones are restored, bad ones refused"

# ---------------------------------------------------------------- the documents' examples
$python "$here/examples.py" "$top/docs" >"$place/said" 2>&1 && ok "the printed examples are true" ||
	not_ok "the printed examples are true"

echo "1..$tests"
echo "$((tests - failures)) passed, $failures failed"
[ "$failures" = 0 ]
