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

#define EDGEECG_VERSION 1u /* header version spoken here */
#define EDGEECG_MAX_SEGMENT 1024u /* most bytes between two delimiters, COBS included; one more is overlong */
#define EDGEECG_MAX_FRAME 1019u /* most bytes of header + payload + CRC: what always fits in a segment */
#define EDGEECG_MAX_LEADS 8u /* leads in one stream */
#define EDGEECG_MAX_STREAMS 8u /* streams of one device, numbered from 0 */
#define EDGEECG_DEVICE 255u /* stream byte of a frame that belongs to no stream */
#define EDGEECG_MAX_CLOCK_US 9223372036854775807ULL /* largest clock value: it fits a signed 64-bit integer everywhere */
#define EDGEECG_MAX_RATE_MILLIHZ 100000000u /* fastest stream: 100 kHz */
#define EDGEECG_KIND_ECG 1u /* electrocardiogram */
#define EDGEECG_KIND_PCG 2u /* phonocardiogram */
#define EDGEECG_UNIT_NONE 0u /* counts of the converter: the scale is not known */
#define EDGEECG_UNIT_VOLT 1u /* volt */
#define EDGEECG_UNIT_PASCAL 2u /* pascal */
#define EDGEECG_STATUS_DONE 0u /* done */
#define EDGEECG_STATUS_UNKNOWN 1u /* the device does not know this request */
#define EDGEECG_STATUS_REFUSED 2u /* known, but not with this value: nothing has changed */
#define EDGEECG_CLOCK_RESTARTED 1u /* the device restarted: its clock began again */
#define EDGEECG_CLOCK_STEPPED 2u /* the clock was moved by `step_us` */
#define EDGEECG_CLOCK_UNSTABLE 3u /* the clock's source failed: treat times as unreliable */
#define EDGEECG_SIZE_HEADER 13u
#define EDGEECG_SIZE_STREAM 33u
#define EDGEECG_TYPE_HELLO 0x01u
#define EDGEECG_SIZE_HELLO 37u
#define EDGEECG_TYPE_SAMPLES 0x02u
#define EDGEECG_SIZE_SAMPLES 11u
#define EDGEECG_TYPE_LEAD_OFF 0x03u
#define EDGEECG_SIZE_LEAD_OFF 2u
#define EDGEECG_TYPE_BATTERY 0x04u
#define EDGEECG_SIZE_BATTERY 4u
#define EDGEECG_TYPE_CLOCK 0x05u
#define EDGEECG_SIZE_CLOCK 9u
#define EDGEECG_TYPE_TIME_REPLY 0x06u
#define EDGEECG_SIZE_TIME_REPLY 18u
#define EDGEECG_TYPE_ACK 0x07u
#define EDGEECG_SIZE_ACK 4u
#define EDGEECG_TYPE_START 0x81u
#define EDGEECG_SIZE_START 1u
#define EDGEECG_TYPE_STOP 0x82u
#define EDGEECG_SIZE_STOP 1u
#define EDGEECG_TYPE_SET_RATE 0x83u
#define EDGEECG_SIZE_SET_RATE 5u
#define EDGEECG_TYPE_TIME_SYNC 0x84u
#define EDGEECG_SIZE_TIME_SYNC 0u
#define EDGEECG_TYPE_IDENTIFY 0x85u
#define EDGEECG_SIZE_IDENTIFY 0u

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
        to[i] = from[i] != 0 ? (char)from[i] : '\x7f';
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

/* Begins every frame. */
typedef struct edgeecg_header {
    uint8_t version;         /* header version; this byte and the next mean the same in every version */
    uint8_t type;            /* frame type; bit 7 is set in what the host sends */
    uint8_t stream;          /* stream 0..7, or 255 (`DEVICE`) for a frame that belongs to no stream */
    uint16_t sequence;       /* counts the frames of this stream byte, by this sender; 65535 is followed by 0 */
    uint64_t clock_us;       /* sender's clock, microseconds: the first sample's instant in `samples`, else when the frame was built */
} edgeecg_header;

static inline void edgeecg_put_header(uint8_t *to, const edgeecg_header *from)
{
    edgeecg_put_u8(to + 0, from->version);
    edgeecg_put_u8(to + 1, from->type);
    edgeecg_put_u8(to + 2, from->stream);
    edgeecg_put_u16(to + 3, from->sequence);
    edgeecg_put_u64(to + 5, from->clock_us);
}

