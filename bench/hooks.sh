#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# hooks.sh - what the shim adds to a call: bare, without a rule for its family,
# with a rule that does not match, and with one that does.
#
#	make bench-hooks [ROUNDS=9] [SECONDS_EACH=0.05] [OPERATIONS="flock ..."]
#
# Each round measures every operation in all four ways, one after the other, so
# that a slow moment of the machine hits all alike; medians are printed.
set -euo pipefail

hooks=${HOOKS:?the program to measure}
shim=${PORTLOCK_SHIM:?the shim}
rounds=${ROUNDS:-9}
seconds=${SECONDS_EACH:-0.05}
operations=${OPERATIONS:-sem sem-unnamed open open-absolute lockfile
	lockfile-absolute lockfile-link lockfile-mkdir lockfile-mkdir-absolute
	lockfile-open lockfile-open-absolute flock fcntl fcntl-other mutex
	sysvsem}
folder=$(mktemp -d "${TMPDIR:-/tmp}/portlock-hooks-XXXXXX")
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/work"
echo text >"$folder/work/file"

# rules OPERATION WAY: the rules for it
rules() {
	local family=${1%%-*}

	case $2 in
	none)
		# Rules there are, but for another family.
		[ "$family" = passwd ] || echo 'passwd *'
		;;
	other)
		case $family in
		sem)		echo 'sem /none' ;;
		sysvsem)	echo 'sysvsem /0x7ead1234/*' ;;
		mutex)		echo 'mutex */none:none' ;;
		*)		echo "$family */none/*.lock"
				echo "$family */none/file" ;;
		esac
		;;
	match)
		case $1 in
		mutex)		echo 'mutex *:mutex' ;;
		lockfile-open*)	echo 'lockfile */file.lock' ;;
		*)		echo "$family *" ;;
		esac
		;;
	esac
}

# measure OPERATION WAY: nanoseconds
measure() {
	if [ "$2" = bare ]; then
		"$hooks" "$1" "$seconds" "$folder/work"
	else
		PORTLOCK_RULES=$(rules "$1" "$2") LD_PRELOAD=$shim \
			"$hooks" "$1" "$seconds" "$folder/work"
	fi
}

for ((round = 1; round <= rounds; round++)); do
	printf '\rround %d of %d ' "$round" "$rounds" >&2
	echo "portlock bare $(measure portlock bare)"
	for operation in $operations; do
		for way in bare none other match; do
			echo "$operation $way $(measure "$operation" "$way")"
		done
	done
done >"$folder/results"
printf '\r                    \r' >&2

median() {
	awk -v operation="$1" -v way="$2" \
		'$1 == operation && $2 == way { print $3 }' "$folder/results" |
		sort -g | awk '{ line[NR] = $1 }
			END { print line[int((NR + 1) / 2)] }'
}

own=$(median portlock bare)
printf 'nanoseconds, medians of %d rounds; portlock, unix: %s\n' \
	"$rounds" "$own"
printf '%-23s %9s %9s %9s %9s %8s %8s %8s\n' operation bare 'no rule' \
	'other' match '+no rule' '+other' 'm/own'
for operation in $operations; do
	echo "$operation $(median "$operation" bare)" \
		"$(median "$operation" none) $(median "$operation" other)" \
		"$(median "$operation" match)"
done | awk -v own="$own" '{
	printf "%-23s %9.1f %9.1f %9.1f %9.1f %8.1f %8.1f %8.2f\n",
		$1, $2, $3, $4, $5, $3 - $2, $4 - $2, $5 / own
}'
