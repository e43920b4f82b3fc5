/* SPDX-License-Identifier: GPL-2.0 */
/* Reset and recovery steps as a table and as JSON. */
#ifndef FPGACTL_STEPS_H
#define FPGACTL_STEPS_H

#include "host/model.h"
#include "model/ladder.h"
#include "output/out.h"

extern const struct out_columns steps_columns;

void steps_print(const struct ladder *l, const struct fv_model *m, const char *requested,
		 bool is_plan);
struct json_object *steps_json(const struct ladder *l, const struct fv_model *m);

#endif
