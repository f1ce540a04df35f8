#!/bin/sh
# SPDX-License-Identifier: MIT
# test_waits.sh - portlock-waits.bt tells who waits for whom, and how long.
#
# It must be root, on a kernel that lets it trace.
set -u
: "${top_srcdir:?}" "${top_builddir:?}" "${PORTLOCK_COMMAND:?}"

skip() {
	echo "skipped: $*"
	exit 77
}

grep -q '^#define ENABLE_SDT 1' "$top_builddir/config.h" ||
	skip "configured without tracepoints (Debian: systemtap-sdt-dev)"
command -v bpftrace >/dev/null ||
	skip "there is no bpftrace (Debian: bpftrace)"
case ${LD_PRELOAD-} in
*vgpreload*)	skip "valgrind runs other code than the kernel looks at" ;;
esac
work=$(mktemp -d) || exit 99
tracer=
trap '[ -z "$tracer" ] || kill "$tracer" 2>/dev/null; rm -rf "$work"' EXIT
export work
mkfifo "$work/held" "$work/go" || exit 99

# Can it look at all?  At a function of the very file.
bpftrace -e "uprobe:$PORTLOCK_COMMAND:main { exit(); }" \
	-c "$PORTLOCK_COMMAND --version" >"$work/can" 2>&1 ||
	skip "bpftrace cannot trace here: $(tail -n 1 "$work/can")"

# scene KEY: a holder that ends when another one is in its queue
scene() {
	# shellcheck disable=SC2016 # for the inner shell
	"$PORTLOCK_COMMAND" run --transport unix "$1" sh -c '
		echo >"$work/held"
		read -r go <"$work/go"' &
	holder=$!
	read -r _ <"$work/held"
	"$PORTLOCK_COMMAND" run --transport unix "$1" true &
	waiter=$!
	# The gate and the connection in its queue.
	until [ "$(grep -c "@/portlock/$1\$" /proc/net/unix)" -ge 2 ]; do
		sleep 0.01
	done
	echo >"$work/go"
	wait "$holder" "$waiter"
}

# told KEY: whether all of the scene was seen
told() {
	grep -qx "$waiter portlock waits for $holder: /portlock/$1" \
		"$work/seen" &&
		grep -qx "$holder portlock hands over to $waiter: /portlock/$1" \
			"$work/seen" &&
		grep -qx "$waiter portlock has waited [1-9][0-9]* us: /portlock/$1" \
			"$work/seen"
}

bpftrace -B line "$top_srcdir/lib/portlock-waits.bt" "$PORTLOCK_COMMAND" \
	>"$work/seen" 2>&1 &
tracer=$!
# It does not tell when it has begun to look.
round=0
until [ $round -gt 0 ] && told "test-waits-$$-$round"; do
	round=$((round + 1))
	if [ $round -gt 300 ] || ! kill -0 "$tracer" 2>/dev/null; then
		cat "$work/seen"
		exit 1
	fi
	scene "test-waits-$$-$round"
done
kill -INT "$tracer"
wait "$tracer"
tracer=
cat "$work/seen"
# What it says at its end.
grep -q "^@waited_us\[/portlock/test-waits-$$-$round\]" "$work/seen"
