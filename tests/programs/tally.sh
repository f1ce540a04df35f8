# SPDX-License-Identifier: MIT
# tally.sh - a program with threads and a private mutex, run several times at
# once.  It is the only one here that is ours.
program tally '' bash

workers=4 rounds=2
rules='mutex */tally:tally_mutex'

setup() {
	echo 0 >number
}

job() {
	"$tools/tally" number 50
}

lost() {
	echo $(($(awk '{ sum += $2 } END { print sum }' out.*) - \
		$(cat number)))
}
row "ours: three threads each" mutex "pthread_mutex_lock pthread_mutex_unlock"

# An arena for each thread, or for some, would be a matter of the moment.
simple() {
	setup && MALLOC_ARENA_MAX=1 "$tools/tally" number 1 && cat number
}
quiet
