/* A device: rings that an interrupt fills, frames, requests, back-pressure. It calls no operating system and no driver.
 *
 * The caller gives it memory, a clock and bytes, and takes bytes away:
 *   an interrupt or a converter's task   edgeecg_push()
 *   the loop, for each byte received     edgeecg_device_receive()
 *   the loop, when the line has room     edgeecg_device_pending(), write some, edgeecg_device_sent()
 */
#ifndef EDGEECG_DEVICE_H
#define EDGEECG_DEVICE_H

#include "edgeecg_codec.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Keep the converter's interrupt or task out of a ring while the loop is in it. Another platform defines its own pair. */
#ifndef EDGEECG_LOCK
#if defined(__AVR__)
#include <avr/interrupt.h>
#define EDGEECG_LOCK() const uint8_t edgeecg_sreg = SREG; cli()
#define EDGEECG_UNLOCK() SREG = edgeecg_sreg
#else
void edgeecg_lock(void);
void edgeecg_unlock(void);
#define EDGEECG_LOCK() edgeecg_lock()
#define EDGEECG_UNLOCK() edgeecg_unlock()
#endif
#endif

#define EDGEECG_REQUEST_BYTES 48u /* longest segment a device listens to: every request of this version, and room to grow */
#define EDGEECG_REPLIES 4u        /* answers that may wait; a request too many is not answered, and the host asks again */
#define EDGEECG_HELLO_US 10000000u

/* Bytes an instant takes in a ring: its samples, and which leads were off. */
#define EDGEECG_INSTANT_BYTES(leads, bits) ((leads) * (bits) / 8u + 1u)

/* One stream. `ring` holds `capacity` instants and `stage` `per_frame` of them; both are the caller's. */
typedef struct edgeecg_channel {
    edgeecg_stream facts;
    uint8_t *ring;
    uint8_t *stage;
    uint16_t capacity;
    uint16_t per_frame;
    /* what follows is the device's own */
    uint16_t oldest;
    uint16_t n;
    uint16_t dropped;
    uint16_t sequence;
    uint64_t newest_us;
    uint8_t leads_off;
    bool leads_changed;
    bool on;
} edgeecg_channel;

typedef struct edgeecg_reply {
    uint8_t type;
    uint8_t status;
    uint16_t request;
    uint64_t host_us;
    uint64_t received_us;
} edgeecg_reply;

typedef struct edgeecg_device {
    const char *device_id;
    const char *firmware;
    edgeecg_channel *channels;
    uint8_t n_channels;
    uint8_t clock_bits; /* the clock counts modulo 2^this */
    uint16_t clock_ppm;
    uint8_t *out; /* one frame on its way: it must hold the longest, hello included */
    size_t out_capacity;
    uint64_t (*now_us)(void *context);
    bool (*set_rate)(void *context, uint8_t stream, uint32_t rate_millihz); /* false: not with this rate */
    void *context;
    /* what follows is the device's own */
    edgeecg_decoder decoder;
    uint8_t received[EDGEECG_REQUEST_BYTES - 1];
    edgeecg_reply replies[EDGEECG_REPLIES];
    uint8_t n_replies;
    uint16_t sequence;
    size_t out_n;
    size_t out_at;
    bool hello_due;
    uint64_t hello_us;
    bool battery_due;
    edgeecg_battery battery;
} edgeecg_device;

/* Call once, after the caller's fields are set. The device is silent but for its hello. */
void edgeecg_device_init(edgeecg_device *device);

/* One instant: a value for each lead, which leads are off, and the clock. A full ring loses its oldest instant and counts it. */
void edgeecg_push(edgeecg_channel *channel, const int32_t *values, uint8_t leads_off, uint64_t clock_us);

void edgeecg_device_receive(edgeecg_device *device, uint8_t byte);
void edgeecg_device_set_battery(edgeecg_device *device, const edgeecg_battery *battery);

/* Bytes that wait to be written, of one frame at most; none leaves `n` 0. Then say how many went. */
const uint8_t *edgeecg_device_pending(edgeecg_device *device, size_t *n);
void edgeecg_device_sent(edgeecg_device *device, size_t n);

#ifdef __cplusplus
}
#endif
#endif
