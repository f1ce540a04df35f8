/* SPDX-License-Identifier: MIT */
/**
 * portlock.hpp - portlock::mutex, the C++ handle on a cross-process lock.
 *
 * Model.  A portlock::mutex is a handle on the lock of a key, see portlock.h
 * for what that is and what it guarantees.  It meets TimedLockable, so it works
 * with std::lock_guard, std::unique_lock, std::scoped_lock and std::lock, and
 * it is movable.  Whichever thread locks it, any may unlock it; its destructor
 * releases.
 *
 * Times are those of the standard library: a timeout that is not positive
 * means one try, portlock::forever (as any time beyond 285,000 years) waits for
 * ever, fractions of a millisecond are rounded up.
 *
 * Errors are exceptions: portlock::timeout when acquire() waited in vain,
 * portlock::error (its base, a std::system_error) for all else.  A timeout of
 * the try_ functions is no error, they return false; but they do throw what
 * time would not mend, such as a lack of descriptors, or a thread that tries
 * what it already holds (else std::lock() would spin on one key given twice).
 * With transport "etcd" the text of an error has what detail() tells.  That a
 * held lock was lost is no exception, as no call is there to throw it: ask
 * has_locked(), or poll lost_fd().
 *
 * A moved-from mutex holds nothing: assign to it or destroy it; what would need
 * the lock throws error(EINVAL).
 *
 * Example:
 *
 *	portlock::mutex backup("nightly-backup");
 *	std::unique_lock<portlock::mutex> hold(backup, std::chrono::seconds(5));
 *
 *	if (hold)
 *		back_up(backup.token());
 */
#ifndef PORTLOCK_PORTLOCK_HPP
#define PORTLOCK_PORTLOCK_HPP

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <portlock/portlock.h>

namespace portlock
{

/** A timeout that never comes. */
constexpr std::chrono::milliseconds forever = std::chrono::milliseconds::max();

/**
 * The category of error::code(): errno values with the texts of
 * portlock_strerror(); they compare equal to the std::errc of the same value.
 */
PORTLOCK_API inline const std::error_category &category() noexcept
{
	class texts : public std::error_category
	{
		const char *name() const noexcept override
		{
			return "portlock";
		}

		std::string message(int value) const override
		{
			return portlock_strerror(value);
		}

		std::error_condition
		default_error_condition(int value) const noexcept override
		{
			return { value, std::generic_category() };
		}
	};
	static texts instance;

	return instance;
}

/** What every function here throws; what() names the lock and the reason. */
class PORTLOCK_API error : public std::system_error
{
public:
	error(int number, const std::string &subject)
	    : std::system_error(number, category(), subject)
	{
	}
};

/** Somebody else held the lock all the time. */
class PORTLOCK_API timeout : public error
{
public:
	explicit timeout(const std::string &subject) : error(ETIMEDOUT, subject)
	{
	}
};

namespace detail
{

typedef std::chrono::duration<double, std::milli> approximate;

/* For the C functions: rounded up, 0 if not positive, -1 beyond 9e15. */
template <class Rep, class Period>
std::int64_t milliseconds(const std::chrono::duration<Rep, Period> &time)
{
	if (!(time > time.zero()))
		return 0;
	if (!(approximate(time).count() < 9e15))
		return -1;

	const auto whole =
		std::chrono::duration_cast<std::chrono::milliseconds>(time);

	return whole.count() + (whole < time ? 1 : 0);
}

/*
 * The same for the time until a point.  The exact difference is taken only
 * near now: far away, in hours or days, nanoseconds would overflow.
 */
template <class Clock, class Duration>
std::int64_t
milliseconds_until(const std::chrono::time_point<Clock, Duration> &when)
{
	const auto now = Clock::now();
	const approximate left = approximate(when.time_since_epoch()) -
				 approximate(now.time_since_epoch());

	if (left.count() < -1 || left.count() > 1e12)
		return milliseconds(left);
	return milliseconds(when - now);
}

/* What an int32_t has room for. */
inline std::int32_t limited(std::int64_t number)
{
	const std::int64_t most = std::numeric_limits<std::int32_t>::max();

	return static_cast<std::int32_t>(std::min(number, most));
}

/* Rounded up; for ever stays -1, which nobody takes for a number. */
template <class Rep, class Period>
std::int32_t seconds(const std::chrono::duration<Rep, Period> &time)
{
	const std::int64_t whole = milliseconds(time);

	return whole < 0 ? -1 : limited((whole + 999) / 1000);
}

struct closer {
	void operator()(portlock_t *lock) const noexcept
	{
		portlock_close(lock);
	}
};

} // namespace detail

/** What a mutex can be told; chain the calls. */
class options
{
public:
	/** How long acquire() may take; one second by default. */
	template <class Rep, class Period>
	options &timeout(const std::chrono::duration<Rep, Period> &time)
	{
		values.timeout_ms = detail::milliseconds(time);
		return *this;
	}

