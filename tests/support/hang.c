/* SPDX-License-Identifier: MIT */
/* hang.c - a file whose opens ask for a permission that nobody gives. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include "hang.h"
#include "support.h"

int hang_begin(const char *path)
{
	int hang = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC,
				 O_RDONLY | O_CLOEXEC);

	if (hang >= 0 && fanotify_mark(hang, FAN_MARK_ADD, FAN_OPEN_PERM,
				       AT_FDCWD, path) == 0)
		return hang;
	print_message("skipped: no file can be made to hang: %s\n",
		      strerror(errno));
	if (hang >= 0)
		close(hang);
	return -1;
}

/* Lets in who hangs. */
void hang_end(int hang)
{
	close(hang);
}
