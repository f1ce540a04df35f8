#!/bin/sh
# SPDX-License-Identifier: MIT
# helgrind.sh - runs a test under helgrind: helgrind.sh TEST
#
# Fails if the test fails, or if helgrind says anything of any of its processes.
set -u
here=$(dirname "$0")
logs=$(mktemp -d) || exit 99
trap 'rm -rf "$logs"' EXIT

valgrind --tool=helgrind --quiet --vgdb=no --num-callers=30 \
	--suppressions="$here/helgrind.supp" --log-file="$logs/%p.log" "$@"
status=$?
cat "$logs"/*.log
if [ "$status" -eq 0 ] && [ -n "$(cat "$logs"/*.log)" ]; then
	echo "helgrind found the above"
	status=1
fi
exit "$status"
