/* SPDX-License-Identifier: MIT */
/* hang.h - a file that nobody can open any more, as on a server that is gone. */
#ifndef PORTLOCK_TESTS_SUPPORT_HANG_H
#define PORTLOCK_TESTS_SUPPORT_HANG_H

/*
 * Whoever opens that file from now on hangs until hang_end(), also with
 * O_NONBLOCK, but not with O_PATH; this takes root.  Returns what hang_end()
 * takes, or -1, with the reason said: the system does not let us.
 */
int hang_begin(const char *path);
void hang_end(int hang);

#endif
