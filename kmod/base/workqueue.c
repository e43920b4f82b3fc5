// SPDX-License-Identifier: GPL-2.0
/*
 * The queue of work that may touch hardware: frozen while the system sleeps, and not bound to the
 * CPU that queues it, which may be set apart for a VM.
 */
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/workqueue.h>

#include "base/workqueue.h"

struct workqueue_struct *fv_workqueue;

/**
 * fv_workqueue_init - Create the workqueue
 *
 * Context: Process context.
 * Return: 0 or -ENOMEM.
 */
int fv_workqueue_init(void)
{
	fv_workqueue = alloc_workqueue(KBUILD_MODNAME, WQ_UNBOUND | WQ_FREEZABLE, 0);
	return fv_workqueue ? 0 : -ENOMEM;
}

/**
 * fv_workqueue_exit - Destroy the workqueue
 *
 * Context: Process context, when no device can queue work any more.
 */
void fv_workqueue_exit(void)
{
	destroy_workqueue(fv_workqueue);
}
