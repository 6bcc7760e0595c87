/* All of the firmware side in one program for a microcontroller, so that `size` counts what a real one would carry. */
#include "edgeecg_device.h"

#define PER_FRAME 25u
#define CAPACITY 64u

#ifndef __AVR__
void edgeecg_lock(void) {}
void edgeecg_unlock(void) {}
#endif

volatile uint8_t line_in, line_out;
volatile uint32_t ticks;
volatile int16_t converter;

static uint8_t ring[CAPACITY * EDGEECG_INSTANT_BYTES(1, 16)];
static uint8_t stage[PER_FRAME * EDGEECG_INSTANT_BYTES(1, 16)];
static uint8_t out[104];

static uint64_t now_us(void *context)
{
    (void)context;
    return ticks * 4000ULL;
}

static bool set_rate(void *context, uint8_t stream, uint32_t rate_millihz)
{
    (void)context;
    return stream == 0 && rate_millihz == 250000u;
}

static edgeecg_channel channel = {
    .facts = {0, EDGEECG_KIND_ECG, 1, 16, EDGEECG_UNIT_VOLT, 250000u, 0, 512, {257}},
    .ring = ring, .stage = stage, .capacity = CAPACITY, .per_frame = PER_FRAME,
};
static edgeecg_device device = {
    .device_id = "mcu", .firmware = "size", .channels = &channel, .n_channels = 1, .clock_bits = 64,
    .out = out, .out_capacity = sizeof out, .now_us = now_us, .set_rate = set_rate,
};

int main(void)
{
    edgeecg_device_init(&device);
    for (;;) {
        size_t n;
        const int32_t value = converter;
        edgeecg_push(&channel, &value, 0, now_us(NULL));
        edgeecg_device_receive(&device, line_in);
        const uint8_t *bytes = edgeecg_device_pending(&device, &n);
        if (n > 0) {
            line_out = bytes[0];
            edgeecg_device_sent(&device, 1);
        }
    }
}
