/* The C decoder behind the bulk scanner's interface, so that a test can compare the two array for array. */
#ifndef EDGEECG_SCAN_H
#define EDGEECG_SCAN_H

#include <stddef.h>
#include <stdint.h>

#define EDGEECG_ASIDE 9 /* intact, but not a samples frame: its bytes are put aside */

/* Field for field edgeecg_kernels.wire_scan.ROW. */
typedef struct edgeecg_scan_row {
    int64_t clock_us;
    int64_t rate_millihz;
    int64_t first;
    int32_t verdict;
    int32_t stream;
    int32_t sequence;
    int32_t count;
    int32_t leads;
    int32_t bits;
    int32_t lead_off;
    int32_t dropped;
    int32_t len_bytes;
} edgeecg_scan_row;

/* Scans `n` bytes. The outputs must hold what they can give: n rows, n values, n bytes aside. Returns the rows written. */
size_t edgeecg_scan(const uint8_t *x, size_t n, edgeecg_scan_row *rows, int32_t *values, uint8_t *aside);

#endif
