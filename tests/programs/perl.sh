# SPDX-License-Identifier: MIT
# perl.sh - a script's flock and semop, and one that locks nothing.
program perl perl perl

workers=8 rounds=10

setup() {
	echo 0 >counter
	: >lock
}

lost() {
	echo $(($(lines counted.*) - $(cat counter)))
}

# count FILE: adds one to the number in it, in Perl
count='sub count {
	open my $file, "+<", "counter" or exit 2;
	my $count = <$file>;
	select undef, undef, undef, 0.01; # the others have a chance
	seek $file, 0, 0;
	print $file $count + 1, "\n";
	close $file;
	open my $done, ">>", "counted.$ARGV[0]";
	print $done "counted\n";
}
'

job() {
	perl -e "$count"'
		use Fcntl ":flock";
		open my $lock, ">>", "lock" or exit 2;
		flock $lock, LOCK_EX | LOCK_NB or exit 1;
		count' "$1"
}
rules='flock */lock timeout=60'
row "flock LOCK_NB" flock "open64 flock"

job() {
	perl -e "$count count" "$1"
}
rules='open */counter'
row "read, write; no lock" open "open64 close"

# A holder is killed; nobody undoes what it did to the semaphore.
semaphore='
	use IPC::SysV qw(IPC_CREAT IPC_EXCL);
	$| = 1;
	my $set = semget($ARGV[0], 1, IPC_CREAT | 0600) // exit 2;
	sub change { semop($set, pack("s!3", 0, $_[0], 0)) or exit 1 }
'
setup() {
	key=$((0x70000000 + BASHPID))
	perl -e "$semaphore change 1" "$key"
}
lost() {
	perl -e "$semaphore"' semctl($set, 0, 0, 0)' "$key"
	echo 0
}
contend() {
	local holder line

	mkfifo in out
	(exec_start perl -e "$semaphore"'
		change -1; print "has it\n"; <STDIN>' "$key" <in >out) &
	holder=$!
	exec 8>in 9<out
	read -r line <&9 && echo "$line" || return
	kill -KILL $holder
	wait $holder
	exec 8>&- 9<&-
	try start timeout 2 perl -e "$semaphore change -1; change 1" "$key"
}
rules='sysvsem *'
row "semop, holder killed" sysvsem "semop"

simple() {
	perl -e 'use Fcntl ":flock"; open F, ">", "f"; print F 1;
		print flock(F, LOCK_EX), "\n"; mkdir "d"; symlink "d", "e";
		unlink "e"; rmdir "d"; print system("ls"), `ls`'
}
quiet
