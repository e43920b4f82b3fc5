/* SPDX-License-Identifier: GPL-2.0 */
/* Consent to what takes a device from its driver or user. */
#ifndef FPGACTL_CONSENT_H
#define FPGACTL_CONSENT_H

#include "cmd/cmd.h"
#include "model/fence.h"
#include "model/release.h"

/* Consent to take devices from their users, which come and go; and from drivers. */
struct consent {
	const struct cmd_ctx *ctx;	/* of a command with the options --yes and --dry-run */
	const char *what;		/* the command */
	const char *bdf;		/* object of the question; NULL: the first device in it */
	bool is_unbound;		/* drivers would lose their devices */
	void (*find)(struct json_object *users, void *data);	/* adds those of now */
	int (*check)(void *data);	/* refuses what consent does not allow, or NULL */
	/* requests the holder of a device to close it; NULL: none is requested */
	void (*request)(const struct pci_func *d, void *data);
	void *data;
	struct release_limit *limit;	/* of the wait; begins anew with each answer; or NULL */
	struct json_object *agreed;	/* users that an answer was about, or NULL */
	bool is_needed;			/* by --yes, or for users at the last check */
};

int consent_check(struct consent *c, const char *done);
int consent_wait(struct consent *c, const struct pci_func *const *devices, size_t n,
		 const char *hint);
int consent_check_functions(const struct cmd_ctx *ctx, const char *what, const char *bdf,
			    const struct affected_list *functions, bool *is_unused_only);
int consent_check_fence(const struct cmd_ctx *ctx, struct fv_nl *nl, struct fence_request *request,
			const char *what);
void consent_free(struct consent *c);

#endif
