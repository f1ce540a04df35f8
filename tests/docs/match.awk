# SPDX-License-Identifier: MIT
# match.awk - whether output is what a document shows: match.awk SHOWN OUTPUT
#
# In what is shown, "..." stands for any text and, alone on a line, for any
# lines; 4700 to 4799 stand for any number.  Blanks are as good as one.

function tidy(line) {
	gsub(/[ \t]+/, " ", line)
	sub(/ $/, "", line)
	return line
}

# The regular expression for a line that is shown.
function pattern(line) {
	gsub(/[][\\.^$*+?(){}|\/]/, "\\\\&", line)
	gsub(/\\\.\\\.\\\./, ".*", line)
	line = " " line " "
	while (match(line, /[^0-9.]47[0-9][0-9][^0-9]/))
		line = substr(line, 1, RSTART) "[0-9]+" \
			substr(line, RSTART + 5)
	return "^" substr(line, 2, length(line) - 2) "$"
}

# Whether the lines from there on fit.
function fits(i, j) {
	for (; i <= shown && line[i] != "..."; i++) {
		if (j > printed || output[j] !~ expected[i])
			return 0
		j++
	}
	if (i > shown)
		return j > printed
	for (; j <= printed + 1; j++)
		if (fits(i + 1, j))
			return 1
	return 0
}

FILENAME == ARGV[1] {
	line[++shown] = tidy($0)
	expected[shown] = pattern(line[shown])
	next
}
{ output[++printed] = tidy($0) }

END { exit !fits(1, 1) }
