/* A plain heart to stream: five Gaussian waves a beat, breathing in its rate, two sounds after each R wave, a little noise. */
#ifndef EDGEECG_HEART_H
#define EDGEECG_HEART_H

#include <stdint.h>

typedef struct edgeecg_heart {
    double beat_s;     /* when the present beat's R wave is */
    double previous_s; /* and the one before */
    double next_s;
    double mean_rate_bpm;
    uint32_t noise;
} edgeecg_heart;

void edgeecg_heart_init(edgeecg_heart *heart, double mean_rate_bpm);
void edgeecg_heart_move(edgeecg_heart *heart, double t_s);               /* time never goes back */
int32_t edgeecg_heart_ecg_uv(edgeecg_heart *heart, double t_s, int lead); /* microvolts */
int32_t edgeecg_heart_pcg(edgeecg_heart *heart, double t_s);              /* counts of a 24-bit microphone */

#endif
