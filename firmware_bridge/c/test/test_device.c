/* The device against a host made of the decoder: requests, rings that overflow, lead-off, a line that takes little at a time. */
#include "check.h"
#include "edgeecg_device.h"

static uint64_t clock_us;
static unsigned locked;

void edgeecg_lock(void)
{
    CHECK(locked++ == 0);
}

void edgeecg_unlock(void)
{
    CHECK(locked-- == 1);
}

static uint64_t now_us(void *context)
{
    (void)context;
    return clock_us;
}

static bool set_rate(void *context, uint8_t stream, uint32_t rate_millihz)
{
    (void)context;
    return stream == 0 && rate_millihz <= 500000;
}

typedef struct bench {
    edgeecg_device device;
    edgeecg_channel channel;
    uint8_t ring[10 * EDGEECG_INSTANT_BYTES(2, 24)];
    uint8_t stage[4 * EDGEECG_INSTANT_BYTES(2, 24)];
    uint8_t out[128];
    edgeecg_decoder host;
    uint8_t read[EDGEECG_MAX_SEGMENT - 1];
} bench;

static void set_up(bench *b)
{
    memset(b, 0, sizeof *b);
    clock_us = 1000000;
    b->channel = (edgeecg_channel){.facts = {0, EDGEECG_KIND_ECG, 2, 24, EDGEECG_UNIT_VOLT, 250000, 1000000, 0, {257, 258}},
                                   .ring = b->ring, .stage = b->stage, .capacity = 10, .per_frame = 4};
    b->device = (edgeecg_device){.device_id = "bench", .firmware = "test", .channels = &b->channel, .n_channels = 1, .clock_bits = 64,
                                 .out = b->out, .out_capacity = sizeof b->out, .now_us = now_us, .set_rate = set_rate};
    edgeecg_device_init(&b->device);
    edgeecg_decoder_init(&b->host, b->read, sizeof b->read);
}

/* Reads up to the next frame, one byte of room at a time. False: the device has nothing more to say. */
static bool next(bench *b, edgeecg_header *header)
{
    for (;;) {
        size_t n;
        const uint8_t *bytes = edgeecg_device_pending(&b->device, &n);
        if (n == 0) {
            return false;
        }
        const edgeecg_verdict verdict = edgeecg_take(&b->host, bytes[0]);
        edgeecg_device_sent(&b->device, 1);
        CHECK(verdict == EDGEECG_NOTHING || verdict == EDGEECG_FRAME);
        if (verdict == EDGEECG_FRAME) {
            edgeecg_get_header(header, b->read);
            return true;
        }
    }
}

static void ask(bench *b, uint8_t type, uint16_t sequence, const uint8_t *payload, size_t n)
{
    uint8_t out[128];
    const edgeecg_header header = {EDGEECG_VERSION, type, EDGEECG_DEVICE, sequence, 77};
    const size_t length = edgeecg_encode(out, sizeof out, &header, payload, n);
    for (size_t i = 0; i < length; i++) {
        edgeecg_device_receive(&b->device, out[i]);
    }
}

static void expect_ack(bench *b, uint8_t type, uint16_t sequence, uint8_t status)
{
    edgeecg_header header;
    edgeecg_ack ack;
    CHECK(next(b, &header) && header.type == EDGEECG_TYPE_ACK);
    edgeecg_get_ack(&ack, b->read + EDGEECG_SIZE_HEADER);
    CHECK(ack.request_type == type && ack.request == sequence && ack.status == status);
}

static void expect_hello(bench *b, uint32_t rate_millihz)
{
    edgeecg_header header;
    edgeecg_hello hello;
    edgeecg_stream stream;
    CHECK(next(b, &header) && header.type == EDGEECG_TYPE_HELLO);
    edgeecg_get_hello(&hello, b->read + EDGEECG_SIZE_HEADER);
    edgeecg_get_stream(&stream, b->read + EDGEECG_SIZE_HEADER + EDGEECG_SIZE_HELLO);
    CHECK(strcmp(hello.device_id, "bench") == 0 && hello.n_streams == 1 && stream.rate_millihz == rate_millihz);
}

static void push(bench *b, int32_t from, int32_t to, uint8_t leads_off)
{
    for (int32_t i = from; i < to; i++) {
        const int32_t values[2] = {i, -i};
        clock_us += 4000;
        edgeecg_push(&b->channel, values, leads_off, clock_us);
    }
}

