# SPDX-License-Identifier: MIT
# steps.awk - the fenced blocks of a Markdown file as a list of steps.
#
#	awk -v folder=DIR -f steps.awk FILE.md >STEPS
#
# What a step needs is left in files in DIR; a step is a line of
#	LINE not-run REASON		LINE needs PROGRAM...
#	LINE hidden FILE		LINE block LANGUAGE FILE NAME
#	LINE command FILE OUTPUT STATUS
# NAME is that of "<!-- file: NAME -->" or "-", OUTPUT "-" if none is shown,
# STATUS "any" if the next command prints $?, else 0.

function fail(text) {
	printf "%s:%d: %s\n", FILENAME, FNR, text >"/dev/stderr"
	failed = 1
}

function new_file() {
	return folder "/" ++files
}

# One that was begun for the command before.
function end_command() {
	if (command != "") {
		printf "%d command %s %s %s\n", command_line, command, output,
			status
		close(command)
		close(output)
	}
	command = ""
}

function begin_command(text) {
	if (text ~ /^echo "?\$\?/)
		status = "any"
	end_command()
	command_line = FNR
	command = new_file()
	output = "-"
	status = 0
	add_command(text)
}

function add_command(text) {
	print text >command
	continued = text ~ /\\$/
}

function console(text) {
	if (text ~ /^\$ /) {
		begin_command(substr(text, 3))
	} else if (command == "") {
		fail("output without a command: " text)
	} else if (continued) {
		sub(/^> /, "", text)
		add_command(text)
	} else {
		if (output == "-")
			output = new_file()
		print text >output
	}
}

function begin_block() {
	inside = 1
	language = substr($0, 4)
	block_line = FNR
	if (reason != "") {
		printf "%d not-run %s\n", FNR, reason
		skipped = 1
		return
	}
	skipped = 0
	if (language == "")
		fail("a block without a language; ```text is for none")
	if (language != "console") {
		file = new_file()
		printf "" >file
	} else {
		printf "%d console\n", FNR
	}
}

function end_block() {
	inside = 0
	if (!skipped && language == "console")
		end_command()
	else if (!skipped) {
		close(file)
		printf "%d block %s %s %s\n", block_line, language, file,
			name == "" ? "-" : name
	}
	name = reason = ""
}

function directive(text) {
	sub(/^<!-- */, "", text)
	sub(/ *-->$/, "", text)
	if (sub(/^not run: */, "", text))
		reason = text
	else if (sub(/^file: */, "", text))
		name = text
	else if (sub(/^needs: */, "", text))
		printf "%d needs %s\n", FNR, text
}

inside && /^```/ { end_block(); next }
inside && skipped { next }
inside && language == "console" { console($0); next }
inside { print >file; next }
hidden != "" {
	ends = sub(/ *-->$/, "")
	print >hidden
	if (ends)
		hidden_end()
	next
}
/^```/ { begin_block(); next }
/^<!-- run:/ {
	hidden = new_file()
	hidden_line = FNR
	ends = sub(/ *-->$/, "")
	sub(/^<!-- run: */, "")
	print >hidden
	if (ends)
		hidden_end()
	next
}
/^<!-- .*-->$/ { directive($0) }

function hidden_end() {
	close(hidden)
	printf "%d hidden %s\n", hidden_line, hidden
	hidden = ""
}

END {
	if (inside || hidden != "")
		fail("the last block or comment has no end")
	exit failed
}
