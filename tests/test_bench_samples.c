/* SPDX-License-Identifier: MIT */
/* test_bench_samples.c - what portlock-bench says of measured values: samples
 * whose statistics are known, and figures by round.
 */
#include "config.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/results.h"

/* What runs out of memory ends by this; the benchmark's own is no part of the
 * test. */
_Noreturn void(fail)(const char *format, ...);

void(fail)(const char *format, ...)
{
	fail_msg("%s", format);
	abort();
}

static void near(double value, double expected)
{
	double distance = fabs(value - expected);

	if (!(distance <= 1e-9 * fmax(1, fabs(expected))))
		fail_msg("%.17g is not %.17g", value, expected);
}

static struct samples of(const double *values, size_t count)
{
	struct samples samples = { 0 };

	for (size_t i = 0; i < count; i++)
		samples_add(&samples, values[i]);
	return samples;
}

#define OF(...)                                                                \
	of((const double[]){ __VA_ARGS__ },                                    \
	   sizeof((const double[]){ __VA_ARGS__ }) / sizeof(double))

/* ---- samples -------------------------------------------------------------- */

static void nothing_has_no_statistics(void **state)
{
	struct samples none = { 0 };

	(void)state;
	assert_true(isnan(samples_median(&none)));
	assert_true(isnan(samples_quantile(&none, 0.99)));
	assert_true(isnan(samples_min(&none)));
	assert_true(isnan(samples_max(&none)));
	assert_true(isnan(samples_mean(&none)));
	assert_true(isnan(samples_jain(&none)));
	samples_free(&none);
}

static void one_value_is_all_its_statistics(void **state)
{
	struct samples one = OF(42);

	(void)state;
	near(samples_median(&one), 42);
	near(samples_quantile(&one, 0), 42);
	near(samples_quantile(&one, 0.999), 42);
	near(samples_quantile(&one, 1), 42);
	near(samples_mean(&one), 42);
	near(samples_jain(&one), 1);
	samples_free(&one);
}

static void the_median_is_in_the_middle(void **state)
{
	struct samples odd = OF(9, 1, 5), even = OF(9, 1, 5, 6);

	(void)state;
	near(samples_median(&odd), 5);
	near(samples_median(&even), 5.5);
	samples_free(&odd);
	samples_free(&even);
}

/* 0 to 1000, in an order that is none: each quantile is its own rank. */
static void quantiles_lie_between_ranks(void **state)
{
	struct samples samples = { 0 };

	(void)state;
	for (int i = 0; i <= 1000; i++)
		samples_add(&samples, (i * 387) % 1001);
	near(samples_min(&samples), 0);
	near(samples_quantile(&samples, 0.5), 500);
	near(samples_quantile(&samples, 0.99), 990);
	near(samples_quantile(&samples, 0.999), 999);
	near(samples_quantile(&samples, 0.9995), 999.5);
	near(samples_max(&samples), 1000);
	near(samples_mean(&samples), 500);
	samples_free(&samples);
}

static void a_value_added_later_counts(void **state)
{
	struct samples samples = OF(3, 1), more = OF(100, -7);

	(void)state;
	near(samples_median(&samples), 2);
	samples_add(&samples, 2);
	near(samples_median(&samples), 2);
	near(samples_max(&samples), 3);
	samples_append(&samples, &more);
	near(samples_min(&samples), -7);
	near(samples_median(&samples), 2);
	near(samples_max(&samples), 100);
	assert_int_equal(samples.count, 5);
	assert_int_equal(more.count, 2);
	samples_free(&samples);
	samples_free(&more);
}

static void appending_nothing_changes_nothing(void **state)
{
	struct samples samples = OF(1, 2), none = { 0 };

	(void)state;
	samples_append(&samples, &none);
	near(samples_median(&samples), 1.5);
	samples_append(&none, &none);
	assert_int_equal(none.count, 0);
	samples_free(&samples);
	samples_free(&none);
}

static void jain_tells_equal_from_greedy(void **state)
{
	struct samples equal = OF(7, 7, 7, 7), greedy = OF(9, 0, 0, 0),
		       between = OF(1, 2, 3), idle = OF(0, 0);

	(void)state;
	near(samples_jain(&equal), 1);
	near(samples_jain(&greedy), 0.25);
	near(samples_jain(&between), 36.0 / 42);
	assert_true(isnan(samples_jain(&idle)));
	samples_free(&equal);
	samples_free(&greedy);
	samples_free(&between);
	samples_free(&idle);
}

/* ---- results -------------------------------------------------------------- */

static void add(struct results *results, const char *subject,
		const char *metric, double value)
{
	struct figure key = {
		.scenario = "scenario",
		.setting = "2 processes",
		.subject = subject,
		.metric = metric,
		.unit = "us",
		.x = 2,
	};

	results_add(results, &key, value);
}

