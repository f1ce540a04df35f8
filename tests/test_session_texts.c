/* SPDX-License-Identifier: MIT */
/* test_session_texts.c - portlock-session's texts: keys and JSON for etcd, and
 * what its answers mean.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "lib/etcd/clock.h"
#include "lib/etcd/encode.h"
#include "lib/etcd/lease.h"
#include "lib/etcd/post.h"
#include "lib/etcd/protocol.h"
#include "lib/etcd/queue.h"
#include "lib/etcd/secret.h"
#include "lib/etcd/who.h"
#include "tests/support/support.h"

#define expect_text(made, text)                                                \
	do {                                                                   \
		char *made_ = (made);                                          \
		assert_string_equal(made_, text);                              \
		free(made_);                                                   \
	} while (0)

static void keys_are_encoded(void **state)
{
	(void)state;
	expect_text(encode_key("aZ09._-"), "aZ09._-");
	expect_text(encode_key("a/b c%\xff\n~"), "a%2Fb%20c%25%FF%0A%7E");
	expect_text(encode_key(""), "");
}

/* As in RFC 4648. */
static void bytes_are_encoded(void **state)
{
	(void)state;
	expect_text(encode_base64("", 0), "");
	expect_text(encode_base64("f", 1), "Zg==");
	expect_text(encode_base64("fo", 2), "Zm8=");
	expect_text(encode_base64("foo", 3), "Zm9v");
	expect_text(encode_base64("foobar", 6), "Zm9vYmFy");
	expect_text(encode_base64("\xff\xef\xbe\0\xfb", 5), "/+++APs=");
}

/* ---- the queue --------------------------------------------------------------- */

#define KEY(name, revision)                                                    \
	"{\"key\":\"" name "\",\"create_revision\":\"" revision "\"}"
#define RANGE(keys) "{\"response_range\":{\"kvs\":[" keys "]}}"
#define ANSWER(more, responses)                                                \
	"{\"header\":{\"revision\":\"20\"}," more "\"responses\":[" responses  \
	"]}"
#define PUT "{\"response_put\":{}},"
#define OWN "cG9ydGxvY2svay85" /* portlock/k/9 */

static struct queue queue;

static enum place answered(enum place (*take)(struct queue *, const json_t *),
			   const char *answer)
{
	json_t *json = json_loads(answer, 0, NULL);
	enum place place;

	assert_non_null(json);
	place = take(&queue, json);
	json_decref(json);
	return place;
}

#define joined(answer) answered(queue_joined, answer)
#define looked(answer) answered(queue_looked, answer)

static int set_queue(void **state)
{
	(void)state;
	return queue_set(&queue, "portlock/", "k") ?: queue_name(&queue, 9);
}

static int free_queue(void **state)
{
	(void)state;
	queue_free(&queue);
	return 0;
}

static void the_only_key_is_the_first(void **state)
{
	(void)state;
	assert_string_equal(queue.own, OWN);
	assert_int_equal(joined(ANSWER("\"succeeded\":true,",
				       PUT RANGE(KEY(OWN, "20")))),
			 PLACE_FIRST);
	assert_int_equal(queue.revision, 20);
	assert_int_equal(looked(ANSWER("", RANGE(KEY(OWN, "20")) "," RANGE())),
			 PLACE_FIRST);
}

static void who_was_there_before_is_ahead(void **state)
{
	(void)state;
	assert_int_equal(
		joined(ANSWER("\"succeeded\":true,",
			      PUT RANGE(KEY(OWN, "20") "," KEY("YQ==", "7")))),
		PLACE_WAITING);
	assert_string_equal(queue.ahead, "YQ==");
}

static void a_key_made_anew_is_not_ours(void **state)
{
	(void)state;
	queue.revision = 20;
	assert_int_equal(looked(ANSWER("", RANGE(KEY(OWN, "21")) "," RANGE())),
			 PLACE_NONE);
	assert_int_equal(looked(ANSWER("", RANGE() "," RANGE())), PLACE_NONE);
}

static void an_own_key_that_was_there_is_looked_at(void **state)
{
	(void)state;
	assert_int_equal(joined(ANSWER("", RANGE(KEY(OWN, "12")))),
			 PLACE_UNKNOWN);
	assert_int_equal(queue.revision, 12);
	assert_int_equal(joined(ANSWER("", RANGE())), PLACE_NONE);
}