static void expect_samples(bench *b, int32_t first, uint64_t first_us, uint16_t dropped, uint8_t lead_off)
{
    edgeecg_header header;
    edgeecg_samples samples;
    CHECK(next(b, &header) && header.type == EDGEECG_TYPE_SAMPLES && header.clock_us == first_us);
    edgeecg_get_samples(&samples, b->read + EDGEECG_SIZE_HEADER);
    CHECK(samples.count == 4 && samples.dropped == dropped && samples.lead_off == lead_off);
    const uint8_t *data = b->read + EDGEECG_SIZE_HEADER + EDGEECG_SIZE_SAMPLES;
    CHECK(data[0] == (uint8_t)first && data[6] == (uint8_t)(first + 1) && data[3] == (uint8_t)-first);
}

static void silent_until_started(void)
{
    bench b;
    edgeecg_header header;
    const uint8_t all = 255;
    set_up(&b);
    expect_hello(&b, 250000);
    push(&b, 0, 8, 0);
    CHECK(!next(&b, &header));
    ask(&b, EDGEECG_TYPE_START, 5, &all, 1);
    expect_ack(&b, EDGEECG_TYPE_START, 5, EDGEECG_STATUS_DONE);
    push(&b, 1, 9, 0);
    expect_samples(&b, 1, clock_us - 7 * 4000, 0, 0);
    expect_samples(&b, 5, clock_us - 3 * 4000, 0, 0);
    ask(&b, EDGEECG_TYPE_STOP, 6, &all, 1);
    expect_ack(&b, EDGEECG_TYPE_STOP, 6, EDGEECG_STATUS_DONE);
    push(&b, 0, 8, 0);
    CHECK(!next(&b, &header));
}

static void a_full_ring_loses_the_oldest_and_counts(void)
{
    bench b;
    const uint8_t all = 255;
    set_up(&b);
    expect_hello(&b, 250000);
    ask(&b, EDGEECG_TYPE_START, 1, &all, 1);
    expect_ack(&b, EDGEECG_TYPE_START, 1, EDGEECG_STATUS_DONE);
    push(&b, 0, 17, 0);
    expect_samples(&b, 7, clock_us - 9 * 4000, 7, 0);
    push(&b, 17, 19, 0);
    expect_samples(&b, 11, clock_us - 7 * 4000, 0, 0);
    expect_samples(&b, 15, clock_us - 3 * 4000, 0, 0);
}

/* Every place a frame can end in the ring, with and without an overflow there: the values go on by one, but for those counted lost. */
static void nothing_is_lost_or_repeated_but_what_is_counted(void)
{
    bench b;
    edgeecg_header header;
    edgeecg_samples samples;
    const uint8_t all = 255;
    int32_t pushed = 0, expected = 0;
    set_up(&b);
    expect_hello(&b, 250000);
    ask(&b, EDGEECG_TYPE_START, 1, &all, 1);
    expect_ack(&b, EDGEECG_TYPE_START, 1, EDGEECG_STATUS_DONE);
    for (int round = 0; round < 300; round++) {
        push(&b, pushed, pushed + round * 7 % 23, 0);
        pushed += round * 7 % 23;
        while (next(&b, &header)) {
            if (header.type != EDGEECG_TYPE_SAMPLES) {
                continue;
            }
            edgeecg_get_samples(&samples, b.read + EDGEECG_SIZE_HEADER);
            expected += samples.dropped;
            for (int i = 0; i < 4; i++, expected++) {
                const uint8_t *value = b.read + EDGEECG_SIZE_HEADER + EDGEECG_SIZE_SAMPLES + 6 * i;
                CHECK(edgeecg_get_u16(value) == (uint16_t)expected && edgeecg_get_u16(value + 3) == (uint16_t)-expected);
            }
        }
        CHECK(pushed - expected >= 0 && pushed - expected < 4);
    }
    CHECK(expected > 2000);
}

static void leads_off_are_an_event_and_a_mark_on_their_samples(void)
{
    bench b;
    edgeecg_header header;
    const uint8_t all = 255;
    set_up(&b);
    expect_hello(&b, 250000);
    ask(&b, EDGEECG_TYPE_START, 1, &all, 1);
    expect_ack(&b, EDGEECG_TYPE_START, 1, EDGEECG_STATUS_DONE);
    push(&b, 0, 5, 0);
    push(&b, 5, 8, 2);
    CHECK(next(&b, &header) && header.type == EDGEECG_TYPE_LEAD_OFF);
    CHECK(b.read[EDGEECG_SIZE_HEADER] == 0 && b.read[EDGEECG_SIZE_HEADER + 1] == 2);
    expect_samples(&b, 0, clock_us - 7 * 4000, 0, 0);
    expect_samples(&b, 4, clock_us - 3 * 4000, 0, 2);
    CHECK(!next(&b, &header));
}

