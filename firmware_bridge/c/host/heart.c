#include "heart.h"

#include <math.h>

#define TWO_PI 6.283185307179586
#define BREATHS_HZ 0.25
#define NOISE_UV 8.0

typedef struct wave {
    double after_r_s;
    double height;
    double width_s;
} wave;

static const wave ecg_waves[] = {{-0.170, 120, 0.025}, {-0.028, -110, 0.009}, {0.0, 1100, 0.011}, {0.030, -220, 0.010}, {0.260, 280, 0.045}};
static const wave sounds[] = {{0.045, 400000, 0.022}, {0.340, 260000, 0.016}};
static const double sound_hz[] = {45.0, 62.0};

static double next_beat(const edgeecg_heart *heart, double beat_s)
{
    const double rate = heart->mean_rate_bpm * (1.0 + 0.05 * sin(TWO_PI * BREATHS_HZ * beat_s));
    return beat_s + 60.0 / rate;
}

void edgeecg_heart_init(edgeecg_heart *heart, double mean_rate_bpm)
{
    heart->mean_rate_bpm = mean_rate_bpm;
    heart->previous_s = -60.0 / mean_rate_bpm;
    heart->beat_s = 0.3;
    heart->next_s = next_beat(heart, heart->beat_s);
    heart->noise = 1;
}

void edgeecg_heart_move(edgeecg_heart *heart, double t_s)
{
    while (t_s > heart->next_s) {
        heart->previous_s = heart->beat_s;
        heart->beat_s = heart->next_s;
        heart->next_s = next_beat(heart, heart->beat_s);
    }
}

static double bump(const wave *w, double since_r_s)
{
    const double z = (since_r_s - w->after_r_s) / w->width_s;
    return fabs(z) > 6.0 ? 0.0 : w->height * exp(-0.5 * z * z);
}

static double noise(edgeecg_heart *heart)
{
    heart->noise = heart->noise * 1664525u + 1013904223u; /* Numerical Recipes' congruential generator: the same on every host */
    return heart->noise / 2147483648.0 - 1.0;
}

int32_t edgeecg_heart_ecg_uv(edgeecg_heart *heart, double t_s, int lead)
{
    double sum = NOISE_UV * noise(heart);
    for (unsigned i = 0; i < sizeof ecg_waves / sizeof ecg_waves[0]; i++) {
        sum += bump(&ecg_waves[i], t_s - heart->previous_s) + bump(&ecg_waves[i], t_s - heart->beat_s) + bump(&ecg_waves[i], t_s - heart->next_s);
    }
    return (int32_t)lround(sum * (1.0 - 0.15 * lead));
}

int32_t edgeecg_heart_pcg(edgeecg_heart *heart, double t_s)
{
    double sum = 2000.0 * noise(heart);
    const double beats[] = {heart->previous_s, heart->beat_s};
    for (unsigned b = 0; b < 2; b++) {
        for (unsigned i = 0; i < 2; i++) {
            const double since = t_s - beats[b];
            sum += bump(&sounds[i], since) * sin(TWO_PI * sound_hz[i] * (since - sounds[i].after_r_s));
        }
    }
    return (int32_t)lround(sum);
}
