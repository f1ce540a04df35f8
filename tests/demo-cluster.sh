#!/bin/sh
# SPDX-License-Identifier: MIT
# demo-cluster.sh - two hosts run a program that knows of one host only.
#
# "make demo-cluster" runs this, and make check-etcd.  Both hosts share a folder,
# but each has a lock folder of its own, as /run/lock is.  Every number is one of
# this run.  Exit status 1 if anything failed with portlock.
set -u

workers=4 # on each host
rounds=8  # of each worker
ttl=5	  # seconds that a lost host keeps the lock

fail() {
	echo "demo-cluster: $*" >&2
	exit 1
}

[ -n "${PORTLOCK_COMMAND:+${top_builddir:-}}" ] ||
	fail "start this by: make demo-cluster"
if [ -z "${PORTLOCK_SHIM:-}" ]; then
	echo "skipped: this build is without the shim"
	exit 77
fi
command -v flock >/dev/null ||
	fail "flock is missing (Debian: apt-get install util-linux)"
# An etcd and two hosts, which end when this does.
if [ -z "${HOST_2-}" ]; then
	exec "$top_builddir/tests/etcd/with_etcd" --hosts 2 -- "$0" "$@"
fi
PORTLOCK_ETCD_TTL=$ttl
export PORTLOCK_ETCD_TTL

work=$(mktemp -d) || exit 1
clean_up() {
	power_off a
	power_off b
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

shared=$work/shared	 # the same on both hosts
lock=$work/run/tally.lock # another file on each
rule="flock */run/tally.lock transport=etcd"
mkdir "$shared" "$work/run" "$work/a" "$work/b" || exit 1

# ---- hosts -------------------------------------------------------------------

# on HOST COMMAND...: there, where $work/run is the host's own
on() {
	case $1 in
	a) enter=${HOST_1:?} ;;
	b) enter=$HOST_2 ;;
	esac
	own=$work/$1
	shift
	# shellcheck disable=SC2016,SC2086 # for the inner shell; words
	$enter unshare -m sh -c 'mount --bind "$1" "$2" && shift 2 && exec "$@"' \
		sh "$own" "$work/run" "$@"
}

# processes HOST: all that run there
processes() {
	network=$(on "$1" readlink /proc/self/ns/net)
	for process in /proc/[0-9]*; do
		[ "$(readlink "$process/ns/net" 2>/dev/null)" != "$network" ] ||
			echo "${process#/proc/}"
	done
}

# power_off HOST: nothing is sent any more, then nothing runs any more
power_off() {
	on "$1" ip link set eth0 down
	for process in $(processes "$1"); do
		kill -KILL "$process" 2>/dev/null
	done
}

# ---- the program, and a referee ---------------------------------------------

# Reads, thinks, writes: right as long as nobody else does so meanwhile.
cat >"$work/tally" <<'END'
#!/bin/sh
count=$(cat tally.txt)
sleep 0.01
echo $((count + 1)) >tally.txt
END

# Comes and goes with the program: who cannot make the folder is not alone.
cat >"$work/referee" <<'END'
#!/bin/sh
if mkdir inside 2>/dev/null; then
	"$@"
	rmdir inside
else
	echo >>overlaps
	"$@"
fi
END

# A worker, on one host: the command is what anybody would write for one host.
cat >"$work/worker" <<'END'
#!/bin/sh
# worker WORK LOCK ROUNDS
cd "$1/shared" || exit
i=0
while [ $i -lt "$3" ]; do
	flock "$2" "$1/referee" "$1/tally" || echo >>failures
	i=$((i + 1))
done
END
chmod +x "$work/tally" "$work/referee" "$work/worker"

# preload HOST COMMAND...: with portlock;  bare HOST COMMAND...: without
preload() {
	host=$1
	shift
	on "$host" "$PORTLOCK_COMMAND" preload --rule "$rule" -- "$@"
}

bare() {
	on "$@"
}

# story bare|preload: sets lost, overlaps, failures, time
story() {
	rm -rf "$shared/inside"
	echo 0 >"$shared/tally.txt"
	: >"$shared/overlaps"
	: >"$shared/failures"
	start=$(date +%s%N)
	for worker in $(seq $workers); do
		for host in a b; do
			"$1" $host "$work/worker" "$work" "$lock" $rounds &
			all="${all-} $!"
		done
	done
	for worker in $all; do
		wait "$worker"
	done
	all=
	time=$((($(date +%s%N) - start) / 1000000))
	lost=$((total - $(cat "$shared/tally.txt")))
	overlaps=$(wc -l <"$shared/overlaps")
	failures=$(wc -l <"$shared/failures")
}

# ---- a host that goes --------------------------------------------------------

# lost_host: host a holds and is switched off; sets waited, in ms
lost_host() {
	mkfifo "$work/holds" "$work/never" || exit 1
	# shellcheck disable=SC2016 # for the inner shell
	{ preload a flock "$lock" \
		sh -c 'echo >"$1"; read -r line <"$2"' sh "$work/holds" \
		"$work/never"; } 2>/dev/null & # also what is said of its end
	holder=$!
	read -r _ <"$work/holds" || fail "host a does not get the lock"
	preload b flock -w 60 "$lock" touch "$shared/next" &
	next=$!
	start=$(date +%s%N)
	power_off a
	wait $holder 2>/dev/null
	wait $next || return
	waited=$((($(date +%s%N) - start) / 1000000))
	[ -e "$shared/next" ]
}

# ---- what is shown -----------------------------------------------------------

bold='' red='' green='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$(printf '\033[1m') red=$(printf '\033[31m')
	green=$(printf '\033[32m') plain=$(printf '\033[0m')
fi

# judge NUMBER: with its colour
judge() {
	if [ "$1" -eq 0 ]; then
		echo "$green$1$plain"
	else
		echo "$red$1$plain"
	fi
}

seconds() {
	echo "$(($1 / 1000)).$(($1 % 1000 / 100)) s"
}

tell() {
	echo "  counted twice or not at all: $(judge "$lost") of $total"
	echo "  found somebody else inside:  $(judge "$overlaps")"
	echo "  commands that failed:        $(judge "$failures")"
	echo "  time:                        $(seconds $time)"
	echo
}

total=$((2 * workers * rounds))
echo "${bold}Two hosts, $workers processes each, add to one number in a shared"
echo "folder, $rounds times each, by:${plain}"
echo "  flock /.../run/tally.lock tally"
echo "/.../run is each host's own, as /run/lock is: flock knows of one host."
echo
echo "${bold}Without portlock${plain}"
story bare
tell
[ "$lost" -ne 0 ] || echo "  (luck: try again)"
echo "${bold}With portlock, the same program, started on each host by:${plain}"
echo "  portlock preload --rule '$rule' -- ..."
story preload
tell
with=$lost$overlaps$failures
echo "${bold}A host has the lock and is switched off; the other one waits${plain}"
lost_host || fail "the other host does not get the lock"
echo "  the other host goes on after $(seconds "$waited"), when the lease of"
echo "  $ttl s has ended"
[ "$with" = 000 ] || fail "something failed with portlock"
