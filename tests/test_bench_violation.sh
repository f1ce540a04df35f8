#!/bin/sh
# SPDX-License-Identifier: MIT
# test_bench_violation.sh - portlock-bench catches a lock that does not exclude,
# in every scenario of locks, and says which.
set -u
: "${top_builddir:?}"
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
export TMPDIR="$work"
failed=0

for scenario in uncontended handoff scaling fairness crash idle keys; do
	"$top_builddir/tests/bench_nonlock" --quiet --locks nonlock \
		--processes 2 --keys 2 "$scenario" >"$work.out" 2>"$work.err"
	status=$?
	said=$(cat "$work.err")
	if [ $status -ne 3 ]; then
		echo "$scenario: exit status $status, not 3: $said"
		failed=1
	fi
	case $said in
	*"mutual exclusion violated "*" by nonlock in $scenario"*) ;;
	*)
		echo "$scenario: does not name nonlock: $said"
		failed=1
		;;
	esac
	if [ -s "$work.out" ]; then
		echo "$scenario: there are figures all the same"
		failed=1
	fi
	rm "$work.out" "$work.err"
	if [ -n "$(ls -A "$work")" ]; then
		echo "$scenario: leaves $(ls -A "$work")"
		failed=1
	fi
done
exit $failed