static inline void edgeecg_get_header(edgeecg_header *to, const uint8_t *from)
{
    to->version = edgeecg_get_u8(from + 0);
    to->type = edgeecg_get_u8(from + 1);
    to->stream = edgeecg_get_u8(from + 2);
    to->sequence = edgeecg_get_u16(from + 3);
    to->clock_us = edgeecg_get_u64(from + 5);
}

static inline bool edgeecg_ok_header(const edgeecg_header *f)
{
    return f->clock_us <= 9223372036854775807ULL;
}

/* One stream of a device, in `hello`. */
typedef struct edgeecg_stream {
    uint8_t stream;          /* its number */
    uint8_t kind;            /* what it measures: `KIND_*` */
    uint8_t leads;           /* leads in it, interleaved sample by sample */
    uint8_t bits;            /* sample format: 16 is i16, 24 is i24, two's complement, little-endian */
    uint8_t unit;            /* unit of a scaled sample: `UNIT_*` */
    uint32_t rate_millihz;   /* nominal rate, thousandths of a hertz */
    uint32_t scale_pico;     /* units x 1e-12 in one count: value = (raw - zero) x scale_pico x 1e-12; 0 is not known */
    int32_t zero;            /* raw value of no signal */
    uint16_t terms[8];       /* for each lead, the low 16 bits of its IEEE 11073 MDC code in partition 2 (lead I: 257); 0 is not stated */
} edgeecg_stream;

static inline void edgeecg_put_stream(uint8_t *to, const edgeecg_stream *from)
{
    edgeecg_put_u8(to + 0, from->stream);
    edgeecg_put_u8(to + 1, from->kind);
    edgeecg_put_u8(to + 2, from->leads);
    edgeecg_put_u8(to + 3, from->bits);
    edgeecg_put_u8(to + 4, from->unit);
    edgeecg_put_u32(to + 5, from->rate_millihz);
    edgeecg_put_u32(to + 9, from->scale_pico);
    edgeecg_put_i32(to + 13, from->zero);
    edgeecg_put_u16x8(to + 17, from->terms);
}

static inline void edgeecg_get_stream(edgeecg_stream *to, const uint8_t *from)
{
    to->stream = edgeecg_get_u8(from + 0);
    to->kind = edgeecg_get_u8(from + 1);
    to->leads = edgeecg_get_u8(from + 2);
    to->bits = edgeecg_get_u8(from + 3);
    to->unit = edgeecg_get_u8(from + 4);
    to->rate_millihz = edgeecg_get_u32(from + 5);
    to->scale_pico = edgeecg_get_u32(from + 9);
    to->zero = edgeecg_get_i32(from + 13);
    edgeecg_get_u16x8(to->terms, from + 17);
}

static inline bool edgeecg_ok_stream(const edgeecg_stream *f)
{
    return f->stream <= 7u && f->leads >= 1u && f->leads <= 8u && (f->bits == 16u || f->bits == 24u) && f->rate_millihz >= 1u && f->rate_millihz <= 100000000u;
}

/* Who the device is and what it sends: at power-up, after every change, and when asked. */
typedef struct edgeecg_hello {
    char device_id[17];      /* a letter or digit, then letters, digits, `.`, `_`, `-`; padded with zeros */
    char firmware[17];       /* printable ASCII, padded with zeros */
    uint8_t clock_bits;      /* the clock counts modulo 2^this: 32 wraps after 71.6 minutes */
    uint16_t clock_ppm;      /* stated tolerance of the clock, parts per million; 0 is not stated */
    uint8_t n_streams;       /* descriptors that follow */
    uint8_t stream_bytes;    /* size of one descriptor: a newer device may append to it */
} edgeecg_hello;

static inline void edgeecg_put_hello(uint8_t *to, const edgeecg_hello *from)
{
    edgeecg_put_text16(to + 0, from->device_id);
    edgeecg_put_text16(to + 16, from->firmware);
    edgeecg_put_u8(to + 32, from->clock_bits);
    edgeecg_put_u16(to + 33, from->clock_ppm);
    edgeecg_put_u8(to + 35, from->n_streams);
    edgeecg_put_u8(to + 36, from->stream_bytes);
}

static inline void edgeecg_get_hello(edgeecg_hello *to, const uint8_t *from)
{
    edgeecg_get_text16(to->device_id, from + 0);
    edgeecg_get_text16(to->firmware, from + 16);
    to->clock_bits = edgeecg_get_u8(from + 32);
    to->clock_ppm = edgeecg_get_u16(from + 33);
    to->n_streams = edgeecg_get_u8(from + 35);
    to->stream_bytes = edgeecg_get_u8(from + 36);
}

