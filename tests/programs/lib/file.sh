# SPDX-License-Identifier: MIT
# file.sh - what a program's file calls to say what it is about; README.md has
# a description.

# program NAME 'PACKAGE...' COMMAND...: the file ends here if one is missing
program() {
	local command missing=

	program=$1 packages=$2
	shift 2
	for command; do
		command -v "$command" >/dev/null || missing+=" $command"
	done
	if [ "$mode" = missing ]; then
		[ -z "$missing" ] || echo "$packages"
		exit
	fi
	if [ -n "$missing" ]; then
		record SKIP - - - "missing:$missing" "Debian: $packages" -
		exit
	fi
}

# What a row consists of; what a file changes stays for its next rows.
workers=8	# processes at once
rounds=10	# jobs of each
patience=60	# seconds after which a run counts as hung
rules=		# of the run with the shim
fails_bare=yes	# whether the run without the shim should show failures

needs_root=	# whether only root can do this

# Once, in the run's own empty folder.
setup() {
	:
}

# job WORKER ROUND: its status says whether it failed
job() {
	:
}

# Starts the contenders and waits for them.
contend() {
	crowd
}

# Prints how many updates are missing, of those that said they were made.
lost() {
	echo 0
}

# row WHAT FAMILIES ENTRY-POINTS [VERDICT]: runs it bare and with the shim.
# The verdict is what the matrix says if nothing fails, "holds" if not given.
# With "no: REASON" what fails bare may fail with the shim; nothing may be lost.
row() {
	local verdict=PASS bare shim name

	if [ "$needs_root" ] && [ "$(id -u)" -ne 0 ]; then
		record SKIP "$1" - - - "needs root" -
		return
	fi
	measure bare
	bare=$outcome
	if [ "$bad$fails_bare" = 0yes ]; then
		bare+=", by luck"
	fi
	measure shim
	shim=$outcome
	[[ ${4-} != no:* ]] || bad=$lost
	# shellcheck disable=SC2086 # words
	for name in $(unbound $3); do
		echo "---- $program: $1: $name is not hooked"
		bad=1
	done
	if ((bad > 0)); then
		verdict=FAIL
		show_run
	fi
	record $verdict "$1" "$2" "$3" "$bare" "$shim" "${4:-holds}"
	rm -rf "$scratch/bare" "$scratch/shim" "$scratch"/bound.*
}
