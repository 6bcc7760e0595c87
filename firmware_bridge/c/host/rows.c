/* edgeecg-rows: bytes on stdin, one line for each result on stdout. The twin of edgeecg_wire/rows.py. */
#include "edgeecg_codec.h"
#include "edgeecg_rows.h"

static void print_samples(const uint8_t *body, size_t n)
{
    printf(" data=");
    for (size_t i = EDGEECG_SIZE_HEADER + EDGEECG_SIZE_SAMPLES; i < n; i++) {
        printf("%02x", body[i]);
    }
}

static void print_streams(const uint8_t *body)
{
    edgeecg_hello hello;
    edgeecg_get_hello(&hello, body + EDGEECG_SIZE_HEADER);
    const uint8_t *at = body + EDGEECG_SIZE_HEADER + EDGEECG_SIZE_HELLO;
    for (uint8_t i = 0; i < hello.n_streams; i++, at += hello.stream_bytes) {
        edgeecg_stream stream;
        edgeecg_get_stream(&stream, at);
        printf(" |");
        edgeecg_row_stream(stdout, &stream);
    }
}

static void print_frame(const uint8_t *body, size_t n)
{
    edgeecg_header header;
    edgeecg_get_header(&header, body);
    edgeecg_row_fixed(stdout, &header, body + EDGEECG_SIZE_HEADER);
    if (header.type == EDGEECG_TYPE_SAMPLES) {
        print_samples(body, n);
    } else if (header.type == EDGEECG_TYPE_HELLO) {
        print_streams(body);
    }
    putchar('\n');
}

static void print_verdict(edgeecg_verdict verdict, const uint8_t *body)
{
    static const char *const damaged[] = {[EDGEECG_DAMAGED_COBS] = "cobs", [EDGEECG_DAMAGED_SHORT] = "short", [EDGEECG_DAMAGED_CRC] = "crc"};
    switch (verdict) {
    case EDGEECG_DAMAGED_COBS:
    case EDGEECG_DAMAGED_SHORT:
    case EDGEECG_DAMAGED_CRC:
        printf("damaged %s\n", damaged[verdict]);
        break;
    case EDGEECG_OVERLONG:
        printf("overlong\n");
        break;
    case EDGEECG_UNKNOWN:
        printf("unknown version=%u type=%u\n", body[0], body[1]);
        break;
    case EDGEECG_REFUSED_LENGTH:
    case EDGEECG_REFUSED_CONTENT:
        printf("refused %s type=%u\n", verdict == EDGEECG_REFUSED_LENGTH ? "length" : "content", body[1]);
        break;
    case EDGEECG_NOTHING:
    case EDGEECG_FRAME:
        break;
    }
}

int main(void)
{
    static uint8_t buffer[EDGEECG_MAX_SEGMENT - 1];
    static uint8_t chunk[65536];
    edgeecg_decoder decoder;
    edgeecg_decoder_init(&decoder, buffer, sizeof buffer);
    for (size_t got; (got = fread(chunk, 1, sizeof chunk, stdin)) > 0;) {
        for (size_t i = 0; i < got; i++) {
            const edgeecg_verdict verdict = edgeecg_take(&decoder, chunk[i]);
            if (verdict == EDGEECG_FRAME) {
                print_frame(buffer, decoder.n);
            } else {
                print_verdict(verdict, buffer);
            }
        }
    }
    return 0;
}