static inline bool edgeecg_ok_hello(const edgeecg_header *header, const edgeecg_hello *f)
{

    return edgeecg_ok_header(header) && edgeecg_name16_ok(f->device_id) && edgeecg_text16_ok(f->firmware) && f->clock_bits >= 16u && f->clock_bits <= 64u && f->n_streams <= 8u && f->stream_bytes >= 33u;
}

/* Consecutive samples of one stream. */
typedef struct edgeecg_samples {
    uint32_t rate_millihz;   /* rate these samples were taken at, thousandths of a hertz */
    uint16_t count;          /* samples of each lead */
    uint8_t leads;           /* leads, interleaved */
    uint8_t bits;            /* 16 or 24 */
    uint8_t lead_off;        /* bit n: lead n was off during any of these samples; bits from `leads` up are ignored */
    uint16_t dropped;        /* samples of each lead the device lost just before these; 65535 is that many or more */
} edgeecg_samples;

static inline void edgeecg_put_samples(uint8_t *to, const edgeecg_samples *from)
{
    edgeecg_put_u32(to + 0, from->rate_millihz);
    edgeecg_put_u16(to + 4, from->count);
    edgeecg_put_u8(to + 6, from->leads);
    edgeecg_put_u8(to + 7, from->bits);
    edgeecg_put_u8(to + 8, from->lead_off);
    edgeecg_put_u16(to + 9, from->dropped);
}

static inline void edgeecg_get_samples(edgeecg_samples *to, const uint8_t *from)
{
    to->rate_millihz = edgeecg_get_u32(from + 0);
    to->count = edgeecg_get_u16(from + 4);
    to->leads = edgeecg_get_u8(from + 6);
    to->bits = edgeecg_get_u8(from + 7);
    to->lead_off = edgeecg_get_u8(from + 8);
    to->dropped = edgeecg_get_u16(from + 9);
}

static inline bool edgeecg_ok_samples(const edgeecg_header *header, const edgeecg_samples *f)
{

    return edgeecg_ok_header(header) && f->rate_millihz >= 1u && f->rate_millihz <= 100000000u && f->count >= 1u && f->leads >= 1u && f->leads <= 8u && (f->bits == 16u || f->bits == 24u) && header->stream <= 7u;
}

/* The electrodes of a stream changed. */
typedef struct edgeecg_lead_off {
    uint8_t about;           /* the stream */
    uint8_t leads_off;       /* bit n: lead n is off now */
} edgeecg_lead_off;

static inline void edgeecg_put_lead_off(uint8_t *to, const edgeecg_lead_off *from)
{
    edgeecg_put_u8(to + 0, from->about);
    edgeecg_put_u8(to + 1, from->leads_off);
}

static inline void edgeecg_get_lead_off(edgeecg_lead_off *to, const uint8_t *from)
{
    to->about = edgeecg_get_u8(from + 0);
    to->leads_off = edgeecg_get_u8(from + 1);
}

static inline bool edgeecg_ok_lead_off(const edgeecg_header *header, const edgeecg_lead_off *f)
{

    return edgeecg_ok_header(header) && f->about <= 7u;
}

/* State of the battery. */
typedef struct edgeecg_battery {
    uint8_t percent;         /* charge; 255 is not known */
    uint8_t charging;        /* 1 while charging */
    uint16_t millivolts;     /* 0 is not known */
} edgeecg_battery;

static inline void edgeecg_put_battery(uint8_t *to, const edgeecg_battery *from)
{
    edgeecg_put_u8(to + 0, from->percent);
    edgeecg_put_u8(to + 1, from->charging);
    edgeecg_put_u16(to + 2, from->millivolts);
}

static inline void edgeecg_get_battery(edgeecg_battery *to, const uint8_t *from)
{
    to->percent = edgeecg_get_u8(from + 0);
    to->charging = edgeecg_get_u8(from + 1);
    to->millivolts = edgeecg_get_u16(from + 2);
}

static inline bool edgeecg_ok_battery(const edgeecg_header *header, const edgeecg_battery *f)
{

    return edgeecg_ok_header(header) && f->charging <= 1u;
}

/* The device's clock did something other than run. */
typedef struct edgeecg_clock {
    uint8_t reason;          /* `CLOCK_*` */
    int64_t step_us;         /* how far the clock moved beyond the time that passed */
} edgeecg_clock;

