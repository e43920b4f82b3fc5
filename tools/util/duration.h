/* SPDX-License-Identifier: GPL-2.0 */
/* Durations on the command line: 100ms, 60s, 2min; limits also 60, 2m, 1h, 0.5. */
#ifndef FPGACTL_DURATION_H
#define FPGACTL_DURATION_H

#include <stdbool.h>
#include <stdint.h>

/* After an invalid limit. */
#define DURATION_HINT	"Expected a time such as 30, 0.5, 30s, 500ms, 5m or 1h."

bool duration_parse(const char *word, uint32_t *ms);
bool duration_parse_limit(const char *word, uint32_t min_ms, uint32_t max_ms, uint32_t *ms);
char *duration_text(uint32_t ms);
char *duration_ns_text(uint64_t ns);
char *duration_ms_text(uint64_t ms);

#endif
