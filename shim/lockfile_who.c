/* SPDX-License-Identifier: MIT */
/* lockfile_who.c - where a token is to be seen: this host, this network. */
#include "config.h"

#include <string.h>
#include <sys/stat.h>

#include "shim/lockfile.h"

bool lockfile_place(uint64_t *place)
{
	static _Atomic uint64_t boot;
	struct stat64 network;
	uint64_t facts[2];
	char id[37];

	facts[0] = atomic_load(&boot);
	if (facts[0] == 0) {
		if (!shim_read_text("/proc/sys/kernel/random/boot_id", id,
				    sizeof(id)))
			return false;
		facts[0] = shim_hash(id, strlen(id));
		atomic_store(&boot, facts[0]);
	}
	/* The thread's: it may have a network of its own. */
	if (stat64("/proc/thread-self/ns/net", &network) < 0)
		return false;
	facts[1] = network.st_ino;
	*place = shim_hash(facts, sizeof(facts));
	return true;
}
