#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# test_preloads.sh - the shim beside other preloaded libraries, in both orders,
# and in programs that the sanitizers made.
#
# With each of them the locks hold, wait, and are freed when the holder dies.
# Libraries that are not installed are skipped by name, unless
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

work=$(mktemp -d /tmp/portlock-test-preloads-XXXXXX) || exit 99
work=$(cd "$work" && pwd -P)
chmod 755 "$work"
sem=/${work##*/}
holder=
# leave_no_times: what libfaketime does of a program that ends by exec, _exit()
# or a signal
leave_no_times() {
	find /dev/shm -name 'faketime_shm_*' -user "$(id -u)" \
		-newer "$work/input" 2>/dev/null | while read -r file; do
		[ -e "/proc/${file##*_}" ] ||
			rm -f "$file" "/dev/shm/sem.faketime_sem_${file##*_}"
	done
}

clean() {
	[ -z "$holder" ] || kill -KILL "$holder" 2>/dev/null
	leave_no_times
	rm -rf "$work" "/dev/shm/sem.${sem#/}"
}
trap clean EXIT
trap 'exit 99' HUP INT TERM
mkfifo "$work/input"
exec 9<>"$work/input" # holders read it for ever
HOME=$work GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export HOME GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM
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

says() {
	grep -qs "$1" "$work/$2"
}

# bound KEY: how many sockets have the key's name, is that many
bound() {
	[ "$(grep -c "@/portlock/$1" /proc/net/unix)" -ge "$2" ]
}

# ---- how a program is started --------------------------------------------

# Puts the shim before or behind what is preloaded already.
cat >"$work/with-shim" <<'END'
#!/bin/sh
case $1 in
first)	LD_PRELOAD=$PORTLOCK_SHIM${LD_PRELOAD:+:$LD_PRELOAD} ;;
last)	LD_PRELOAD=${LD_PRELOAD:+$LD_PRELOAD:}$PORTLOCK_SHIM ;;
esac
shift
PORTLOCK_RULES=$rules
export LD_PRELOAD PORTLOCK_RULES
exec "$@"
END
chmod +x "$work/with-shim"
user=   # a command that changes the user, and its words
around= # what is preloaded: the command that does it

# run COMMAND...: in the way that is tested now; becomes it
run() {
	# shellcheck disable=SC2086 # words
	exec $user $around "$work/with-shim" "$order" "$@" 9>&-
}

# hold VICTIM COMMAND...: in the background, until the last one went well
hold() {
	: >"$work/held"
	(run "$@" hold <"$work/input" >"$work/held" 2>&1) &
	holder=$!
	soon says "^${*: -1}: ok" held || return 1
	# fakeroot is a shell around it.
	victim=$holder
	while child=$(pgrep -P "$victim" -o) && [ -n "$child" ]; do
		victim=$child
	done
}

die() {
	kill -KILL "$victim"
	wait "$holder" 2>/dev/null
	holder=
}

# ---- what must hold ----------------------------------------------------------

victims=$top_builddir/tests
export PORTLOCK_SHIM rules="sem $sem
lockfile $work/*.lock timeout=100
lockfile */.git/*.lock timeout=100"

semaphores() {
	rm -f "/dev/shm/sem.${sem#/}"
	check "$around $order: a semaphore is taken" \
		hold "$victims/victim_sem" "$sem" create wait
	(run "$victims/victim_sem" "$sem" create try) >"$work/out" 2>&1
	check "$around $order: and excludes" says 'try: Resource' out
	(run "$victims/victim_sem" "$sem" create timed) >"$work/out" 2>&1
	check "$around $order: until a time" says 'timed: Connection timed' out
	(run "$victims/victim_sem" "$sem" create wait post) \
		>"$work/waited" 2>&1 &
	waiter=$!
	check "$around $order: one waits in the queue" soon bound "sem:$sem" 2
	die
	wait "$waiter"
	check "$around $order: and has it when the holder is dead" says 'post: ok' waited
}

lock_files() {
	file=$work/x.lock
	rm -f "$file"
	check "$around $order: a lock file is made" \
		hold "$victims/victim_lockfile" "$file" open
	(run "$victims/victim_lockfile" "$file" open remove) \
		>"$work/waited" 2>&1 &
	waiter=$!
	check "$around $order: one waits for its turn" soon bound "lockfile:$file" 1
	die
	wait "$waiter"
	check "$around $order: and has it when the maker is dead" \
		says 'remove: ok' waited
	check "$around $order: nothing is left" [ ! -e "$file" ]
}

adds() {
	command -v git >/dev/null || return 0
	rm -rf "$work/git"
	# shellcheck disable=SC2086 # words
	$user git init -q "$work/git"
	(
		cd "$work/git" || exit 99
		for worker in 1 2 3 4; do
			for i in 1 2 3 4; do
				echo "$i" >"f$worker.$i"
				(run git add "f$worker.$i") ||
					echo "f$worker.$i" >>failed
			done &
		done
		wait
	)
	check "$around $order: no git add fails" [ ! -e "$work/git/failed" ]
	# shellcheck disable=SC2086 # words
	check "$around $order: nor is one lost" \
		[ "$($user git -C "$work/git" ls-files | wc -l)" -eq 16 ]
}

# in_both_orders COMMAND...: which preloads something
in_both_orders() {
	around=$*
	for order in first last; do
		semaphores
		lock_files
		adds
	done
}

# ---- beside which libraries -----------------------------------------------------

# find_library FILE: sets library, or fails
find_library() {
	for library in /usr/lib/*/"$1" /usr/lib/"$1"; do
		[ ! -e "$library" ] || return 0
	done
	return 1
}

