/* A MAX30003 ECG front end and an ICS-43434 I2S microphone on an ESP32, streaming both over one serial port.
 *
 * Needs Espressif's Arduino core, version 3 or later. Wiring (any free pins will do):
 *   MAX30003  SCK 18, MISO 19, MOSI 23, CSB 5, INTB 4, FCLK from the board's 32768 Hz oscillator
 *   ICS-43434 SCK 26, WS 25, SD 33, L/R to ground (left)
 *   battery   through two equal resistors to 34
 *
 * ECG: 18 bits at 128, 256 or 512 Hz. Microphone: 16 kHz, filtered and decimated to 2 kHz, 24 bits.
 * Both are put on one clock, esp_timer's, which runs from power-up and does not wrap.
 */
#include <ESP_I2S.h>
#include <SPI.h>
#include <esp_timer.h>
#include <math.h>

#include "edgeecg_device.h"

/* ---- keeping the microphone's task and the loop apart ---- */

static portMUX_TYPE rings = portMUX_INITIALIZER_UNLOCKED;

extern "C" void edgeecg_lock(void)
{
    portENTER_CRITICAL(&rings);
}

extern "C" void edgeecg_unlock(void)
{
    portEXIT_CRITICAL(&rings);
}

/* ---- the device ---- */

enum { ECG, PCG, CHANNELS };

static const uint16_t ECG_CAPACITY = 512, ECG_PER_FRAME = 32;
static const uint16_t PCG_CAPACITY = 4096, PCG_PER_FRAME = 200;
static const uint32_t PCG_RATE_HZ = 2000;

static uint8_t ecg_ring[ECG_CAPACITY * EDGEECG_INSTANT_BYTES(1, 24)], ecg_stage[ECG_PER_FRAME * EDGEECG_INSTANT_BYTES(1, 24)];
static uint8_t pcg_ring[PCG_CAPACITY * EDGEECG_INSTANT_BYTES(1, 24)], pcg_stage[PCG_PER_FRAME * EDGEECG_INSTANT_BYTES(1, 24)];
static uint8_t frame_out[EDGEECG_MAX_SEGMENT + 1];
static edgeecg_channel channels[CHANNELS];
static edgeecg_device device;

static uint64_t now_us(void *)
{
    return (uint64_t)esp_timer_get_time();
}

/* ---- MAX30003 ---- */

static const int PIN_CS = 5, PIN_INTERRUPT = 4;
static const uint8_t REG_STATUS = 0x01, REG_EN_INT = 0x02, REG_MNGR_INT = 0x04, REG_SW_RST = 0x08, REG_SYNCH = 0x09, REG_FIFO_RST = 0x0A;
static const uint8_t REG_CNFG_GEN = 0x10, REG_CNFG_EMUX = 0x14, REG_CNFG_ECG = 0x15, REG_ECG_FIFO = 0x21;
static const uint32_t STATUS_LEADS = 0x00000F;     /* LDOFF_PH, PL, NH, NL */
static const uint32_t GEN_ECG_LEADS_BIAS = 0x081117; /* ECG on, DC lead-off at 5 nA, 100 megohm bias on both inputs */
static const uint32_t ECG_GAIN20_HP05_LP40 = 0x005000;
static const uint32_t EINT_EVERY_4 = 0x180000, EN_EINT_PULLED_UP = 0x800003;
static const uint8_t ETAG_VALID = 0, ETAG_FAST = 1, ETAG_VALID_LAST = 2, ETAG_FAST_LAST = 3, ETAG_OVERFLOW = 7;
static const uint8_t FIFO_DEPTH = 32;

static SPISettings max30003_bus(4000000, MSBFIRST, SPI_MODE0);
static volatile uint32_t interrupts;
static volatile int64_t interrupt_us;
static uint32_t interrupts_served;

static void IRAM_ATTR on_interrupt()
{
    interrupt_us = esp_timer_get_time();
    interrupts = interrupts + 1;
}

static uint32_t max30003(uint8_t reg, bool read, uint32_t value)
{
    SPI.beginTransaction(max30003_bus);
    digitalWrite(PIN_CS, LOW);
    SPI.transfer((uint8_t)(reg << 1 | (read ? 1 : 0)));
    uint32_t got = 0;
    for (int shift = 16; shift >= 0; shift -= 8) {
        got = got << 8 | SPI.transfer((uint8_t)(value >> shift));
    }
    digitalWrite(PIN_CS, HIGH);
    SPI.endTransaction();
    return got;
}

static bool rate_code(uint32_t rate_millihz, uint32_t *code)
{
    *code = rate_millihz == 512000 ? 0 : rate_millihz == 256000 ? 1 : 2;
    return rate_millihz == 512000 || rate_millihz == 256000 || rate_millihz == 128000;
}

