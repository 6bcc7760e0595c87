#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct setting {
    const char *name;
    const char *meaning;
    double low, high;
    double value;
} setting;

enum { RATE, LEADS, BITS, FRAME, SECONDS, DRIFT, BPM, CLOCK_BITS, CLOCK_START, LEAD_OFF, SETTINGS };

static setting settings[SETTINGS] = {
    [RATE] = {"--rate", "Hz of the ECG", 1, 2000, 250},
    [LEADS] = {"--leads", "leads of the ECG", 1, 8, 1},
    [BITS] = {"--bits", "16 or 24", 16, 24, 16},
    [FRAME] = {"--frame", "samples of a lead in a frame", 1, 250, 25},
    [SECONDS] = {"--seconds", "stop after this; 0 is never", 0, 1e9, 0},
    [DRIFT] = {"--drift-ppm", "how fast the device's clock runs", -1000, 1000, 0},
    [BPM] = {"--heart-bpm", "mean heart rate", 20, 250, 70},
    [CLOCK_BITS] = {"--clock-bits", "the clock counts modulo 2^this", 16, 64, 64},
    [CLOCK_START] = {"--clock-start-us", "where the clock begins", 0, 9e15, 0},
    [LEAD_OFF] = {"--lead-off-at", "second at which lead 0 comes off for two seconds", -1, 1e9, -1},
};

static void usage(void)
{
    fprintf(stderr, "usage: edgeecg-device [options]: a device that speaks the edgeecg wire protocol over a pty\n"
                    "  --stdout         stdout and stdin in place of a pty\n"
                    "  --link PATH      symbolic link to the pty\n"
                    "  --id NAME        device id\n"
                    "  --file PATH      whole numbers, one for each lead and instant, in place of the built-in heart\n"
                    "  --pcg            a second stream: a microphone at 2 kHz, 24 bits\n"
                    "  --start          stream without being asked\n"
                    "  --virtual-time   as fast as the line takes it; the clock counts samples\n");
    for (int i = 0; i < SETTINGS; i++) {
        fprintf(stderr, "  %-16s %s (%g..%g, now %g)\n", settings[i].name, settings[i].meaning, settings[i].low, settings[i].high, settings[i].value);
    }
}

static bool number(const char *name, const char *text)
{
    for (int i = 0; i < SETTINGS; i++) {
        setting *s = &settings[i];
        char *end;
        if (strcmp(name, s->name) != 0) {
            continue;
        }
        s->value = strtod(text, &end);
        if (end == text || *end || !(s->value >= s->low && s->value <= s->high)) {
            fprintf(stderr, "edgeecg-device: %s: %s is not in %g..%g\n", name, text, s->low, s->high);
            return false;
        }
        return true;
    }
    fprintf(stderr, "edgeecg-device: %s: no such option\n", name);
    usage();
    return false;
}

static bool flag(edgeecg_options *options, const char *name)
{
    bool *const to = strcmp(name, "--stdout") == 0         ? &options->standard
                     : strcmp(name, "--virtual-time") == 0 ? &options->virtual_time
                     : strcmp(name, "--start") == 0        ? &options->start
                     : strcmp(name, "--pcg") == 0          ? &options->pcg
                                                           : NULL;
    if (to) {
        *to = true;
    }
    return to != NULL;
}

static const char **text(edgeecg_options *options, const char *name)
{
    return strcmp(name, "--id") == 0     ? &options->id
           : strcmp(name, "--link") == 0 ? &options->link
           : strcmp(name, "--file") == 0 ? &options->file
                                         : NULL;
}

static void settle(edgeecg_options *options)
{
    options->rate_millihz = (uint32_t)(settings[RATE].value * 1000.0 + 0.5);
    options->leads = (uint8_t)settings[LEADS].value;
    options->bits = (uint8_t)settings[BITS].value;
    options->per_frame = (uint16_t)settings[FRAME].value;
    options->seconds = settings[SECONDS].value;
    options->drift_ppm = settings[DRIFT].value;
    options->heart_bpm = settings[BPM].value;
    options->clock_bits = (uint8_t)settings[CLOCK_BITS].value;
    options->clock_start_us = (uint64_t)settings[CLOCK_START].value;
    options->lead_off_at_s = settings[LEAD_OFF].value;
}

bool edgeecg_options_read(edgeecg_options *options, int argc, char **argv)
{
    *options = (edgeecg_options){.id = "edgeecg-device"};
    for (int i = 1; i < argc; i++) {
        if (flag(options, argv[i])) {
            continue;
        }
        if (i + 1 == argc) {
            fprintf(stderr, "edgeecg-device: %s: no such option, or no value after it\n", argv[i]);
            usage();
            return false;
        }
        const char **const to = text(options, argv[i]);
        if (to) {
            *to = argv[++i];
        } else if (!number(argv[i], argv[i + 1])) {
            return false;
        } else {
            i++;
        }
    }
    settle(options);
    if (options->bits != 16 && options->bits != 24) {
        fprintf(stderr, "edgeecg-device: --bits: %u is not 16 or 24\n", options->bits);
        return false;
    }
    if ((unsigned)options->per_frame * options->leads * options->bits / 8u > 900u) {
        fprintf(stderr, "edgeecg-device: --frame: %u samples of %u leads do not fit a frame\n", options->per_frame, options->leads);
        return false;
    }
    return true;
}
