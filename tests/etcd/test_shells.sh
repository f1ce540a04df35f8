#!/bin/sh
# SPDX-License-Identifier: MIT
# test_shells.sh - the ways of flock(1)'s manual exclude on two hosts, each with
# a lock file of its own, as the kernel's lock does on one.
set -u
: "${top_srcdir:?}" "${top_builddir:?start this by make check-etcd}"

if [ -z "${PORTLOCK_SHIM:-}" ]; then
	echo "skipped: this build is without the shim"
	exit 77
fi
if [ -z "${HOST_1:-}" ]; then
	exec "$top_builddir/tests/etcd/with_etcd" --hosts 2 -- "$0"
fi

folder=$(mktemp -d /dev/shm/portlock-shells.XXXXXX) || exit 99
# Who is inside leaves.
trap 'echo leave 1<>"$folder/go"; wait; rm -r "$folder"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$folder/1" "$folder/2"
mkfifo "$folder/in" "$folder/go"
export folder

# Guards of a name that no other test has.
guard=g-$$
ln -s "$PORTLOCK_GUARD" "$folder/$guard"
PORTLOCK_GUARD=$folder/$guard
export PORTLOCK_GUARD

rule='flock */z.lock transport=etcd key=shells'

fail() {
	echo "$idiom: $*" >&2
	exit 1
}

# on HOST COMMAND...: there, in the host's folder, with the rule.
on() {
	eval "host=\$HOST_$1"
	cd "$folder/$1" || exit 99
	shift
	# shellcheck disable=SC2086,SC2154 # a command with its arguments
	exec $host "$PORTLOCK_COMMAND" preload --rule "$rule" -- "$@"
}

bare() {
	cd "$folder/$1" || exit 99
	shift
	exec "$@"
}

queue() {
	etcdctl get --prefix portlock/shells/ --keys-only | grep -c .
}

# await NUMBER COMMAND...: until it prints that.
await() {
	turns=0
	number=$1
	shift
	until [ "$("$@")" = "$number" ]; do
		turns=$((turns + 1))
		[ "$turns" -lt 300 ] || fail "$* is not $number"
		sleep 0.05
	done
}

guards() {
	cat /proc/[0-9]*/comm 2>/dev/null | grep -c "^$guard\$"
}

# In the section: says so, and waits to be told to leave.
# shellcheck disable=SC2016
section='echo $$ >$folder/in; read -r word <$folder/go'

# excludes SCRIPT: who is in its section on one host keeps the other one out.
excludes() {
	idiom=$1
	rm -f "$folder/order"
	(on 1 sh -c "$1") &
	first=$!
	read -r inside <"$folder/in"
	(bare 2 flock -n z.lock true) || fail "the hosts share their files"
	(on 2 flock -n z.lock true) && fail "$inside is not alone"
	# shellcheck disable=SC2016
	(on 2 flock z.lock sh -c 'echo second >>"$folder/order"') &
	second=$!
	await 2 queue
	echo first >>"$folder/order"
	echo leave >"$folder/go"
	wait $first || fail "exit status of the first"
	wait $second || fail "exit status of the second"
	[ "$(tr '\n' ' ' <"$folder/order")" = "first second " ] ||
		fail "wrong order"
	await 0 queue
	await 0 guards
	echo "ok: $idiom"
}

excludes "flock z.lock sh -c '$section'"
excludes "( flock 9; $section ) 9>z.lock"
excludes "( flock -w 10 9 || exit 1; $section ) 9>z.lock"
excludes "exec 9>z.lock; flock 9; $section; flock -u 9"
excludes "exec 9>z.lock; flock -x 9; $section"
excludes "flock -F z.lock sh -c '$section'"
excludes "flock z.lock sh -c 'kill -9 \$PPID; $section'; true"
excludes "( flock 9; ( flock 9; $section ) ) 9>z.lock"
excludes "( flock 9; flock -n z.lock true || $section ) 9>z.lock"

# A shell that is killed inside leaves it free at once: long before the time of
# its lease is over.
idiom="kill -9"
(on 1 sh -c "exec 9>z.lock; flock 9; $section") &
read -r inside <"$folder/in"
kill -9 "$inside"
(on 2 flock -w 5 z.lock true) || fail "it is not free"
await 0 queue
await 0 guards
echo "ok: $idiom"

# Who waits in vain, waits as long as he said.
idiom="flock -w"
(on 1 sh -c "( flock 9; $section ) 9>z.lock") &
read -r inside <"$folder/in"
# shellcheck disable=SC2016
(on 2 sh -c '( flock -w 0.2 9 || exit 3 ) 9>z.lock')
[ $? -eq 3 ] || fail "came in"
echo leave >"$folder/go"
wait
await 0 queue
await 0 guards
echo "ok: $idiom"
