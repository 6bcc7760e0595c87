/* edgeecg-device: the firmware's core on a host, behind a pty. What the converter, the UART and the timer are on a board is here. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "edgeecg_device.h"
#include "heart.h"
#include "options.h"

#define PCG_RATE_MILLIHZ 2000000u
#define PCG_PER_FRAME 200u
#define RING_S 2u /* what the rings hold while the line takes nothing */
#define MAX_RATE_HZ 2000u
#define TICK_MS 1

typedef struct line {
    int in;
    int out;
    int keep; /* our own handle on the pty's other side: without it a host that closes would hang up the line */
} line;

typedef struct converter {
    edgeecg_channel *channel;
    uint64_t n; /* instants since `from_us` */
    double from_us;
} converter;

static edgeecg_options options;
static edgeecg_heart heart;
static FILE *recording;
static bool recording_ended;
static double virtual_us;
static uint64_t powered_up_ns;
static volatile sig_atomic_t asked_to_end;

static uint8_t ecg_ring[RING_S * MAX_RATE_HZ * EDGEECG_INSTANT_BYTES(8, 24)], ecg_stage[250 * EDGEECG_INSTANT_BYTES(8, 24)];
static uint8_t pcg_ring[RING_S * MAX_RATE_HZ * EDGEECG_INSTANT_BYTES(1, 24)], pcg_stage[PCG_PER_FRAME * EDGEECG_INSTANT_BYTES(1, 24)];
static uint8_t out[EDGEECG_MAX_SEGMENT + 1];
static edgeecg_channel channels[2];
static converter converters[2];

/* One thread does everything: there is no one to keep out. */
void edgeecg_lock(void) {}
void edgeecg_unlock(void) {}

static uint64_t monotonic_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static double elapsed_us(void)
{
    if (options.virtual_time) {
        return virtual_us;
    }
    return (double)(monotonic_ns() - powered_up_ns) / 1000.0 * (1.0 + options.drift_ppm * 1e-6);
}

static uint64_t now_us(void *context)
{
    (void)context;
    return options.clock_start_us + (uint64_t)elapsed_us();
}

static double period_us(const edgeecg_channel *channel)
{
    return 1e9 / channel->facts.rate_millihz;
}

/* The new rate begins where the old one's last instant was. */
static bool set_rate(void *context, uint8_t stream, uint32_t rate_millihz)
{
    (void)context;
    if (stream != 0 || recording || rate_millihz < 1000u || rate_millihz > MAX_RATE_HZ * 1000u) {
        return false;
    }
    converter *c = &converters[0];
    c->from_us += (double)c->n * period_us(c->channel);
    c->n = 0;
    return true;
}

static bool leads_are_off(double t_s)
{
    return options.lead_off_at_s >= 0 && t_s >= options.lead_off_at_s && t_s < options.lead_off_at_s + 2.0;
}

static bool read_instant(int32_t *values, double t_s)
{
    edgeecg_heart_move(&heart, t_s - 0.35);
    for (int lead = 0; lead < options.leads; lead++) {
        int value = 0;
        if (recording && fscanf(recording, "%d", &value) != 1) {
            recording_ended = true;
            return false;
        }
        values[lead] = recording ? value : edgeecg_heart_ecg_uv(&heart, t_s, lead);
    }
    return true;
}

static void convert_one(converter *c, double at_us)
{
    int32_t values[EDGEECG_MAX_LEADS] = {0};
    const double t_s = at_us * 1e-6;
    const uint64_t clock_us = options.clock_start_us + (uint64_t)at_us;
    if (c->channel->facts.kind == EDGEECG_KIND_PCG) {
        values[0] = edgeecg_heart_pcg(&heart, t_s);
        edgeecg_push(c->channel, values, 0, clock_us);
    } else if (read_instant(values, t_s)) {
        edgeecg_push(c->channel, values, leads_are_off(t_s) ? 1 : 0, clock_us);
    }
    c->n++;
}

/* Everything the converters would have delivered by now, in the order of its time. */
static void convert_until(double us, unsigned n_converters)
{
    while (!recording_ended) {
        converter *due = NULL;
        double due_us = us;
        for (unsigned i = 0; i < n_converters; i++) {
            const double at_us = converters[i].from_us + (double)converters[i].n * period_us(converters[i].channel);
            if (at_us <= due_us) {
                due = &converters[i];
                due_us = at_us;
            }
        }
        if (!due) {
            return;
        }
        convert_one(due, due_us);
    }
}