static inline void edgeecg_put_clock(uint8_t *to, const edgeecg_clock *from)
{
    edgeecg_put_u8(to + 0, from->reason);
    edgeecg_put_i64(to + 1, from->step_us);
}

static inline void edgeecg_get_clock(edgeecg_clock *to, const uint8_t *from)
{
    to->reason = edgeecg_get_u8(from + 0);
    to->step_us = edgeecg_get_i64(from + 1);
}

static inline bool edgeecg_ok_clock(const edgeecg_header *header, const edgeecg_clock *f)
{
    (void)f;
    return edgeecg_ok_header(header);
}

/* Answers `time_sync`; `clock_us` is when the reply was built. */
typedef struct edgeecg_time_reply {
    uint16_t request;        /* sequence of the request */
    uint64_t host_us;        /* `clock_us` of the request */
    uint64_t received_us;    /* device's clock when the request's delimiter was read */
} edgeecg_time_reply;

static inline void edgeecg_put_time_reply(uint8_t *to, const edgeecg_time_reply *from)
{
    edgeecg_put_u16(to + 0, from->request);
    edgeecg_put_u64(to + 2, from->host_us);
    edgeecg_put_u64(to + 10, from->received_us);
}

static inline void edgeecg_get_time_reply(edgeecg_time_reply *to, const uint8_t *from)
{
    to->request = edgeecg_get_u16(from + 0);
    to->host_us = edgeecg_get_u64(from + 2);
    to->received_us = edgeecg_get_u64(from + 10);
}

static inline bool edgeecg_ok_time_reply(const edgeecg_header *header, const edgeecg_time_reply *f)
{

    return edgeecg_ok_header(header) && f->host_us <= 9223372036854775807ULL && f->received_us <= 9223372036854775807ULL;
}

/* Answers every other request. */
typedef struct edgeecg_ack {
    uint8_t request_type;    /* type of the request */
    uint16_t request;        /* its sequence */
    uint8_t status;          /* `STATUS_*` */
} edgeecg_ack;

static inline void edgeecg_put_ack(uint8_t *to, const edgeecg_ack *from)
{
    edgeecg_put_u8(to + 0, from->request_type);
    edgeecg_put_u16(to + 1, from->request);
    edgeecg_put_u8(to + 3, from->status);
}

static inline void edgeecg_get_ack(edgeecg_ack *to, const uint8_t *from)
{
    to->request_type = edgeecg_get_u8(from + 0);
    to->request = edgeecg_get_u16(from + 1);
    to->status = edgeecg_get_u8(from + 3);
}

static inline bool edgeecg_ok_ack(const edgeecg_header *header, const edgeecg_ack *f)
{
    (void)f;
    return edgeecg_ok_header(header);
}

/* Begin to send. */
typedef struct edgeecg_start {
    uint8_t streams;         /* bit n: stream n; 255 is all */
} edgeecg_start;

static inline void edgeecg_put_start(uint8_t *to, const edgeecg_start *from)
{
    edgeecg_put_u8(to + 0, from->streams);
}

static inline void edgeecg_get_start(edgeecg_start *to, const uint8_t *from)
{
    to->streams = edgeecg_get_u8(from + 0);
}

static inline bool edgeecg_ok_start(const edgeecg_header *header, const edgeecg_start *f)
{
    (void)f;
    return edgeecg_ok_header(header);
}

/* Cease to send. */
typedef struct edgeecg_stop {
    uint8_t streams;         /* bit n: stream n; 255 is all */
} edgeecg_stop;

static inline void edgeecg_put_stop(uint8_t *to, const edgeecg_stop *from)
{
    edgeecg_put_u8(to + 0, from->streams);
}

static inline void edgeecg_get_stop(edgeecg_stop *to, const uint8_t *from)
{
    to->streams = edgeecg_get_u8(from + 0);
}

static inline bool edgeecg_ok_stop(const edgeecg_header *header, const edgeecg_stop *f)
{
    (void)f;
    return edgeecg_ok_header(header);
}

/* Change a stream's rate; the device answers, then says `hello` again. */
typedef struct edgeecg_set_rate {
    uint8_t about;           /* the stream */
    uint32_t rate_millihz;   /* thousandths of a hertz */
} edgeecg_set_rate;

static inline void edgeecg_put_set_rate(uint8_t *to, const edgeecg_set_rate *from)
{
    edgeecg_put_u8(to + 0, from->about);
    edgeecg_put_u32(to + 1, from->rate_millihz);
}

