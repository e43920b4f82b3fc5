// SPDX-License-Identifier: GPL-2.0
/* A VFIO user of the card. */
#include <errno.h>
#include <linux/fpga_vfio.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "config.h"
#include "engine.h"
#include "genl.h"
#include "irq.h"
#include "module.h"
#include "operation.h"
#include "region.h"
#include "regs.h"
#include "user.h"

#define IOVA 0x10000000ull
#define BUFFER 0x100000u
#define RING_AT (BUFFER - 0x1000)
#define PAGE 4096
#define BACK_AT (2 * PAGE)	/* destination of data from the card */
#define LOOK_MS 20		/* interval to check that the card still does DMA */
#define LATE_MS 1000		/* for an interrupt that a reset may have discarded */

const char *role(const char *name)
{
	const char *bdf = getenv(name);

	if (!bdf)
		fail("%s is not set: not run in the lab?", name);
	return bdf;
}

void card_bind(const char *bdf)
{
	/* provides the port's link */
	if (!module_loaded("fv_port"))
		module_load("/t/mod/fv_port.ko", "");
	if (!module_loaded("fpga_vfio_pci"))
		module_load_ours("");
	pci_bind(bdf, "fpga_vfio_pci");
}

int __user_open(struct user *user, const char *bdf)
{
	int ret;

	memset(user, 0, sizeof(*user));
	iommu_open(&user->iommu, iommu_mode_from_env());
	ret = __device_open_token(&user->dev, &user->iommu, bdf, getenv("FV_VF_TOKEN"));
	if (ret)
		iommu_close(&user->iommu);
	return ret;
}

int __user_equip(struct user *user)
{
	config_command(&user->dev, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	user->regs = region_map(&user->dev, VFIO_PCI_BAR0_REGION_INDEX,
				&user->regs_size);
	user->buffer = dma_alloc(BUFFER);
	iommu_map(&user->iommu, user->buffer, IOVA, BUFFER);
	user->event = event_new();
	return __irq_enable(&user->dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, &user->event);
}

int __user_come(struct user *user, const char *bdf)
{
	int ret = __user_open(user, bdf);

	if (ret)
		return ret;
	ret = __user_equip(user);
	if (ret)
		user_go(user);
	return ret;
}

void user_come(struct user *user, const char *bdf)
{
	int ret = __user_come(user, bdf);

	if (ret)
		fail("open %s: %s", bdf, errno_name(ret));
}

void user_go(struct user *user)
{
	/* a mapping holds a reference on the device */
	munmap((void *)user->regs, user->regs_size);
	device_close(&user->dev);
	iommu_close(&user->iommu);
	munmap(user->buffer, BUFFER);
	close(user->event);
}

static void ring_begin(struct user *user, struct engine *engine)
{
	engine_init(engine, user->regs, 0, user->buffer + RING_AT, IOVA + RING_AT);
}

/* Copy a page to the card and back, with an interrupt at the end. */
static void there_and_back(struct user *user, struct engine *engine, uint8_t seed)
{
	int i;

	for (i = 0; i < PAGE; i++) {
		user->buffer[i] = seed + i * 7;
		user->buffer[BACK_AT + i] = 0;
	}
	event_count(user->event);
	ring_begin(user, engine);
	engine_add(engine, false, IOVA, 0, PAGE, false);
	engine_add(engine, true, IOVA + BACK_AT, 0, PAGE, true);
	engine_run(engine, CARD_ENG_CTRL_IRQ);
}

static int differs(const struct user *user)
{
	return memcmp(user->buffer, user->buffer + BACK_AT, PAGE);
}

int user_moves_data(struct user *user, uint8_t seed)
{
	struct engine engine;

	there_and_back(user, &engine, seed);
	if (!event_wait(user->event, IRQ_LIMIT_MS))
		return -ETIMEDOUT;
	return __engine_wait(&engine) ?: differs(user);
}

/* Wait for the final interrupt as long as the engine runs. */
static bool comes_to_end(struct user *user, struct engine *engine)
{
	while (!event_wait(user->event, LOOK_MS))
		if (!engine_is_busy(engine))
			return engine_status(engine, 1) == CARD_DESC_DONE &&
				event_wait(user->event, LATE_MS);
	return true;
}

int user_tries_data(struct user *user, uint8_t seed)
{
	struct engine engine;

	there_and_back(user, &engine, seed);
	/* the interrupt may belong to an earlier try */
	if (!comes_to_end(user, &engine) || engine_status(&engine, 1) != CARD_DESC_DONE)
		return -EAGAIN;
	return differs(user);
}

void user_starts_data(struct user *user)
{
	struct engine engine;
	unsigned int i;

	ring_begin(user, &engine);
	for (i = 0; i < ENGINE_RING / 2; i++)
		engine_add(&engine, i % 2, IOVA + BACK_AT, 0, PAGE, true);
	engine_run(&engine, CARD_ENG_CTRL_IRQ);
}

int reset_by_netlink(const char *bdf, int method)
{
	struct genl_attrs attrs = { 0 };
	struct genl_answer answer;
	struct genl genl;
	int ret;

	genl_open(&genl, FPGA_VFIO_FAMILY_NAME);
	genl_put_string(&attrs, FPGA_VFIO_A_RESET_BDF, bdf);
	if (method >= 0)
		genl_put_u32(&attrs, FPGA_VFIO_A_RESET_METHOD, method);
	ret = __op_call(&genl, FPGA_VFIO_CMD_RESET, &attrs, NULL, NULL, NULL, &answer);
	genl_close(&genl);
	return ret;
}
