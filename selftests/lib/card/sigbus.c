// SPDX-License-Identifier: GPL-2.0
/* Accesses to mappings with SIGBUS handling. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "sigbus.h"

static unsigned int count;
static __thread sigjmp_buf escape;
static __thread volatile bool is_guarded;

static void on_sigbus(int sig)
{
	static const char text[] = "SIGBUS outside of any access to a device\n";

	__atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
	if (is_guarded)
		siglongjmp(escape, 1);
	/* nowhere to report a failed write */
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(128 + sig);
	_exit(128 + sig);
}

void sigbus_init(void)
{
	/* the handler is left by a jump that does not restore the signal mask */
	struct sigaction action = { .sa_handler = on_sigbus, .sa_flags = SA_NODEFER };

	sigaction(SIGBUS, &action, NULL);
}

int sigbus_read(const volatile uint32_t *at, uint32_t *value)
{
	int ret = -EFAULT;

	is_guarded = true;
	if (!sigsetjmp(escape, 0)) {
		*value = *at;
		ret = 0;
	}
	is_guarded = false;
	return ret;
}

int sigbus_write(volatile uint32_t *at, uint32_t value)
{
	int ret = -EFAULT;

	is_guarded = true;
	if (!sigsetjmp(escape, 0)) {
		*at = value;
		ret = 0;
	}
	is_guarded = false;
	return ret;
}

unsigned int sigbus_count(void)
{
	return __atomic_load_n(&count, __ATOMIC_RELAXED);
}
