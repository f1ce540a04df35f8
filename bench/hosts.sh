#!/bin/sh
# SPDX-License-Identifier: MIT
# hosts.sh - a lock that two hosts want all the time: "portlock run" against
# "etcdctl lock", on one etcd.
#
# "make bench-hosts" runs this.  Each host runs the command again and again; so
# the next grant is mostly the other host's, and what is measured is one command
# from the start of portlock or etcdctl to their end, with a hand-over between
# hosts.  Contenders alternate; a ratio is of two measurements in a row.
set -u

rounds=${ROUNDS:-5}      # of both contenders
commands=${COMMANDS:-40} # of each host in a round

fail() {
	echo "hosts: $*" >&2
	exit 1
}

[ -n "${PORTLOCK_COMMAND:+${top_builddir:-}}" ] ||
	fail "start this by: make bench-hosts"
# An etcd and two hosts, which end when this does.
if [ -z "${HOST_2-}" ]; then
	exec "$top_builddir/tests/etcd/with_etcd" --hosts 2 -- "$0" "$@"
fi

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# What a host does: each command leaves the host's name.
cat >"$work/host" <<'END'
#!/bin/sh
# host NAME COUNT FILE COMMAND...
name=$1 count=$2 file=$3
shift 3
while [ "$count" -gt 0 ]; do
	"$@" sh -c "echo $name >>'$file'" || echo failed >>"$file"
	count=$((count - 1))
done
END
chmod +x "$work/host"

# measure COMMAND...: sets rate (grants/s) and changes (of host, percent)
measure() {
	: >"$work/grants"
	start=$(date +%s%N)
	# shellcheck disable=SC2086 # words
	${HOST_1:?} "$work/host" a "$commands" "$work/grants" "$@" &
	first=$!
	# shellcheck disable=SC2086
	$HOST_2 "$work/host" b "$commands" "$work/grants" "$@" &
	second=$!
	wait $first $second
	time=$(($(date +%s%N) - start))
	! grep -q failed "$work/grants" || fail "$1 failed"
	[ "$(wc -l <"$work/grants")" = $((2 * commands)) ] ||
		fail "$1: grants are missing"
	rate=$((2 * commands * 1000000000 / time))
	changes=$(uniq "$work/grants" | wc -l)
	changes=$(((changes - 1) * 100 / (2 * commands - 1)))
}

echo "two hosts, load $(cut -d ' ' -f 1-3 /proc/loadavg)"
printf '%-6s %22s %22s %8s\n' round 'portlock run' 'etcdctl lock' ratio
round=1
while [ $round -le "$rounds" ]; do
	measure "$PORTLOCK_COMMAND" run --transport etcd -t 60 bench --
	ours=$rate ours_changes=$changes
	measure etcdctl lock -- bench
	printf '%-6s %10s/s, %3s %% change %8s/s, %3s %% change %s\n' $round \
		"$ours" "$ours_changes" "$rate" "$changes" \
		"$(echo "$ours $rate" | awk '{ printf "%.2f", $1 / $2 }')"
	round=$((round + 1))
done
