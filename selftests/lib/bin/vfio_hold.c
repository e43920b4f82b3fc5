// SPDX-License-Identifier: GPL-2.0
/*
 * vfio_hold [-r|-e] BDF: open a device and hold it. Says "held" when it has it. Ends
 * on SIGTERM, and with -r also when the kernel requests the device. With -e it says
 * "error" and "request" each time that it is told so, and does what the lines of its
 * input say (../card/orders.h); it answers with the line and what came of it. On
 * SIGUSR1 it requests VFIO_DEVICE_RESET, and says "reset ERRNO" when that returns. With
 * FV_VF_TOKEN in the environment it opens the device by that VF token.
 * Exit: 0, or 3 when an access to a mapping ended in SIGBUS.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "device.h"
#include "irq.h"
#include "orders.h"

#define LIMIT_S 900
#define EXIT_SIGBUS 3

static volatile sig_atomic_t ends, wants_reset;

static void on_signal(int sig)
{
	if (sig == SIGUSR1)
		wants_reset = 1;
	else
		ends = 1;
}

/* Read the input: lines, each in one write; false at its end. */
static bool obey_input(struct orders *orders)
{
	char buf[256], *rest = buf, *line;
	ssize_t len = read(STDIN_FILENO, buf, sizeof(buf) - 1);

	if (len <= 0)
		return false;
	buf[len] = '\0';
	while ((line = strsep(&rest, "\n")))
		if (*line)
			orders_obey(orders, line);
	return true;
}

/* Hold it until it is to be released. Signals come only while it waits. */
static void hold(struct orders *orders, struct pollfd *fds, bool leaves, bool tells)
{
	static const char *const names[] = { "request", "error" };
	unsigned int i;
	sigset_t none;

	sigemptyset(&none);
	while (!ends) {
		if (wants_reset) {
			wants_reset = 0;
			printf("reset %s\n", errno_name(__device_reset(&orders->user->dev)));
			fflush(stdout);
		}
		if (ppoll(fds, tells ? 3 : leaves, NULL, &none) <= 0)
			continue;
		if (leaves)
			return;
		for (i = 0; i < 2; i++)
			if (event_count(fds[i].fd))
				puts(names[i]);
		if (fds[2].revents && !obey_input(orders))
			fds[2].fd = -1;
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	bool leaves = argc == 3 && !strcmp(argv[1], "-r");
	bool tells = argc == 3 && !strcmp(argv[1], "-e");
	struct sigaction action = { .sa_handler = on_signal };
	struct pollfd fds[3] = { { .events = POLLIN }, { .events = POLLIN }, { .events = POLLIN } };
	struct orders orders;
	struct user user;
	sigset_t signals;
	unsigned int nr_sigbus;
	int ret;

	if (argc != 2 + leaves + tells) {
		fprintf(stderr, "usage: %s [-r|-e] BDF\n", argv[0]);
		return 2;
	}
	alarm(LIMIT_S * from_env("FV_SLOW", 1));
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGUSR1);
	ret = __user_open(&user, argv[argc - 1]);
	if (ret)
		fail("open %s: %s", argv[argc - 1], errno_name(ret));
	orders_init(&orders, &user);
	fds[0].fd = event_new();
	ret = __irq_enable(&user.dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, &fds[0].fd);
	if (ret)
		fail("request event: %s", errno_name(ret));
	fds[1].fd = event_new();
	fds[2].fd = STDIN_FILENO;
	if (tells)
		irq_enable(&user.dev, VFIO_PCI_ERR_IRQ_INDEX, 0, 1, &fds[1].fd);
	/* from here on only while hold() waits, which handles those that came before */
	sigprocmask(SIG_BLOCK, &signals, NULL);
	puts("held");
	fflush(stdout);
	hold(&orders, fds, leaves, tells);
	nr_sigbus = orders_end(&orders);
	device_close(&user.dev);
	iommu_close(&user.iommu);
	return nr_sigbus ? EXIT_SIGBUS : 0;
}
