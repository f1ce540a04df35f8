#!/bin/sh
# SPDX-License-Identifier: MIT
# valgrind.sh - runs a test under valgrind: valgrind.sh TEST
#
# Fails if the test fails, if valgrind finds an error or a leak in any process
# that the test started, or if the test itself leaves a descriptor open.  The
# logs decide, not exit statuses: a test need not look at each child's, and
# children may well exit with descriptors that they got by fork.  Programs of
# the system are not traced, and the shell of a script may leak.
set -u
here=$(dirname "$0")
logs=$(mktemp -d) || exit 99
trap 'rm -rf "$logs"' EXIT

# The inner shell becomes the test: its pid names the test's own log.
sh -c 'echo $$ >"$1/main"; shift; exec "$@"' sh "$logs" \
	valgrind --quiet --vgdb=no --trace-children=yes --leak-check=full \
	--track-fds=yes --num-callers=30 \
	--suppressions="$here/valgrind.supp" \
	--trace-children-skip='/usr/*,/bin/*,/sbin/*,*/fake_session' \
	--log-file="$logs/%p.log" "$@"
status=$?

main=$logs/$(cat "$logs/main").log
case $1 in
*.sh)	main= ;; # a shell keeps its script open
esac

# A log is made of paragraphs, divided by lines that have only the "==PID==".
for log in "$logs"/*.log; do
	awk -v main="$main" '
	function judge() {
		descriptor = text ~ /^[^\n]*(FILE DESCRIPTORS:|Open )/
		inherited = text ~ /<inherited|FILE DESCRIPTORS:[^\n]*\n$/
		if (text != "" && !(descriptor &&
		    (inherited || FILENAME != main))) {
			printf "%s\n", text
			bad = 1
		}
		text = ""
	}
	/^--[0-9]+--/ { next } # about itself: system calls it does not know
	/^==[0-9]+== *$/ { judge(); next }
	# The heading is a paragraph of its own.
	/FILE DESCRIPTORS:/ { judge(); text = $0 "\n"; judge(); next }
	{ text = text $0 "\n" }
	END { judge(); exit bad }' "$log" || found=1
done
if [ "${found-}" ] && [ "$status" -eq 0 ]; then
	echo "valgrind found the above"
	status=1
fi
exit "$status"