static void describe(void)
{
    channels[0] = (edgeecg_channel){
        .facts = {0, EDGEECG_KIND_ECG, options.leads, options.bits, EDGEECG_UNIT_VOLT, options.rate_millihz, 1000000u, 0, {257, 258, 317}},
        .ring = ecg_ring, .stage = ecg_stage, .capacity = (uint16_t)(RING_S * MAX_RATE_HZ), .per_frame = options.per_frame};
    channels[1] = (edgeecg_channel){
        .facts = {1, EDGEECG_KIND_PCG, 1, 24, EDGEECG_UNIT_PASCAL, PCG_RATE_MILLIHZ, 3363761u, 0, {0}},
        .ring = pcg_ring, .stage = pcg_stage, .capacity = (uint16_t)(RING_S * MAX_RATE_HZ), .per_frame = PCG_PER_FRAME};
    for (unsigned i = 0; i < 2; i++) {
        converters[i] = (converter){.channel = &channels[i]};
    }
}

static bool open_pty(line *l)
{
    struct termios raw;
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) {
        perror("edgeecg-device: no pty");
        return false;
    }
    const char *name = ptsname(master);
    l->in = l->out = master;
    l->keep = name ? open(name, O_RDWR | O_NOCTTY) : -1;
    if (l->keep < 0 || tcgetattr(l->keep, &raw) != 0) {
        perror("edgeecg-device: the pty cannot be opened");
        return false;
    }
    raw.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    raw.c_oflag &= ~(tcflag_t)OPOST;
    raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    tcsetattr(l->keep, TCSANOW, &raw);
    if (options.link && ((unlink(options.link) != 0 && errno != ENOENT) || symlink(name, options.link) != 0)) {
        perror("edgeecg-device: --link");
        return false;
    }
    printf("%s\n", name);
    fflush(stdout);
    return true;
}

static bool open_line(line *l)
{
    *l = (line){.in = STDIN_FILENO, .out = STDOUT_FILENO, .keep = -1};
    if (!options.standard && !open_pty(l)) {
        return false;
    }
    fcntl(l->in, F_SETFL, fcntl(l->in, F_GETFL) | O_NONBLOCK);
    fcntl(l->out, F_SETFL, fcntl(l->out, F_GETFL) | O_NONBLOCK);
    return true;
}

/* False: the line is gone, or there is nobody left to ask anything. */
static bool listen_to(edgeecg_device *device, line *l)
{
    uint8_t bytes[256];
    ssize_t got;
    while (l->in >= 0 && (got = read(l->in, bytes, sizeof bytes)) >= 0) {
        if (got == 0) {
            l->in = -1;
            break;
        }
        for (ssize_t i = 0; i < got; i++) {
            edgeecg_device_receive(device, bytes[i]);
        }
    }
    return l->in < 0 || errno == EAGAIN || errno == EINTR;
}

/* Writes what the line takes. `drained`: nothing waits any more. False: the line is gone. */
static bool speak(edgeecg_device *device, const line *l, bool *drained)
{
    for (;;) {
        size_t n;
        const uint8_t *bytes = edgeecg_device_pending(device, &n);
        *drained = n == 0;
        if (n == 0) {
            return true;
        }
        const ssize_t written = write(l->out, bytes, n);
        if (written < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        edgeecg_device_sent(device, (size_t)written);
    }
}

static void wait_for_line(const line *l, bool drained)
{
    struct pollfd fds[2] = {{l->in, POLLIN, 0}, {l->out, POLLOUT, 0}};
    if (options.virtual_time && drained) {
        return;
    }
    poll(fds, drained ? 1 : 2, TICK_MS);
}

static void run(edgeecg_device *device, line *l)
{
    bool drained = false;
    const double end_us = options.seconds * 1e6;
    while (!asked_to_end) {
        convert_until(elapsed_us(), device->n_channels);
        if (!listen_to(device, l) || !speak(device, l, &drained)) {
            return;
        }
        if (drained && (recording_ended || (end_us > 0 && elapsed_us() >= end_us))) {
            return;
        }
        if (drained) {
            virtual_us += 1000.0 * TICK_MS;
        }
        wait_for_line(l, drained);
    }
}

static void on_signal(int number)
{
    (void)number;
    asked_to_end = 1;
}

int main(int argc, char **argv)
{
    line l;
    if (!edgeecg_options_read(&options, argc, argv)) {
        return 2;
    }
    if (options.file && !(recording = fopen(options.file, "r"))) {
        perror(options.file);
        return 2;
    }
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    signal(SIGPIPE, SIG_IGN);
    if (!open_line(&l)) {
        return 1;
    }
    describe();
    edgeecg_heart_init(&heart, options.heart_bpm);
    powered_up_ns = monotonic_ns();
    edgeecg_device device = {.device_id = options.id, .firmware = "edgeecg-device 1", .channels = channels,
                             .n_channels = options.pcg ? 2 : 1, .clock_bits = options.clock_bits, .clock_ppm = 20,
                             .out = out, .out_capacity = sizeof out, .now_us = now_us, .set_rate = set_rate};
    edgeecg_device_init(&device);
    for (uint8_t i = 0; options.start && i < device.n_channels; i++) {
        channels[i].on = true;
    }
    run(&device, &l);
    if (options.link) {
        unlink(options.link);
    }
    if (recording) {
        fclose(recording);
    }
    return 0;
}