static struct figure *find(const struct results *results, const char *subject,
			   const char *metric)
{
	return results_find(results, "scenario", "2 processes", subject,
			    metric);
}

static void a_figure_keeps_its_rounds_in_order(void **state)
{
	static const double values[] = { 30, 10, 20 };
	struct results results = { 0 };
	struct figure *figure;

	(void)state;
	for (results.round = 0; results.round < 3; results.round++)
		add(&results, "a", "p50", values[results.round]);
	figure = find(&results, "a", "p50");
	assert_non_null(figure);
	near(samples_median(&figure->rounds), 20);
	assert_memory_equal(figure->in_order, values, sizeof(values));
	assert_string_equal(figure->unit, "us");
	near(figure->x, 2);
	results_free(&results);
}

static void a_figure_is_found_by_all_of_its_key(void **state)
{
	struct results results = { 0 };

	(void)state;
	add(&results, "a", "p50", 1);
	add(&results, "a", "p99", 2);
	add(&results, "b", "p50", 3);
	near(find(&results, "a", "p99")->rounds.values[0], 2);
	near(find(&results, "b", "p50")->rounds.values[0], 3);
	assert_null(find(&results, "b", "p99"));
	assert_null(results_find(&results, "scenario", "", "a", "p50"));
	assert_null(results_find(&results, "", "2 processes", "a", "p50"));
	results_free(&results);
	assert_null(find(&results, "a", "p50"));
}

static void figures_stay_in_the_order_of_adding(void **state)
{
	struct results results = { 0 };
	struct figure *figure;

	(void)state;
	add(&results, "b", "p50", 1);
	add(&results, "a", "p50", 2);
	add(&results, "b", "p50", 3);
	figure = results.figures;
	assert_string_equal(figure->subject, "b");
	assert_int_equal(figure->rounds.count, 2);
	assert_string_equal(figure->next->subject, "a");
	assert_null(figure->next->next);
	results_free(&results);
}

static void the_text_of_a_key_is_copied(void **state)
{
	struct results results = { 0 };
	char subject[] = "a";

	(void)state;
	add(&results, subject, "p50", 1);
	*subject = 'b';
	assert_non_null(find(&results, "a", "p50"));
	results_free(&results);
}

static void spread_is_relative_to_the_median(void **state)
{
	struct results results = { 0 };

	(void)state;
	add(&results, "steady", "p50", 10);
	add(&results, "steady", "p50", 10);
	add(&results, "noisy", "p50", 8);
	add(&results, "noisy", "p50", 10);
	add(&results, "noisy", "p50", 15);
	add(&results, "nothing", "p50", 0);
	add(&results, "nothing", "p50", 0);
	near(figure_spread(find(&results, "steady", "p50")), 0);
	near(figure_spread(find(&results, "noisy", "p50")), 0.7);
	near(figure_spread(find(&results, "nothing", "p50")), 0);
	results_free(&results);
}

static void a_distribution_is_of_all_rounds(void **state)
{
	struct results results = { 0 };
	struct samples first = OF(1, 2), second = OF(3);
	const struct pool key = { .scenario = "scenario",
				  .setting = "",
				  .subject = "a",
				  .metric = "wait",
				  .unit = "us" };
	struct pool other = key;

	(void)state;
	other.subject = "b";
	results_pool(&results, &key, &first);
	results_pool(&results, &other, &first);
	results_pool(&results, &key, &second);
	assert_int_equal(results.pools->samples.count, 3);
	near(samples_mean(&results.pools->samples), 2);
	assert_string_equal(results.pools->next->subject, "b");
	assert_int_equal(results.pools->next->samples.count, 2);
	assert_null(results.pools->next->next);
	samples_free(&first);
	samples_free(&second);
	results_free(&results);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_has_no_statistics),
		cmocka_unit_test(one_value_is_all_its_statistics),
		cmocka_unit_test(the_median_is_in_the_middle),
		cmocka_unit_test(quantiles_lie_between_ranks),
		cmocka_unit_test(a_value_added_later_counts),
		cmocka_unit_test(appending_nothing_changes_nothing),
		cmocka_unit_test(jain_tells_equal_from_greedy),
		cmocka_unit_test(a_figure_keeps_its_rounds_in_order),
		cmocka_unit_test(a_figure_is_found_by_all_of_its_key),
		cmocka_unit_test(figures_stay_in_the_order_of_adding),
		cmocka_unit_test(the_text_of_a_key_is_copied),
		cmocka_unit_test(spread_is_relative_to_the_median),
		cmocka_unit_test(a_distribution_is_of_all_rounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
