/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files of a reset step. */
#ifndef FV_RESET_STEP_INTERNAL_H
#define FV_RESET_STEP_INTERNAL_H

#include <linux/pci.h>

#include "object/observer.h"
#include "reset/reset_step.h"

/* Report the end of a phase to the observers; returns @error. */
static inline int fv_reset_phase(struct fv_reset_job *job, enum fv_phase phase, int error)
{
	fv_observer_phase(job->scope.dev, job->method, phase, error);
	return error;
}

/* A virtual function in the scope of its physical function answers only after that is restored. */
static inline bool fv_reset_is_later(const struct fv_scope *scope, unsigned int i)
{
	return i && scope->functions[i]->is_virtfn;
}

/* Verified for its next user, as its last close has reset it? */
static inline bool fv_reset_is_skipped(const struct fv_reset_job *job)
{
	return job->ops && job->ops->is_verify_only && job->request->is_set_locked;
}

int fv_reset_hold(struct fv_reset_job *job);
void fv_reset_release(struct fv_reset_job *job);
int fv_reset_verify(struct fv_reset_job *job);
int fv_reset_read_back(struct fv_reset_job *job);
void fv_reset_restore_driverless(struct fv_scope *scope);
void fv_reset_conclude(struct fv_reset_job *job, int error);

#endif /* FV_RESET_STEP_INTERNAL_H */
