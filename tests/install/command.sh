#!/bin/sh
# SPDX-License-Identifier: MIT
# command.sh - the commands that are found in $PATH work as installed: portlock
# run excludes, and portlock preload finds its shim by itself.
set -eu
tests=$(cd "$(dirname "$0")/.." && pwd)
unset PORTLOCK_RULES PORTLOCK_RULES_FILE
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

command -v portlock
portlock --version
"$tests/example_shell.sh"

# A shell that opens a file, which a rule makes a lock.
cat >"$work/holder" <<'END'
exec 3<"$1/file"
echo held >"$1/says"
read -r end <"$1/told"
END
: >"$work/file"
mkfifo "$work/says" "$work/told"
portlock preload --rule "open $work/file hold=exit key=$work" -- \
	sh "$work/holder" "$work" &
read -r word <"$work/says"
echo "preload: $word"
status=0
portlock run -n "$work" -- true || status=$?
echo >"$work/told"
wait $!
if [ $status -ne 1 ]; then
	echo "portlock run: status $status while the preloaded shell has the lock"
	exit 1
fi
portlock run -n "$work" -- true
