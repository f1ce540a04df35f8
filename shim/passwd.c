/* SPDX-License-Identifier: MIT */
/* passwd.c - lckpwdf and ulckpwdf: the lock of the user database. */
#include "config.h"

#include <errno.h>
#include <shadow.h>
#include <unistd.h>

#include "shim/hold.h"

#define NAME "/etc/.pwd.lock"

/* A process can have this lock but once. */
static _Atomic(struct shim_hold *) held;

/* The child of a fork has nothing; the hold is of the process that took it. */
static _Atomic pid_t holder;

static int take(struct shim_hold **hold)
{
	const struct shim_rule *rule = shim_rule_find(SHIM_PASSWD, NAME);
	const struct hold_wait wait = {
		.scope = HOLD_BY_PROCESS,
		.interruptible = true,
		.deadline = PL_NEVER,
	};

	return rule ? hold_take_name(rule, NAME, &wait, hold) : HOLD_WITHOUT;
}

SHIM_HOOK int lckpwdf(void)
{
	struct shim_hold *hold;
	int taken, result;

	if (!shim_family_has_rules(SHIM_PASSWD) || !shim_enter())
		return REAL(lckpwdf)();
	taken = take(&hold);
	if (taken < 0) {
		/* libc's wait ends by an alarm. */
		errno = EINTR;
		result = -1;
	} else {
		result = REAL(lckpwdf)();
		if (taken == 0 && result < 0) {
			hold_drop(hold);
		} else if (taken == 0) {
			atomic_store(&holder, getpid());
			atomic_store(&held, hold);
		}
	}
	shim_leave();
	return result;
}

SHIM_HOOK int ulckpwdf(void)
{
	int result = REAL(ulckpwdf)();
	struct shim_hold *hold;

	if (result < 0 || !shim_same_process())
		return result;
	hold = atomic_exchange(&held, NULL);
	if (hold && atomic_load(&holder) == getpid())
		hold_drop(hold);
	return result;
}
