/* SPDX-License-Identifier: MIT */
/* ground.c - what most tests stand on: hosts, and an etcd for all of them. */
#include "config.h"

#include <stdlib.h>

#include "tests/etcd/cluster.h"
#include "tests/etcd/referee.h"

static int host_count;

struct etcd *ground_make(int hosts, int members)
{
	struct etcd_plan plan = { .members = members, .address = HUB_ADDRESS };
	struct etcd *etcd;

	if (!etcd_is_installed())
		exit(1);
	if (!hosts_make(hosts))
		exit(77);
	host_count = hosts;
	etcd = etcd_start(&plan);
	etcd_tell(etcd);
	return etcd;
}

void ground_end(struct etcd *etcd)
{
	for (int i = 0; i < host_count; i++)
		wait_sessions(&hosts[i], 0);
	etcd_end(etcd);
}