static bool set_rate(void *, uint8_t stream, uint32_t rate_millihz)
{
    uint32_t code;
    if (stream != ECG || !rate_code(rate_millihz, &code)) {
        return false;
    }
    max30003(REG_CNFG_ECG, false, code << 22 | ECG_GAIN20_HP05_LP40);
    max30003(REG_SYNCH, false, 0);
    max30003(REG_FIFO_RST, false, 0);
    return true;
}

static void start_max30003()
{
    pinMode(PIN_CS, OUTPUT);
    digitalWrite(PIN_CS, HIGH);
    pinMode(PIN_INTERRUPT, INPUT_PULLUP);
    SPI.begin();
    max30003(REG_SW_RST, false, 0);
    delay(100);
    max30003(REG_CNFG_GEN, false, GEN_ECG_LEADS_BIAS);
    max30003(REG_CNFG_EMUX, false, 0);
    max30003(REG_MNGR_INT, false, EINT_EVERY_4);
    max30003(REG_EN_INT, false, EN_EINT_PULLED_UP);
    attachInterrupt(digitalPinToInterrupt(PIN_INTERRUPT), on_interrupt, FALLING);
    set_rate(NULL, ECG, channels[ECG].facts.rate_millihz);
}

static int32_t sample_of(uint32_t word)
{
    const int32_t raw = (int32_t)(word >> 6 & 0x3FFFF);
    return raw < 0x20000 ? raw : raw - 0x40000;
}

/* Reads the FIFO until its last valid word. An overflow loses the order of things: the chip is started anew, and the times show the gap. */
static uint8_t read_fifo(int32_t *values)
{
    uint8_t n = 0;
    while (n < FIFO_DEPTH) {
        const uint32_t word = max30003(REG_ECG_FIFO, true, 0);
        const uint8_t tag = word >> 3 & 7;
        if (tag == ETAG_OVERFLOW) {
            max30003(REG_FIFO_RST, false, 0);
            return 0;
        }
        if (tag > ETAG_FAST_LAST) {
            break;
        }
        values[n++] = sample_of(word);
        if (tag == ETAG_VALID_LAST || tag == ETAG_FAST_LAST) {
            break;
        }
    }
    return n;
}

/* The interrupt came with the fourth sample; what was added while the FIFO was read is younger than it. */
static void serve_max30003()
{
    const uint32_t seen = interrupts;
    const bool stuck_low = digitalRead(PIN_INTERRUPT) == LOW; /* an edge missed: the level still tells */
    if (seen == interrupts_served && !stuck_low) {
        return;
    }
    portENTER_CRITICAL(&rings);
    const int64_t fourth_us = interrupt_us;
    portEXIT_CRITICAL(&rings);
    interrupts_served = seen;
    int32_t values[FIFO_DEPTH];
    const bool off = (max30003(REG_STATUS, true, 0) & STATUS_LEADS) != 0;
    const uint8_t n = read_fifo(values);
    const int64_t period_us = 1000000000LL / channels[ECG].facts.rate_millihz;
    for (uint8_t i = 0; i < n; i++) {
        const int64_t at_us = fourth_us + (i - 3) * period_us;
        edgeecg_push(&channels[ECG], &values[i], off ? 1 : 0, (uint64_t)(at_us > 0 ? at_us : 0));
    }
}

/* ---- microphone ---- */

static const int DECIMATION = 8, TAPS = 96, BLOCK = 128;
static const double CUTOFF_HZ = 800.0, TAU = 6.283185307179586;

static I2SClass microphone;
static float taps[TAPS];
static float history[TAPS + BLOCK];

static void design_filter()
{
    double sum = 0;
    double ideal[TAPS];
    for (int i = 0; i < TAPS; i++) {
        const double t = i - (TAPS - 1) / 2.0;
        const double x = TAU * CUTOFF_HZ / (PCG_RATE_HZ * DECIMATION) * t;
        const double window = 0.54 - 0.46 * cos(TAU * i / (TAPS - 1)); /* Hamming */
        ideal[i] = sin(x) / x * window;                                /* TAPS is even: x is never 0 */
        sum += ideal[i];
    }
    for (int i = 0; i < TAPS; i++) {
        taps[i] = (float)(ideal[i] / sum);
    }
}

static int32_t filtered(const float *newest_first_end)
{
    float sum = 0;
    for (int i = 0; i < TAPS; i++) {
        sum += taps[i] * newest_first_end[i];
    }
    return (int32_t)lroundf(fmaxf(-8388608.0f, fminf(8388607.0f, sum)));
}

