/* What goes out first: answers, hello, events, then samples, so that a slow line never leaves the host without an answer. */
#include "edgeecg_device.h"

static size_t instant_bytes(const edgeecg_channel *channel)
{
    return EDGEECG_INSTANT_BYTES((size_t)channel->facts.leads, channel->facts.bits);
}

static uint64_t wrapped(const edgeecg_device *device, uint64_t clock_us)
{
    return device->clock_bits >= 63 ? clock_us & EDGEECG_MAX_CLOCK_US : clock_us & ((1ULL << device->clock_bits) - 1);
}

static uint64_t now(const edgeecg_device *device)
{
    return wrapped(device, device->now_us(device->context));
}

void edgeecg_device_init(edgeecg_device *device)
{
    edgeecg_decoder_init(&device->decoder, device->received, sizeof device->received);
    device->n_replies = 0;
    device->sequence = 0;
    device->out_n = device->out_at = 0;
    device->battery_due = false;
    device->hello_due = true;
    for (uint8_t i = 0; i < device->n_channels; i++) {
        edgeecg_channel *channel = &device->channels[i];
        channel->oldest = channel->n = channel->dropped = channel->sequence = 0;
        channel->leads_off = 0;
        channel->leads_changed = channel->on = false;
    }
}

static uint16_t one_more(uint16_t count)
{
    return count < UINT16_MAX ? (uint16_t)(count + 1) : count;
}

static uint8_t *next_instant(edgeecg_channel *channel)
{
    uint32_t at = (uint32_t)channel->oldest + channel->n;
    if (channel->n < channel->capacity) {
        channel->n++;
    } else {
        channel->oldest = channel->oldest + 1u == channel->capacity ? 0 : (uint16_t)(channel->oldest + 1);
        channel->dropped = one_more(channel->dropped);
    }
    at = at >= channel->capacity ? at - channel->capacity : at;
    return channel->ring + at * instant_bytes(channel);
}

void edgeecg_push(edgeecg_channel *channel, const int32_t *values, uint8_t leads_off, uint64_t clock_us)
{
    EDGEECG_LOCK();
    if (channel->on) {
        uint8_t *to = next_instant(channel);
        for (uint8_t lead = 0; lead < channel->facts.leads; lead++) {
            const uint32_t value = (uint32_t)values[lead];
            edgeecg_put_u16(to, (uint16_t)value);
            to += 2;
            if (channel->facts.bits == 24) {
                *to++ = (uint8_t)(value >> 16);
            }
        }
        *to = leads_off;
        channel->newest_us = clock_us;
    }
    channel->leads_changed = channel->leads_changed || leads_off != channel->leads_off;
    channel->leads_off = leads_off;
    EDGEECG_UNLOCK();
}

static edgeecg_header header_of(edgeecg_device *device, uint8_t type)
{
    return (edgeecg_header){EDGEECG_VERSION, type, EDGEECG_DEVICE, device->sequence++, now(device)};
}

static void send(edgeecg_device *device, const edgeecg_header *header, const uint8_t *payload, size_t n)
{
    device->out_n = edgeecg_encode(device->out, device->out_capacity, header, payload, n);
    device->out_at = 0;
}

static void send_hello(edgeecg_device *device)
{
    uint8_t bytes[EDGEECG_SIZE_HELLO];
    edgeecg_hello hello = {.clock_bits = device->clock_bits,
                           .clock_ppm = device->clock_ppm,
                           .n_streams = device->n_channels,
                           .stream_bytes = EDGEECG_SIZE_STREAM};
    strncpy(hello.device_id, device->device_id, 16);
    strncpy(hello.firmware, device->firmware, 16);
    const edgeecg_header header = header_of(device, EDGEECG_TYPE_HELLO);
    edgeecg_writer writer;
    edgeecg_begin(&writer, device->out, device->out_capacity, &header);
    edgeecg_put_hello(bytes, &hello);
    edgeecg_put(&writer, bytes, EDGEECG_SIZE_HELLO);
    for (uint8_t i = 0; i < device->n_channels; i++) {
        edgeecg_put_stream(bytes, &device->channels[i].facts);
        edgeecg_put(&writer, bytes, EDGEECG_SIZE_STREAM);
    }
    device->out_n = edgeecg_end(&writer);
    device->out_at = 0;
    device->hello_due = false;
    device->hello_us = device->now_us(device->context);
}

