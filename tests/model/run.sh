#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# run.sh - has spin check the model, and the checks themselves.
#
#	run.sh [NAME...]	checks all, or what table.txt names so
#	run.sh --trail NAME	what led to the failure, step by step
#
# "make check-model" runs this in the build folder; JOBS=n at a time, 2 by
# default.  README.md tells what it prints.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || exit 99
JOBS=${JOBS:-2}

if ! spin -V >/dev/null 2>&1; then
	echo 'make check-model needs spin (Debian: apt-get install spin)' >&2
	exit 99
fi
# spin and its checkers write into the current folder.
if [ "${1-}" != --one ]; then
	mkdir -p tests/model/runs && cd tests/model/runs || exit 99
fi

# row NAME: its line of the table into $name, $how, $expected and $options
row() {
	while read -r name how expected options; do
		[ "$name" != "$1" ] || return 0
	done < <(grep -v '^#' "$here/table.txt")
	echo "run.sh: table.txt has no $1" >&2
	return 1
}

# build: the checker of the row, in the current folder
build() {
	local flags='-DNOREDUCE' memory=2000

	case $how in
	small) flags="$flags -DSAFETY" memory=150 ;;
	all | shallow) flags="$flags -DSAFETY" ;;
	bits) flags="$flags -DSAFETY -DBITSTATE" ;;
	fair) flags="$flags -DNFAIR=3" ;;
	esac
	cp "$here"/*.pml . || return
	# shellcheck disable=SC2086 # words
	spin -a $options queue.pml >spin.log 2>&1 || return
	# shellcheck disable=SC2086 # words
	"${CC:-cc}" -O1 -w $flags -DMEMLIM=$memory -o pan pan.c >>spin.log 2>&1
}

search() {
	case $how in
	all | small) ./pan -m2000000 -w22 ;;
	shallow) ./pan -m1000 -w22 ;;
	bits) ./pan -m2000000 -w23 ;;
	fair) ./pan -a -f -m2000000 -w22 ;;
	esac
}

# number PATTERN: the one in front of or after what pan.log has so
number() {
	sed -n "s/.*$1.*/\1/p" pan.log | head -n 1
}

# verdict: what pan.log says, in one word
verdict() {
	local state

	if ! grep -q 'errors: ' pan.log ||
		grep -q 'search depth too small' pan.log; then
		echo unfinished
	elif grep -q 'errors: 0' pan.log; then
		# Short of memory, or killed: it says so, and counts no error.
		if grep -q 'Search not completed' pan.log; then
			echo unfinished
		else
			echo holds
		fi
	else
		state=$(sed -n 's/^pan:1: \([a-z]* [a-z]*\).*/\1/p' pan.log)
		case $state in
		'assertion violated') property ;;
		'invalid end') echo WAKE_UP ;;
		'acceptance cycle') echo PROGRESS ;;
		*) echo "unknown:${state:-?}" ;;
		esac
	fi
}

# steps: the trail, in words
steps() {
	# shellcheck disable=SC2086 # words
	spin -t $options queue.pml 2>&1
}

# property: names the assertion that failed, by the place where it stands
property() {
	local place file line

	place=$(steps | sed -n 's/^spin: \([^ ]*\), Error: assertion.*/\1/p')
	[ -n "$place" ] || return 0
	IFS=: read -r file line <<<"$place"
	sed -n "${line}s/[^A-Z]*\\([A-Z_]*\\)(.*/\\1/p" "$file"
}

# steps_are_known: each step of the model names a function that lib/ has
steps_are_known() {
	local step known=0

	while read -r step; do
		grep -qE "^[a-z].*\b$step\(" "$here"/../../lib/*.c && continue
		echo "run.sh: a step of lock.pml is $step(), which lib/ has not" >&2
		known=1
	done < <(sed -n '/is dead/d; s/.*printf("P%d \([a-z_]*\).*/\1/p' \
		"$here/lock.pml" | sort -u)
	return $known
}

check() {
	local result start=$SECONDS

	row "$1" || exit 1
	rm -rf "$name" && mkdir "$name" && cd "$name" || exit 1
	if ! build; then
		cat spin.log
		echo "FAIL $name: cannot be built" | tee result
		exit
	fi
	search >pan.log 2>&1
	result=$(verdict)
	set -- PASS
	[ "$result" = "$expected" ] || set -- FAIL
	printf '%s %-16s %-5s %9s states, depth %7s, %3d s: %s' \
		"$1" "$name" "$how" "$(number ' \([0-9]*\) states, stored')" \
		"$(number 'depth reached \([0-9]*\)')" \
		$((SECONDS - start)) "$result" >result
	[ "$how" != bits ] ||
		printf ', %s bits a state' "$(number 'hash factor: \([0-9.]*\)')" \
			>>result
	[ "$1" = PASS ] || printf ', not %s' "$expected" >>result
	echo >>result
	cat result
	[ "$1" = PASS ] || echo "     tests/model/run.sh --trail $name"
	rm -f pan pan.? ./*.pml
}

if [ "${1-}" = --one ]; then
	check "$2"
	exit
fi
if [ "${1-}" = --trail ]; then
	row "${2-}" && cd "$name" || exit 1
	cp -p "$here"/*.pml . && steps
	rm -f ./*.pml
	exit
fi
if [ $# -eq 0 ]; then
	names=$(sed '/^#/d; /^$/d; s/[[:space:]].*//' "$here/table.txt")
	# shellcheck disable=SC2086 # words
	set -- $names
fi
for name; do
	row "$name" || exit 99
done
steps_are_known || exit 1
printf '%s\n' "$@" | xargs -P "$JOBS" -n 1 "$here/run.sh" --one
total=$# pass=0
for name; do
	if grep -q '^PASS' "$name/result" 2>/dev/null; then
		pass=$((pass + 1))
	fi
done
printf '# TOTAL: %d\n# PASS:  %d\n# SKIP:  0\n# FAIL:  %d\n' \
	"$total" "$pass" $((total - pass))
[ "$pass" -eq "$total" ]
