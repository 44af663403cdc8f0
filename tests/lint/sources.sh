# The project's files, for the checks beside this one. Read with `.` from the top.
# shellcheck shell=sh

c_files() {
	find agent index codec tests -name '*.c' ! -path '*/build/*' | sort
}

h_files() {
	find agent index codec tests -name '*.h' ! -path '*/build/*' | sort
}

# Shell scripts, by name or first line.
sh_files() {
	find .ci hooks tests -type f ! -path '*/build/*' ! -path '*/corpus/*' 2>/dev/null | sort |
		while IFS= read -r file; do
			case $file in
			*.sh | *.bash) echo "$file" ;;
			*.py | *.bats | *.md | *.c | *.h) ;;
			*) head -n 1 "$file" | grep -q '^#!.*sh$' && echo "$file" ;;
			esac
		done
}

# excepted CHECK FILE WHAT: whether exceptions.txt lets WHAT of FILE pass CHECK.
excepted() {
	grep -qE "^$1 +$2 +$3( |\$)" tests/lint/exceptions.txt
}

compile_flags() {
	printf '%s ' -std=c11 -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 '-DZLLM_VERSION="\"0\""'
	pkg-config --cflags libgit2 libcjson libzstd libxxhash libcrypto libcurl
}
