/* SPDX-License-Identifier: MIT */
/* test_header_cxx_time.cc - portlock::mutex: how long it waits. */
#include <portlock/portlock.hpp>

#include <chrono>
#include <limits>

#include "support/cxx.hpp"

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

namespace
{

void lock_waits_longer_than_the_timeout_of_the_options()
{
	CHECK(waits_for_the_other("lock", [](portlock::mutex &mutex) {
		mutex.lock();
		return true;
	}));
}

void try_lock_tells_whether_the_lock_was_free()
{
	portlock::mutex mutex(key("try_lock"), alone());

	{
		other_process other(key("try_lock"));

		CHECK(!mutex.try_lock());
		CHECK(!mutex.has_locked());
	}
	CHECK(mutex.try_lock());
	CHECK(mutex.has_locked());
}

void try_lock_for_waits_at_least_its_time()
{
	portlock::mutex mutex(key("try_lock_for"), alone());
	other_process other(key("try_lock_for"));
	const auto start = steady_clock::now();

	CHECK(!mutex.try_lock_for(microseconds(20500)));
	CHECK(steady_clock::now() - start >= microseconds(20500));
	CHECK(!mutex.has_locked());
}

void try_lock_for_gets_what_is_released_meanwhile()
{
	CHECK(waits_for_the_other("for", [](portlock::mutex &mutex) {
		return mutex.try_lock_for(hours(1));
	}));
}

void try_lock_for_a_time_beyond_all_bounds_waits()
{
	CHECK(waits_for_the_other("hours", [](portlock::mutex &mutex) {
		return mutex.try_lock_for(hours::max());
	}));
	CHECK(waits_for_the_other("forever", [](portlock::mutex &mutex) {
		return mutex.try_lock_for(portlock::forever);
	}));
}

void try_lock_for_no_time_is_one_try()
{
	portlock::mutex mutex(key("no time"), alone());

	{
		other_process other(key("no time"));

		CHECK(!mutex.try_lock_for(seconds(0)));
		CHECK(!mutex.try_lock_for(hours::min()));
	}
	CHECK(mutex.try_lock_for(seconds(-1)));
}

void try_lock_until_waits_by_the_steady_and_the_system_clock()
{
	portlock::mutex mutex(key("until"), alone());
	other_process other(key("until"));
	const auto steady = steady_clock::now() + milliseconds(15);
	const auto system = system_clock::now() + milliseconds(30);

	CHECK(!mutex.try_lock_until(steady));
	CHECK(steady_clock::now() >= steady);
	CHECK(!mutex.try_lock_until(system));
	CHECK(system_clock::now() >= system);
	other.let_go();
	CHECK(mutex.try_lock_until(steady_clock::now() + seconds(60)));
}

void try_lock_until_the_past_is_one_try()
{
	portlock::mutex mutex(key("past"), alone());

	{
		other_process other(key("past"));

		CHECK(!mutex.try_lock_until(steady_clock::time_point::min()));
		CHECK(!mutex.try_lock_until(system_clock::now() - hours(1)));
	}
	CHECK(mutex.try_lock_until(system_clock::time_point::min()));
}

void try_lock_until_the_end_of_time_waits()
{
	typedef std::chrono::time_point<system_clock, hours> in_hours;

	CHECK(waits_for_the_other("steady", [](portlock::mutex &mutex) {
		return mutex.try_lock_until(steady_clock::time_point::max());
	}));
	CHECK(waits_for_the_other("coarse", [](portlock::mutex &mutex) {
		return mutex.try_lock_until(in_hours::max());
	}));
	/* The year 3000, which nanoseconds cannot tell. */
	CHECK(waits_for_the_other("year 3000", [](portlock::mutex &mutex) {
		return mutex.try_lock_until(in_hours(hours(9029000)));
	}));
}

/* Advances by a millisecond whenever somebody looks at it. */
struct slow_clock {
	typedef milliseconds duration;
	typedef std::chrono::time_point<slow_clock> time_point;

	static int looks;

	static time_point now()
	{
		return time_point(duration(looks++));
	}
};

int slow_clock::looks;

void try_lock_until_follows_the_clock_that_it_was_given()
{
	portlock::mutex mutex(key("slow clock"), alone());
	other_process other(key("slow clock"));
	const slow_clock::time_point when(milliseconds(5));

	CHECK(!mutex.try_lock_until(when));
	CHECK(slow_clock::now() > when);
}

void times_are_rounded_up_to_milliseconds()
{
	using portlock::detail::milliseconds;
	typedef std::chrono::duration<double> in_seconds;
	const double infinity = std::numeric_limits<double>::infinity();
	const double nan = std::numeric_limits<double>::quiet_NaN();

	CHECK(milliseconds(nanoseconds(0)) == 0);
	CHECK(milliseconds(nanoseconds(1)) == 1);
	CHECK(milliseconds(nanoseconds(1000000)) == 1);
	CHECK(milliseconds(nanoseconds(1000001)) == 2);
	CHECK(milliseconds(nanoseconds(-1)) == 0);
	CHECK(milliseconds(nanoseconds::max()) == INT64_C(9223372036855));
	CHECK(milliseconds(nanoseconds::min()) == 0);
	CHECK(milliseconds(seconds(3)) == 3000);
	CHECK(milliseconds(hours(1)) == 3600000);
	CHECK(milliseconds(hours::max()) == -1);
	CHECK(milliseconds(hours::min()) == 0);
	CHECK(milliseconds(portlock::forever) == -1);
	CHECK(milliseconds(in_seconds(0.0001)) == 1);
	CHECK(milliseconds(in_seconds(1.5)) == 1500);
	CHECK(milliseconds(in_seconds(1e300)) == -1);
	CHECK(milliseconds(in_seconds(infinity)) == -1);
	CHECK(milliseconds(in_seconds(-infinity)) == 0);
	CHECK(milliseconds(in_seconds(nan)) == 0);
	CHECK(milliseconds(std::chrono::duration<unsigned>(2)) == 2000);
	CHECK(milliseconds(std::chrono::duration<int, std::ratio<1, 3>>(1)) ==
	      334);
}

} // namespace

int main()
{
	const struct CMUnitTest tests[] = {
		TEST(lock_waits_longer_than_the_timeout_of_the_options),
		TEST(try_lock_tells_whether_the_lock_was_free),
		TEST(try_lock_for_waits_at_least_its_time),
		TEST(try_lock_for_gets_what_is_released_meanwhile),
		TEST(try_lock_for_a_time_beyond_all_bounds_waits),
		TEST(try_lock_for_no_time_is_one_try),
		TEST(try_lock_until_waits_by_the_steady_and_the_system_clock),
		TEST(try_lock_until_the_past_is_one_try),
		TEST(try_lock_until_the_end_of_time_waits),
		TEST(try_lock_until_follows_the_clock_that_it_was_given),
		TEST(times_are_rounded_up_to_milliseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
