/* SPDX-License-Identifier: MIT */
/* test_header_cxx.cc - portlock::mutex: guards, errors, moves, addresses. */
#include <portlock/portlock.hpp>

#include <stdlib.h>

#include <array>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/cxx.hpp"

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace
{

/* ---- what the type is --------------------------------------------- */

static_assert(!std::is_copy_constructible<portlock::mutex>::value &&
		      !std::is_copy_assignable<portlock::mutex>::value,
	      "a lock cannot be copied");
static_assert(std::is_nothrow_move_constructible<portlock::mutex>::value &&
		      std::is_nothrow_move_assignable<portlock::mutex>::value,
	      "a lock can be moved");
static_assert(!std::is_convertible<std::string, portlock::mutex>::value,
	      "a key is not a lock");
static_assert(std::is_base_of<portlock::error, portlock::timeout>::value,
	      "a timeout is an error");
static_assert(std::is_base_of<std::system_error, portlock::error>::value,
	      "an error is a system_error");
static_assert(noexcept(std::declval<portlock::mutex &>().unlock()),
	      "unlock does not throw");

/* ---- the standard's guards ---------------------------------------- */

void lock_guard_holds_until_its_scope_ends()
{
	portlock::mutex mutex(key("lock_guard"), alone());

	{
		std::lock_guard<portlock::mutex> hold(mutex);

		CHECK(mutex.has_locked());
		CHECK(mutex.token() != 0);
	}
	CHECK(!mutex.has_locked());
	CHECK(mutex.token() == 0);
	other_process other(key("lock_guard"));
}

void an_exception_releases_what_a_guard_holds()
{
	portlock::mutex mutex(key("exception"), alone());

	try {
		std::lock_guard<portlock::mutex> hold(mutex);

		throw std::runtime_error("on purpose");
	} catch (const std::runtime_error &) {
	}
	CHECK(!mutex.has_locked());
}

void unique_lock_tries_waits_and_gives_up()
{
	portlock::mutex mutex(key("unique_lock"), alone());
	std::unique_lock<portlock::mutex> hold(mutex, std::try_to_lock);

	CHECK(hold.owns_lock());
	hold.unlock();
	CHECK(!mutex.has_locked());

	other_process other(key("unique_lock"));

	CHECK(!hold.try_lock());
	CHECK(!hold.try_lock_for(milliseconds(1)));
	CHECK(!hold.try_lock_until(steady_clock::now() + milliseconds(1)));
	other.let_go();
	CHECK(hold.try_lock_for(seconds(60)));
}

void std_lock_takes_two_in_any_order()
{
	portlock::mutex a(key("lock a"), alone()), b(key("lock b"), alone());
	int together = 0;
	const auto work = [&](portlock::mutex &first, portlock::mutex &second) {
		for (int i = 0; i < 25; i++) {
			std::lock(first, second);
			std::lock_guard<portlock::mutex> one(first,
							     std::adopt_lock);
			std::lock_guard<portlock::mutex> two(second,
							     std::adopt_lock);
			together++;
		}
	};
	std::thread thread(work, std::ref(b), std::ref(a));

	work(a, b);
	thread.join();
	CHECK(together == 50);
}

void std_lock_on_one_key_twice_throws_and_holds_nothing()
{
	portlock::mutex a(key("twice"), alone()), b(key("twice"), alone());

	CHECK_THROWS(portlock::error, EDEADLK, std::lock(a, b));
	CHECK(!a.has_locked() && !b.has_locked());
}

#ifdef __cpp_lib_scoped_lock
void scoped_lock_takes_two()
{
	portlock::mutex a(key("scoped a"), alone());
	portlock::mutex b(key("scoped b"), alone());

	{
		std::scoped_lock hold(a, b);

		CHECK(a.has_locked() && b.has_locked());
	}
	CHECK(!a.has_locked() && !b.has_locked());
}
#endif

/* ---- acquire and release ------------------------------------------ */

void acquire_throws_timeout_after_the_time_of_the_options()
{
	portlock::mutex mutex(key("acquire"),
			      alone().timeout(milliseconds(20)));
	other_process other(key("acquire"));
	const auto start = steady_clock::now();

	CHECK_THROWS(portlock::timeout, ETIMEDOUT, mutex.acquire());
	CHECK(steady_clock::now() - start >= milliseconds(20));
	other.let_go();
	mutex.acquire();
	CHECK(mutex.has_locked());
	mutex.release();
	CHECK(!mutex.has_locked());
}

void acquire_takes_a_time_of_its_own()
{
	CHECK(waits_for_the_other("own time", [](portlock::mutex &mutex) {
		mutex.acquire(hours(1));
		return true;
	}));

	portlock::mutex mutex(key("own time"),
			      alone().timeout(portlock::forever));
	other_process other(key("own time"));

	CHECK_THROWS(portlock::timeout, ETIMEDOUT,
		     mutex.acquire(milliseconds(1)));
}

void options_that_say_for_ever_wait()
{
	portlock::options for_ever = alone().timeout(hours::max());

	CHECK(for_ever.get().timeout_ms < 0);
	CHECK(alone().timeout(seconds(-1)).get().timeout_ms == 0);
	CHECK(alone().get().timeout_ms == 1000);
	CHECK(portlock::options().get().transport == NULL);
}

void an_error_names_the_lock_and_the_reason()
{
	portlock::mutex mutex(key("message"), alone());
	other_process other(key("message"));
	const std::string expected =
		mutex.gate() + ": " + portlock_strerror(ETIMEDOUT);

	try {
		mutex.acquire(seconds(0));
		CHECK(!"acquired what another process holds");
	} catch (const portlock::error &error) {
		CHECK(error.what() == expected);
		CHECK(error.code() == std::errc::timed_out);
		CHECK(error.code() != std::errc::device_or_resource_busy);
		CHECK(error.code().category() == portlock::category());
		CHECK(portlock::category().name() == std::string("portlock"));
	}
}

void a_second_lock_by_the_same_thread_is_an_error()
{
	portlock::mutex mutex(key("deadlock"), alone());
	portlock::mutex again(key("deadlock"), alone());

	mutex.lock();
	CHECK_THROWS(portlock::error, EDEADLK, mutex.lock());
	CHECK_THROWS(portlock::error, EDEADLK, again.acquire());
	CHECK_THROWS(portlock::error, EDEADLK, again.try_lock());
	CHECK_THROWS(portlock::error, EDEADLK, again.try_lock_for(seconds(1)));
	CHECK(mutex.has_locked());
	CHECK(!again.has_locked());
}

void any_thread_may_unlock()
{
	portlock::mutex mutex(key("thread"), alone());

	mutex.lock();
	std::thread([&] { mutex.unlock(); }).join();
	CHECK(!mutex.has_locked());
	mutex.lock();
	CHECK(mutex.has_locked());
}

void release_of_what_is_not_held_does_nothing()
{
	portlock::mutex mutex(key("release"), alone());
	other_process other(key("release"));

	mutex.release();
	mutex.unlock();
	CHECK(!mutex.try_lock());
}

void tokens_grow()
{
	portlock::mutex mutex(key("token"), alone());
	std::uint64_t last = 0;

	for (int i = 0; i < 10; i++) {
		std::lock_guard<portlock::mutex> hold(mutex);

		CHECK(mutex.token() > last);
		last = mutex.token();
	}
}

void a_destroyed_mutex_is_free()
{
	{
		portlock::mutex mutex(key("destroyed"), alone());

		mutex.lock();
	}
	other_process other(key("destroyed"));
}

/* ---- moving ------------------------------------------------------- */

void a_move_takes_the_held_lock_along()
{
	portlock::mutex first(key("move"), alone());

	first.lock();

	const std::uint64_t token = first.token();
	portlock::mutex second(std::move(first));

	CHECK(second.has_locked());
	CHECK(second.token() == token);
	second.unlock();
	other_process other(key("move"));
}

void a_move_assignment_releases_what_was_held_before()
{
	portlock::mutex first(key("assign 1"), alone());
	portlock::mutex second(key("assign 2"), alone());

	first.lock();
	second.lock();
	first = std::move(second);
	CHECK(first.has_locked());
	CHECK(first.gate() == "/portlock/" + key("assign 2"));
	other_process other(key("assign 1"));
}

void a_moved_from_mutex_throws_until_it_is_assigned()
{
	portlock::mutex mutex(key("moved"), alone());
	portlock::mutex taker(std::move(mutex));

	CHECK_THROWS(portlock::error, EINVAL, mutex.lock());
	CHECK_THROWS(portlock::error, EINVAL, mutex.try_lock());
	CHECK_THROWS(portlock::error, EINVAL, mutex.try_lock_for(seconds(1)));
	CHECK_THROWS(portlock::error, EINVAL,
		     mutex.try_lock_until(steady_clock::now()));
	CHECK_THROWS(portlock::error, EINVAL, mutex.acquire());
	CHECK_THROWS(portlock::error, EINVAL, mutex.acquire(seconds(1)));
	CHECK_THROWS(portlock::error, EINVAL, mutex.release());
	CHECK_THROWS(portlock::error, EINVAL, mutex.ports());
	CHECK_THROWS(portlock::error, EINVAL, mutex.gate());
	CHECK_THROWS(portlock::error, EINVAL, mutex.lost_fd());
	CHECK(mutex.detail().empty());
	mutex.unlock();
	CHECK(!mutex.has_locked());
	CHECK(mutex.token() == 0);
	CHECK(mutex.native_handle() == NULL);
	mutex = std::move(taker);
	mutex.lock();
	CHECK(mutex.has_locked());
}

void a_vector_of_locks_grows_while_they_are_held()
{
	std::vector<portlock::mutex> all;

	for (int i = 0; i < 10; i++) {
		all.emplace_back(key("vector") + std::to_string(i), alone());
		all.back().lock();
	}
	for (const portlock::mutex &mutex : all)
		CHECK(mutex.has_locked());
}

/* ---- making one --------------------------------------------------- */

void bad_keys_and_options_throw()
{
	const char *none = NULL;
	const std::string with_nul("a\0b", 3);
	const milliseconds past_32_bits((INT64_C(1) << 32) + 10);

	CHECK_THROWS(portlock::error, EINVAL, portlock::mutex m(none, alone()));
	CHECK_THROWS(portlock::error, EINVAL, portlock::mutex m("", alone()));
	CHECK_THROWS(portlock::error, EINVAL,
		     portlock::mutex m(with_nul, alone()));
	CHECK_THROWS(portlock::error, EINVAL,
		     portlock::mutex m(
			     "a", portlock::options().transport("pigeon")));
	CHECK_THROWS(portlock::error, EINVAL,
		     portlock::mutex m("a", alone().sleep(seconds(0))));
	CHECK_THROWS(portlock::error, EINVAL,
		     portlock::mutex m("a", alone().sleep(past_32_bits)));
	CHECK_THROWS(portlock::error, EINVAL,
		     portlock::mutex m("a", alone().sleep(portlock::forever)));
}

void transports_exclude_each_other()
{
	portlock::mutex mutex(key("tcp"), portlock::options().transport("tcp"));
	other_process other(key("tcp"));

	CHECK(!mutex.try_lock());
	other.let_go();
	mutex.lock();
	CHECK(mutex.has_locked());
}

void addresses_are_those_of_the_key()
{
	/* SHA-1("abc") is a9993e36...9cd0d89d, 19517 modulo 20000. */
	portlock::mutex mutex("abc", alone());
	const std::array<std::uint16_t, PORTLOCK_PORTS> ports = mutex.ports();

	CHECK(mutex.gate() == "/portlock/abc");
	CHECK(ports[0] == 59517 && ports[1] == 59518 && ports[2] == 59519);
}

void the_holder_can_be_seen()
{
	portlock::mutex mutex(key("holder"), alone());
	struct portlock_holder who = PORTLOCK_HOLDER_INIT;

	CHECK(!mutex.holder(who));
	CHECK(mutex.waiters().empty());
	mutex.lock();
	CHECK(mutex.holder(who));
	CHECK(who.process.pid == getpid());
	CHECK(who.waiters == 0);
	CHECK(mutex.waiters().empty());
	mutex.unlock();
}

/* ---- the cluster -------------------------------------------------- */

void options_of_the_cluster_reach_the_c_functions()
{
	const portlock::options how = portlock::options()
					      .transport("etcd")
					      .endpoints("http://one:1")
					      .endpoints("http://two:2")
					      .prefix("p/")
					      .ca_file("ca")
					      .certificate("cert", "key")
					      .user("u")
					      .password("secret")
					      .password_file("file")
					      .ttl(milliseconds(5001))
					      .local(7, seconds(2))
					      .contact(milliseconds(300));
	portlock::options copy = how;
	const struct portlock_options all = copy.get();

	CHECK(all.transport == std::string("etcd"));
	CHECK(all.endpoints == std::string("http://two:2"));
	CHECK(all.prefix == std::string("p/"));
	CHECK(all.ca_file == std::string("ca"));
	CHECK(all.cert_file == std::string("cert"));
	CHECK(all.key_file == std::string("key"));
	CHECK(all.user == std::string("u"));
	CHECK(all.password == std::string("secret"));
	CHECK(all.password_file == std::string("file"));
	CHECK(all.contact_ms == 300);
	CHECK(all.ttl_s == 6 && all.local_grants == 7 && all.local_ms == 2000);
	CHECK(portlock::options().get().endpoints == NULL);
	CHECK_THROWS(portlock::error, EINVAL,
		     portlock::mutex m("a", copy.ttl(portlock::forever)));
}

void an_error_of_the_cluster_has_its_detail()
{
	const char *helper = "/nowhere/portlock-session";

	CHECK(setenv("PORTLOCK_SESSION", helper, 1) == 0);

	portlock::mutex mutex(key("detail"),
			      portlock::options().transport("etcd"));

	unsetenv("PORTLOCK_SESSION");
	CHECK(mutex.detail().empty());
	try {
		mutex.acquire();
		CHECK(!"acquired without portlock-session");
	} catch (const portlock::error &error) {
		const std::string why = mutex.detail();

		CHECK(error.code() == std::errc::function_not_supported);
		CHECK(why.find(helper) == 0);
		CHECK(error.what() == mutex.gate() + ": " + why + ": " +
					      portlock_strerror(ENOSYS));
	}
}

void only_a_lock_of_the_cluster_can_be_lost()
{
	portlock::mutex mutex(key("lost"), alone());

	mutex.lock();
	CHECK_THROWS(portlock::error, ENOENT, mutex.lost_fd());
	CHECK(mutex.detail().empty());
}

void the_native_handle_is_that_of_the_c_functions()
{
	portlock::mutex mutex(key("native"), alone());

	CHECK(portlock_try_lock(mutex.native_handle()) == 0);
	CHECK(mutex.has_locked());
	mutex.unlock();
	CHECK(!portlock_has_locked(mutex.native_handle()));
}

} // namespace

