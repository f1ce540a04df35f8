# SPDX-License-Identifier: MIT
# run.sh - a program's jobs in a folder of their own, bare or with the shim.

# watched COMMAND...: the same command; the loader tells what it binds, if that
# is to be known of it
watched() {
	if [ "${watch-}" ]; then
		exec env LD_DEBUG=bindings LD_DEBUG_OUTPUT="$scratch/bound" "$@"
	fi
	exec "$@"
}

# start COMMAND...: with the shim in a run that is to have it
start() {
	if [ "$how" = shim ]; then
		"$PORTLOCK_COMMAND" preload --rules "$scratch/rules" -- \
			bash -c 'watched "$@"' - "$@"
	else
		"$@"
	fi
}

# The same in place of this (sub)shell, whose pid is the command's then.
exec_start() {
	if [ "$how" = shim ]; then
		exec "$PORTLOCK_COMMAND" preload --rules "$scratch/rules" \
			-- bash -c 'watched "$@"' - "$@"
	fi
	exec "$@"
}

# try COMMAND...: for a contend; notes one job, and whether it failed
try() {
	echo try >>jobs.try
	"$@" && return
	echo "failed: $*"
	echo try >>failed.try
	return 1
}

# settle PID: waits until that process has ended or seems to wait for something.
# If it only seems so, less is shown than could be.
settle() {
	local before='' now=none try

	for ((try = 0; try < 10; try++)); do
		kill -0 "$1" 2>/dev/null || return
		before=$now
		sleep 0.05
		now=$(grep -E '^State:.*S|ctxt' "/proc/$1/status" 2>&1)
		[ "$now" != "$before" ] || return
	done
}

lines() {
	cat "$@" 2>/dev/null | wc -l
}

# ---- many at once ------------------------------------------------------------

# The process of worker $1, which starts when nobody can write to 9 any more.
worker() {
	local round

	echo ready >&7
	read -r -u 9
	exec 7>&- 9<&-
	for ((round = 1; round <= rounds; round++)); do
		echo "$round" >>"jobs.$1"
		job "$1" "$round" </dev/null || echo "$round" >>"failed.$1"
	done
}

# All workers are there before the first of them begins.
crowd() {
	local worker

	mkfifo ready go
	exec 7<>ready 8<>go 9<go
	for ((worker = 1; worker <= workers; worker++)); do
		start bash -c "worker $worker" >"out.$worker" 2>&1 8>&- &
		watch='' # one is enough
	done
	for ((worker = 1; worker <= workers; worker++)); do
		read -r -u 7
	done
	exec 7>&- 8>&- 9<&-
	wait
}

# ---- one run ------------------------------------------------------------------

# In a process group of its own, in the run's folder.
run() {
	set -ua
	watch=yes
	mkdir home
	HOME=$PWD/home
	# Rules may be wrong, a program not to be had.
	start true && setup || exit
	contend || [ -e failed.try ] || exit
	echo "$(lines failed.*) $(lines jobs.*) $(lost)" >outcome
}

# measure HOW: sets outcome, a text; lost, how many updates are; and bad, how
# many failed or are lost
measure() {
	local failed jobs start=$EPOCHREALTIME status time

	how=$1
	folder=$scratch/$how
	mkdir "$folder"
	printf '%s\n' "$rules" >"$scratch/rules"
	(cd "$folder" && exec timeout -s KILL "$patience" bash -c run) \
		>"$folder/log" 2>&1 </dev/null
	status=$?
	time=$(((${EPOCHREALTIME/./} - ${start/./}) / 10000))
	time=$((time / 100)).$(printf %02d $((time % 100)))
	if [ ! -s "$folder/outcome" ]; then
		bad=1 lost=1 outcome="hangs"
		((status == 124 || status == 137)) ||
			outcome="ends with status $status"
		return
	fi
	read -r failed jobs lost <"$folder/outcome"
	bad=$((failed + lost))
	outcome="$failed of $jobs"
	((lost == 0)) || outcome+=", $lost lost"
	outcome+=", $time s"
}

# unbound NAME...: those of the entry points that no program found in the shim
unbound() {
	local name

	for name; do
		cat "$scratch"/bound.* 2>/dev/null | grep -qF \
			"portlock-shim.so [0]: normal symbol \`$name'" ||
			echo "$name"
	done
}

# The end of what a run printed, for a failure.
show_run() {
	local file

	for file in "$folder"/log "$folder"/out.*; do
		[ -s "$file" ] || continue
		echo "---- $program, $how: ${file##*/}"
		tail -n 5 "$file"
	done | head -n 20
	echo "----"
}
