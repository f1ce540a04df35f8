/* SPDX-License-Identifier: MIT */
/* real.h - libc's own versions of what the shim replaces. */
#ifndef PORTLOCK_SHIM_REAL_H
#define PORTLOCK_SHIM_REAL_H

#include <endian.h>
#include <fts.h>
#include <ftw.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/sem.h>
#include <sys/types.h>
#include <time.h>

/* A struct timespec with _TIME_BITS=64, where a long has 32 bits. */
struct shim_time64 {
	int64_t tv_sec;
#if __BYTE_ORDER == __BIG_ENDIAN
	int32_t padding;
#endif
	int32_t tv_nsec;
#if __BYTE_ORDER != __BIG_ENDIAN
	int32_t padding;
#endif
};

/* clang-format off */
#ifdef HAVE___SEM_TIMEDWAIT64
#define SHIM_REAL_TIME64_LIST(X)					\
	X(int,	  __sem_timedwait64, (sem_t *, const struct shim_time64 *)) \
	X(int,	  __sem_clockwait64, (sem_t *, clockid_t,		\
				      const struct shim_time64 *))	\
	X(int,	  __pthread_mutex_timedlock64, (pthread_mutex_t *,	\
					 const struct shim_time64 *))	\
	X(int,	  __pthread_mutex_clocklock64, (pthread_mutex_t *, clockid_t, \
					 const struct shim_time64 *))	\
	X(int,	  __pthread_cond_timedwait64, (pthread_cond_t *,	\
					 pthread_mutex_t *,		\
					 const struct shim_time64 *))	\
	X(int,	  __pthread_cond_clockwait64, (pthread_cond_t *,	\
					 pthread_mutex_t *, clockid_t,	\
					 const struct shim_time64 *))	\
	X(int,	  __semtimedop64, (int, struct sembuf *, size_t,	\
				   const struct shim_time64 *))		\
	X(int,	  __semctl64,	(int, int, int, ...))			\
	X(int,	  __nftw64_time64, (const char *, void *, int, int))	\
	X(void *, __fts64_open_time64, (char *const *, int, void *))
#else
#define SHIM_REAL_TIME64_LIST(X)
#endif

