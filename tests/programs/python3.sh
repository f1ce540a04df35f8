# SPDX-License-Identifier: MIT
# python3.sh - fcntl, flock, and the semaphores of multiprocessing.
program python3 python3 python3

workers=8 rounds=5

setup() {
	echo 0 >counter
	: >lock
}

lost() {
	echo $(($(lines counted.*) - $(cat counter)))
}

count='
import fcntl, sys, time
def count():
    with open("counter", "r+") as file:
        count = int(file.read())
        time.sleep(0.01) # the others have a chance
        file.seek(0)
        print(count + 1, file=file)
    with open("counted." + sys.argv[1], "a") as done:
        print("counted", file=done)
lock = open("lock", "a")
'

job() {
	python3 -c "$count"'
fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
count()' "$1"
}
rules='fcntl */lock timeout=60'
row "lockf LOCK_NB" fcntl fcntl64

job() {
	python3 -c "$count"'
fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
count()' "$1"
}
rules='flock */lock timeout=60'
row "flock LOCK_NB" flock flock

job() {
	python3 -c "${count}count()" "$1"
}
rules='open */counter'
row "read, write; no lock" open "open64 close"

# A process takes the lock and is killed; can its parent have it?
contend() {
	try start python3 -c '
import multiprocessing, os, signal, sys
context = multiprocessing.get_context("fork")
lock = context.Lock()
mine, its = context.Pipe()
def hold():
    lock.acquire()
    its.send("has it")
    signal.pause()
holder = context.Process(target=hold)
holder.start()
mine.recv()
os.kill(holder.pid, signal.SIGKILL)
holder.join()
sys.exit(not lock.acquire(timeout=2))'
}
lost() {
	echo 0
}
rules='sem /mp-*'
row "Lock, holder killed" sem "sem_open sem_timedwait"

simple() {
	python3 -c '
import fcntl, multiprocessing, os, subprocess
with open("f", "w") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    fcntl.lockf(file, fcntl.LOCK_EX)
with multiprocessing.get_context("fork").Lock():
    print("in")
os.mkdir("d"); os.rmdir("d")
print(subprocess.run(["ls"], capture_output=True).stdout)'
}
quiet