static void send_reply(edgeecg_device *device)
{
    uint8_t bytes[EDGEECG_SIZE_TIME_REPLY];
    const edgeecg_reply reply = device->replies[0];
    device->n_replies--;
    memmove(device->replies, device->replies + 1, device->n_replies * sizeof reply);
    if (reply.type == EDGEECG_TYPE_TIME_SYNC) {
        const edgeecg_time_reply times = {reply.request, reply.host_us, reply.received_us};
        const edgeecg_header header = header_of(device, EDGEECG_TYPE_TIME_REPLY);
        edgeecg_put_time_reply(bytes, &times);
        send(device, &header, bytes, EDGEECG_SIZE_TIME_REPLY);
        return;
    }
    const edgeecg_ack ack = {reply.type, reply.request, reply.status};
    const edgeecg_header header = header_of(device, EDGEECG_TYPE_ACK);
    edgeecg_put_ack(bytes, &ack);
    send(device, &header, bytes, EDGEECG_SIZE_ACK);
}

static bool send_event(edgeecg_device *device)
{
    uint8_t bytes[EDGEECG_SIZE_BATTERY];
    for (uint8_t i = 0; i < device->n_channels; i++) {
        edgeecg_channel *channel = &device->channels[i];
        if (!channel->leads_changed) {
            continue;
        }
        channel->leads_changed = false; /* cleared first: a change during the next line is then sent again */
        const edgeecg_lead_off event = {channel->facts.stream, channel->leads_off};
        const edgeecg_header header = header_of(device, EDGEECG_TYPE_LEAD_OFF);
        edgeecg_put_lead_off(bytes, &event);
        send(device, &header, bytes, EDGEECG_SIZE_LEAD_OFF);
        return true;
    }
    if (device->battery_due) {
        device->battery_due = false;
        const edgeecg_header header = header_of(device, EDGEECG_TYPE_BATTERY);
        edgeecg_put_battery(bytes, &device->battery);
        send(device, &header, bytes, EDGEECG_SIZE_BATTERY);
        return true;
    }
    return false;
}

/* Moves one frame of instants to the stage; false where there are too few. Only the copy happens under the lock. */
static bool stage(edgeecg_channel *channel, uint64_t *first_us, uint16_t *dropped)
{
    const size_t size = instant_bytes(channel);
    EDGEECG_LOCK();
    const bool enough = channel->on && channel->n >= channel->per_frame;
    if (enough) {
        const uint16_t to_end = (uint16_t)(channel->capacity - channel->oldest);
        const uint16_t head = to_end < channel->per_frame ? to_end : channel->per_frame;
        memcpy(channel->stage, channel->ring + channel->oldest * size, head * size);
        memcpy(channel->stage + head * size, channel->ring, (size_t)(channel->per_frame - head) * size);
        const uint64_t behind_us = (channel->n - 1u) * 1000000000ULL / channel->facts.rate_millihz;
        *first_us = channel->newest_us > behind_us ? channel->newest_us - behind_us : 0;
        *dropped = channel->dropped;
        channel->dropped = 0;
        channel->n = (uint16_t)(channel->n - channel->per_frame);
        channel->oldest = head < channel->per_frame || head == to_end ? (uint16_t)(channel->per_frame - head)
                                                                      : (uint16_t)(channel->oldest + head);
    }
    EDGEECG_UNLOCK();
    return enough;
}

static void send_samples(edgeecg_device *device, edgeecg_channel *channel, uint64_t first_us, uint16_t dropped)
{
    uint8_t bytes[EDGEECG_SIZE_SAMPLES];
    const edgeecg_stream *facts = &channel->facts;
    const size_t size = instant_bytes(channel);
    edgeecg_samples samples = {facts->rate_millihz, channel->per_frame, facts->leads, facts->bits, 0, dropped};
    for (uint16_t i = 0; i < channel->per_frame; i++) {
        samples.lead_off = (uint8_t)(samples.lead_off | channel->stage[(i + 1u) * size - 1]);
    }
    const edgeecg_header header = {EDGEECG_VERSION, EDGEECG_TYPE_SAMPLES, facts->stream, channel->sequence++, wrapped(device, first_us)};
    edgeecg_writer writer;
    edgeecg_begin(&writer, device->out, device->out_capacity, &header);
    edgeecg_put_samples(bytes, &samples);
    edgeecg_put(&writer, bytes, sizeof bytes);
    for (uint16_t i = 0; i < channel->per_frame; i++) {
        edgeecg_put(&writer, channel->stage + i * size, size - 1);
    }
    device->out_n = edgeecg_end(&writer);
    device->out_at = 0;
}

