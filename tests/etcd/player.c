/* SPDX-License-Identifier: MIT */
/* player.c - a process that takes a lock of transport etcd again and again. */
#include "config.h"

#include <poll.h>

#include "tests/etcd/referee.h"

/* How often a holder looks whether it is over. */
#define LOOK_MS 20

struct game *game_make(const char *key, int rounds, int64_t hold_ms)
{
	struct game *game = shared_memory(sizeof(*game));

	game->key = key;
	game->rounds = rounds;
	game->hold_ms = hold_ms;
	game->referee = referee_make();
	return game;
}

/* Whether the lock is still there at the end of the time. */
static bool stay(struct game *game, portlock_t *lock)
{
	struct pollfd lost = { .fd = portlock_lost_fd(lock), .events = POLLIN };
	int64_t left = game->hold_ms;

	require(lost.fd >= 0);
	while (left != 0 && !atomic_load(&game->over)) {
		int step = left < 0 || left > LOOK_MS ? LOOK_MS : (int)left;

		if (poll(&lost, 1, step) > 0)
			return false;
		left -= left > 0 ? step : 0;
	}
	return portlock_has_locked(lock);
}

static void play_round(struct game *game, portlock_t *lock, int host)
{
	int error = portlock_acquire_for(lock, -1);

	if (error < 0) {
		atomic_store(&game->error, error);
		atomic_fetch_add(&game->failed, 1);
		return;
	}
	referee_enter(game->referee, host, portlock_token(lock));
	if (!stay(game, lock))
		atomic_fetch_add(&game->lost, 1);
	referee_leave(game->referee);
	portlock_release(lock);
}

struct player {
	struct game *game;
	int host;
};

static void play(struct child *parent, void *argument)
{
	struct player *player = argument;
	struct game *game = player->game;
	portlock_t *lock = open_lock(game->key, "etcd");

	(void)parent;
	for (int i = 0; (game->rounds == 0 || i < game->rounds) &&
			!atomic_load(&game->over);
	     i++)
		play_round(game, lock, player->host);
	portlock_close(lock);
}

struct child *player_start(struct game *game, const struct host *host)
{
	struct player player = { game, host->number };
	struct child *child;

	host_visit(host);
	child = child_start(play, &player);
	host_visit(NULL);
	return child;
}

void players_start(struct game *game, int host_count, struct child **players,
		   int each)
{
	for (int i = 0; i < each * host_count; i++)
		players[i] = player_start(game, &hosts[i % host_count]);
}

void players_end(struct child **players, int count)
{
	for (int i = 0; i < count; i++)
		assert_int_equal(child_end(players[i]), 0);
}
