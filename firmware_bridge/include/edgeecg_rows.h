/* Generated from edgeecg_wire/schema.py by `python -m edgeecg_wire.generate`: frames as lines of text, for a host. */
#ifndef EDGEECG_ROWS_H
#define EDGEECG_ROWS_H

#include <inttypes.h>
#include <stdio.h>

#include "edgeecg_wire.h"

static inline void edgeecg_row_header(FILE *out, const edgeecg_header *f)
{
    fprintf(out, " stream=%" PRIu8, f->stream);
    fprintf(out, " sequence=%" PRIu16, f->sequence);
    fprintf(out, " clock_us=%" PRIu64, f->clock_us);
}

static inline void edgeecg_row_stream(FILE *out, const edgeecg_stream *f)
{
    fprintf(out, " stream=%" PRIu8, f->stream);
    fprintf(out, " kind=%" PRIu8, f->kind);
    fprintf(out, " leads=%" PRIu8, f->leads);
    fprintf(out, " bits=%" PRIu8, f->bits);
    fprintf(out, " unit=%" PRIu8, f->unit);
    fprintf(out, " rate_millihz=%" PRIu32, f->rate_millihz);
    fprintf(out, " scale_pico=%" PRIu32, f->scale_pico);
    fprintf(out, " zero=%" PRId32, f->zero);
    fprintf(out, " terms=");
    for (int i = 0; i < 8; i++) {
        fprintf(out, i ? ",%" PRIu16 : "%" PRIu16, f->terms[i]);
    }
}

static inline void edgeecg_row_hello(FILE *out, const edgeecg_hello *f)
{
    fprintf(out, " device_id=%s", f->device_id);
    fprintf(out, " firmware=%s", f->firmware);
    fprintf(out, " clock_bits=%" PRIu8, f->clock_bits);
    fprintf(out, " clock_ppm=%" PRIu16, f->clock_ppm);
    fprintf(out, " n_streams=%" PRIu8, f->n_streams);
}

static inline void edgeecg_row_samples(FILE *out, const edgeecg_samples *f)
{
    fprintf(out, " rate_millihz=%" PRIu32, f->rate_millihz);
    fprintf(out, " count=%" PRIu16, f->count);
    fprintf(out, " leads=%" PRIu8, f->leads);
    fprintf(out, " bits=%" PRIu8, f->bits);
    fprintf(out, " lead_off=%" PRIu8, f->lead_off);
    fprintf(out, " dropped=%" PRIu16, f->dropped);
}

static inline void edgeecg_row_lead_off(FILE *out, const edgeecg_lead_off *f)
{
    fprintf(out, " about=%" PRIu8, f->about);
    fprintf(out, " leads_off=%" PRIu8, f->leads_off);
}

static inline void edgeecg_row_battery(FILE *out, const edgeecg_battery *f)
{
    fprintf(out, " percent=%" PRIu8, f->percent);
    fprintf(out, " charging=%" PRIu8, f->charging);
    fprintf(out, " millivolts=%" PRIu16, f->millivolts);
}

static inline void edgeecg_row_clock(FILE *out, const edgeecg_clock *f)
{
    fprintf(out, " reason=%" PRIu8, f->reason);
    fprintf(out, " step_us=%" PRId64, f->step_us);
}

static inline void edgeecg_row_time_reply(FILE *out, const edgeecg_time_reply *f)
{
    fprintf(out, " request=%" PRIu16, f->request);
    fprintf(out, " host_us=%" PRIu64, f->host_us);
    fprintf(out, " received_us=%" PRIu64, f->received_us);
}

static inline void edgeecg_row_ack(FILE *out, const edgeecg_ack *f)
{
    fprintf(out, " request_type=%" PRIu8, f->request_type);
    fprintf(out, " request=%" PRIu16, f->request);
    fprintf(out, " status=%" PRIu8, f->status);
}