static void odd_answers_are_no_places(void **state)
{
	static const char *const odd[] = {
		"{}",
		ANSWER("\"succeeded\":true,", RANGE(KEY(OWN, "20"))),
		ANSWER("\"succeeded\":true,", PUT RANGE()),
		ANSWER("\"succeeded\":true,", PUT RANGE(KEY("YQ==", "20"))),
		ANSWER("\"succeeded\":true,", PUT RANGE(KEY(OWN, "many"))),
		ANSWER("\"succeeded\":true,", PUT RANGE(KEY(OWN, "-1"))),
		ANSWER("\"succeeded\":true,", PUT RANGE("17")),
		"{\"succeeded\":true,\"responses\":7,\"header\":[]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		assert_int_equal(joined(odd[i]), PLACE_ODD);
	queue.revision = 20;
	assert_int_equal(looked("{}"), PLACE_ODD);
	assert_int_equal(looked(ANSWER("", RANGE(KEY(OWN, "20")))), PLACE_ODD);
}

/* A delete that was told while the look was on its way. */
static void an_event_after_the_look_outdates_it(void **state)
{
	json_t *event = json_pack("{s:{s:s,s:s}}", "kv", "key",
				  "YQ==", "mod_revision", "21");

	(void)state;
	queue.seen = 20;
	assert_false(queue_outdated(&queue));
	assert_false(queue_event(&queue, event)); /* not ahead, as we know */
	assert_true(queue_outdated(&queue));
	queue.ahead = strdup("YQ==");
	assert_true(queue_event(&queue, event));
	queue.seen = 21;
	assert_false(queue_outdated(&queue));
	assert_false(queue_event(&queue, event)); /* old */
	json_decref(event);
}

/* What comes after it must have a number, too. */
static void the_last_revision_of_all_is_odd(void **state)
{
	(void)state;
	assert_int_equal(
		joined("{\"header\":{\"revision\":\"9223372036854775807\"},"
		       "\"succeeded\":true,\"responses\":[" PUT RANGE(
			       KEY(OWN, "20")) "]}"),
		PLACE_ODD);
}

/* ---- whose it is ------------------------------------------------------------- */

#define runs(words) who_runs(words, sizeof(words) - 1, "k")

static void a_run_is_known_by_its_command(void **state)
{
	(void)state;
	assert_string_equal(runs("portlock\0run\0k\0backup\0"), "backup");
	assert_string_equal(runs("/bin/portlock\0run\0-t\0"
				 "5\0k\0--\0"
				 "/bin/sh\0-c\0true\0"),
			    "sh");
	assert_string_equal(runs("portlock\0run\0k\0--\0k\0"), "k");
	assert_null(runs("portlock\0run\0k\0"));
	assert_null(runs("portlock\0run\0k\0--\0"));
	assert_null(runs("portlock\0run\0other\0backup\0"));
	assert_null(runs("portlock\0wait\0k\0backup\0"));
	assert_null(runs("portlock\0"));
	assert_null(runs("lock\0run\0k\0backup\0"));
	assert_null(runs(""));
}

/* ---- leases ------------------------------------------------------------------ */

#define SENT (1000 * SECOND)

static struct lease lease;

static int granted(int ttl)
{
	json_t *answer = json_pack("{s:s,s:i}", "ID", "9", "TTL", ttl);
	int error = lease_granted(&lease, answer, 10, SENT);

	json_decref(answer);
	return error;
}

static void a_longer_lease_lasts_for_others_only(void **state)
{
	int64_t now = now_ns();

	(void)state;
	assert_int_equal(granted(40), 0);
	lease_sent(&lease, 500);
	assert_int_equal(lease.deadline, SENT + 8 * SECOND);
	assert_true(lease.gone >= now + 40 * SECOND + 500 * MSEC);
}

static void a_shorter_lease_is_prolonged_in_time(void **state)
{
	int64_t now = now_ns();

	(void)state;
	assert_int_equal(granted(3), 0);
	lease_sent(&lease, 500);
	assert_int_equal(lease.deadline, SENT + 1 * SECOND);
	assert_int_equal(lease.due, SENT + 1 * SECOND);
	assert_true(lease.gone >= now + 10 * SECOND + 500 * MSEC);
}

static void a_lease_has_time_to_hold_something(void **state)
{
	(void)state;
	assert_int_equal(granted(2), -EPROTO);
	assert_int_equal(granted(0), -EPROTO);
	assert_int_equal(granted(-1), -EPROTO);
}

static json_t *of_term(int term)
{
	return json_pack("{s:{s:i},s:s,s:i}", "header", "raft_term", term, "ID",
			 "9", "TTL", 10);
}

/* Whether a look that was sent then, and answered in that term, prolongs what a
 * keepalive has promised in term 5. */
static bool prolongs(int term, int64_t sent)
{
	json_t *promise = of_term(5), *look = of_term(term);
	bool prolonged;

	assert_int_equal(granted(10), 0);
	assert_int_equal(lease_promised(&lease, promise, 10, SENT + 3 * SECOND),
			 0);
	prolonged = lease_prolonged(&lease, look, sent);
	assert_int_equal(lease.deadline, SENT + (prolonged ? 11 : 8) * SECOND);
	json_decref(promise);
	json_decref(look);
	return prolonged;
}

/* A leader that slept promises what it has no say in any more.  Whether there is
 * another one by now is told by who was asked later. */
static void a_promise_is_good_with_its_leader(void **state)
{
	(void)state;
	assert_true(prolongs(5, INT64_MAX));
	assert_false(prolongs(6, INT64_MAX));
	assert_false(prolongs(5, now_ns() - 1000 * SECOND));
}

/* Whoever shares the timer has seen it: a keepalive that is answered late does
 * not make the lock any more sure. */
static void a_timer_that_has_expired_is_not_pushed(void **state)
{
	int saved = fcntl(SESSION_TIMER, F_DUPFD_CLOEXEC, 20);
	int timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);
	struct pollfd expired = { .fd = SESSION_TIMER, .events = POLLIN };

	(void)state;
	assert_true(timer >= 0 && (timer == SESSION_TIMER ||
				   dup2(timer, SESSION_TIMER) >= 0));
	timer_arm(now_ns() + 1000 * SECOND);
	assert_true(timer_push(now_ns() + 2000 * SECOND));
	assert_true(timer_runs());
	timer_expire();
	assert_int_equal(poll(&expired, 1, -1), 1);
	assert_false(timer_push(now_ns() + 2000 * SECOND));
	assert_false(timer_runs());
	assert_int_equal(poll(&expired, 1, -1), 1);
	close(SESSION_TIMER);
	if (timer != SESSION_TIMER)
		close(timer);
	if (saved >= 0) {
		assert_true(dup2(saved, SESSION_TIMER) == SESSION_TIMER);
		close(saved);
	}
}

