// SPDX-License-Identifier: GPL-2.0
/*
 * loss_bench BDF loss|recover [busy]: take the link down, or fence and recover the card, with a
 * user that has mapped it; busy: one that accesses it constantly. Prints "used MS": time, on the
 * card's clock, of the first access that the card answers afterwards; for a recovery,
 * "accesses N": number of config accesses; for a busy user, "longest US": the longest access.
 */
#include <linux/fpga_vfio.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "control.h"
#include "fence.h"
#include "hammer.h"
#include "regs.h"
#include "user.h"

#define CARD "FV_CARD"
#define DOWN_MS 200
#define LIMIT_MS 20000

struct recovery {
	const char *bdf;
	struct genl genl;
	pthread_t thread;
	unsigned int accesses;
};

static void lose_link(struct user *user)
{
	control_do(CARD, "link down for %u", DOWN_MS);
	if (!wait_until(user->regs[CARD_REG_ID / 4] != CARD_ID, LIMIT_MS))
		fail("the link does not go down");
}

/* Without QEMU's own writes. */
static unsigned int accesses(void)
{
	return control_number(CARD, "cfg_reads") + control_number(CARD, "cfg_writes") -
	       control_number(CARD, "bar_rewrites");
}

/* Another thread recovers the card, to measure the user's access before the command returns. */
static void *recover_thread(void *recovery)
{
	struct recovery *own = recovery;
	unsigned int before = accesses();

	recover(&own->genl, own->bdf);
	own->accesses = accesses() - before;
	return NULL;
}

static void fence_and_recover(struct recovery *recovery, struct user *user)
{
	genl_open(&recovery->genl, FPGA_VFIO_FAMILY_NAME);
	fence(&recovery->genl, recovery->bdf);
	/* otherwise the next access would count as the first after the fence */
	if (user->regs[CARD_REG_ID / 4] == CARD_ID)
		fail("%s is fenced, and answers", recovery->bdf);
	nap_ms(DOWN_MS);
	if (pthread_create(&recovery->thread, NULL, recover_thread, recovery))
		fail("pthread_create failed");
}

static void end_recovery(struct recovery *recovery)
{
	pthread_join(recovery->thread, NULL);
	printf("accesses %u\n", recovery->accesses);
	genl_close(&recovery->genl);
}

int main(int argc, char **argv)
{
	bool is_busy = argc == 4 && !strcmp(argv[3], "busy");
	struct recovery recovery = {};
	bool is_loss;
	struct hammer hammer;
	struct user user;

	if (argc != 3 + is_busy || (strcmp(argv[2], "loss") && strcmp(argv[2], "recover")))
		fail("usage: loss_bench BDF loss|recover [busy]");
	is_loss = argv[2][0] == 'l';
	recovery.bdf = argv[1];
	user_come(&user, argv[1]);
	if (user.regs[CARD_REG_ID / 4] != CARD_ID)
		fail("%s does not answer to begin with", argv[1]);
	if (is_busy)
		hammer_start(&hammer, &user);
	if (is_loss)
		lose_link(&user);
	else
		fence_and_recover(&recovery, &user);
	if (!wait_until(user.regs[CARD_REG_ID / 4] == CARD_ID, LIMIT_MS))
		fail("%s does not answer any more", argv[1]);
	printf("used %u\n", user.regs[CARD_REG_UPTIME_MS / 4]);
	if (!is_loss)
		end_recovery(&recovery);
	if (is_busy) {
		hammer_stop(&hammer);
		printf("longest %ju\n", (uintmax_t)(hammer.map.longest_ns > hammer.fd.longest_ns ?
						    hammer.map.longest_ns :
						    hammer.fd.longest_ns) / 1000);
	}
	user_go(&user);
	return 0;
}
