# SPDX-License-Identifier: MIT
# quiet.sh - that the shim changes nothing where no rule matches.
#
# A program's simple job runs bare, with the shim and no rules, and with rules
# of all families that match nothing (but passwd: there is only one such lock).
# It must print the same, end with the same status, and have the same descriptors
# open at the end of each process.  Without rules it must also make the same
# number of each system call, but for
# - those of the loader, which has two more libraries to load;
# - getpid and getppid: is this process who it was, or a child of it?
# With rules there are more: what is open is looked at.
#
# What files a git looks at, or how often a thread waits, may depend on the
# moment.  So a run may be repeated: one with the shim must be like one without,
# and the counts of a system call may differ as they do from run to run.

no_match='
sem /no-such-name
lockfile /no/such/*.lock
open /no/such/file
mutex /no/such/program:mutex
sysvsem /0x7ead1234/*
flock /no/such/file
fcntl /no/such/file
liblockfile /no/such/file
'
quiet_tries=5

# job_under HOW COMMAND...: the simple job as the end of a command, in an empty
# folder that has the same name for all.
job_under() {
	local preload='' text=''

	[ "$1" = bare ] || preload=$PORTLOCK_SHIM
	[ "$1" != other ] || text=$no_match
	shift
	rm -rf "$scratch/quiet"
	mkdir -p "$scratch/quiet/home"
	(cd "$scratch/quiet" && HOME=$PWD/home exec timeout -s KILL "$patience" \
		"$@" env LD_PRELOAD="$preload" PORTLOCK_RULES="$text" \
		bash -c simple </dev/null >"$scratch/output" 2>&1)
}

# How many of each system call are in a log of strace -f, without getpid,
# getppid and the loader's: from a successful exec until it unmaps its cache.
count_calls() {
	awk '
	loading[$1] {
		if ($2 ~ /^munmap\(/)
			delete loading[$1]
		next
	}
	/ execve(\(| resumed>).* = 0$/ { loading[$1] = 1 }
	$2 ~ /^[a-z_0-9]+\(/ && $2 !~ /^getp?pid\(/ {
		sub(/\(.*/, "", $2)
		calls[$2]++
	}
	END { for (name in calls) print name, calls[name] }' "$1" | sort
}

# look HOW NUMBER: all that is to be compared, in one file
look() {
	local to=$scratch/look.$1.$2

	job_under "$1" "$tools/at_exit" "$scratch/ends"
	{
		echo "status $?"
		cat "$scratch/output"
		sort "$scratch/ends"
	} >"$to"
	rm -f "$scratch/trace"
	job_under "$1" strace -f -qq -o "$scratch/trace"
	[ -s "$scratch/trace" ] || return
	count_calls "$scratch/trace" >"$to.calls"
}

# Whether the runs of those two kinds made the same number of each system call,
# as far as that is the same from run to run: if not, the ranges must meet.
calls_meet() {
	awk -v bare="look.$1." '
	FNR == 1 { runs[index(FILENAME, bare) > 0]++ }
	{
		kind = index(FILENAME, bare) > 0
		names[$1]
		seen[kind, $1]++
		if (seen[kind, $1] == 1 || $2 < least[kind, $1])
			least[kind, $1] = $2
		if ($2 > most[kind, $1])
			most[kind, $1] = $2
	}
	END {
		for (name in names) {
			for (kind = 0; kind < 2; kind++)
				if (seen[kind, name] < runs[kind])
					least[kind, name] = 0
			if (most[0, name] + 0 < least[1, name] ||
			    most[1, name] + 0 < least[0, name])
				exit 1
		}
	}' "$scratch/look.$1."*.calls "$scratch/look.$2."*.calls
}

# Whether a run of each of those two kinds showed the same, and calls meet.
alike() {
	local bare shim

	[ "$2" = other ] || calls_meet "$1" "$2" || return
	for bare in "$scratch/look.$1."[0-9]; do
		for shim in "$scratch/look.$2."[0-9]; do
			cmp -s "$bare" "$shim" && return
		done
	done
	return 1
}

# quiet_row HOW WHAT
quiet_row() {
	local try how what

	for ((try = 1; try <= quiet_tries; try++)); do
		for how in bare "$1"; do
			[ -e "$scratch/look.$how.$try" ] ||
				look "$how" $try || {
				record SKIP "$2" - - - "missing: strace" -
				return
			}
		done
		if alike bare "$1"; then
			record PASS "$2" - - - "changes nothing" -
			return
		fi
	done
	echo "---- $program: $2"
	for what in '' $([ "$1" = other ] || echo .calls); do
		diff -U 0 --label bare --label shim \
			"$scratch/look.bare.1$what" "$scratch/look.$1.1$what"
	done
	record FAIL "$2" - - - "differs" -
}

quiet() {
	printf '%s\n' "$no_match" >"$scratch/rules"
	if ! "$PORTLOCK_COMMAND" preload --check --rules "$scratch/rules" \
		>/dev/null; then
		record FAIL "no rule matches" - - - "wrong rules" -
		return
	fi
	quiet_row empty "without rules"
	quiet_row other "no rule matches"
}