int main()
{
	const struct CMUnitTest tests[] = {
		TEST(lock_guard_holds_until_its_scope_ends),
		TEST(an_exception_releases_what_a_guard_holds),
		TEST(unique_lock_tries_waits_and_gives_up),
		TEST(std_lock_takes_two_in_any_order),
		TEST(std_lock_on_one_key_twice_throws_and_holds_nothing),
#ifdef __cpp_lib_scoped_lock
		TEST(scoped_lock_takes_two),
#endif
		TEST(acquire_throws_timeout_after_the_time_of_the_options),
		TEST(acquire_takes_a_time_of_its_own),
		TEST(options_that_say_for_ever_wait),
		TEST(an_error_names_the_lock_and_the_reason),
		TEST(a_second_lock_by_the_same_thread_is_an_error),
		TEST(any_thread_may_unlock),
		TEST(release_of_what_is_not_held_does_nothing),
		TEST(tokens_grow),
		TEST(a_destroyed_mutex_is_free),
		TEST(a_move_takes_the_held_lock_along),
		TEST(a_move_assignment_releases_what_was_held_before),
		TEST(a_moved_from_mutex_throws_until_it_is_assigned),
		TEST(a_vector_of_locks_grows_while_they_are_held),
		TEST(bad_keys_and_options_throw),
		TEST(transports_exclude_each_other),
		TEST(addresses_are_those_of_the_key),
		TEST(the_holder_can_be_seen),
		TEST(options_of_the_cluster_reach_the_c_functions),
		TEST(an_error_of_the_cluster_has_its_detail),
		TEST(only_a_lock_of_the_cluster_can_be_lost),
		TEST(the_native_handle_is_that_of_the_c_functions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
