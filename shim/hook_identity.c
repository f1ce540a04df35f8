/* SPDX-License-Identifier: MIT */
/* hook_identity.c - the process gets other rights, or another root.
 *
 * It may not be able to take its marks off then, and a lock file that it leaves
 * on purpose would count as a dead one's.  So they go before, and come back
 * where it still has access to its files; elsewhere no mark means no recovery.
 */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include "shim/lockfile.h"
#include "shim/recent.h"

static int changed(uint64_t left, int result)
{
	int error = errno;

	lockfile_stay(left);
	recent_forget();
	errno = error;
	return result;
}

#define CHANGE(name, parameters, arguments)                                    \
	SHIM_HOOK int name parameters                                          \
	{                                                                      \
		uint64_t left = lockfile_leave();                              \
                                                                               \
		return changed(left, REAL(name) arguments);                    \
	}

CHANGE(setuid, (uid_t user), (user))
CHANGE(seteuid, (uid_t user), (user))
CHANGE(setreuid, (uid_t real, uid_t effective), (real, effective))
CHANGE(setresuid, (uid_t real, uid_t effective, uid_t saved),
       (real, effective, saved))
CHANGE(setgid, (gid_t group), (group))
CHANGE(setegid, (gid_t group), (group))
CHANGE(setregid, (gid_t real, gid_t effective), (real, effective))
CHANGE(setresgid, (gid_t real, gid_t effective, gid_t saved),
       (real, effective, saved))
CHANGE(initgroups, (const char *user, gid_t group), (user, group))
CHANGE(setgroups, (size_t count, const gid_t *groups), (count, groups))
CHANGE(setfsuid, (uid_t user), (user))
CHANGE(setfsgid, (gid_t group), (group))
CHANGE(setns, (int space, int kinds), (space, kinds))
CHANGE(chroot, (const char *path), (path))