static inline void edgeecg_row_start(FILE *out, const edgeecg_start *f)
{
    fprintf(out, " streams=%" PRIu8, f->streams);
}

static inline void edgeecg_row_stop(FILE *out, const edgeecg_stop *f)
{
    fprintf(out, " streams=%" PRIu8, f->streams);
}

static inline void edgeecg_row_set_rate(FILE *out, const edgeecg_set_rate *f)
{
    fprintf(out, " about=%" PRIu8, f->about);
    fprintf(out, " rate_millihz=%" PRIu32, f->rate_millihz);
}

/* Prints the name, the header and the fixed fields of a frame that was judged EDGEECG_FRAME. */
static inline void edgeecg_row_fixed(FILE *out, const edgeecg_header *header, const uint8_t *payload)
{
    switch (header->type) {
    case EDGEECG_TYPE_HELLO: {
        fprintf(out, "hello");
        edgeecg_row_header(out, header);
        edgeecg_hello f;
        edgeecg_get_hello(&f, payload);
        edgeecg_row_hello(out, &f);
        break;
    }
    case EDGEECG_TYPE_SAMPLES: {
        fprintf(out, "samples");
        edgeecg_row_header(out, header);
        edgeecg_samples f;
        edgeecg_get_samples(&f, payload);
        edgeecg_row_samples(out, &f);
        break;
    }
    case EDGEECG_TYPE_LEAD_OFF: {
        fprintf(out, "lead_off");
        edgeecg_row_header(out, header);
        edgeecg_lead_off f;
        edgeecg_get_lead_off(&f, payload);
        edgeecg_row_lead_off(out, &f);
        break;
    }
    case EDGEECG_TYPE_BATTERY: {
        fprintf(out, "battery");
        edgeecg_row_header(out, header);
        edgeecg_battery f;
        edgeecg_get_battery(&f, payload);
        edgeecg_row_battery(out, &f);
        break;
    }
    case EDGEECG_TYPE_CLOCK: {
        fprintf(out, "clock");
        edgeecg_row_header(out, header);
        edgeecg_clock f;
        edgeecg_get_clock(&f, payload);
        edgeecg_row_clock(out, &f);
        break;
    }
    case EDGEECG_TYPE_TIME_REPLY: {
        fprintf(out, "time_reply");
        edgeecg_row_header(out, header);
        edgeecg_time_reply f;
        edgeecg_get_time_reply(&f, payload);
        edgeecg_row_time_reply(out, &f);
        break;
    }
    case EDGEECG_TYPE_ACK: {
        fprintf(out, "ack");
        edgeecg_row_header(out, header);
        edgeecg_ack f;
        edgeecg_get_ack(&f, payload);
        edgeecg_row_ack(out, &f);
        break;
    }
    case EDGEECG_TYPE_START: {
        fprintf(out, "start");
        edgeecg_row_header(out, header);
        edgeecg_start f;
        edgeecg_get_start(&f, payload);
        edgeecg_row_start(out, &f);
        break;
    }
    case EDGEECG_TYPE_STOP: {
        fprintf(out, "stop");
        edgeecg_row_header(out, header);
        edgeecg_stop f;
        edgeecg_get_stop(&f, payload);
        edgeecg_row_stop(out, &f);
        break;
    }
    case EDGEECG_TYPE_SET_RATE: {
        fprintf(out, "set_rate");
        edgeecg_row_header(out, header);
        edgeecg_set_rate f;
        edgeecg_get_set_rate(&f, payload);
        edgeecg_row_set_rate(out, &f);
        break;
    }
    case EDGEECG_TYPE_TIME_SYNC: {
        fprintf(out, "time_sync");
        edgeecg_row_header(out, header);
        break;
    }
    case EDGEECG_TYPE_IDENTIFY: {
        fprintf(out, "identify");
        edgeecg_row_header(out, header);
        break;
    }
    default:
        break;
    }
}

#endif
