#include "scan.h"

#include "edgeecg_codec.h"

static int32_t sample_at(const uint8_t *data, size_t i, uint8_t bits)
{
    if (bits == 16) {
        const int32_t raw = edgeecg_get_u16(data + 2 * i);
        return raw < 0x8000 ? raw : raw - 0x10000;
    }
    const int32_t raw = edgeecg_get_u16(data + 3 * i) | (int32_t)data[3 * i + 2] << 16;
    return raw < 0x800000 ? raw : raw - 0x1000000;
}

static size_t take_samples(const uint8_t *body, edgeecg_scan_row *row, int32_t *values)
{
    edgeecg_header header;
    edgeecg_samples samples;
    edgeecg_get_header(&header, body);
    edgeecg_get_samples(&samples, body + EDGEECG_SIZE_HEADER);
    row->clock_us = (int64_t)header.clock_us;
    row->rate_millihz = samples.rate_millihz;
    row->stream = header.stream;
    row->sequence = header.sequence;
    row->count = samples.count;
    row->leads = samples.leads;
    row->bits = samples.bits;
    row->lead_off = samples.lead_off;
    row->dropped = samples.dropped;
    const size_t n = (size_t)samples.count * samples.leads;
    for (size_t i = 0; i < n; i++) {
        values[i] = sample_at(body + EDGEECG_SIZE_HEADER + EDGEECG_SIZE_SAMPLES, i, samples.bits);
    }
    return n;
}

size_t edgeecg_scan(const uint8_t *x, size_t n, edgeecg_scan_row *rows, int32_t *values, uint8_t *aside)
{
    static const edgeecg_scan_row blank;
    uint8_t buffer[EDGEECG_MAX_SEGMENT - 1];
    edgeecg_decoder decoder;
    size_t n_rows = 0, n_values = 0, n_aside = 0;
    edgeecg_decoder_init(&decoder, buffer, sizeof buffer);
    for (size_t i = 0; i < n; i++) {
        const size_t segment = decoder.segment;
        const edgeecg_verdict verdict = edgeecg_take(&decoder, x[i]);
        if (verdict == EDGEECG_NOTHING) {
            continue;
        }
        edgeecg_scan_row *row = &rows[n_rows++];
        *row = blank;
        row->verdict = (int32_t)verdict;
        row->len_bytes = verdict == EDGEECG_OVERLONG ? 0 : (int32_t)segment;
        if (verdict <= EDGEECG_OVERLONG && verdict != EDGEECG_FRAME) {
            continue;
        }
        if (buffer[0] != EDGEECG_VERSION || buffer[1] != EDGEECG_TYPE_SAMPLES) {
            row->verdict = EDGEECG_ASIDE;
            row->first = (int64_t)n_aside;
            row->len_bytes = (int32_t)decoder.n;
            memcpy(aside + n_aside, buffer, decoder.n);
            n_aside += decoder.n;
        } else if (verdict == EDGEECG_FRAME) {
            row->first = (int64_t)n_values;
            n_values += take_samples(buffer, row, values + n_values);
        }
    }
    return n_rows;
}
