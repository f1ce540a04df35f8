/* SPDX-License-Identifier: MIT */
/* opened.c - opens files with a hold.
 *
 * Where a path leads is known for sure when it is open, but then it may be too
 * late: the file was emptied, or while this process waited for the portlock its
 * holder put another file in this one's place.  So what an open would make or
 * empty is looked at before, through a descriptor that opens nothing; anything
 * else is opened, and again if it is not the file of that path any more.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>

#include "shim/fd_rule.h"
#include "shim/hook_fd.h"
#include "shim/open.h"
#include "shim/recent.h"

struct opening {
	const struct lockfile_call *call;
	uint64_t salt;
	uint64_t moment;	/* recent.h */
	struct fd_look look;	/* at what is open */
	struct shim_hold *hold; /* that is taken, or NULL */
	bool without;		/* there is none to be had */
	bool foreseen;		/* that no rule is for the file of the look */
};

enum outcome { OPENED, FAILED, AGAIN };

/* ---- which files -------------------------------------------------------------- */

static bool only_reads(int flags)
{
	return (flags & O_ACCMODE) == O_RDONLY && !(flags & O_TRUNC);
}

bool open_fits(const char *path, int flags)
{
	const struct shim_rule *rule = NULL;
	size_t length = strlen(path);

	if (flags & (O_PATH | O_DIRECTORY))
		return false;
	while ((rule = shim_rule_next(SHIM_OPEN, rule)))
		if (!(rule->bypass_shared && only_reads(flags)) &&
		    path_fits_end(path, length, "", rule->pattern))
			return true;
	return false;
}

