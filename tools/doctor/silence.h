/* SPDX-License-Identifier: GPL-2.0 */
/* The way to reprogram cards where the host does not stand a lost link. */
#ifndef FPGACTL_DOCTOR_SILENCE_H
#define FPGACTL_DOCTOR_SILENCE_H

#include "doctor/doctor.h"

char *silence_advice(const struct doctor *d, const struct strv *roots);

#endif
