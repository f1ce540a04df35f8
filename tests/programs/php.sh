# SPDX-License-Identifier: MIT
# php.sh - PHP's flock, and sem_acquire: an extension, loaded so that it would
# be bound past a preloaded library.
program php php-cli php

workers=8 rounds=5

setup() {
	echo 0 >counter
	: >lock
	key=$((0x71000000 + BASHPID))
}

lost() {
	php -n -d extension=sysvsem -r 'sem_remove(sem_get((int)$argv[1]));' \
		"$key" >&2
	echo $(($(lines counted.*) - $(cat counter)))
}

count='function count_one() {
	global $argv;
	$count = (int)file_get_contents("counter");
	usleep(10000); // the others have a chance
	file_put_contents("counter", $count + 1 . "\n");
	file_put_contents("counted.$argv[1]", "counted\n", FILE_APPEND);
}
'

job() {
	php -n -r "$count"'
		$lock = fopen("lock", "a");
		flock($lock, LOCK_EX | LOCK_NB) || exit(1);
		count_one();' "$1"
}
rules='flock */lock timeout=60'
row "flock LOCK_NB" flock "open flock"

job() {
	php -n -d extension=sysvsem -r "$count"'
		$semaphore = sem_get((int)$argv[2]);
		sem_acquire($semaphore, true) || exit(1);
		count_one();
		sem_release($semaphore);' "$1" "$key"
}
rules='sysvsem * timeout=60'
row "sem_acquire, a try" sysvsem "dlopen semop"

simple() {
	php -n -r '$f = fopen("f", "x"); var_dump(flock($f, LOCK_EX));
		var_dump(mkdir("d"), rmdir("d"), @fopen("f", "x"));'
	php -n -d extension=sysvsem -r '$s = sem_get(0x71000000 + getmypid());
		var_dump(sem_acquire($s), sem_release($s), sem_remove($s));'
}
quiet
