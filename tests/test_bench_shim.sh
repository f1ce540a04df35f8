#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# test_bench_shim.sh - portlock-bench shim: what it calls bare is bare, what it
# calls matched is matched, and it leaves nothing behind.
set -euo pipefail

skip() {
	echo "skipped: $*"
	exit 77
}

fail() {
	echo "$*"
	exit 1
}

[ -n "${PORTLOCK_SHIM:-}" ] || skip "PORTLOCK_SHIM does not name the shim"
case $PORTLOCK_SHIM in
*[[:space:]:]*)	skip "LD_PRELOAD cannot name $PORTLOCK_SHIM" ;;
esac

folder=$(mktemp -d "${TMPDIR:-/tmp}/portlock-test-XXXXXX")
run=
trap 'kill -9 $run 2>/dev/null || true; rm -rf "$folder"' EXIT
mkdir "$folder/work"
bench=${top_builddir:?the build}/portlock-bench

# measure SECONDS PROGRAM: its output goes to the file "output"
measure() {
	export TMPDIR=$folder/work
	exec "$2" --duration "$1" --rounds 1 shim >"$folder/output" 2>&1
}

fails_without_shim() {
	local status=0

	(PORTLOCK_SHIM=/nonexistent/shim.so measure 0.02 "$bench") || status=$?
	[ "$status" -eq 1 ] || fail "without the shim: status $status"
	grep -q "'/nonexistent/shim.so' cannot be read: .*PORTLOCK_SHIM" \
		"$folder/output" ||
		fail "without the shim: $(cat "$folder/output")"
}

# Each process looks whether a portlock is held as it should be, and fails.  The
# rule here would hold the very one for which it looks.
sorts_calls_by_their_rules() {
	cp "$bench" "$folder/stripped"
	strip "$folder/stripped" || echo "no strip: not stripped"
	(LD_PRELOAD=$PORTLOCK_SHIM PORTLOCK_RULES='sem * key=%b' \
		measure 0.02 "$folder/stripped") ||
		fail "a run: $(cat "$folder/output")"
}

# names PID: of what that run may have made by now
names() {
	printf "portlock-bench-$1-%d\n" {1..9}
}

# keys PID: of System V semaphores, as in bench/calls/sysvsem.c
keys() {
	local name hash code i

	for name in $(names "$1"); do
		hash=5381
		for ((i = 0; i < ${#name}; i++)); do
			printf -v code %d "'${name:i:1}"
			hash=$(((hash * 33 + code) & 0xffffffff))
		done
		echo $((hash % 0x7fffffff + 1))
	done
}

# find_sem PID, find_sysvsem PID: what is there of that run
find_sem() {
	names "$1" | sed 's,^,/dev/shm/sem.,' | xargs ls 2>/dev/null || true
}

find_sysvsem() {
	awk 'NR == FNR { ours[$1] } NR != FNR && $1 in ours { print $1 }' \
		<(keys "$1") /proc/sysvipc/sem
}

# leaves_nothing KIND: as soon as it has made one, the run is ended
leaves_nothing() {
	local status=0 left

	measure 5 "$bench" &
	run=$!
	until [ -n "$("find_$1" "$run")" ]; do
		kill -0 "$run" || fail "$1: $(cat "$folder/output")"
	done
	kill -TERM "$run"
	wait "$run" || status=$?
	[ "$status" -eq 143 ] || fail "$1: status $status after SIGTERM"
	left=$("find_$1" "$run"; ls "$folder/work")
	[ -z "$left" ] || fail "$1: left behind: $left"
	run=
}

fails_without_shim
[ "${PORTLOCK_TEST_SLOW:-}" ] || sorts_calls_by_their_rules
leaves_nothing sem
leaves_nothing sysvsem