/* A block of 128 at 16 kHz is 16 samples at 2 kHz. The filter's delay is taken off the clock, so that sounds stand beside their beats. */
static void hear_block(const int32_t *raw, int64_t read_us)
{
    const double input_period_us = 1e6 / (PCG_RATE_HZ * DECIMATION);
    for (int i = 0; i < BLOCK; i++) {
        history[TAPS + i] = (float)(raw[i] >> 8); /* 24 bits, left-justified in 32 */
    }
    for (int i = DECIMATION; i <= BLOCK; i += DECIMATION) {
        const int32_t value = filtered(history + i);
        const double behind_us = (BLOCK - i + (TAPS - 1) / 2.0) * input_period_us;
        const int64_t at_us = read_us - (int64_t)behind_us;
        edgeecg_push(&channels[PCG], &value, 0, (uint64_t)(at_us > 0 ? at_us : 0));
    }
    memmove(history, history + BLOCK, TAPS * sizeof history[0]);
}

static void hear(void *)
{
    static int32_t raw[BLOCK];
    for (;;) {
        if (microphone.readBytes((char *)raw, sizeof raw) == sizeof raw) {
            hear_block(raw, esp_timer_get_time());
        }
    }
}

static void start_microphone()
{
    design_filter();
    microphone.setPins(26, 25, -1, 33);
    microphone.begin(I2S_MODE_STD, PCG_RATE_HZ * DECIMATION, I2S_DATA_BIT_WIDTH_32BIT, I2S_SLOT_MODE_MONO, I2S_STD_SLOT_LEFT);
    xTaskCreatePinnedToCore(hear, "hear", 4096, NULL, 3, NULL, 0);
}

/* ---- battery, line ---- */

static const int PIN_BATTERY = 34;
static const uint32_t BATTERY_EVERY_MS = 30000;
static uint32_t battery_ms;

static void watch_battery()
{
    if (battery_ms != 0 && millis() - battery_ms < BATTERY_EVERY_MS) {
        return;
    }
    battery_ms = millis() | 1;
    const edgeecg_battery battery = {255, 0, (uint16_t)(2 * analogReadMilliVolts(PIN_BATTERY))}; /* a voltage is measured, a charge is not */
    edgeecg_device_set_battery(&device, &battery);
}

/* Never waits: what the port does not take now stays where it is, and the rings count what they lose meanwhile. */
static void serve_line()
{
    while (Serial.available() > 0) {
        edgeecg_device_receive(&device, (uint8_t)Serial.read());
    }
    size_t n;
    const uint8_t *bytes = edgeecg_device_pending(&device, &n);
    const size_t room = (size_t)Serial.availableForWrite();
    n = n < room ? n : room;
    if (n > 0) {
        edgeecg_device_sent(&device, Serial.write(bytes, n));
    }
}

static void describe(edgeecg_channel *channel, uint8_t stream, uint8_t kind, uint8_t unit, uint32_t rate_millihz, uint32_t scale_pico)
{
    channel->facts.stream = stream;
    channel->facts.kind = kind;
    channel->facts.leads = 1;
    channel->facts.bits = 24;
    channel->facts.unit = unit;
    channel->facts.rate_millihz = rate_millihz;
    channel->facts.scale_pico = scale_pico;
}

static void describe_channels()
{
    describe(&channels[ECG], ECG, EDGEECG_KIND_ECG, EDGEECG_UNIT_VOLT, 256000, 381470); /* 1 V / 2^17 / 20 */
    channels[ECG].facts.terms[0] = 257;                                                /* lead I */
    channels[ECG].ring = ecg_ring;
    channels[ECG].stage = ecg_stage;
    channels[ECG].capacity = ECG_CAPACITY;
    channels[ECG].per_frame = ECG_PER_FRAME;
    describe(&channels[PCG], PCG, EDGEECG_KIND_PCG, EDGEECG_UNIT_PASCAL, PCG_RATE_HZ * 1000, 3363761); /* 1 Pa rms is -26 dBFS */
    channels[PCG].ring = pcg_ring;
    channels[PCG].stage = pcg_stage;
    channels[PCG].capacity = PCG_CAPACITY;
    channels[PCG].per_frame = PCG_PER_FRAME;
}

void setup()
{
    Serial.setTxBufferSize(4096);
    Serial.begin(921600);
    describe_channels();
    device.device_id = "esp32-max30003";
    device.firmware = "max30003-i2s 1.0";
    device.channels = channels;
    device.n_channels = CHANNELS;
    device.clock_bits = 64;
    device.clock_ppm = 20;
    device.out = frame_out;
    device.out_capacity = sizeof frame_out;
    device.now_us = now_us;
    device.set_rate = set_rate;
    edgeecg_device_init(&device);
    start_max30003();
    start_microphone();
}

void loop()
{
    serve_max30003();
    watch_battery();
    serve_line();
}
