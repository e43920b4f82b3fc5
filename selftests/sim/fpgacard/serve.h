/* SPDX-License-Identifier: GPL-2.0 */
/* Request handling for a client. Never blocks: every request is answered at once. */
#ifndef CARD_SERVE_H
#define CARD_SERVE_H

#include "conn.h"

/* For conn_init(), with a struct fn as argument. */
extern const struct conn_user serve_user;

#endif
