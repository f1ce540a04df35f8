#!/bin/sh
# SPDX-License-Identifier: MIT
# test_bench.sh - portlock-bench cluster measures what it should, on an etcd of
# its own and on the user's, and leaves nothing behind.
set -u
: "${top_builddir:?}"
bench=$top_builddir/portlock-bench
[ -x "$bench" ] || {
	echo "skipped: built without portlock-bench"
	exit 77
}
unset PORTLOCK_ETCD_ENDPOINTS
work=$(mktemp -d) || exit 99
run=
other=
# Killed, they leave their etcd no longer than they live.
trap 'kill -9 $run $other 2>/dev/null; rm -rf "$work"' EXIT
mkdir "$work/tmp" || exit 99
export TMPDIR="$work/tmp"
# Copies of our own, by which those that run are known.
helper=$work/portlock-session
cp "$top_builddir/portlock-session" "$helper" || exit 99
cp "$helper" "$helper.other" || exit 99
export PORTLOCK_SESSION="$helper"

fail() {
	echo "$*"
	exit 1
}

# start WORD...: the scenario, in the background, as $run
start() {
	"$bench" --quick --csv "$work/csv" "$@" cluster >"$work/out" \
		2>"$work/err" &
	run=$!
}

# end: its exit status
end() {
	wait "$run" 2>/dev/null
	status=$?
	run=
	return $status
}

# of_run PID: processes of that run, by what etcd and the locks are named
of_run() {
	grep -lse "[p]ortlock-bench-$1-" /proc/[0-9]*/cmdline
}

# left PID: fails if that run has left something
left() {
	[ -z "$(of_run "$1")" ] || fail "left running: $(of_run "$1")"
}

# helpers PROGRAM: those that run
helpers() {
	find /proc -maxdepth 2 -name exe -lname "$1" 2>/dev/null
}

nothing_is_left() {
	[ -z "$(ls -A "$TMPDIR")" ] || fail "left behind: $(ls -A "$TMPDIR")"
	[ -z "$(helpers "$1")" ] || fail "left running: $(helpers "$1")"
}

# measured SETTING SUBJECT METRIC: it is a number above zero
measured() {
	tr -d '\r' <"$work/csv" | awk -F, -v setting="$1" -v subject="$2" \
		-v metric="$3" '
		$1 == "cluster" && $2 == setting && $4 == subject &&
			$5 == metric && $7 + 0 > 0 { found = 1 }
		END { exit !found }' ||
		fail "no $3 of $2, $1: $(cat "$work/csv")"
}

all_is_measured() {
	for metric in pair 'pair mean' bare 'bare mean' pair/bare; do
		measured 'lease at hand' portlock-etcd "$metric"
		measured 'new lease' portlock-etcd "$metric"
	done
	measured 'new lease' etcdctl pair
	measured '16 processes' portlock-etcd acquired
	measured '16 processes' portlock-etcd p50
	measured '16 processes' etcdctl p50
	grep -q 'etcd, lease at hand, p50: pair / bare' "$work/out" ||
		fail "no ratio: $(cat "$work/out")"
}

measures_with_an_etcd_of_its_own() {
	start
	pid=$run
	end || fail "status $status: $(cat "$work/err")"
	all_is_measured
	measured 'lease at hand' portlock-etcd fdatasync
	left "$pid"
	nothing_is_left "$helper"
}

# That of a run that goes on is as good as any.
measures_with_an_etcd_of_the_user() {
	PORTLOCK_SESSION=$helper.other \
		"$bench" --quiet --duration 600 cluster >/dev/null 2>"$work/err.1" &
	other=$!
	until url=$(etcd_of "$other") && [ -n "$url" ] &&
		etcdctl --endpoints "$url" endpoint health >/dev/null 2>&1; do
		kill -0 "$other" || fail "no etcd: $(cat "$work/err.1")"
		sleep 0.1
	done
	start --etcd "http://127.0.0.1:1,$url"
	pid=$run
	end
	# They give back what they have, and end.
	while [ -n "$(helpers "$helper")" ]; do
		sleep 0.1
	done
	kill "$other"
	wait "$other" 2>/dev/null
	[ "$status" -eq 0 ] || fail "status $status: $(cat "$work/err")"
	all_is_measured
	! grep -q fdatasync "$work/csv" || fail "fdatasync of another's disk"
	left "$pid"
	left "$other"
	other=
	nothing_is_left "$helper.other"
}

# etcd_of PID: the URL of a run's etcd, once it has been started
etcd_of() {
	for file in $(of_run "$1"); do
		tr '\0' '\n' 2>/dev/null <"$file" |
			sed -n '/^--listen-client-urls$/{n;p;}'
	done
}

leaves_nothing_when_it_is_ended() {
	start --duration 600
	pid=$run
	until [ -n "$(helpers "$helper")" ]; do
		kill -0 "$pid" || fail "no etcd: $(cat "$work/err")"
		sleep 0.1
	done
	kill -TERM "$pid"
	end
	[ "$status" -eq 143 ] || fail "status $status after SIGTERM"
	left "$pid"
	nothing_is_left "$helper"
}

# refuses PART WORD...: status 1, and a message with that part
refuses() {
	part=$1
	shift
	start "$@"
	end
	[ "$status" -eq 1 ] || fail "$*: status $status"
	grep -qF -e "$part" "$work/err" || fail "$*: $(cat "$work/err")"
}

measures_with_an_etcd_of_its_own
measures_with_an_etcd_of_the_user
leaves_nothing_when_it_is_ended
refuses '127.0.0.1:1: cannot connect' --etcd http://127.0.0.1:1
refuses 'without TLS' --etcd https://127.0.0.1:1
export PORTLOCK_SESSION=/nonexistent/session
refuses /nonexistent/session
