/* SPDX-License-Identifier: MIT */
/* who.h - whose session it is, for people who look into etcd. */
#ifndef PORTLOCK_ETCD_WHO_H
#define PORTLOCK_ETCD_WHO_H

/* The host, and the process that started this one, as JSON; NULL: no memory. */
char *who_value(void);

#endif