/* ---- streams ----------------------------------------------------------------- */

static json_int_t next_line(struct post *post)
{
	json_t *line = post_line(post);
	json_int_t number;

	if (!line)
		return -1;
	number = json_integer_value(json_object_get(line, "n"));
	json_decref(line);
	return number;
}

static void lines_are_taken_when_they_are_whole(void **state)
{
	char answer[32] = "{\"n\":1}\n{\"n\":2}\n{\"n\":3}";
	struct post post = { .answer = answer };

	(void)state;
	assert_int_equal(next_line(&post), -1);
	post.size = strlen(answer);
	assert_int_equal(next_line(&post), 1);
	assert_int_equal(next_line(&post), 2);
	assert_int_equal(next_line(&post), -1);
	strcat(answer, "\n");
	post.size++;
	assert_int_equal(next_line(&post), 3);
	assert_int_equal(next_line(&post), -1);
	assert_int_equal(post.size, 0);
}

/* Whoever sends them: keepalives must not wait for minutes. */
static void many_lines_are_taken_in_a_moment(void **state)
{
	size_t count = POST_ANSWER_MAX;
	struct post post = { .answer = malloc(count + 1), .size = count };
	clock_t start = clock();

	(void)state;
	assert_non_null(post.answer);
	memset(post.answer, '\n', count);
	post.answer[count] = '\0';
	while (next_line(&post) >= 0 && clock() - start < 20 * CLOCKS_PER_SEC)
		count--;
	assert_int_equal(count, 0);
	free(post.answer);
}

/* ---- secrets ----------------------------------------------------------------- */

static void a_secret_that_grows_stays_the_same(void **state)
{
	char *secret = secret_realloc(NULL, 7);

	(void)state;
	assert_non_null(secret);
	memcpy(secret, "secret", 7);
	secret = secret_realloc(secret, 100000);
	assert_string_equal(secret, "secret");
	secret_free(secret);
	secret_free(NULL);
}

#define with_queue(test)                                                       \
	cmocka_unit_test_setup_teardown(test, set_queue, free_queue)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_encoded),
		cmocka_unit_test(bytes_are_encoded),
		with_queue(the_only_key_is_the_first),
		with_queue(who_was_there_before_is_ahead),
		with_queue(a_key_made_anew_is_not_ours),
		with_queue(an_own_key_that_was_there_is_looked_at),
		with_queue(odd_answers_are_no_places),
		with_queue(an_event_after_the_look_outdates_it),
		with_queue(the_last_revision_of_all_is_odd),
		cmocka_unit_test(a_run_is_known_by_its_command),
		cmocka_unit_test(a_longer_lease_lasts_for_others_only),
		cmocka_unit_test(a_shorter_lease_is_prolonged_in_time),
		cmocka_unit_test(a_lease_has_time_to_hold_something),
		cmocka_unit_test(a_promise_is_good_with_its_leader),
		cmocka_unit_test(a_timer_that_has_expired_is_not_pushed),
		cmocka_unit_test(lines_are_taken_when_they_are_whole),
		cmocka_unit_test(many_lines_are_taken_in_a_moment),
		cmocka_unit_test(a_secret_that_grows_stays_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
