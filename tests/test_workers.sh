#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# test_workers.sh - what a holder has executed before it took the key waits like
# a stranger, what it executes while it has the key is inside.
set -euo pipefail

skip() {
	echo "skipped: $*"
	exit 77
}

[ -n "${PORTLOCK_SHIM:-}" ] || skip "PORTLOCK_SHIM does not name the shim"
case $PORTLOCK_SHIM in
*[[:space:]:]*)	skip "LD_PRELOAD cannot name $PORTLOCK_SHIM" ;;
esac
if grep -q '__tsan_' "$PORTLOCK_SHIM"; then
	skip "the thread sanitizer cannot be preloaded into bash"
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/portlock-test-XXXXXX")
trap 'rm -rf "$folder"' EXIT
folder=$(cd "$folder" && pwd -P)
echo text >"$folder/file"

# try FILE: whether it can be opened
try() {
	if (: <"$1") 2>/dev/null; then echo in; else echo out; fi
}

# started PID: when, in the kernel's ticks
started() {
	local stat

	stat=$(<"/proc/$1/stat")
	read -r -a fields <<<"${stat##*) }"
	echo "${fields[19]}"
}

# Tries at each line of its input.
worker() {
	while read -r; do
		try "$folder/file"
	done
}

# ask WHAT: the worker
ask() {
	local answer

	echo >&7
	read -r answer <&8
	echo "$1: $answer"
}

holder() {
	mkfifo "$folder/questions" "$folder/answers"
	bash -c worker <"$folder/questions" >"$folder/answers" &
	exec 7>"$folder/questions" 8<"$folder/answers"
	ask "nobody holds"
	# What comes now has to be seen to come after the worker's start.
	while [ "$(bash -c 'started $$')" -le "$(started $!)" ]; do
		:
	done
	exec 3<>"$folder/file"
	ask "started before"
	echo "started since: $(bash -c 'try "$folder/file"')"
	exec 3>&-
	ask "let go"
	exec 7>&-
	wait
}

export folder
export -f holder ask worker started try
LD_PRELOAD=$PORTLOCK_SHIM PORTLOCK_RULES="open $folder/file timeout=0.1" \
	bash -c holder >"$folder/output"
diff - "$folder/output" <<'END'
nobody holds: in
started before: out
started since: in
let go: in
END
