# SPDX-License-Identifier: MIT
# cron.sh - one cron at a time: it locks /run/crond.pid and keeps it locked.
#
# Here in namespaces where that and all crontabs are empty, and where all that
# is left ends with the first process.
program cron cron cron

needs_root=yes
rules="flock */crond.pid key=cron-$$ timeout=20"

# in_private COMMAND: of this shell
in_private() {
	unshare -m -p --kill-child --mount-proc bash -c "
		mount -t tmpfs none /run && mount -t tmpfs none /etc/cron.d &&
		mount -t tmpfs none /var/spool/cron &&
		mkdir /var/spool/cron/crontabs && : >none &&
		mount --bind none /etc/crontab && $*"
}

# new_holder PID: until the file names another process than before, which lives;
# fails if that process has ended
new_holder() {
	local before=$holder

	until holder=$(cat /run/crond.pid) && [ "$holder" ] &&
		[ "$holder" != "$before" ] && kill -0 "$holder"; do
		kill -0 "$1" 2>/dev/null || return
	done 2>/dev/null
}

# The second one fails, or else waits until the first one has ended.
one_by_one() {
	local first second

	holder=
	(exec_start cron -f) &
	first=$!
	new_holder $first || return
	(exec_start cron -f) &
	second=$!
	settle $second
	kill -KILL $first
	try new_holder $second
	kill -TERM $second
	wait
}

contend() {
	in_private one_by_one
}
row "-f, the second waits" flock "open flock"

# A daemon locks the file and forks, and the parent ends.
daemons() {
	local second

	holder=
	start cron
	new_holder $$
	(exec_start cron) &
	second=$!
	settle $second
	kill -KILL "$holder"
	try wait $second && try new_holder $$
	kill -TERM "$holder"
}

contend() {
	in_private daemons
}
row "as daemons" flock "open flock"

# It ends by itself only if it cannot lock.
cannot_lock() {
	flock /run/crond.pid sh -c 'cron -f; echo $?'
}

simple() {
	in_private cannot_lock 2>&1 | sed 's/ [0-9]*: / /'
}
quiet
