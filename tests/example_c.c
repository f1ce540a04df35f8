/* SPDX-License-Identifier: MIT */
/* One backup at a time, whoever starts it; wait up to five seconds. */
#include <inttypes.h>
#include <portlock/portlock.h>
#include <stdio.h>

int main(void)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;
	portlock_t *lock;
	int error;

	options.timeout_ms = 5000;
	error = portlock_open(&lock, "nightly-backup", &options);
	if (error == 0)
		error = portlock_acquire(lock);
	if (error == 0)
		printf("backing up, token %" PRIu64 "\n", portlock_token(lock));
	else
		fprintf(stderr, "no backup: %s\n", portlock_strerror(error));
	portlock_close(lock); /* releases, as even a crash would */
	return error != 0;
}
