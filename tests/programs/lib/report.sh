# SPDX-License-Identifier: MIT
# report.sh - the results, one by one and in all.

# table_line PROGRAM WHAT ENTRY-POINTS BARE SHIM MARK
table_line() {
	printf '%-4s %-13s %-27s %-22s %-23s %s\n' "$6" "$1" "$2" "$4" "$5" "$3"
}

heading() {
	table_line program "what it does" "entry points hooked" \
		"bare failures" "with the shim" ""
}

# record PASS|FAIL|SKIP WHAT FAMILIES ENTRY-POINTS BARE SHIM VERDICT
record() {
	local mark=

	table_line "$program" "$2" "$4" "$5" "$6" "${1/PASS/ok}"
	printf '%s\t' "$1" "$program" "$2" "$3" "$4" "$5" "$6" "$7" \
		>>"$results"
	echo >>"$results"
}

# results PASS|FAIL|SKIP: how many
results() {
	grep -c "^$1	" "$results"
}

# The sums, as make check prints them; the status is run.sh's.
report() {
	local failed skipped

	failed=$(results FAIL) skipped=$(results SKIP)
	if [ "${PORTLOCK_PROGRAMS-}" = all ]; then
		failed=$((failed + skipped)) skipped=0
	fi
	echo
	echo "# PASS:  $(results PASS)"
	echo "# SKIP:  $skipped"
	echo "# FAIL:  $failed"
	((failed == 0))
}