/* The rule for the path as it was given, where that is a symbolic link. */
static const struct shim_rule *rule_of_link(const struct lockfile_call *call)
{
	char named[PATH_MAX];
	struct stat64 about;
	size_t base;

	if (fstatat64(call->directory, call->path, &about,
		      AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISLNK(about.st_mode) ||
	    !path_resolve(call->directory, call->path, named, &base))
		return NULL;
	return shim_rule_find(SHIM_OPEN, named);
}

/* Whether there may be a rule for what is open; cheap. */
static bool may_matter(struct opening *opening, int fd)
{
	const struct stat64 before = opening->look.about;

	return fd_look(SHIM_OPEN, fd, opening->salt, &opening->look) &&
	       !(opening->foreseen &&
		 opening->look.about.st_ino == before.st_ino &&
		 opening->look.about.st_dev == before.st_dev);
}

/* The rule for what is open, if it may matter, and where it is. */
static const struct shim_rule *judge(struct opening *opening, int fd,
				     char real[PATH_MAX])
{
	const struct lockfile_call *call = opening->call;
	const struct shim_rule *rule;

	if (!fd_path(fd, &opening->look, real))
		return NULL;
	rule = shim_rule_find(SHIM_OPEN, real);
	if (!rule)
		rule = rule_of_link(call);
	if (!rule) {
		fd_look_in_vain(&opening->look);
		recent_note(opening->moment);
	}
	return rule;
}

/* Whether the call is one that the rule is for. */
static bool counts(const struct opening *opening, const struct shim_rule *rule)
{
	return rule &&
	       !(rule->bypass_shared && only_reads(opening->call->flags));
}

/* The rule for what will be made or emptied. */
static const struct shim_rule *foresee(struct opening *opening,
				       char real[PATH_MAX])
{
	const struct lockfile_call *call = opening->call;
	const struct shim_rule *rule = NULL;
	int follow = call->flags & (O_EXCL | O_NOFOLLOW) ? O_NOFOLLOW : 0;
	int fd = REAL(openat)(call->directory, call->path,
			      O_PATH | O_CLOEXEC | follow);
	size_t base;

	if (fd >= 0) {
		if (may_matter(opening, fd))
			rule = judge(opening, fd, real);
		opening->foreseen = !rule;
		REAL(close)(fd);
	} else if (errno == ENOENT &&
		   path_resolve(call->directory, call->path, real, &base)) {
		rule = shim_rule_find(SHIM_OPEN, real);
	}
	return rule;
}

/* Whether the path still leads to what is open. */
static bool is_still(const struct lockfile_call *call, int fd)
{
	struct stat64 opened, there;

	/* One that the call has made cannot be made again. */
	return call->flags & O_EXCL ||
	       (fstat64(fd, &opened) == 0 &&
		fstatat64(call->directory, call->path, &there, 0) == 0 &&
		opened.st_dev == there.st_dev && opened.st_ino == there.st_ino);
}

/* ---- the hold ------------------------------------------------------------------ */

static void give_back(struct opening *opening)
{
	if (opening->hold)
		hold_drop(opening->hold);
	opening->hold = NULL;
}

/* False, with errno: the call fails. */
static bool take(struct opening *opening, const struct shim_rule *rule,
		 const char *real)
{
	const struct hold_wait wait = { .scope = HOLD_BY_PROCESS,
					.interruptible = true,
					.deadline = PL_NEVER };
	int result = hold_take_name(rule, real, &wait, &opening->hold);

	if (result != 0)
		opening->hold = NULL;
	opening->without = result == HOLD_WITHOUT;
	if (result < 0)
		errno = result == -EINTR ? EINTR : EAGAIN;
	return result >= 0;
}

/* The hold is the descriptor's from now on. */
static void tie(struct opening *opening, int fd, const struct shim_rule *rule,
		const char *real)
{
	if (opening->hold && tie_make(fd, TIE_OPEN, opening->hold))
		opening->hold = NULL;
	else if (opening->hold)
		shim_log_rule(rule, real, "not held: too many are open");
	give_back(opening);
}

static bool is_held_for(const struct opening *opening,
			const struct shim_rule *rule, const char *real)
{
	struct shim_hold *hold = hold_get(rule, real);

	if (hold)
		hold_put(hold);
	return hold && hold == opening->hold;
}

static enum outcome hold_opened(struct opening *opening, int fd)
{
	char real[PATH_MAX];
	const struct shim_rule *rule = judge(opening, fd, real);

	if (!counts(opening, rule)) {
		give_back(opening);
		return OPENED;
	}
	if (!is_held_for(opening, rule, real)) {
		give_back(opening);
		if (!take(opening, rule, real))
			return FAILED;
		if (opening->hold && !is_still(opening->call, fd))
			return AGAIN;
	}
	tie(opening, fd, rule, real);
	return OPENED;
}

/* ---- the call ------------------------------------------------------------------ */

static bool begin(struct opening *opening)
{
	const struct shim_rule *rule;
	char real[PATH_MAX];
	int error = errno;
	bool goes_on;

	if (!(opening->call->flags & (O_CREAT | O_TRUNC)) || !shim_enter())
		return true;
	rule = foresee(opening, real);
	errno = error;
	goes_on = !counts(opening, rule) || take(opening, rule, real);
	shim_leave();
	return goes_on;
}

static enum outcome finish(struct opening *opening, int fd)
{
	enum outcome outcome = fd < 0 ? FAILED : OPENED;
	struct fd_end stale;

	/* What was closed behind our back. */
	fd_end_begin(&stale, fd);
	fd_end_finish(&stale);
	if (fd < 0 || opening->without) {
		give_back(opening);
	} else if (!may_matter(opening, fd)) {
		give_back(opening);
		/* Instead of a device there may soon be a file. */
		if (S_ISREG(opening->look.about.st_mode))
			recent_note(opening->moment);
	} else if (shim_enter()) {
		/* Neither the signal handler of a thread that is inside, nor a
		 * child on its parent's memory. */
		outcome = hold_opened(opening, fd);
		shim_leave();
	}
	return outcome;
}

/* The call fails, or what is open is closed to be opened again; keeps errno. */
static void unmake(struct lockfile_call *call, int fd, enum outcome outcome)
{
	int error = errno;

	if (call->reopens && outcome == AGAIN)
		return; /* that closes it */
	if (call->stream)
		REAL(fclose)(call->stream);
	else if (fd >= 0)
		REAL(close)(fd);
	call->stream = NULL;
	errno = error;
}

int open_and_hold(struct lockfile_call *call,
		  int (*make)(struct lockfile_call *call))
{
	const size_t length = strlen(call->path);
	struct opening opening = {
		.call = call,
		.moment = recent_path(RECENT_OPENED, call->directory,
				      call->path, length),
	};
	enum outcome outcome;
	int fd = -1, error, cancel;

	if (recent_has(opening.moment))
		return make(call);
	opening.salt =
		shim_hash(call->path, length) + (uint64_t)call->directory;
	/* What a cancelled call had taken would stay taken. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	outcome = begin(&opening) ? AGAIN : FAILED;
	while (outcome == AGAIN) {
		if (!opening.hold)
			pthread_setcancelstate(cancel, NULL);
		fd = make(call);
		error = errno;
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
		outcome = finish(&opening, fd);
		if (outcome == OPENED || fd < 0)
			errno = error;
		if (outcome == AGAIN)
			unmake(call, fd, outcome);
	}
	if (outcome == FAILED) {
		unmake(call, fd, outcome);
		fd = -1;
	}
	pthread_setcancelstate(cancel, NULL);
	return fd;
}
