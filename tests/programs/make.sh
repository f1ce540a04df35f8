# SPDX-License-Identifier: MIT
# make.sh - make -O prints what each of its jobs says in one piece.
#
# For that it locks its standard output: a file, or a pipe, which has no name.
program make make make

rules='fcntl * timeout=60'
fails_bare=no

setup() {
	printf '%s\n' 'all: $(addprefix job,$(shell seq 100))' \
		'job%:; @echo $@; echo $@; echo $@' >Makefile
}

whole() {
	start make -s -O -j 8 | cat >printed
	[ "$(lines printed)" -eq 300 ] && [ "$(uniq printed | wc -l)" -eq 100 ]
}

contend() {
	try whole
}
row "-O -j 8, into a pipe" fcntl fcntl "no: a pipe has no name"

in_file() {
	start make -s -O -j 8 >printed
	[ "$(lines printed)" -eq 300 ] && [ "$(uniq printed | wc -l)" -eq 100 ]
}

contend() {
	try in_file
}
rules='fcntl */printed timeout=60'
row "-O -j 8, into a file" fcntl fcntl

simple() {
	setup && make -s -O job1 job2 && make -s none; echo $?
}
quiet