#define SHIM_REAL_LIST(X)						\
	X(int,	  open,		(const char *, int, ...))		\
	X(int,	  open64,	(const char *, int, ...))		\
	X(int,	  openat,	(int, const char *, int, ...))		\
	X(int,	  openat64,	(int, const char *, int, ...))		\
	X(int,	  creat,	(const char *, mode_t))			\
	X(int,	  creat64,	(const char *, mode_t))			\
	X(int,	  __open_2,	(const char *, int))			\
	X(int,	  __open64_2,	(const char *, int))			\
	X(int,	  __openat_2,	(int, const char *, int))		\
	X(int,	  __openat64_2,	(int, const char *, int))		\
	X(FILE *, fopen,	(const char *, const char *))		\
	X(FILE *, fopen64,	(const char *, const char *))		\
	X(FILE *, freopen,	(const char *, const char *, FILE *))	\
	X(FILE *, freopen64,	(const char *, const char *, FILE *))	\
	X(int,	  link,		(const char *, const char *))		\
	X(int,	  linkat,	(int, const char *, int, const char *, int)) \
	X(int,	  symlink,	(const char *, const char *))		\
	X(int,	  symlinkat,	(const char *, int, const char *))	\
	X(int,	  mkdir,	(const char *, mode_t))			\
	X(int,	  mkdirat,	(int, const char *, mode_t))		\
	X(int,	  unlink,	(const char *))				\
	X(int,	  unlinkat,	(int, const char *, int))		\
	X(int,	  rename,	(const char *, const char *))		\
	X(int,	  renameat,	(int, const char *, int, const char *)) \
	X(int,	  renameat2,	(int, const char *, int, const char *,	\
				 unsigned))				\
	X(int,	  rmdir,	(const char *))				\
	X(int,	  remove,	(const char *))				\
	X(int,	  setuid,	(uid_t))				\
	X(int,	  seteuid,	(uid_t))				\
	X(int,	  setreuid,	(uid_t, uid_t))				\
	X(int,	  setresuid,	(uid_t, uid_t, uid_t))			\
	X(int,	  setgid,	(gid_t))				\
	X(int,	  setegid,	(gid_t))				\
	X(int,	  setregid,	(gid_t, gid_t))				\
	X(int,	  setresgid,	(gid_t, gid_t, gid_t))			\
	X(int,	  initgroups,	(const char *, gid_t))			\
	X(int,	  setgroups,	(size_t, const gid_t *))		\
	X(int,	  setfsuid,	(uid_t))				\
	X(int,	  setfsgid,	(gid_t))				\
	X(int,	  setns,	(int, int))				\
	X(int,	  chroot,	(const char *))				\
	X(int,	  chdir,	(const char *))				\
	X(int,	  fchdir,	(int))					\
	X(int,	  unshare,	(int))					\
	X(int,	  nftw,		(const char *, __nftw_func_t, int, int)) \
	X(int,	  nftw64,	(const char *, __nftw64_func_t, int, int)) \
	X(FTS *,  fts_open,	(char *const *, int,			\
				 int (*)(const FTSENT **, const FTSENT **))) \
	X(FTS64 *, fts64_open,	(char *const *, int,			\
				 int (*)(const FTSENT64 **, const FTSENT64 **))) \
	X(void,	  _exit,	(int))					\
	X(void,	  _Exit,	(int))					\
	X(int,	  execve,	(const char *, char *const *, char *const *)) \
	X(int,	  execv,	(const char *, char *const *))		\
	X(int,	  execvp,	(const char *, char *const *))		\
	X(int,	  execvpe,	(const char *, char *const *, char *const *)) \
	X(int,	  fexecve,	(int, char *const *, char *const *))	\
	X(int,	  execveat,	(int, const char *, char *const *,	\
				 char *const *, int))			\
	X(int,	  close,	(int))					\
	X(void,	  closefrom,	(int))					\
	X(int,	  close_range,	(unsigned, unsigned, int))		\
	X(int,	  dup,		(int))					\
	X(int,	  dup2,		(int, int))				\
	X(int,	  dup3,		(int, int, int))			\
	X(int,	  flock,	(int, int))				\
	X(int,	  fcntl,	(int, int, ...))			\
	X(int,	  fcntl64,	(int, int, ...))			\
	X(int,	  lockf,	(int, int, off_t))			\
	X(int,	  lockf64,	(int, int, off64_t))			\
	X(int,	  daemon,	(int, int))				\
	X(int,	  fclose,	(FILE *))				\
	X(void *, dlopen,	(const char *, int))			\
	X(int,	  dlclose,	(void *))				\
	X(int,	  pthread_mutex_lock, (pthread_mutex_t *))		\
	X(int,	  pthread_mutex_trylock, (pthread_mutex_t *))		\
	X(int,	  pthread_mutex_timedlock, (pthread_mutex_t *,		\
					    const struct timespec *))	\
	X(int,	  pthread_mutex_clocklock, (pthread_mutex_t *, clockid_t, \
					    const struct timespec *))	\
	X(int,	  pthread_mutex_unlock, (pthread_mutex_t *))		\
	X(int,	  pthread_cond_wait, (pthread_cond_t *, pthread_mutex_t *)) \
	X(int,	  pthread_cond_timedwait, (pthread_cond_t *,		\
					   pthread_mutex_t *,		\
					   const struct timespec *))	\
	X(int,	  pthread_cond_clockwait, (pthread_cond_t *,		\
					   pthread_mutex_t *, clockid_t, \
					   const struct timespec *))	\
	X(sem_t *, sem_open,	(const char *, int, ...))		\
	X(int,	  sem_close,	(sem_t *))				\
	X(int,	  sem_wait,	(sem_t *))				\
	X(int,	  sem_trywait,	(sem_t *))				\
	X(int,	  sem_timedwait, (sem_t *, const struct timespec *))	\
	X(int,	  sem_clockwait, (sem_t *, clockid_t,			\
				  const struct timespec *))		\
	X(int,	  sem_post,	(sem_t *))				\
	X(int,	  sem_getvalue,	(sem_t *, int *))			\
	X(int,	  semctl,	(int, int, int, ...))			\
	X(int,	  semop,	(int, struct sembuf *, size_t))		\
	X(int,	  semtimedop,	(int, struct sembuf *, size_t,		\
				 const struct timespec *))		\
	X(int,	  lckpwdf,	(void))					\
	X(int,	  ulckpwdf,	(void))					\
	SHIM_REAL_TIME64_LIST(X)
/* clang-format on */

/* For each name: its number, and the type shim_NAME_function. */
#define SHIM_REAL_NUMBER(type, name, parameters) SHIM_REAL_##name,
#define SHIM_REAL_TYPE(type, name, parameters)                                 \
	typedef type shim_##name##_function parameters;

enum shim_real { SHIM_REAL_LIST(SHIM_REAL_NUMBER) SHIM_REALS };
SHIM_REAL_LIST(SHIM_REAL_TYPE)

#undef SHIM_REAL_NUMBER
#undef SHIM_REAL_TYPE

extern _Atomic(void *) shim_real_slots[SHIM_REALS];

/* Looks the name up and fills its slot; never returns NULL. */
void *shim_real_look_up(enum shim_real number);

static inline void *shim_real(enum shim_real number)
{
	void *function = atomic_load_explicit(&shim_real_slots[number],
					      memory_order_relaxed);

	return function ? function : shim_real_look_up(number);
}

#define REAL(name) ((shim_##name##_function *)shim_real(SHIM_REAL_##name))

#endif