static void build_next(edgeecg_device *device)
{
    uint64_t first_us = 0;
    uint16_t dropped = 0;
    if (device->n_replies > 0) {
        send_reply(device);
        return;
    }
    if (device->hello_due || device->now_us(device->context) - device->hello_us >= EDGEECG_HELLO_US) {
        send_hello(device);
        return;
    }
    if (send_event(device)) {
        return;
    }
    for (uint8_t i = 0; i < device->n_channels; i++) {
        if (stage(&device->channels[i], &first_us, &dropped)) {
            send_samples(device, &device->channels[i], first_us, dropped);
            return;
        }
    }
}

const uint8_t *edgeecg_device_pending(edgeecg_device *device, size_t *n)
{
    if (device->out_at == device->out_n) {
        device->out_at = device->out_n = 0;
        build_next(device);
    }
    *n = device->out_n - device->out_at;
    return device->out + device->out_at;
}

void edgeecg_device_sent(edgeecg_device *device, size_t n)
{
    device->out_at += n;
}

void edgeecg_device_set_battery(edgeecg_device *device, const edgeecg_battery *battery)
{
    device->battery = *battery;
    device->battery_due = true;
}

static void clear_ring(edgeecg_channel *channel, bool on)
{
    EDGEECG_LOCK();
    channel->oldest = channel->n = channel->dropped = 0;
    channel->on = on;
    EDGEECG_UNLOCK();
}

static void switch_streams(edgeecg_device *device, uint8_t streams, bool on)
{
    for (uint8_t i = 0; i < device->n_channels; i++) {
        edgeecg_channel *channel = &device->channels[i];
        if (((unsigned)streams >> channel->facts.stream & 1u) != 0 && channel->on != on) {
            clear_ring(channel, on);
        }
    }
}

static uint8_t change_rate(edgeecg_device *device, const edgeecg_set_rate *wanted)
{
    for (uint8_t i = 0; i < device->n_channels; i++) {
        edgeecg_channel *channel = &device->channels[i];
        if (channel->facts.stream != wanted->about || !device->set_rate(device->context, wanted->about, wanted->rate_millihz)) {
            continue;
        }
        clear_ring(channel, channel->on);
        channel->facts.rate_millihz = wanted->rate_millihz;
        device->hello_due = true;
        return EDGEECG_STATUS_DONE;
    }
    return EDGEECG_STATUS_REFUSED;
}

static uint8_t obey(edgeecg_device *device, const edgeecg_header *header, const uint8_t *payload)
{
    edgeecg_set_rate wanted;
    switch (header->type) {
    case EDGEECG_TYPE_START:
    case EDGEECG_TYPE_STOP:
        switch_streams(device, payload[0], header->type == EDGEECG_TYPE_START);
        return EDGEECG_STATUS_DONE;
    case EDGEECG_TYPE_SET_RATE:
        edgeecg_get_set_rate(&wanted, payload);
        return change_rate(device, &wanted);
    case EDGEECG_TYPE_IDENTIFY:
        device->hello_due = true;
        return EDGEECG_STATUS_DONE;
    case EDGEECG_TYPE_TIME_SYNC:
        return EDGEECG_STATUS_DONE;
    default:
        return EDGEECG_STATUS_UNKNOWN;
    }
}

/* What only a device sends is not a request: an echoing line must not make the device answer itself. */
static bool from_host(uint8_t type)
{
    return (type & 0x80u) != 0;
}

void edgeecg_device_receive(edgeecg_device *device, uint8_t byte)
{
    const edgeecg_verdict verdict = edgeecg_take(&device->decoder, byte);
    if (verdict != EDGEECG_FRAME && verdict != EDGEECG_UNKNOWN && verdict < EDGEECG_REFUSED_LENGTH) {
        return;
    }
    edgeecg_header header;
    edgeecg_get_header(&header, device->received);
    if (!from_host(header.type) || device->n_replies == EDGEECG_REPLIES) {
        return;
    }
    const uint8_t status = verdict == EDGEECG_FRAME     ? obey(device, &header, device->received + EDGEECG_SIZE_HEADER)
                           : verdict == EDGEECG_UNKNOWN ? EDGEECG_STATUS_UNKNOWN
                                                        : EDGEECG_STATUS_REFUSED;
    device->replies[device->n_replies++] = (edgeecg_reply){header.type, status, header.sequence, header.clock_us, now(device)};
}
