"""The C that does not depend on the table: what stands at the head and foot of the generated headers."""

WIRE_HEAD = """\
/* Generated from edgeecg_wire/schema.py by `python -m edgeecg_wire.generate`: the edgeecg wire protocol. C99, no malloc. */
#ifndef EDGEECG_WIRE_H
#define EDGEECG_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What one segment between two delimiters turned out to be. */
typedef enum edgeecg_verdict {
    EDGEECG_NOTHING = 0,         /* no segment ended here */
    EDGEECG_FRAME = 1,           /* a frame that keeps the rules */
    EDGEECG_DAMAGED_COBS = 2,    /* a block runs past the end */
    EDGEECG_DAMAGED_SHORT = 3,   /* no room for a header and a CRC */
    EDGEECG_DAMAGED_CRC = 4,     /* the CRC does not agree */
    EDGEECG_OVERLONG = 5,        /* no delimiter where the longest segment must end */
    EDGEECG_UNKNOWN = 6,         /* intact, of a type or a version not known here */
    EDGEECG_REFUSED_LENGTH = 7,  /* intact, but its length contradicts its fields */
    EDGEECG_REFUSED_CONTENT = 8, /* intact, but a field holds what it may not */
} edgeecg_verdict;
"""

ACCESS = """
static inline void edgeecg_put_u8(uint8_t *to, uint8_t value)
{
    to[0] = value;
}

static inline void edgeecg_put_u16(uint8_t *to, uint16_t value)
{
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
}

static inline void edgeecg_put_u32(uint8_t *to, uint32_t value)
{
    edgeecg_put_u16(to, (uint16_t)value);
    edgeecg_put_u16(to + 2, (uint16_t)(value >> 16));
}

static inline void edgeecg_put_u64(uint8_t *to, uint64_t value)
{
    edgeecg_put_u32(to, (uint32_t)value);
    edgeecg_put_u32(to + 4, (uint32_t)(value >> 32));
}

static inline void edgeecg_put_i32(uint8_t *to, int32_t value)
{
    edgeecg_put_u32(to, (uint32_t)value);
}

static inline void edgeecg_put_i64(uint8_t *to, int64_t value)
{
    edgeecg_put_u64(to, (uint64_t)value);
}

static inline void edgeecg_put_u16x8(uint8_t *to, const uint16_t *values)
{
    for (uint8_t i = 0; i < 8; i++) {
        edgeecg_put_u16(to + 2 * i, values[i]);
    }
}

static inline void edgeecg_put_text16(uint8_t *to, const char *text)
{
    bool ended = false;
    for (uint8_t i = 0; i < 16; i++) {
        ended = ended || text[i] == 0;
        to[i] = ended ? 0 : (uint8_t)text[i];
    }
}

static inline uint8_t edgeecg_get_u8(const uint8_t *from)
{
    return from[0];
}

static inline uint16_t edgeecg_get_u16(const uint8_t *from)
{
    return (uint16_t)(from[0] | (uint16_t)from[1] << 8);
}

static inline uint32_t edgeecg_get_u32(const uint8_t *from)
{
    return edgeecg_get_u16(from) | (uint32_t)edgeecg_get_u16(from + 2) << 16;
}

static inline uint64_t edgeecg_get_u64(const uint8_t *from)
{
    return edgeecg_get_u32(from) | (uint64_t)edgeecg_get_u32(from + 4) << 32;
}

/* Two's complement without a cast whose result the standard leaves to the compiler. */
static inline int32_t edgeecg_get_i32(const uint8_t *from)
{
    uint32_t value = edgeecg_get_u32(from);
    return value <= INT32_MAX ? (int32_t)value : -(int32_t)(UINT32_MAX - value) - 1;
}

static inline int64_t edgeecg_get_i64(const uint8_t *from)
{
    uint64_t value = edgeecg_get_u64(from);
    return value <= INT64_MAX ? (int64_t)value : -(int64_t)(UINT64_MAX - value) - 1;
}

static inline void edgeecg_get_u16x8(uint16_t *to, const uint8_t *from)
{
    for (uint8_t i = 0; i < 8; i++) {
        to[i] = edgeecg_get_u16(from + 2 * i);
    }
}

/* A zero inside the text becomes a character no text may hold, so that the rules refuse it. */
static inline void edgeecg_get_text16(char *to, const uint8_t *from)
{
    uint8_t n = 16;
    while (n > 0 && from[n - 1] == 0) {
        n--;
    }
    for (uint8_t i = 0; i < n; i++) {
        to[i] = from[i] != 0 ? (char)from[i] : '\\x7f';
    }
    memset(to + n, 0, (size_t)(17 - n));
}

static inline bool edgeecg_text16_ok(const char *text)
{
    for (; *text; text++) {
        if (*text < ' ' || *text > '~') {
            return false;
        }
    }
    return true;
}

static inline bool edgeecg_letter_or_digit(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static inline bool edgeecg_name16_ok(const char *text)
{
    if (!edgeecg_letter_or_digit(*text)) {
        return false;
    }
    for (; *text; text++) {
        if (!edgeecg_letter_or_digit(*text) && *text != '.' && *text != '_' && *text != '-') {
            return false;
        }
    }
    return true;
}
"""

WIRE_FOOT = "#endif\n"

ROWS_HEAD = """\
/* Generated from edgeecg_wire/schema.py by `python -m edgeecg_wire.generate`: frames as lines of text, for a host. */
#ifndef EDGEECG_ROWS_H
#define EDGEECG_ROWS_H

#include <inttypes.h>
#include <stdio.h>

#include "edgeecg_wire.h"
"""

ROWS_FOOT = "#endif\n"
