# SPDX-License-Identifier: MIT
# sqlite3.sh - a database by its two ways to lock: records, and a directory.
program sqlite3 sqlite3 sqlite3

workers=8 rounds=10
vfs=unix

sql() {
	sqlite3 -batch -vfs "$vfs" db "$@"
}

setup() {
	sql 'create table t (worker, round)'
}

job() {
	sql "insert into t values ($1, $2)" && echo "$2" >>"inserted.$1"
}

lost() {
	echo $(($(lines inserted.*) - $(sql 'select count(*) from t')))
}
# A reader that wants to write waits for the other readers.
rules='fcntl */db timeout=60 shared=exclusive'
row "records: insert" fcntl fcntl64
rules='open */db'
row "the same, whole" open "open64 close"
vfs=unix-dotfile
row "unix-dotfile, whole" open "open64 close"
# The database is read when it is locked, although it was opened before.
rules='lockfile */db.lock guard=no'
row "unix-dotfile: insert" lockfile "mkdir rmdir"

# One is killed in the middle of a transaction; what about the next one?
contend() {
	local holder line

	mkfifo in out
	(exec_start sqlite3 -batch -vfs "$vfs" db <in >out) &
	holder=$!
	exec 8>in 9<out
	echo "begin exclusive; select 'has it';" >&8
	read -r line <&9 && echo "$line" && [ -d db.lock ] || return
	kill -KILL $holder
	wait $holder
	exec 8>&- 9<&-
	try start sqlite3 -batch -vfs "$vfs" db 'insert into t values (0, 0)'
}
lost() {
	echo 0
}
rules='lockfile */db.lock'
row "unix-dotfile: killed" lockfile "mkdir rmdir"

simple() {
	sql 'create table t (a); insert into t values (1); select * from t;'
	sqlite3 db 'select * from t; select * from none'; echo $?
}
quiet
