# SPDX-License-Identifier: MIT
# daemonize.sh - daemonize -l locks a file and becomes a daemon after that: the
# lock has to go with the child, for the parent ends.
program daemonize daemonize daemonize

rules='flock */lock timeout=20'

setup() {
	mkfifo in out
}

# become_daemon NAME: one that says its name, and ends after a line.
become_daemon() {
	exec_start daemonize -c "$PWD" -l "$PWD/lock" "$(command -v sh)" \
		-c "echo $1 >out; exec timeout 60 head -n 1 in >/dev/null"
}

# The second one fails, or else waits until the first one has ended.
contend() {
	local line second

	exec 8<>in 9<>out
	(become_daemon first)
	read -r line <&9
	(become_daemon second) &
	second=$!
	settle $second
	echo end >&8
	try wait $second || return 0
	read -r line <&9
	try test "$line" = second
	echo end >&8
}
row "-l, the second waits" flock "open flock"

simple() {
	setup
	exec 8<>in 9<>out
	(become_daemon first)
	head -n 1 <&9
	daemonize -l "$PWD/lock" /bin/true; echo $?
	echo end >&8
}
how=bare
quiet
