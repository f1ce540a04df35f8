# SPDX-License-Identifier: MIT
# sed.sh - a program without any lock: sed -i replaces a file by a changed copy.
program sed sed sed

workers=2 rounds=40
rules='open */tally hold=exit'

setup() {
	seq 20000 >tally # so that it takes a moment
}

job() {
	sed -i '1s/$/|/' tally
}

lost() {
	echo $((workers * rounds - $(tr -dc '|' <tally | wc -c)))
}
row "two sed -i loops" open "fopen rename"

simple() {
	echo old >file && sed -i s/old/new/ file && cat file && sed -n p file none
}
quiet
