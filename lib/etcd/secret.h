/* SPDX-License-Identifier: MIT */
/* secret.h - memory that may have secrets in it. */
#ifndef PORTLOCK_ETCD_SECRET_H
#define PORTLOCK_ETCD_SECRET_H

#include <stddef.h>

/* As free() and realloc(), but what is given back is overwritten before: also
 * for libcurl and libjansson, through which passwords and tokens go. */
void secret_free(void *memory);
void *secret_realloc(void *memory, size_t size);

#endif
