/* What edgeecg-device is asked to be on its command line. */
#ifndef EDGEECG_OPTIONS_H
#define EDGEECG_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct edgeecg_options {
    const char *id;
    const char *link;        /* a symbolic link to the pty, or NULL */
    const char *file;        /* samples to send, or NULL for the built-in heart */
    bool standard;           /* stdout and stdin in place of a pty */
    bool virtual_time;       /* as fast as the line takes it; the clock counts samples */
    bool start;              /* stream without being asked */
    bool pcg;
    uint8_t leads;
    uint8_t bits;
    uint8_t clock_bits;
    uint16_t per_frame;
    uint32_t rate_millihz;
    double seconds;          /* 0 is for ever */
    double drift_ppm;
    double heart_bpm;
    uint64_t clock_start_us;
    double lead_off_at_s;    /* lead 0 comes off here for two seconds; negative: never */
} edgeecg_options;

/* False, with a sentence on stderr, where an option is unknown or its value is not allowed. */
bool edgeecg_options_read(edgeecg_options *options, int argc, char **argv);

#endif
