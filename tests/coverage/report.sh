#!/bin/sh
# SPDX-License-Identifier: MIT
# report.sh - what the tests have counted: report.sh SOURCES clear|show
#
# Works in the build folder that it is started in.  "clear" forgets what was
# counted; "show" prints every file with its lines, and which were not run, and
# fails if in lib/ or in shim/ fewer than COVERAGE_BAR lines in a hundred were.
set -eu

# Notes of objects that are gone would be taken for lines that did not run.
clear_counters() {
	find . -name '*.gcda' -exec rm -f {} +
	find . -name '*.gcno' | while read -r notes; do
		[ -e "${notes%.gcno}.o" ] || rm -f "$notes"
	done
	rm -rf counters
	mkdir counters
	chmod 777 counters # tests run as other users, too
}

# Every module writes what its processes have counted.
dump() {
	find . -type f -perm -u+x \
		-exec grep -l PORTLOCK_COVERAGE_DUMP {} + >modules
	while read -r module; do
		case $module in
		*.so*)	LD_PRELOAD=$module PORTLOCK_COVERAGE_DUMP=1 env ;;
		*)	PORTLOCK_COVERAGE_DUMP=1 "$module" ;;
		esac </dev/null
	done <modules
	rm modules
	if [ -n "$(ls counters)" ]; then
		echo "counters of modules that are not there: $(ls counters)" >&2
		return 1
	fi
}

# show FOLDER: its table, and whether it passes the bar
show() {
	echo
	echo "---- $1/"
	gcovr --add-tracefile counted.json --root "$sources" \
		--filter "$sources/$1/" --fail-under-line "$COVERAGE_BAR"
}

sources=$(cd "$1" && pwd)
case $2 in
clear)
	clear_counters
	;;
show)
	dump
	gcovr --json counted.json --root "$sources" --object-directory . \
		--filter "$sources/lib/" --filter "$sources/shim/" .
	status=0
	for folder in lib shim; do
		show "$folder" || status=1
	done
	exit "$status"
	;;
esac
