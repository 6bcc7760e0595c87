/* An AD8232 amplifier on an Arduino Uno, streaming over its serial port at 115200 baud.
 *
 * Wiring: AD8232 OUTPUT to A0, LO+ to 10, LO- to 11, 3.3 V to the amplifier AND to AREF, so that its half-supply
 * reference is the middle of the converter's range.
 *
 * Timer 1 starts every conversion by itself, so a sample's instant does not depend on what the program is doing.
 */
#include "edgeecg_device.h"

#if !defined(__AVR_ATmega328P__)
#error "This sketch drives the ATmega328P's own timer and converter; edgeecg_max30003_i2s shows the same for an ESP32."
#endif

static const uint8_t PIN_LEADS_OFF_PLUS = 10;
static const uint8_t PIN_LEADS_OFF_MINUS = 11;
static const uint8_t TICKS_PER_US = 2; /* 16 MHz through a prescaler of 8 */
static const uint16_t CAPACITY = 96;   /* 384 ms at 250 Hz: what a busy line may cost without a loss */
static const uint16_t PER_FRAME = 25;

static uint8_t ring[CAPACITY * EDGEECG_INSTANT_BYTES(1, 16)];
static uint8_t stage[PER_FRAME * EDGEECG_INSTANT_BYTES(1, 16)];
static uint8_t frame_out[104];
static edgeecg_channel channel;
static edgeecg_device device;

static volatile uint64_t conversion_us; /* when the last conversion was started */
static volatile uint16_t period_us;

ISR(ADC_vect)
{
    const int32_t value = ADC;
    TIFR1 = _BV(OCF1B); /* the converter starts on this flag's rising edge only */
    conversion_us += period_us;
    const bool off = digitalRead(PIN_LEADS_OFF_PLUS) || digitalRead(PIN_LEADS_OFF_MINUS);
    edgeecg_push(&channel, &value, off ? 1 : 0, conversion_us);
}

/* Between the timer's match and the end of the conversion it started, `conversion_us` is one period old. */
static uint64_t now_us(void *)
{
    EDGEECG_LOCK();
    uint16_t ticks = TCNT1;
    uint64_t us = conversion_us;
    if (TIFR1 & _BV(OCF1B)) {
        ticks = TCNT1;
        us += period_us;
    }
    EDGEECG_UNLOCK();
    return us + ticks / TICKS_PER_US;
}

static bool set_rate(void *, uint8_t, uint32_t rate_millihz)
{
    if (rate_millihz != 125000UL && rate_millihz != 250000UL && rate_millihz != 500000UL) {
        return false;
    }
    const uint16_t period = (uint16_t)(1000000000UL / rate_millihz);
    EDGEECG_LOCK();
    conversion_us += TCNT1 / TICKS_PER_US;
    TCNT1 = 0;
    period_us = period;
    OCR1A = OCR1B = (uint16_t)(period * TICKS_PER_US - 1);
    EDGEECG_UNLOCK();
    return true;
}

static void start_converter()
{
    TCCR1A = 0;
    TCCR1B = 0;
    set_rate(NULL, 0, channel.facts.rate_millihz);
    ADMUX = 0; /* A0, against AREF */
    ADCSRB = _BV(ADTS2) | _BV(ADTS0); /* started by timer 1, compare match B */
    ADCSRA = _BV(ADEN) | _BV(ADATE) | _BV(ADIE) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0);
    TCCR1B = _BV(WGM12) | _BV(CS11); /* clear on match A, prescaler 8 */
}

void setup()
{
    pinMode(PIN_LEADS_OFF_PLUS, INPUT);
    pinMode(PIN_LEADS_OFF_MINUS, INPUT);
    Serial.begin(115200);

    channel.facts.stream = 0;
    channel.facts.kind = EDGEECG_KIND_ECG;
    channel.facts.leads = 1;
    channel.facts.bits = 16;
    channel.facts.unit = EDGEECG_UNIT_VOLT;
    channel.facts.rate_millihz = 250000UL;
    channel.facts.scale_pico = 2929688UL; /* 3.3 V / 1024 / 1100, the gain of the usual AD8232 board */
    channel.facts.zero = 512;
    channel.facts.terms[0] = 257; /* lead I */
    channel.ring = ring;
    channel.stage = stage;
    channel.capacity = CAPACITY;
    channel.per_frame = PER_FRAME;

    device.device_id = "uno-ad8232";
    device.firmware = "ad8232 1.0";
    device.channels = &channel;
    device.n_channels = 1;
    device.clock_bits = 64;
    device.clock_ppm = 5000; /* the Uno's ceramic resonator */
    device.out = frame_out;
    device.out_capacity = sizeof frame_out;
    device.now_us = now_us;
    device.set_rate = set_rate;
    edgeecg_device_init(&device);
    start_converter();
}

/* Never waits: what the serial port does not take now stays where it is, and the ring counts what it loses meanwhile. */
void loop()
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
