/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FAKEROOT_H
#define FAKEROOT_H

int failure(const char *call);
int failure_at(const char *call, int *count);

#endif