static void requests_it_cannot_meet_are_answered(void)
{
    bench b;
    edgeecg_header header;
    const uint8_t fast[5] = {0, 0x40, 0x42, 0x0F, 0}, good[5] = {0, 0x48, 0xE8, 0x01, 0}, none[5] = {0, 0, 0, 0, 0};
    set_up(&b);
    expect_hello(&b, 250000);
    ask(&b, EDGEECG_TYPE_SET_RATE, 1, fast, 5);
    expect_ack(&b, EDGEECG_TYPE_SET_RATE, 1, EDGEECG_STATUS_REFUSED);
    ask(&b, EDGEECG_TYPE_SET_RATE, 2, none, 5);
    expect_ack(&b, EDGEECG_TYPE_SET_RATE, 2, EDGEECG_STATUS_REFUSED);
    ask(&b, EDGEECG_TYPE_SET_RATE, 3, good, 2);
    expect_ack(&b, EDGEECG_TYPE_SET_RATE, 3, EDGEECG_STATUS_REFUSED);
    ask(&b, 0xF0, 4, NULL, 0);
    expect_ack(&b, 0xF0, 4, EDGEECG_STATUS_UNKNOWN);
    ask(&b, EDGEECG_TYPE_SET_RATE, 5, good, 5);
    expect_ack(&b, EDGEECG_TYPE_SET_RATE, 5, EDGEECG_STATUS_DONE);
    expect_hello(&b, 125000);
    ask(&b, EDGEECG_TYPE_HELLO, 6, good, 5);
    CHECK(!next(&b, &header));
}

static void it_answers_with_both_its_times(void)
{
    bench b;
    edgeecg_header header;
    edgeecg_time_reply reply;
    set_up(&b);
    expect_hello(&b, 250000);
    ask(&b, EDGEECG_TYPE_TIME_SYNC, 9, NULL, 0);
    clock_us += 123;
    CHECK(next(&b, &header) && header.type == EDGEECG_TYPE_TIME_REPLY && header.clock_us == 1000123);
    edgeecg_get_time_reply(&reply, b.read + EDGEECG_SIZE_HEADER);
    CHECK(reply.request == 9 && reply.host_us == 77 && reply.received_us == 1000000);
}

static void more_requests_than_it_can_hold_do_not_harm_it(void)
{
    bench b;
    edgeecg_header header;
    static uint8_t flood[4000];
    set_up(&b);
    for (uint16_t i = 0; i < 100; i++) {
        ask(&b, EDGEECG_TYPE_TIME_SYNC, i, NULL, 0);
    }
    for (uint16_t i = 0; i < EDGEECG_REPLIES; i++) {
        CHECK(next(&b, &header) && header.type == EDGEECG_TYPE_TIME_REPLY);
    }
    expect_hello(&b, 250000);
    memset(flood, 0x55, sizeof flood);
    for (size_t i = 0; i < sizeof flood; i++) {
        edgeecg_device_receive(&b.device, flood[i]);
    }
    edgeecg_device_receive(&b.device, 0);
    ask(&b, EDGEECG_TYPE_IDENTIFY, 1, NULL, 0);
    expect_ack(&b, EDGEECG_TYPE_IDENTIFY, 1, EDGEECG_STATUS_DONE);
    expect_hello(&b, 250000);
}

static void the_clock_wraps_where_hello_says(void)
{
    bench b;
    edgeecg_header header;
    set_up(&b);
    b.device.clock_bits = 32;
    clock_us = (1ULL << 32) + 5;
    CHECK(next(&b, &header) && header.clock_us == 5);
}

int main(void)
{
    silent_until_started();
    a_full_ring_loses_the_oldest_and_counts();
    nothing_is_lost_or_repeated_but_what_is_counted();
    leads_off_are_an_event_and_a_mark_on_their_samples();
    requests_it_cannot_meet_are_answered();
    it_answers_with_both_its_times();
    more_requests_than_it_can_hold_do_not_harm_it();
    the_clock_wraps_where_hello_says();
    printf("device: 8 tests\n");
    return 0;
}
