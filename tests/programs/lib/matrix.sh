# SPDX-License-Identifier: MIT
# matrix.sh - which family holds for which program, and shim/PROGRAMS.md.

document=$here/../../shim/PROGRAMS.md
families='sem lockfile open mutex sysvsem flock fcntl passwd liblockfile'

# The two tables, from the rows that were run.
matrix() {
	awk -F '\t' -v families="$families" '
	function cell(name, family,   word) {
		word = words[name, family]
		return word == "" ? "" : word ~ /,/ ? "in part" : word
	}
	BEGIN { count = split(families, all, " ") }
	$4 == "-" { next }
	{
		verdict = $1 == "PASS" ? $8 : "FAILS"
		word = verdict
		sub(/:.*/, "", word)
		if (!($2 in seen)) {
			seen[$2] = 1
			names[++programs] = $2
		}
		split($4, mine, " ")
		for (i in mine) {
			old = words[$2, mine[i]]
			if (old == "" || old == word)
				words[$2, mine[i]] = word
			else
				words[$2, mine[i]] = old "," word
		}
		lines[++rows] = "| " $2 " | " $3 " | " $4 " | " \
			($5 == "-" ? "" : $5) " | " verdict " |"
	}
	END {
		line = "| program |"
		rule = "|---|"
		for (i = 1; i <= count; i++) {
			line = line " " all[i] " |"
			rule = rule "---|"
		}
		print line "\n" rule
		for (n = 1; n <= programs; n++) {
			line = "| " names[n] " |"
			for (i = 1; i <= count; i++)
				line = line " " cell(names[n], all[i]) " |"
			print line
		}
		print "\n| program | what it does | families | entry points |" \
			" with the rules |\n|---|---|---|---|---|"
		for (n = 1; n <= rows; n++)
			print lines[n]
	}' "$results"
}

# The lines about the programs that ran, and all but those that were skipped,
# if all were asked for: then none may be there of one that is gone.
lines_to_compare() {
	awk -F ' [|] ?|[|] ' -v all="$all" '
	FNR == NR {
		split($0, column, "\t")
		column[1] == "SKIP" ? skipped[column[2]] : ran[column[2]]
		next
	}
	/^\| / && $2 != "program" && !($2 in skipped) && (all || ($2 in ran))
	' "$results" "$1" | sort
}

# The document must say what was found.
check_document() {
	program=PROGRAMS.md
	matrix >"$work/matrix"
	if diff -u --label "$document" --label "this run" \
		<(lines_to_compare "$document") \
		<(lines_to_compare "$work/matrix"); then
		record PASS "says the same" - - - "" -
	else
		record FAIL "says the same" - - - "differs" -
	fi
}