# beside NAME FILE SETTING...
beside() {
	if ! find_library "$2"; then
		missing "$1"
		return
	fi
	shift 2
	in_both_orders env LD_PRELOAD="$library" "$@"
}

# longer MILLISECONDS COMMAND...: takes it that long, by real clocks
longer() {
	least=$1
	shift
	start=$(date +%s%N)
	"$@"
	[ $((($(date +%s%N) - start) / 1000000)) -ge "$least" ]
}

# wait_for_it RESULT COMMAND: while a bare process has the semaphore
wait_for_it() {
	(run "$victims/victim_sem" "$sem" create "$2") >"$work/out" 2>&1
	says "$1" out
}

# A program's times are those it sees, a rule's are real.
times() {
	find_library faketime/libfaketimeMT.so.1 || return 0
	rm -f "/dev/shm/sem.${sem#/}"
	"$victims/victim_sem" "$sem" create wait >/dev/null
	all_rules=$rules
	for order in first last; do
		rules=$all_rules
		for shift in +10d -10d; do
			around="env LD_PRELOAD=$library FAKETIME=$shift"
			check "$around $order: 50 ms" longer 50 \
				wait_for_it 'Connection timed out' timed
		done
		around="env LD_PRELOAD=$library FAKETIME=+0x100"
		rules="sem $sem timeout=0.3"
		check "$around $order: 300 ms of a rule" longer 300 \
			wait_for_it 'Connection timed out' wait
	done
	rules=$all_rules
}

# ---- in what the sanitizers made ---------------------------------------------------

# sanitized KIND SETTING...: the same with victims of that kind
sanitized() {
	kind=$1
	shift
	mkdir "$work/$kind"
	if ! echo 'int main(void) { return 0; }' | "${CC:-cc}" -x c - \
		-fsanitize="$kind" -o "$work/$kind/none" 2>/dev/null; then
		missing "a compiler for -fsanitize=$kind"
		return
	fi
	for source in victim_sem victim_lockfile; do
		check "$source with -fsanitize=$kind" \
			"${CC:-cc}" -g -D_GNU_SOURCE -fsanitize="$kind" \
			-I"$top_builddir" -I"$top_srcdir/tests" \
			-o "$work/$kind/$source" \
			"$top_srcdir/tests/$source"*.c -rdynamic -pthread -ldl
	done
	victims=$work/$kind
	around="env $*"
	order=first
	semaphores
	lock_files
	victims=$top_builddir/tests
}

# The kernel knows nobody as such, who is root to itself.
beside_fakeroot() {
	if ! command -v fakeroot >/dev/null; then
		missing fakeroot
		return
	fi
	become_nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
	if [ "$(id -u)" -eq 0 ] && $become_nobody test -x "$victims/victim_sem" \
		-a -r "$PORTLOCK_SHIM"; then
		user=$become_nobody
		chmod 777 "$work"
	else
		echo "as the user that the tests have"
	fi
	in_both_orders fakeroot --
	user=
}

beside libeatmydata libeatmydata.so
beside jemalloc libjemalloc.so.2
beside libfaketime faketime/libfaketime.so.1 FAKETIME=+10d
beside libfaketime faketime/libfaketimeMT.so.1 FAKETIME=-10d
beside_fakeroot
times
sanitized address ASAN_OPTIONS=verify_asan_link_order=0
sanitized thread TSAN_OPTIONS=exitcode=66

[ "$failures" -eq 0 ]
