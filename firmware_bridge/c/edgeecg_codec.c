/* CRC-32, COBS and the decoder. The order of the verdicts is SPEC.md's, "What a segment can be". */
#include "edgeecg_codec.h"

#ifdef __AVR__
#include <avr/pgmspace.h> /* a const table would be copied into RAM */
#define TABLE_IN_FLASH PROGMEM
#define FROM_FLASH(address) pgm_read_dword(address)
#else
#define TABLE_IN_FLASH
#define FROM_FLASH(address) (*(address))
#endif

#define CRC_RESIDUE 0x2144DF1Cu /* CRC-32 over anything followed by its own CRC-32 */
#define FULL_BLOCK 255u

/* One step of four bits: 64 bytes of table where 256 entries would take a whole kilobyte of a small controller's flash. */
static const uint32_t crc_table[16] TABLE_IN_FLASH = {
    0x00000000u, 0x1DB71064u, 0x3B6E20C8u, 0x26D930ACu, 0x76DC4190u, 0x6B6B51F4u, 0x4DB26158u, 0x5005713Cu,
    0xEDB88320u, 0xF00F9344u, 0xD6D6A3E8u, 0xCB61B38Cu, 0x9B64C2B0u, 0x86D3D2D4u, 0xA00AE278u, 0xBDBDF21Cu,
};

uint32_t edgeecg_crc32(uint32_t crc, const uint8_t *data, size_t n)
{
    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc ^= data[i];
        crc = (crc >> 4) ^ FROM_FLASH(&crc_table[crc & 15u]);
        crc = (crc >> 4) ^ FROM_FLASH(&crc_table[crc & 15u]);
    }
    return ~crc;
}

static void emit(edgeecg_writer *writer, uint8_t byte)
{
    if (writer->n >= writer->capacity) {
        writer->full = true;
        return;
    }
    writer->out[writer->n++] = byte;
}

static void close_block(edgeecg_writer *writer)
{
    if (writer->code_at < writer->capacity) {
        writer->out[writer->code_at] = (uint8_t)(writer->n - writer->code_at);
    }
    writer->code_at = writer->n;
    emit(writer, 0);
}

static void stuff(edgeecg_writer *writer, const uint8_t *data, size_t n)
{
    writer->frame += n;
    for (size_t i = 0; i < n && !writer->full; i++) {
        if (writer->n - writer->code_at == FULL_BLOCK) {
            close_block(writer);
        }
        if (data[i] == 0) {
            close_block(writer);
        } else {
            emit(writer, data[i]);
        }
    }
}

void edgeecg_put(edgeecg_writer *writer, const uint8_t *data, size_t n)
{
    writer->crc = edgeecg_crc32(writer->crc, data, n);
    stuff(writer, data, n);
}

void edgeecg_begin(edgeecg_writer *writer, uint8_t *out, size_t capacity, const edgeecg_header *header)
{
    uint8_t bytes[EDGEECG_SIZE_HEADER];
    *writer = (edgeecg_writer){.out = out, .capacity = capacity};
    emit(writer, 0);
    edgeecg_put_header(bytes, header);
    edgeecg_put(writer, bytes, sizeof bytes);
}

size_t edgeecg_end(edgeecg_writer *writer)
{
    uint8_t crc[EDGEECG_CRC_BYTES];
    edgeecg_put_u32(crc, writer->crc);
    stuff(writer, crc, sizeof crc);
    if (!writer->full) {
        close_block(writer); /* the zero it writes is the delimiter */
    }
    return writer->full || writer->frame > EDGEECG_MAX_FRAME ? 0 : writer->n;
}

size_t edgeecg_encode(uint8_t *out, size_t capacity, const edgeecg_header *header, const uint8_t *payload, size_t n)
{
    edgeecg_writer writer;
    edgeecg_begin(&writer, out, capacity, header);
    if (n > 0) {
        edgeecg_put(&writer, payload, n);
    }
    return edgeecg_end(&writer);
}

void edgeecg_decoder_init(edgeecg_decoder *decoder, uint8_t *buffer, size_t capacity)
{
    *decoder = (edgeecg_decoder){.buffer = buffer, .capacity = capacity};
}

static void restart(edgeecg_decoder *decoder)
{
    decoder->segment = 0;
    decoder->left = 0;
    decoder->zero = false;
    decoder->skipping = false;
}