	/** The longest pause between two attempts where nobody queues. */
	template <class Rep, class Period>
	options &sleep(const std::chrono::duration<Rep, Period> &time)
	{
		values.sleep_ms = detail::limited(detail::milliseconds(time));
		return *this;
	}

	/** "tcp", "unix" or "etcd"; empty: the default. */
	options &transport(const std::string &name)
	{
		return set(&portlock_options::transport, name);
	}

	/* What follows is for transport "etcd"; empty or 0: the environment's,
	 * else the default, see struct portlock_options. */

	/** URLs of the cluster's members, with commas between them. */
	options &endpoints(const std::string &urls)
	{
		return set(&portlock_options::endpoints, urls);
	}

	/** How etcd's keys begin. */
	options &prefix(const std::string &text)
	{
		return set(&portlock_options::prefix, text);
	}

	/** Who signs the cluster's certificates. */
	options &ca_file(const std::string &path)
	{
		return set(&portlock_options::ca_file, path);
	}

	/** This side's certificate, and its key. */
	options &certificate(const std::string &path,
			     const std::string &key_path)
	{
		set(&portlock_options::cert_file, path);
		return set(&portlock_options::key_file, key_path);
	}

	/** Of an etcd with authentication, with either of the next two. */
	options &user(const std::string &name)
	{
		return set(&portlock_options::user, name);
	}

	options &password(const std::string &text)
	{
		return set(&portlock_options::password, text);
	}

	options &password_file(const std::string &path)
	{
		return set(&portlock_options::password_file, path);
	}

	/** For how long the cluster keeps the lock of a silent host. */
	template <class Rep, class Period>
	options &ttl(const std::chrono::duration<Rep, Period> &time)
	{
		values.ttl_s = detail::seconds(time);
		return *this;
	}

	/** How many grants, and for how long, before other hosts' turn. */
	template <class Rep, class Period>
	options &local(std::int32_t grants,
		       const std::chrono::duration<Rep, Period> &time)
	{
		values.local_grants = grants;
		values.local_ms = detail::limited(detail::milliseconds(time));
		return *this;
	}

	/** How long to look for an endpoint that answers at all. */
	template <class Rep, class Period>
	options &contact(const std::chrono::duration<Rep, Period> &time)
	{
		values.contact_ms = detail::limited(detail::milliseconds(time));
		return *this;
	}

	/** All of it for the C functions, valid as long as this object. */
	struct portlock_options get() const
	{
		struct portlock_options all = values;

		for (const text &each : texts)
			if (!each.value.empty())
				all.*each.member = each.value.c_str();
		return all;
	}

private:
	typedef const char *portlock_options::*text_member;

	struct text {
		text_member member;
		std::string value;
	};

	struct portlock_options values = PORTLOCK_OPTIONS_INIT;
	std::vector<text> texts;

	/* The last one counts. */
	options &set(text_member member, const std::string &value)
	{
		texts.push_back({ member, value });
		return *this;
	}
};

/** A handle on the lock of a key. */
class mutex
{
public:
	typedef portlock_t *native_handle_type;

	/**
	 * Touches no socket and never blocks.  Throws error(EINVAL) for a key
	 * that is NULL, empty or has a NUL byte inside, and for bad options.
	 */
	explicit mutex(const char *key,
		       const portlock::options &how = portlock::options())
	{
		const struct portlock_options all = how.get();
		portlock_t *opened;
		const int result = portlock_open(&opened, key, &all);

		if (result != 0)
			throw error(-result, std::string("portlock::mutex(") +
						     (key ? key : "NULL") +
						     ")");
		handle.reset(opened);
	}

	explicit mutex(const std::string &key,
		       const portlock::options &how = portlock::options())
	    : mutex(key.c_str(), how)
	{
		if (key.find('\0') != std::string::npos)
			throw error(EINVAL, "NUL byte in a key");
	}

	mutex(mutex &&) noexcept = default;

	/** Releases what this mutex held before. */
	mutex &operator=(mutex &&) noexcept = default;

	/** Waits for ever, in the order of arrival. */
	void lock()
	{
		check(portlock_acquire_for(handle.get(), -1));
	}

