/* SPDX-License-Identifier: MIT */
/* lost.c - tells portlock-guard which locks of a cluster this process holds, and
 * which of them may outlive it. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/session.h"
#include "shim/kept.h"
#include "shim/leash.h"
#include "shim/lost.h"

#define START (PL_GATE_MAX + 64) /* of a line: process, family and key */

static _Atomic uint64_t numbers; /* of holds */

/* ---- that it may be lost ---------------------------------------------------- */

/* What the program had as its standard error when it began. */
static struct stat64 standard_error;

/* Also a program that shows nothing else of the shim says that it lost a lock;
 * but a file that it has put in place of the first one is its own. */
static bool has_standard_error(void)
{
	struct stat64 now;

	return standard_error.st_ino != 0 &&
	       fstat64(STDERR_FILENO, &now) == 0 &&
	       now.st_ino == standard_error.st_ino &&
	       now.st_dev == standard_error.st_dev;
}

void lost_look_ahead(void)
{
	int saved_errno = errno;

	if (fstat64(STDERR_FILENO, &standard_error) < 0)
		standard_error.st_ino = 0;
	errno = saved_errno;
}

static const char *place_of(const struct shim_rule *rule)
{
	const char *place = rule->log ? rule->log : shim_log_place();

	if (!place && has_standard_error())
		place = "stderr";
	/* No file has a longer name. */
	return place && strcmp(place, "none") != 0 && strlen(place) < PATH_MAX
		       ? place
		       : "";
}

static void fill(struct lost_message *message, const struct portlock_lock *lock,
		 const struct shim_rule *rule)
{
	message->kind = LOST_HELD;
	message->since = atomic_load(&lock->token);
	message->patience_ms = (uint32_t)lock->cluster->margin_ms / 2;
	message->kills = !rule->warns;
}

/* The kernel keeps even SIGKILL of its own children from the init of a PID
 * namespace. */
static int check_own_end(const struct shim_rule *rule)
{
	return rule->warns || getpid() != 1 ? 0 : -EOPNOTSUPP;
}

/* 0, or -EPIPE: the guard has ended; or another -errno. */
static int watch_once(struct lost_watch *watch, struct portlock_lock *lock,
		      const struct shim_rule *rule)
{
	char start[START];
	struct lost_message message = { .operation = 0 };
	struct leash_load load = { .message = &message,
				   .place = place_of(rule),
				   .start = start,
				   .lock = lock };
	int error = leash_guard();
	unsigned slot;

	if (error < 0)
		return error;
	fill(&message, lock, rule);
	snprintf(start, sizeof(start), "portlock[%d] %s: %s: ", (int)getpid(),
		 shim_family_name(rule->family),
		 lock->address.name + strlen(PL_GATE_PREFIX));
	message.number = atomic_fetch_add(&numbers, 1) + 1;
	slot = leash_claim_slot(message.number);
	if (!slot)
		return -ENOLCK;
	message.slot = leash_index(slot);
	load.slot = slot;
	/* Before it is sent, so that a release that comes in between, in a
	 * signal handler, ends it. */
	leash_give_slot(atomic_exchange(&watch->slot, slot));
	error = leash_tell(&load);
	if (error == -ECONNRESET)
		error = -EPIPE;
	if (error == -EPIPE)
		leash_lose(slot);
	if (error < 0)
		lost_watch_end(watch);
	return error;
}

static void complain(const struct shim_rule *rule, int error)
{
	switch (error) {
	case -ENOENT:
	case -ENOTDIR:
	case -EACCES:
	case -ENOEXEC:
		shim_log_rule(rule, leash_program(),
			      "is not there or cannot be run");
		break;
	case -EPERM:
	case -ENOSYS:
		shim_log_rule(rule, leash_program(),
			      "cannot be started: the system forbids it "
			      "(seccomp?)");
		break;
	case -EAGAIN:
		shim_log_rule(rule, leash_program(),
			      "cannot be started: the user has too many "
			      "processes");
		break;
	case -EOPNOTSUPP:
		shim_log_rule(rule, leash_program(),
			      "cannot end process 1 of a container: start that "
			      "with an init (docker run --init), or say "
			      "on-lost=warn");
		break;
	case -EFBIG:
		shim_log_rule(rule, leash_program(),
			      "cannot be told of locks: the limit of the size "
			      "of files (RLIMIT_FSIZE) is too small");
		break;
	default:
		shim_log_rule(rule, leash_program(),
			      portlock_strerror(pl_error_filter(error)));
	}
}