static edgeecg_verdict finish(edgeecg_decoder *decoder)
{
    const bool owed = decoder->left > 0;
    const bool empty = decoder->segment == 0;
    const bool skipped = decoder->skipping;
    restart(decoder);
    if (empty || skipped) {
        return EDGEECG_NOTHING;
    }
    if (owed) {
        return EDGEECG_DAMAGED_COBS;
    }
    if (decoder->n < EDGEECG_SIZE_HEADER + EDGEECG_CRC_BYTES) {
        return EDGEECG_DAMAGED_SHORT;
    }
    if (edgeecg_crc32(0, decoder->buffer, decoder->n) != CRC_RESIDUE) {
        return EDGEECG_DAMAGED_CRC;
    }
    decoder->n -= EDGEECG_CRC_BYTES;
    return edgeecg_judge(decoder->buffer, decoder->n);
}

/* A segment of capacity + 1 bytes decodes to capacity bytes at most: its first byte is a code. */
static void take_data(edgeecg_decoder *decoder, uint8_t byte)
{
    if (decoder->left > 0) {
        decoder->left--;
        decoder->buffer[decoder->n++] = byte;
        return;
    }
    if (decoder->segment == 1) {
        decoder->n = 0;
    } else if (decoder->zero) {
        decoder->buffer[decoder->n++] = 0;
    }
    decoder->left = (uint8_t)(byte - 1);
    decoder->zero = byte != FULL_BLOCK;
}

edgeecg_verdict edgeecg_take(edgeecg_decoder *decoder, uint8_t byte)
{
    if (byte == 0) {
        return finish(decoder);
    }
    if (decoder->skipping) {
        return EDGEECG_NOTHING;
    }
    if (decoder->segment > decoder->capacity) {
        decoder->skipping = true;
        return EDGEECG_OVERLONG;
    }
    decoder->segment++;
    take_data(decoder, byte);
    return EDGEECG_NOTHING;
}

static edgeecg_verdict judge_samples(const edgeecg_header *header, const uint8_t *payload, size_t n)
{
    edgeecg_samples samples;
    if (n < EDGEECG_SIZE_SAMPLES) {
        return EDGEECG_REFUSED_LENGTH;
    }
    edgeecg_get_samples(&samples, payload);
    const uint32_t frame_bytes = (uint32_t)samples.leads * (samples.bits / 8u);
    if (n - EDGEECG_SIZE_SAMPLES != samples.count * frame_bytes) {
        return EDGEECG_REFUSED_LENGTH;
    }
    return edgeecg_ok_samples(header, &samples) ? EDGEECG_FRAME : EDGEECG_REFUSED_CONTENT;
}

static bool streams_ok(const edgeecg_hello *hello, const uint8_t *descriptors)
{
    uint8_t seen = 0;
    for (uint8_t i = 0; i < hello->n_streams; i++) {
        edgeecg_stream stream;
        edgeecg_get_stream(&stream, descriptors + (size_t)i * hello->stream_bytes);
        if (!edgeecg_ok_stream(&stream) || ((unsigned)seen >> stream.stream & 1u) != 0) {
            return false;
        }
        seen = (uint8_t)(seen | 1u << stream.stream);
    }
    return true;
}

static edgeecg_verdict judge_hello(const edgeecg_header *header, const uint8_t *payload, size_t n)
{
    edgeecg_hello hello;
    if (n < EDGEECG_SIZE_HELLO) {
        return EDGEECG_REFUSED_LENGTH;
    }
    edgeecg_get_hello(&hello, payload);
    if (hello.stream_bytes < EDGEECG_SIZE_STREAM || n - EDGEECG_SIZE_HELLO < (size_t)hello.n_streams * hello.stream_bytes) {
        return EDGEECG_REFUSED_LENGTH;
    }
    const bool ok = edgeecg_ok_hello(header, &hello) && streams_ok(&hello, payload + EDGEECG_SIZE_HELLO);
    return ok ? EDGEECG_FRAME : EDGEECG_REFUSED_CONTENT;
}

edgeecg_verdict edgeecg_judge(const uint8_t *body, size_t n)
{
    edgeecg_header header;
    edgeecg_get_header(&header, body);
    if (header.version != EDGEECG_VERSION) {
        return EDGEECG_UNKNOWN;
    }
    const uint8_t *payload = body + EDGEECG_SIZE_HEADER;
    const size_t len_payload = n - EDGEECG_SIZE_HEADER;
    switch (header.type) {
    case EDGEECG_TYPE_SAMPLES:
        return judge_samples(&header, payload, len_payload);
    case EDGEECG_TYPE_HELLO:
        return judge_hello(&header, payload, len_payload);
    default:
        return edgeecg_judge_fixed(&header, payload, len_payload);
    }
}
