#!/bin/sh
# SPDX-License-Identifier: MIT
# session.sh - does the steps of one document, in one shell, as a reader would.
#
#	session.sh DOCUMENT STEPS WORK
#
# STEPS is what steps.awk made of DOCUMENT; WORK has a folder "home" to work in.
# Counts go to WORK/counts: a line "ran", "left" or "shown" for each block.
set -u
document=$1 steps=$2 work=$3
here=$(dirname "$0")
status=0 failed=0 line=0

# left WHY...: a block is not run
left() {
	echo "left" >>"$work/counts"
	echo "$document:$line: not run: $*"
}

# wrong WHAT FILE...: what went wrong, and the files that show it
wrong() {
	echo "$document:$line: $1"
	shift
	for file; do
		sed 's/^/    /' "$file"
	done
	failed=1
}

# missing THING...: prints those that are not there, programs or "etcd", which
# is a cluster that the environment tells of
missing() {
	for thing; do
		case $thing in
		etcd)	[ -n "${PORTLOCK_DOCS_ETCD-}" ] ;;
		*)	command -v "$thing" >/dev/null ;;
		esac || printf '%s ' "$thing"
	done
}

# perform FILE: does what is in it, in this shell; $? and "cd" go on
perform() {
	(exit "$status")
	eval "$(cat "$1")" >"$work/output" 2>&1 3>&-
	status=$?
}

# Who looks at other processes may have to look again: they need a moment.
is_look() {
	grep -qE '^(portlock (list|who)( |$)|grep .* /proc/)' "$1"
}

# shows FILE: whether the output is that; "-": whatever it is
shows() {
	[ "$1" = - ] || awk -f "$here/match.awk" "$1" "$work/output"
}

# command FILE OUTPUT STATUS
command_step() {
	before=$status looks=0
	cat "$1" >"$work/last"
	perform "$1"
	if is_look "$1"; then
		while ! shows "$2" && [ $looks -lt 100 ]; do
			sleep 0.1
			looks=$((looks + 1)) status=$before
			perform "$1"
		done
	fi
	if [ "$3" != any ] && [ $status -ne 0 ]; then
		wrong "status $status of:" "$1"
		wrong "which printed:" "$work/output"
	elif ! shows "$2"; then
		wrong "this printed:" "$1" "$work/output"
		wrong "but the document shows:" "$2"
	fi
}

# try FILE COMMAND...: a check of a block, which prints why not
try() {
	checked=$1
	shift
	if "$@" >"$work/output" 2>&1 3>&-; then
		return 0
	fi
	wrong "the block" "$checked"
	wrong "does not do: $*" "$work/output"
	return 1
}

# compile COMPILER SUFFIX FILE NAME: and run it, if it is whole and has no name
# by which the document uses it
compile() {
	if [ -n "$(missing "$1")" ]; then
		left "$1 is missing"
		return
	fi
	source=$3.$2 program=$3.program
	cp "$3" "$source"
	# shellcheck disable=SC2046 # words
	if ! grep -q 'main(' "$3"; then
		try "$3" "$1" -Wall -Wextra -Werror -c -o "$program.o" \
			"$source" $(pkg-config --cflags portlock)
	elif try "$3" "$1" -Wall -Wextra -Werror -pthread -o "$program" \
		"$source" $(pkg-config --cflags --libs portlock) &&
		[ "$4" = - ]; then
		try "$3" "$program"
	fi
	echo ran >>"$work/counts"
}

# adapted FILE: with what would be installed where it is here
adapted() {
	sed -e "s|/usr/bin/portlock|$PORTLOCK_COMMAND|g" \
		-e "s|/usr/lib/portlock/portlock-shim.so|$PORTLOCK_SHIM|g" \
		-e "s|/usr/local/bin/|$HOME/|g" \
		-e "s|/etc/portlock/|$HOME/|g" "$1"
}

# unit FILE NAME: a unit or a drop-in, after the unit of the same name
unit() {
	if [ -n "$(missing systemd-analyze)" ]; then
		left "systemd-analyze is missing"
		return
	fi
	units=$work/units unit=$2
	case $2 in
	*.d/*)	unit=${2%.d/*} ;;
	esac
	mkdir -p "$units/$(dirname "$2")"
	adapted "$1" >"$units/$2"
	try "$1" systemd-analyze verify --man=no "$units/$unit"
	echo ran >>"$work/counts"
}

# cron FILE: five times, and a command, which is run
cron() {
	while read -r minute hour day month weekday command; do
		case "$minute$hour$day$month$weekday" in
		*[!0-9*/,-]*)
			wrong "not the five times of a cron line:" "$1"
			continue
			;;
		esac
		try "$1" env --chdir="$HOME" sh -c "$command"
	done <<END
$(adapted "$1")
END
	echo ran >>"$work/counts"
}

# block LANGUAGE FILE NAME
block() {
	if [ "$3" != - ]; then
		mkdir -p "$(dirname "$3")"
		cp "$2" "$3"
		case $1 in
		sh)	chmod +x "$3" ;;
		esac
	fi
	case $1 in
	c)	compile cc c "$2" "$3" ;;
	cpp)	compile c++ cc "$2" "$3" ;;
	sh)
		if [ "$3" = - ]; then
			try "$2" sh -eu "$2"
		else
			try "$2" sh -n "$2"
		fi
		echo ran >>"$work/counts"
		;;
	rules)
		try "$2" portlock preload --check --rules "$2"
		echo ran >>"$work/counts"
		;;
	ini)	unit "$2" "$3" ;;
	cron)	cron "$2" ;;
	cmake)
		[ "$3" != - ] ||
			wrong "cmake needs a <!-- file: CMakeLists.txt -->" "$2"
		echo ran >>"$work/counts"
		;;
	text)	echo shown >>"$work/counts" ;;
	*)	wrong "no way to run a block of language '$1'" "$2" ;;
	esac
}

# A command that leaves the shell would leave its document untried.
trap 'echo "$document:$line: the shell came to an end"; exit 1' EXIT
echo $$ >"$work/group" # of all that is started here
cd "$work/home" || exit
while read -r line kind first rest <&3; do
	case $kind in
	needs)
		# shellcheck disable=SC2086 # words
		lacking=$(missing "$first" $rest)
		if [ -n "$lacking" ]; then
			left "and what follows: missing: $lacking"
			break
		fi
		;;
	not-run)	left "$first $rest" ;;
	hidden)		command_step "$first" - 0 ;;
	console)	echo ran >>"$work/counts" ;;
	command)
		# shellcheck disable=SC2086 # two words
		command_step "$first" $rest
		;;
	block)
		# shellcheck disable=SC2086 # two words
		block "$first" $rest
		;;
	esac
done 3<"$steps"
trap - EXIT
exit $failed
