/* SPDX-License-Identifier: MIT */
/* families.c - what is different from family to family, for the grammar and
 * for what the command tells of a rule.
 */
#include "config.h"

#include "shim/shim.h"

#define PATH_NAMES                                                             \
	"a path is absolute, without symbolic links, '.', '..' or "            \
	"a slash at its end"

/* Where the names are: of a descriptor (path.c), of a module (mutex_name.c). */
#define DESCRIPTORS "/proc/self/fd"
#define MODULES "/proc/self/maps"

#define NO_HOLD_OF_FILES "a lock file is a lock until it is removed"

#define UNTIL_MAKER_ENDS "its maker has removed the file, or ends"
#define UNTIL_TAKER_ENDS                                                       \
	"the file is unlocked or closed, after its taker's end by all who "    \
	"share it"

#define OPEN_TAKERS                                                            \
	"open open64 openat openat64 creat creat64 fopen fopen64 freopen "     \
	"freopen64"

#define DESCRIPTOR_ENDERS                                                      \
	"close close_range closefrom dup2 dup3 fclose freopen freopen64"

const struct shim_family_facts shim_families[SHIM_FAMILIES] = {
	[SHIM_SEM] = {
		.name = "sem",
		.example = "sem /my-mutex",
		.shapes = { "/?~" },
		.names = "the name of a semaphore has one slash, before it",
		.missing = "/",
		.takers = "sem_open sem_wait sem_trywait sem_timedwait "
			  "sem_clockwait",
		.enders = "sem_post sem_getvalue sem_close",
		.until = "the semaphore is posted",
		.expired = "ETIMEDOUT",
		.timeout_ms = -1,
		.no_hold = "a semaphore is a lock until it is posted",
	},
	[SHIM_LOCKFILE] = {
		.name = "lockfile",
		.example = "lockfile */.git/*.lock",
		.shapes = { "/*" },
		.names = PATH_NAMES,
		.missing = "*/",
		.paths = true,
		.proc = DESCRIPTORS,
		.takers = OPEN_TAKERS " link linkat symlink symlinkat mkdir "
				      "mkdirat renameat2",
		.enders = "unlink unlinkat rename renameat renameat2 rmdir "
			  "remove",
		.until = "the file is removed",
		.expired = "EEXIST",
		.cluster_until = UNTIL_MAKER_ENDS,
		.cluster_key = "lockfile:%n",
		.timeout_ms = 30000,
		.no_hold = NO_HOLD_OF_FILES,
	},
	[SHIM_OPEN] = {
		.name = "open",
		.example = "open /var/lib/app/state",
		.shapes = { "/*" },
		.names = PATH_NAMES,
		.missing = "*/",
		.paths = true,
		.proc = DESCRIPTORS,
		.takers = OPEN_TAKERS,
		.enders = DESCRIPTOR_ENDERS,
		.until = "the file is closed",
		.expired = "EAGAIN",
		.timeout_ms = -1,
		.has_shared = true,
	},
	[SHIM_MUTEX] = {
		.name = "mutex",
		.example = "mutex */bin/server:queue_lock",
		.shapes = { "/*:?~", "/*+0x#$" },
		.names = "a mutex is named /PATH/OF/MODULE:SYMBOL or "
			 "/PATH/OF/MODULE+0xOFFSET",
		.missing = "*/",
		.proc = MODULES,
		.takers = "pthread_mutex_lock pthread_mutex_trylock "
			  "pthread_mutex_timedlock pthread_mutex_clocklock",
		.enders = "pthread_mutex_unlock pthread_cond_wait "
			  "pthread_cond_timedwait pthread_cond_clockwait",
		.until = "the mutex is unlocked",
		.expired = "EAGAIN, or ETIMEDOUT from timed calls",
		.timeout_ms = -1,
	},
	[SHIM_SYSVSEM] = {
		.name = "sysvsem",
		.example = "sysvsem /0x4d2/*",
		.shapes = { "/0x#$/?~" },
		.names = "a semaphore is named /0xKEY/NUMBER, with a "
			 "hexadecimal key such as 4d2",
		.missing = "/",
		.takers = "semop semtimedop",
		.enders = "semop semtimedop semctl",
		.until = "the semaphore is given back",
		.expired = "EAGAIN",
		.timeout_ms = -1,
	},
	[SHIM_FLOCK] = {
		.name = "flock",
		.example = "flock /run/lock/app.lock",
		.shapes = { "/*" },
		.names = PATH_NAMES,
		.missing = "*/",
		.paths = true,
		.proc = DESCRIPTORS,
		.takers = "flock",
		.enders = "flock " DESCRIPTOR_ENDERS,
		.until = "the file is unlocked or closed",
		.cluster_until = UNTIL_TAKER_ENDS,
		.expired = "ENOLCK",
		.timeout_ms = -1,
		.has_shared = true,
		.bypass_shared = true,
	},
	[SHIM_FCNTL] = {
		.name = "fcntl",
		.example = "fcntl */lib/dpkg/lock",
		.shapes = { "/*" },
		.names = PATH_NAMES,
		.missing = "*/",
		.paths = true,
		.proc = DESCRIPTORS,
		.takers = "fcntl fcntl64 lockf lockf64",
		.enders = "fcntl fcntl64 lockf lockf64 " DESCRIPTOR_ENDERS,
		.until = "the range is unlocked or the file closed",
		.expired = "ENOLCK",
		.timeout_ms = -1,
		.has_shared = true,
		.bypass_shared = true,
	},
	[SHIM_PASSWD] = {
		.name = "passwd",
		.example = "passwd /etc/.pwd.lock",
		.shapes = { "/etc/.pwd.lock" },
		.names = "the only name is /etc/.pwd.lock",
		.missing = "/etc/",
		.paths = true,
		.takers = "lckpwdf",
		.enders = "ulckpwdf",
		.until = "ulckpwdf",
		.expired = "EINTR",
		.timeout_ms = 15000,
	},
	[SHIM_LIBLOCKFILE] = {
		.name = "liblockfile",
		.example = "liblockfile /var/mail/*.lock",
		.shapes = { "/*" },
		.names = PATH_NAMES,
		.missing = "*/",
		.paths = true,
		.proc = DESCRIPTORS,
		.takers = "lockfile_create",
		.enders = "unlink",
		.until = "the file is removed",
		.cluster_until = UNTIL_MAKER_ENDS,
		.cluster_key = "liblockfile:%n",
		.expired = "L_MAXTRYS",
		.timeout_ms = 30000,
		.no_hold = NO_HOLD_OF_FILES,
	},
};
