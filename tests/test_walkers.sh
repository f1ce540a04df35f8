#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# test_walkers.sh - programs that close or overwrite all descriptors which they
# do not know keep what they hold under the shim.
#
# Each takes a semaphore before its first line (holder.c), does what it does,
# and then waits on a pipe of ours.  Missing programs are skipped by name, unless
# PORTLOCK_PROGRAMS=all makes them failures.
set -u
: "${top_srcdir:?}" "${top_builddir:?}"

skip() {
	echo "skipped: $*"
	exit 77
}

[ -n "${PORTLOCK_SHIM:-}" ] || skip "PORTLOCK_SHIM does not name the shim"
case $PORTLOCK_SHIM in
*[[:space:]:]*)	skip "LD_PRELOAD cannot name $PORTLOCK_SHIM" ;;
esac
holder=$top_builddir/tests/.libs/libholder.so
[ -e "$holder" ] || skip "there is no $holder"

work=$(mktemp -d /tmp/portlock-test-walkers-XXXXXX) || exit 99
sem=/${work##*/}
program=
clean() {
	[ -z "$program" ] || kill -KILL "$program" 2>/dev/null
	rm -rf "$work" "/dev/shm/sem.${sem#/}"
}
trap clean EXIT
trap 'exit 99' HUP INT TERM
mkfifo "$work/pipe"
exec 9<>"$work/pipe"
HOME=$work SCREENDIR=$work/screens
export HOME SCREENDIR work
mkdir -m 700 "$SCREENDIR"
# Loops over all descriptors are what is tested; keep them short.
ulimit -n 1024
failures=0

# check WHAT COMMAND...: counts a failure if the command fails
check() {
	what=$1
	shift
	if "$@"; then
		echo "ok: $what"
	else
		echo "FAILED: $what"
		failures=$((failures + 1))
	fi
}

# missing NAME: a failure where all was to be installed
missing() {
	echo "skipped: $1 is not installed"
	[ "${PORTLOCK_PROGRAMS-}" != all ] || failures=$((failures + 1))
}

# soon COMMAND...: until it succeeds; false if that takes as long as a hang
soon() {
	for _ in $(seq 3000); do
		"$@" && return 0
		sleep 0.01
	done
	return 1
}

is_held() {
	grep -q "@/portlock/sem:$sem\$" /proc/net/unix
}

is_free() {
	! is_held
}

excludes() {
	! LD_PRELOAD=$PORTLOCK_SHIM PORTLOCK_RULES="sem $sem" \
		"$top_builddir/tests/victim_sem" "$sem" create try >/dev/null
}

# with COMMAND...: under the shim, and a holder; becomes it
with() {
	exec env LD_PRELOAD="$PORTLOCK_SHIM:$holder" \
		PORTLOCK_RULES="sem $sem" HOLD_SEMAPHORE="$sem" "$@" 9>&-
}

# has NAME
has() {
	command -v "$1" >/dev/null || {
		missing "$1"
		return 1
	}
}

# keeps WHAT COMMAND...: the command makes $work/there when it has closed all,
# and then reads $work/pipe
keeps() {
	kept=$1
	shift
	rm -f "$work/there"
	(with "$@") >"$work/out" 2>&1 </dev/null &
	program=$!
	check "$kept: gets there" soon [ -e "$work/there" ] || {
		cat "$work/out"
	}
	check "$kept: still holds" is_held
	check "$kept: and excludes" excludes
	kill -KILL "$program" 2>/dev/null
	wait "$program" 2>/dev/null
	program=
	check "$kept: until it ends" soon is_free
}

# ---- those that walk ------------------------------------------------------------

# shellcheck disable=SC2016 # for the inner shells
shells() {
	keeps 'bash, exec N>file' bash -c 'for fd in {3..254} {256..1023}; do
		eval "exec $fd>$work/file $fd>&-" || exit
	done; : >"$work/there"; read -r _ <"$work/pipe"'
	! has dash || keeps 'dash, exec N>file' dash -c '
		for fd in 3 4 5 6 7 8 9; do eval "exec $fd>$work/file"; done
		: >"$work/there"; read -r _ <"$work/pipe"'
}

interpreters() {
	there='open(os.environ["work"] + "/there", "w").close()
open(os.environ["work"] + "/pipe").read()'
	if has python3; then
		# It may be a script that finds the right one.
		python=$(python3 -c 'import sys; print(sys.executable)')
		keeps 'python3, closerange' "$python" -c "import os
os.closerange(3, 65536)
$there"
		keeps 'python3, /proc/self/fd' "$python" -c "import os
for fd in os.listdir('/proc/self/fd'):
    try: int(fd) < 3 or os.close(int(fd))
    except OSError: pass
$there"
	fi
	# shellcheck disable=SC2016 # perl's
	! has perl || keeps 'perl, /proc/self/fd' perl -MPOSIX -e '
		opendir my $d, "/proc/self/fd";
		my @fds = grep { /^\d+$/ && $_ > 2 } readdir $d;
		POSIX::close($_) for @fds;
		open my $t, ">", "$ENV{work}/there"; close $t;
		open my $p, "<", "$ENV{work}/pipe"; <$p>;'
}

# It talks with a proxy of ours, so there is no network.
ssh_client() {
	! has ssh || keeps ssh ssh -F none -o BatchMode=yes \
		-o "UserKnownHostsFile=$work/known" \
		-o "ProxyCommand=sh -c ': >$work/there; read -r _ <$work/pipe'" \
		nowhere
}

# A library of screen's opens a file before an instrumented shim is ready, as
# the sanitizer is not the first library.
screens() {
	grep -q __asan_ "$PORTLOCK_SHIM" || ! has screen || keeps screen screen -c /dev/null -D -m \
		sh -c ": >$work/there; read -r _ <$work/pipe"
}

# ---- those that leave a child behind ------------------------------------------------

# What starts in the background closes all, and then takes the semaphore.
# daemonizes WHAT COMMAND...
daemonizes() {
	kept=$1
	shift
	rm -f "$work/there" "$work/pid"
	# shellcheck disable=SC2016 # for the inner shell
	printf '%s\n' '#!/bin/sh' "HOLD_SEMAPHORE=$sem export HOLD_SEMAPHORE" \
		'exec sh -c '\''echo $$ >"$work/pid"; : >"$work/there"
			read -r _ <"$work/pipe"'\' >"$work/program"
	chmod +x "$work/program"
	env LD_PRELOAD="$PORTLOCK_SHIM:$holder" PORTLOCK_RULES="sem $sem" \
		"$@" >"$work/out" 2>&1 </dev/null 9>&-
	if ! soon [ -e "$work/there" ]; then
		cat "$work/out"
		check "$kept: starts it" false
		return
	fi
	program=$(cat "$work/pid")
	check "$kept: it holds" is_held
	check "$kept: and excludes" excludes
	kill -KILL "$program"
	program=
	check "$kept: until it ends" soon is_free
}

daemons() {
	! has start-stop-daemon || daemonizes start-stop-daemon \
		start-stop-daemon --start --background --oknodo \
		--pidfile "$work/none.pid" --startas "$work/program"
	! has daemon || daemonizes daemon daemon -- /bin/sh \
		"$work/program"
}

# ---- those that count -----------------------------------------------------------------

# shellcheck disable=SC2016 # for the inner shells
counts() {
	count='echo /proc/self/fd/*; exec {free}>/dev/null; echo $free'
	bare=$(bash -c "$count" 9>&-)
	shimmed=$(LD_PRELOAD=$PORTLOCK_SHIM PORTLOCK_RULES='sem *
lockfile /nowhere/*' bash -c "$count" 9>&-)
	check "with nothing held there is no descriptor more" \
		[ "$bare" = "$shimmed" ]
}

shells
interpreters
ssh_client
screens
daemons
counts

[ "$failures" -eq 0 ]
