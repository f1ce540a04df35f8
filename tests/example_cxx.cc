/* SPDX-License-Identifier: MIT */
/* One backup at a time, whoever starts it; wait up to five seconds. */
#include <chrono>
#include <iostream>
#include <mutex>
#include <portlock/portlock.hpp>

int main()
try {
	portlock::mutex backup("nightly-backup");
	std::unique_lock<portlock::mutex> hold(backup, std::chrono::seconds(5));

	if (!hold) {
		std::cerr << "no backup: another one is running\n";
		return 1;
	}
	std::cout << "backing up, token " << backup.token() << "\n";
	return 0;
} catch (const portlock::error &error) {
	std::cerr << "no backup: " << error.what() << "\n";
	return 1;
}
