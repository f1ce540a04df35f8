#!/bin/sh
# SPDX-License-Identifier: MIT
# test_torture.sh - a short torture passes; every planted fault is found; the
# same seed draws the same; an interrupted run leaves nothing.
set -u
: "${top_builddir:?}"
torture=$top_builddir/tests/torture/torture
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
mkdir "$work/tmp"
export TMPDIR="$work/tmp"
out=$work/out
failed=0
small="--processes 6 --kills 20"
slowness=1
if [ "${PORTLOCK_TEST_SLOW-}" ]; then
	small="--processes 3 --kills 4 --stops 5 --threads 2"
	slowness=5
fi

bad() {
	echo "FAILED: $*"
	failed=1
}

# run EXPECTED-STATUS OPTION...
run() {
	wanted=$1
	shift
	echo "torture $*"
	"$torture" "$@" >"$out" 2>&1
	status=$?
	if [ $status -ne "$wanted" ]; then
		bad "status $status, not $wanted"
		cat "$out"
	fi
	if [ -n "$(ls -A "$TMPDIR")" ]; then
		bad "leaves $(ls -A "$TMPDIR")"
	fi
}

# says PATTERN...: a line of the last run matches, from its start on
says() {
	for pattern; do
		grep -q "^$pattern" "$out" && continue
		bad "does not say: $pattern"
		cat "$out"
	done
}

# shellcheck disable=SC2086 # words
passes() {
	run 0 $small "$@"
	says '  grants   [1-9]' 'kills      [1-9]' 'stops      [1-9]' \
		'# FAIL:  0'
}

# finds PLANT SECONDS PATTERN...
finds() {
	plant=$1
	seconds=$(($2 * slowness))
	shift 2
	# shellcheck disable=SC2086 # words
	run 1 $small --seconds $seconds --patience 2 $more --break "$plant"
	says "$@" '# FAIL:  [1-9]'
	more=
}

more=
passes --seconds 3
# By the counter, and by the history; with one key there is always a holder.
more='--keys 1'
finds exclusion 2 'FAIL: at most one' 'violation: key' 'violation: history'
finds token 2 'FAIL: tokens grow' 'violation: key' 'violation: history'
# Who keeps the lock for ever shall live that long.
more='--kills 0'
finds wait 4 'FAIL: every acquire'
finds descriptor 1 'FAIL: no descriptor'
finds name 1 'FAIL: no process' 'FAIL: all names'

"$torture" --show 3 --seed 5 >"$work/once"
"$torture" --show 3 --seed 5 >"$work/again"
"$torture" --show 3 --seed 6 >"$work/other"
cmp "$work/once" "$work/again" || bad "a seed does not repeat its draws"
cmp -s "$work/once" "$work/other" && bad "all seeds draw the same"

# What is in the history has begun.
# shellcheck disable=SC2086 # words
"$torture" $small --seconds 600 --history "$work/history" >"$out" 2>&1 &
pid=$!
until [ -s "$work/history" ] || ! kill -0 $pid; do
	sleep 0.1
done
kill -TERM $pid
wait $pid || bad "interrupted: status $?"
says 'ran .*interrupted' '# FAIL:  0'

# Started by one that has many descriptors open.
run 0 --seconds 1 --processes 2 3</dev/null 4<&3 5<&3 6<&3 7<&3 8<&3 9<&3
run 71 --history "$work/no/folder"
says "torture: the history file $work/no/folder: "

run 64 --seconds 0
says 'torture: --seconds 0: not a number from 1'
run 64 --break nothing
run 0 --help
exit $failed
