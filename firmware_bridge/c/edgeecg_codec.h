/* Frames to bytes and back: CRC-32, COBS, one byte at a time, into buffers the caller owns. C99, no malloc, no I/O. */
#ifndef EDGEECG_CODEC_H
#define EDGEECG_CODEC_H

#include "edgeecg_wire.h"

#ifdef __cplusplus
extern "C" {
#endif

#define EDGEECG_CRC_BYTES 4u

/* Begin with `crc` 0; give the result back in to continue over more bytes. */
uint32_t edgeecg_crc32(uint32_t crc, const uint8_t *data, size_t n);

/* Writes one frame into a buffer, taking zeros out as it goes. A frame that does not fit ends as length 0. */
typedef struct edgeecg_writer {
    uint8_t *out;
    size_t capacity;
    size_t n;
    size_t code_at;
    size_t frame; /* bytes of header, payload and CRC so far */
    uint32_t crc;
    bool full;
} edgeecg_writer;

void edgeecg_begin(edgeecg_writer *writer, uint8_t *out, size_t capacity, const edgeecg_header *header);
void edgeecg_put(edgeecg_writer *writer, const uint8_t *data, size_t n);
size_t edgeecg_end(edgeecg_writer *writer); /* bytes written, delimiter included, or 0 */

/* Header and payload in one call. */
size_t edgeecg_encode(uint8_t *out, size_t capacity, const edgeecg_header *header, const uint8_t *payload, size_t n);

/* Reads a stream of bytes. `buffer` holds a decoded frame: `capacity` bytes, and a longer segment is overlong. */
typedef struct edgeecg_decoder {
    uint8_t *buffer;
    size_t capacity;
    size_t n;       /* decoded bytes in the buffer; after EDGEECG_FRAME, without the CRC */
    size_t segment; /* bytes of the segment so far */
    uint8_t left;   /* data bytes the current block still owes */
    bool zero;      /* the current block ends in a zero that was taken out */
    bool skipping;  /* overlong: all up to the next delimiter is skipped */
} edgeecg_decoder;

void edgeecg_decoder_init(edgeecg_decoder *decoder, uint8_t *buffer, size_t capacity);

/* Takes one byte. What is not EDGEECG_NOTHING describes the segment it ended; the buffer stands until the next call. */
edgeecg_verdict edgeecg_take(edgeecg_decoder *decoder, uint8_t byte);

/* Judges an intact header and payload of `n` bytes: a frame, unknown or refused. */
edgeecg_verdict edgeecg_judge(const uint8_t *body, size_t n);

#ifdef __cplusplus
}
#endif
#endif