/* The cluster may not even hear of it: when process 1 ends, all others of its
 * namespace are killed, the helper before it could give anything back. */
bool lost_can_watch(const struct shim_rule *rule)
{
	int error = shim_rule_is_etcd(rule) ? check_own_end(rule) : 0;

	if (error < 0)
		complain(rule, error);
	return error == 0;
}

bool lost_watch_begin(struct lost_watch *watch, struct portlock_lock *lock,
		      const struct shim_rule *rule)
{
	int saved_errno = errno, error;

	if (!shim_rule_is_etcd(rule) || lock->transport != PL_ETCD)
		return true;
	error = check_own_end(rule);
	if (error == 0)
		error = watch_once(watch, lock, rule);
	if (error == -EPIPE)
		error = watch_once(watch, lock, rule);
	/* A signal handler has released it in between. */
	if (!pl_is_held(lock)) {
		lost_watch_end(watch);
		error = 0;
	}
	if (error < 0)
		complain(rule, error);
	errno = saved_errno;
	/* To warn is nothing that a lock depends on. */
	return error == 0 || rule->warns;
}

void lost_watch_end(struct lost_watch *watch)
{
	leash_give_slot(atomic_exchange(&watch->slot, 0));
	if (atomic_exchange(&watch->outlives, false))
		leash_wake();
}

/* ---- that it may outlive us -------------------------------------------------- */

/* To hand the file itself to the guard would give it a share in the lock. */
static int way_to(int fd)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return REAL(open)(path, O_PATH | O_CLOEXEC);
}

/* Whether the guard can open it, to wait for its lock. */
static bool can_wait_for(int file)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	return faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0 ||
	       faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}

/* 0 or -errno. */
static int outlive(struct lost_watch *watch, const struct portlock_lock *lock,
		   const struct shim_rule *rule, int file)
{
	unsigned slot = atomic_load(&watch->slot);
	struct lost_message message = {
		.number = leash_number(slot),
		.kind = LOST_KEPT,
		.slot = leash_index(slot),
		.operation = rule->bypass_shared ? LOCK_SH : LOCK_EX,
	};
	struct leash_load load = {
		.message = &message, .slot = slot, .lock = lock, .file = file
	};
	bool before;
	int error;

	if (message.number == 0)
		return -EPIPE;
	load.mark = kept_mark(&lock->address, file);
	if (load.mark < 0)
		return load.mark;
	before = atomic_exchange(&watch->outlives, true);
	error = leash_tell(&load);
	if (error < 0 && !before)
		atomic_store(&watch->outlives, false);
	pl_ops->close(load.mark);
	return error;
}

void lost_outlive(struct lost_watch *watch, const struct portlock_lock *lock,
		  const struct shim_rule *rule, int fd)
{
	int saved_errno = errno, file, error, cancel;

	if (!shim_rule_is_etcd(rule) || lock->transport != PL_ETCD)
		return;
	cancel = shim_whole_begin();
	file = way_to(fd);
	error = file < 0 || !can_wait_for(file)
			? -errno
			: outlive(watch, lock, rule, file);
	if (file >= 0)
		REAL(close)(file);
	if (error < 0)
		shim_log_rule(rule, lock->address.name + strlen(PL_GATE_PREFIX),
			      "cannot outlive this process");
	shim_whole_end(cancel);
	errno = saved_errno;
}

/* By the guard that was told, if that is there still. */
bool lost_outlives(struct lost_watch *watch)
{
	return atomic_load(&watch->outlives) &&
	       leash_number(atomic_load(&watch->slot)) != 0 && leash_wake();
}