	/**
	 * Takes the lock if it is free now; never queues, and waits for nothing
	 * but, with transport "etcd", the cluster's answer: 5 seconds at most.
	 */
	bool try_lock()
	{
		return got(portlock_try_lock(handle.get()), -EBUSY);
	}

	template <class Rep, class Period>
	bool try_lock_for(const std::chrono::duration<Rep, Period> &time)
	{
		return got_within(detail::milliseconds(time));
	}

	/**
	 * Any clock.  A clock that is set back meanwhile prolongs the wait, at
	 * the end of the queue; one that is set forward does not shorten it.
	 */
	template <class Clock, class Duration>
	bool
	try_lock_until(const std::chrono::time_point<Clock, Duration> &when)
	{
		std::int64_t left = detail::milliseconds_until(when);

		while (!got_within(left)) {
			left = detail::milliseconds_until(when);
			if (left == 0)
				return false;
		}
		return true;
	}

	/** Without a held lock it does nothing. */
	void unlock() noexcept
	{
		portlock_release(handle.get());
	}

	/** Waits as long as the options' timeout says; throws timeout. */
	void acquire()
	{
		check(portlock_acquire(handle.get()));
	}

	/** The same with a timeout of its own. */
	template <class Rep, class Period>
	void acquire(const std::chrono::duration<Rep, Period> &time)
	{
		check(portlock_acquire_for(handle.get(),
					   detail::milliseconds(time)));
	}

	/** unlock() that throws error(EINVAL) for a moved-from mutex. */
	void release()
	{
		check(portlock_release(handle.get()));
	}

	/** Whether this handle holds the lock, through whichever thread. */
	bool has_locked() const noexcept
	{
		return portlock_has_locked(handle.get());
	}

	/** The fencing token of the present grant; 0: nothing held. */
	std::uint64_t token() const noexcept
	{
		return portlock_token(handle.get());
	}

	/**
	 * Becomes readable when a lock of transport "etcd" that is held is
	 * lost, see portlock_lost_fd(); throws error(ENOENT) if none is.
	 */
	int lost_fd() const
	{
		const int fd = portlock_lost_fd(handle.get());

		check(fd < 0 ? fd : 0);
		return fd;
	}

	/** Why it failed or was lost, see portlock_detail(); often empty. */
	std::string detail() const
	{
		char text[256] = "";

		portlock_detail(handle.get(), text, sizeof(text));
		return text;
	}

	/** The candidate ports on 127.0.0.1. */
	std::array<std::uint16_t, PORTLOCK_PORTS> ports() const
	{
		std::array<std::uint16_t, PORTLOCK_PORTS> all;

		check(portlock_ports(handle.get(), all.data()));
		return all;
	}

	/** The gate's name without its first NUL byte. */
	std::string gate() const
	{
		check(handle ? 0 : -EINVAL);
		return portlock_gate(handle.get());
	}

	/**
	 * Who holds it, this process or another one, see portlock_holder();
	 * false: nobody.
	 */
	bool holder(struct portlock_holder &who) const
	{
		who.size = sizeof(who);
		return got(portlock_holder(handle.get(), &who), -ENOENT);
	}

	/** Who waits for it, in order, see portlock_waiters(). */
	std::vector<struct portlock_process> waiters() const
	{
		std::vector<struct portlock_process> all;
		std::size_t count = 0;

		do {
			all.resize(count);
			if (!got(portlock_waiters(handle.get(), all.data(),
						  all.size(), &count),
				 -ENOENT))
				count = 0;
		} while (count > all.size());
		all.resize(count);
		return all;
	}

	/** For the C functions; still owned here.  NULL when moved from. */
	native_handle_type native_handle() noexcept
	{
		return handle.get();
	}

private:
	std::unique_ptr<portlock_t, detail::closer> handle;

	void check(int result) const
	{
		if (result == 0)
			return;

		const char *gate = portlock_gate(handle.get());
		const std::string why = detail();
		std::string subject =
			gate ? gate : "moved-from portlock::mutex";

		if (!why.empty())
			subject += ": " + why;
		if (result == -ETIMEDOUT)
			throw portlock::timeout(subject);
		throw error(-result, subject);
	}

	bool got(int result, int not_an_error) const
	{
		if (result == not_an_error)
			return false;
		check(result);
		return true;
	}

	bool got_within(std::int64_t time)
	{
		return got(portlock_acquire_for(handle.get(), time),
			   -ETIMEDOUT);
	}
};

} // namespace portlock

#endif
