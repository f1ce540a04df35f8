#!/bin/sh
# SPDX-License-Identifier: MIT
# Eight processes at once add a stroke to the same file; none is lost.
set -eu
tally=$(mktemp)
trap 'rm -f "$tally"' EXIT
echo >"$tally"

for process in 1 2 3 4 5 6 7 8; do
	portlock run "$tally" -- sed -i 's/$/|/' "$tally" &
	processes="${processes:-} $!"
done
for process in $processes; do
	wait "$process"
done
cat "$tally"
test "$(cat "$tally")" = "||||||||"

# While somebody has the lock, -n gives up at once, with status 1.
portlock run "$tally" -- portlock run -n "$tally" -- echo never ||
	echo "busy: status $?"