static inline void edgeecg_get_set_rate(edgeecg_set_rate *to, const uint8_t *from)
{
    to->about = edgeecg_get_u8(from + 0);
    to->rate_millihz = edgeecg_get_u32(from + 1);
}

static inline bool edgeecg_ok_set_rate(const edgeecg_header *header, const edgeecg_set_rate *f)
{

    return edgeecg_ok_header(header) && f->about <= 7u && f->rate_millihz >= 1u && f->rate_millihz <= 100000000u;
}

/* Says whether a frame of fixed size keeps the rules; `samples` and `hello` are judged by edgeecg_codec.c. */
static inline edgeecg_verdict edgeecg_judge_fixed(const edgeecg_header *header, const uint8_t *payload, size_t n)
{
    switch (header->type) {
    case EDGEECG_TYPE_LEAD_OFF: {
        edgeecg_lead_off f;
        if (n < EDGEECG_SIZE_LEAD_OFF) {
            return EDGEECG_REFUSED_LENGTH;
        }
        edgeecg_get_lead_off(&f, payload);
        return edgeecg_ok_lead_off(header, &f) ? EDGEECG_FRAME : EDGEECG_REFUSED_CONTENT;
    }
    case EDGEECG_TYPE_BATTERY: {
        edgeecg_battery f;
        if (n < EDGEECG_SIZE_BATTERY) {
            return EDGEECG_REFUSED_LENGTH;
        }
        edgeecg_get_battery(&f, payload);
        return edgeecg_ok_battery(header, &f) ? EDGEECG_FRAME : EDGEECG_REFUSED_CONTENT;
    }
    case EDGEECG_TYPE_CLOCK: {
        edgeecg_clock f;
        if (n < EDGEECG_SIZE_CLOCK) {
            return EDGEECG_REFUSED_LENGTH;
        }
        edgeecg_get_clock(&f, payload);
        return edgeecg_ok_clock(header, &f) ? EDGEECG_FRAME : EDGEECG_REFUSED_CONTENT;
    }
    case EDGEECG_TYPE_TIME_REPLY: {
        edgeecg_time_reply f;
        if (n < EDGEECG_SIZE_TIME_REPLY) {
            return EDGEECG_REFUSED_LENGTH;
        }
        edgeecg_get_time_reply(&f, payload);
        return edgeecg_ok_time_reply(header, &f) ? EDGEECG_FRAME : EDGEECG_REFUSED_CONTENT;
    }
    case EDGEECG_TYPE_ACK: {
        edgeecg_ack f;
        if (n < EDGEECG_SIZE_ACK) {
            return EDGEECG_REFUSED_LENGTH;
        }
        edgeecg_get_ack(&f, payload);
        return edgeecg_ok_ack(header, &f) ? EDGEECG_FRAME : EDGEECG_REFUSED_CONTENT;
    }
    case EDGEECG_TYPE_START: {
        edgeecg_start f;
        if (n < EDGEECG_SIZE_START) {
            return EDGEECG_REFUSED_LENGTH;
        }
        edgeecg_get_start(&f, payload);
        return edgeecg_ok_start(header, &f) ? EDGEECG_FRAME : EDGEECG_REFUSED_CONTENT;
    }
    case EDGEECG_TYPE_STOP: {
        edgeecg_stop f;
        if (n < EDGEECG_SIZE_STOP) {
            return EDGEECG_REFUSED_LENGTH;
        }
        edgeecg_get_stop(&f, payload);
        return edgeecg_ok_stop(header, &f) ? EDGEECG_FRAME : EDGEECG_REFUSED_CONTENT;
    }
    case EDGEECG_TYPE_SET_RATE: {
        edgeecg_set_rate f;
        if (n < EDGEECG_SIZE_SET_RATE) {
            return EDGEECG_REFUSED_LENGTH;
        }
        edgeecg_get_set_rate(&f, payload);
        return edgeecg_ok_set_rate(header, &f) ? EDGEECG_FRAME : EDGEECG_REFUSED_CONTENT;
    }
    case EDGEECG_TYPE_TIME_SYNC: {
        return edgeecg_ok_header(header) ? EDGEECG_FRAME : EDGEECG_REFUSED_CONTENT;
    }
    case EDGEECG_TYPE_IDENTIFY: {
        return edgeecg_ok_header(header) ? EDGEECG_FRAME : EDGEECG_REFUSED_CONTENT;
    }
    default:
        return EDGEECG_UNKNOWN;
    }
}

#endif
