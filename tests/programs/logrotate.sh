# SPDX-License-Identifier: MIT
# logrotate.sh - two with the same state file: the second one fails.
program logrotate logrotate logrotate

workers=4 rounds=5
rules='flock */state timeout=60'

configure() {
	printf '%s\n' "$PWD/$1 {" 'rotate 99' 'nocreate' '}'
}

setup() {
	chmod 755 .
	configure 'log*' >conf
	chmod 644 conf
	# Who makes the state file has no lock yet: two may want to.
	logrotate -s state conf
}

# Each has a log of its own to rotate.
job() {
	configure "log.$1" >"conf.$1"
	chmod 644 "conf.$1"
	echo "$2" >"log.$1"
	logrotate -f -s state "conf.$1" && echo "$2" >>"rotated.$1"
}

lost() {
	local worker lost=0

	for ((worker = 1; worker <= workers; worker++)); do
		lost=$((lost + $(lines "rotated.$worker") - \
			$(lines "log.$worker".[0-9]*)))
	done
	echo $((lost > 0 ? lost : 0))
}
row "-f, one state file" flock "open flock"

simple() {
	setup
	echo 1 >log.1
	logrotate -f -s state conf && ls
	logrotate -s state none; echo $?
}
quiet
