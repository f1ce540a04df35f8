#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# run.sh - Debian's programs, as they are, under the shim.
#
#	run.sh [NAME...]	tests all, or those whose files are NAME.sh
#	run.sh --matrix		tests all, and prints the matrix
#	run.sh --missing	the Debian packages that are not installed
#
# "make check-programs" runs this.  Each NAME.sh here tells of one program; see
# README.md.  PORTLOCK_PROGRAMS=all makes missing ones failures.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || exit 99
# Debian's, and nobody else's of the same names.
PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL

mode=run
case ${1-} in
--matrix | --missing)
	mode=${1#--}
	shift
	;;
--*)
	echo "usage: run.sh [--matrix | --missing | NAME...]" >&2
	exit 64
	;;
esac
all=
if [ $# -eq 0 ]; then
	all=yes
	for file in "$here"/*.sh; do
		[ "$file" = "$here/run.sh" ] || set -- "$@" "$(basename "$file" .sh)"
	done
fi

# Jobs run in shells of their own, which need all that is defined here.
set -a
for part in file run report quiet matrix; do
	# shellcheck source=/dev/null
	. "$here/lib/$part.sh"
done

# program_file NAME: in a subshell
program_file() {
	scratch=$work/$1
	mkdir "$scratch" && cd "$scratch" || exit
	# shellcheck source=/dev/null
	. "$here/$1.sh"
}

# program_files NAME...
program_files() {
	local name

	for name; do
		if ! (program_file "$name"); then
			program=$name
			record FAIL "cannot be run" - - - "see above" -
		fi
	done
}

if [ "$mode" = missing ]; then
	work=/nonexistent
	for name; do
		# shellcheck source=/dev/null
		(. "$here/$name.sh")
	done | tr ' ' '\n' | sort -u
	exit
fi

if [ -z "${PORTLOCK_COMMAND:+${PORTLOCK_SHIM:+${top_builddir:-}}}" ]; then
	echo "run.sh: start this by: make check-programs" >&2
	exit 99
fi
tools=$top_builddir/tests
unset PORTLOCK_LOG PORTLOCK_RULES PORTLOCK_RULES_FILE LD_PRELOAD
unset "${!GIT_@}" "${!HG@}" MAKEFLAGS MAKELEVEL MFLAGS
work=$(mktemp -d /tmp/portlock-programs.XXXXXX) || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 99' HUP INT TERM
results=$work/results
: >"$results"
if [ "$mode" = matrix ]; then
	program_files "$@" >&2
	matrix
	exit
fi
heading
program_files "$@"
check_document
report
