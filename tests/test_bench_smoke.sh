#!/bin/sh
# SPDX-License-Identifier: MIT
# test_bench_smoke.sh - portlock-bench measures every lock in every scenario that
# its --list names; shortly, and how long it takes is not looked at.  But for the
# cluster: etcd/test_bench.sh.
set -u
: "${top_builddir:?}"
bench=$top_builddir/portlock-bench
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
mkdir "$work/tmp" || exit 99
export TMPDIR="$work/tmp"
export PORTLOCK_SESSION=/nonexistent/portlock-session

# Under valgrind and the like, fewer.
processes=2,4
keys=1,10
if [ -n "${PORTLOCK_TEST_SLOW:-}" ]; then
	processes=2
	keys=1
fi

# run SECONDS WORD...: the figures go to $work/csv
run() {
	duration=$1
	shift
	if ! "$bench" --quiet --duration "$duration" --rounds 1 \
		--processes $processes --keys $keys --csv "$work/csv" "$@" \
		>"$work/out" 2>"$work/err"; then
		echo "$bench $*: failed: $(cat "$work/err")"
		exit 1
	fi
	if [ -n "$(ls -A "$TMPDIR")" ]; then
		echo "$bench $*: leaves $(ls -A "$TMPDIR")"
		exit 1
	fi
}

# expected: "SCENARIO SUBJECT" for each that should have figures.  A lock that
# stays taken when its holder is killed is not in crash.
expected() {
	"$bench" --list | awk '
	/^Scenarios:/ { scenarios = 1; next }
	/^Locks:/ { scenarios = 0; next }
	scenarios { scenario[++count] = $1; next }
	{ lock[++locks] = $1; orphans[$1] = /stays taken/ }
	END {
		for (i = 1; i <= count; i++)
			for (k = 1; k <= locks; k++)
				if (scenario[i] != "shim" &&
				    scenario[i] != "cluster" &&
				    !(scenario[i] == "crash" &&
				      orphans[lock[k]]))
					print scenario[i], lock[k]
	}'
}

# measured: the same, for each that has a figure above zero.  Fails on figures
# that are no numbers, or not in order, or below zero (but for differences).
measured() {
	tr -d '\r' <"$work/csv" | awk '
	# The fields of a line, of which some are in quotes.
	function divide(line, count) {
		count = 0
		while (line != "") {
			if (match(line, /^"([^"]|"")*"/))
				field[++count] = substr(line, 2, RLENGTH - 2)
			else {
				match(line, /^[^,]*/)
				field[++count] = substr(line, 1, RLENGTH)
			}
			line = substr(line, RLENGTH + 2)
		}
	}
	function is_number(text) {
		return text ~ /^-?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?$/
	}
	function complain(what) {
		print what ": " $0 >"/dev/stderr"
		bad = 1
	}
	NR == 1 {
		if ($0 !~ /^scenario,setting,x,subject,metric,unit,median,min,max,/)
			complain("not the names of the columns")
		next
	}
	{
		divide($0)
		if (!is_number(field[7]) || !is_number(field[8]) ||
		    !is_number(field[9]))
			complain("not a number")
		else if (field[8] + 0 > field[7] + 0 ||
			 field[7] + 0 > field[9] + 0)
			complain("not in order")
		else if (field[8] + 0 < 0 && field[5] != "more")
			complain("below zero")
		if (field[9] + 0 > 0)
			found[field[1] " " field[4]] = 1
	}
	END {
		for (pair in found)
			print pair
		exit bad
	}'
}

# has SCENARIO SUBJECT: whether that was measured
has() {
	grep -qxF "$1 $2" "$work/measured"
}

run 0.05
measured >"$work/measured" || exit 1
if ! grep -q flock "$work/out"; then
	echo "there is no table: $(cat "$work/out")"
	exit 1
fi
expected >"$work/expected"
if [ ! -s "$work/expected" ]; then
	echo "--list names nothing"
	exit 1
fi

# A loaded machine may not get to a grant that counts in so short a time.
failed=0
while read -r scenario lock; do
	for duration in 3 30; do
		has "$scenario" "$lock" && continue 2
		run $duration --locks "$lock" "$scenario" </dev/null
		measured >"$work/measured.more" || exit 1
		cat "$work/measured.more" >>"$work/measured"
	done
	has "$scenario" "$lock" && continue
	echo "$scenario: no figure above zero for $lock"
	failed=1
done <"$work/expected"

if [ -n "${PORTLOCK_SHIM:-}" ] && ! has shim bare; then
	echo "shim: nothing was measured"
	failed=1
fi

# A file is not taken for a standard output that is closed.  Not under valgrind,
# whose own log would be that output.
if [ -z "${PORTLOCK_TEST_SLOW:-}" ]; then
	"$bench" --quiet --duration 0.01 --rounds 1 --locks flock \
		--csv "$work/closed" uncontended 2>"$work/err" >&-
	status=$?
	if [ $status -ne 1 ] || [ -e "$work/closed" ] ||
		! grep -q "cannot write 'stdout'" "$work/err"; then
		echo "stdout closed: status $status, $(ls "$work"):" \
			"$(cat "$work/err")"
		failed=1
	fi
fi
exit $failed
