#!/bin/sh
# `make bench`: finds the trained models where they are, and measures.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
if [ -z "${ZLLM_DATA:-}" ] && [ -f "$top/../shared/data/models.py" ]; then
	/usr/bin/python3 "$top/../shared/data/models.py" unpack "$top/build/data" >/dev/null
	ZLLM_DATA=$top/build/data
	export ZLLM_DATA
fi
exec /usr/bin/python3 "$top/tests/bench/bench.py" "$@"
