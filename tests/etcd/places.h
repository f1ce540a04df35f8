/* SPDX-License-Identifier: MIT */
/* places.h - what hosts have for themselves beside a network: files, /etc,
 * semaphores; namespaces again.
 */
#ifndef PORTLOCK_TESTS_ETCD_PLACES_H
#define PORTLOCK_TESTS_ETCD_PLACES_H

/* Paths in all places; /etc and /dev/shm are each place's own as well. */
#define PLACE_OWN "/dev/shm/own"   /* a folder of each place */
#define PLACE_COMMON "/etc/common" /* and one of all of them */

#define PLACE_OF_TEST (-1)

/* Once, by a test that is root: that many; what they have in common is below
 * the folder, at places_common for the test itself. */
void places_make(int count, const char *folder);
extern char places_common[96];

/* Children that this process starts from here on are there. */
void place_visit(int place);

#endif
