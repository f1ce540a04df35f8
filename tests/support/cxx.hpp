/* SPDX-License-Identifier: MIT */
/* cxx.hpp - what the tests of the C++ handle share: checks, another process. */
#ifndef PORTLOCK_TESTS_CXX_HPP
#define PORTLOCK_TESTS_CXX_HPP

#include <portlock/portlock.hpp>

#include <chrono>
#include <fstream>
#include <future>
#include <sstream>
#include <stdexcept>
#include <string>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" {
#include <cmocka.h>
}

/* A failed check is an exception, so that destructors run: cmocka's own
 * assertions would jump over them. */
#define CHECK(condition)                                                       \
	do {                                                                   \
		if (!(condition))                                              \
			failed(__FILE__, __LINE__, #condition);                \
	} while (0)

/* The statement throws an Exception, whose code is the errno value. */
#define CHECK_THROWS(Exception, number, statement)                             \
	do {                                                                   \
		bool thrown = false;                                           \
		try {                                                          \
			statement;                                             \
		} catch (const Exception &e) {                                 \
			CHECK(e.code().value() == (number));                   \
			thrown = true;                                         \
		}                                                              \
		if (!thrown)                                                   \
			failed(__FILE__, __LINE__,                             \
			       #statement " throws " #Exception);              \
	} while (0)

[[noreturn]] inline void failed(const char *file, int line, const char *what)
{
	std::ostringstream message;

	message << file << ":" << line << ": not so: " << what;
	throw std::logic_error(message.str());
}

/* A cmocka test of a function that may throw. */
template <void (*test)()> void run(void **)
{
	std::string failure;

	try {
		test();
	} catch (const std::exception &e) {
		failure = e.what();
	}
	if (!failure.empty()) {
		print_error("%s\n", failure.c_str());
		fail();
	}
}

/* A key of this run and of one test. */
inline std::string key(const char *test)
{
	return "test_header_cxx " + std::to_string(getpid()) + " " + test;
}

/* Without ports there are no strangers on them. */
inline portlock::options alone()
{
	return portlock::options().transport("unix");
}

/* Another process that holds the lock of a key until let_go(); one at a time,
 * or the second would keep the first one's pipe open. */
class other_process
{
public:
	explicit other_process(const std::string &key)
	{
		int ready[2], done[2];
		char byte;

		CHECK(pipe(ready) == 0 && pipe(done) == 0);
		child = fork();
		CHECK(child >= 0);
		if (child == 0) {
			close(ready[0]);
			close(done[1]);
			hold(key, ready[1], done[0]);
			_exit(0);
		}
		close(ready[1]);
		close(done[0]);
		end = done[1];

		const bool holds = read(ready[0], &byte, 1) == 1;

		close(ready[0]);
		CHECK(holds);
	}

	~other_process()
	{
		let_go();
	}

	void let_go()
	{
		if (end < 0)
			return;
		close(end);
		end = -1;
		waitpid(child, NULL, 0);
	}

private:
	pid_t child;
	int end = -1;

	/* An exception ends the child here, not in the parent's test. */
	static void hold(const std::string &key, int ready, int done) noexcept
	{
		portlock::mutex mutex(key, alone());
		char byte = 0;

		mutex.acquire(std::chrono::seconds(60));
		if (write(ready, &byte, 1) != 1)
			return;
		while (read(done, &byte, 1) > 0)
			;
	}
};

/* How many sockets have the gate's name: the holder's, one for each waiter. */
inline int sockets_at(const std::string &gate)
{
	const std::string name = " @" + gate;
	std::ifstream all("/proc/net/unix");
	std::string line;
	int found = 0;

	CHECK(all.is_open());
	while (std::getline(all, line))
		found += line.size() > name.size() &&
			 line.compare(line.size() - name.size(), name.size(),
				      name) == 0;
	return found;
}

/* Whether a thread that waits by `wait` gets the lock once the other process
 * has let go, well after the timeout of the options. */
template <class Wait> bool waits_for_the_other(const char *test, Wait wait)
{
	const std::chrono::milliseconds brief(1);
	portlock::mutex mutex(key(test), alone().timeout(brief));
	other_process other(key(test));
	std::future<bool> got = std::async(std::launch::async, [&] {
		const bool result = wait(mutex);

		return result && mutex.has_locked();
	});

	/* Until it waits, and then for as long as a wait must last. */
	while (sockets_at(mutex.gate()) < 2 &&
	       got.wait_for(brief) != std::future_status::ready)
		;
	got.wait_for(20 * brief);
	other.let_go();
	return got.get();
}

/* An entry of cmocka's list. */
/* clang-format off */
#define TEST(function)                                                         \
	{                                                                      \
		#function, run<function>, NULL, NULL, NULL                     \
	}
/* clang-format on */

#endif
