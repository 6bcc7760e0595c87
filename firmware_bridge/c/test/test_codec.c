/* The vectors: every line of bytes is fed to the decoder, and every intact frame is encoded again to the same bytes. */
#include "check.h"
#include "edgeecg_codec.h"

static size_t hex(const char *text, uint8_t *out, size_t capacity)
{
    size_t n = 0;
    unsigned byte;
    for (; sscanf(text, "%2x", &byte) == 1; text += 2) {
        CHECK(n < capacity);
        out[n++] = (uint8_t)byte;
    }
    return n;
}

static bool says(const char *line, edgeecg_verdict verdict)
{
    static const struct {
        const char *start;
        edgeecg_verdict verdict;
    } names[] = {{"damaged cobs", EDGEECG_DAMAGED_COBS}, {"damaged short", EDGEECG_DAMAGED_SHORT}, {"damaged crc", EDGEECG_DAMAGED_CRC},
                 {"overlong", EDGEECG_OVERLONG}, {"unknown", EDGEECG_UNKNOWN}, {"refused length", EDGEECG_REFUSED_LENGTH},
                 {"refused content", EDGEECG_REFUSED_CONTENT}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strncmp(line, names[i].start, strlen(names[i].start)) == 0) {
            return verdict == names[i].verdict;
        }
    }
    return verdict == EDGEECG_FRAME;
}

static void encodes_to(const uint8_t *body, size_t n, const uint8_t *wire, size_t len_wire)
{
    uint8_t out[EDGEECG_MAX_SEGMENT + 1];
    edgeecg_header header;
    edgeecg_get_header(&header, body);
    CHECK(edgeecg_encode(out, sizeof out, &header, body + EDGEECG_SIZE_HEADER, n - EDGEECG_SIZE_HEADER) == len_wire);
    CHECK(memcmp(out, wire, len_wire) == 0);
    CHECK(edgeecg_encode(out, len_wire - 1, &header, body + EDGEECG_SIZE_HEADER, n - EDGEECG_SIZE_HEADER) == 0);
}

static void vectors(const char *path)
{
    static char line[16384];
    static uint8_t wire[8192], buffer[EDGEECG_MAX_SEGMENT - 1];
    edgeecg_verdict got[16];
    size_t n_wire = 0, n_got = 0, n_checked = 0, n_frames = 0;
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    while (fgets(line, sizeof line, file)) {
        if (line[0] == '>') {
            edgeecg_decoder decoder;
            edgeecg_decoder_init(&decoder, buffer, sizeof buffer);
            CHECK(n_checked == n_got);
            n_wire = hex(line + 2, wire, sizeof wire);
            n_got = n_checked = 0;
            for (size_t i = 0; i < n_wire; i++) {
                const edgeecg_verdict verdict = edgeecg_take(&decoder, wire[i]);
                if (verdict != EDGEECG_NOTHING) {
                    CHECK(n_got < sizeof got / sizeof got[0]);
                    got[n_got++] = verdict;
                }
            }
            if (n_got == 1 && got[0] == EDGEECG_FRAME && wire[0] != 0 && decoder.n <= EDGEECG_MAX_FRAME) {
                encodes_to(buffer, decoder.n, wire, n_wire);
                n_frames++;
            }
        } else if (line[0] == '<') {
            CHECK(n_checked < n_got && says(line + 2, got[n_checked]));
            n_checked++;
        }
    }
    CHECK(n_checked == n_got && n_frames >= 12);
    fclose(file);
    printf("vectors: %zu frames encoded to the bytes they came from\n", n_frames);
}

static void crc(void)
{
    CHECK(edgeecg_crc32(0, (const uint8_t *)"123456789", 9) == 0xCBF43926u);
    CHECK(edgeecg_crc32(edgeecg_crc32(0, (const uint8_t *)"1234", 4), (const uint8_t *)"56789", 5) == 0xCBF43926u);
}

static void a_frame_too_long_is_not_sent(void)
{
    static uint8_t out[2 * EDGEECG_MAX_SEGMENT], payload[EDGEECG_MAX_SEGMENT];
    const size_t most = EDGEECG_MAX_FRAME - EDGEECG_SIZE_HEADER - EDGEECG_CRC_BYTES;
    const edgeecg_header header = {EDGEECG_VERSION, 9, 1, 2, 3};
    CHECK(edgeecg_encode(out, sizeof out, &header, payload, most) > 0);
    CHECK(edgeecg_encode(out, sizeof out, &header, payload, most + 1) == 0);
    memset(payload, 1, sizeof payload);
    CHECK(edgeecg_encode(out, sizeof out, &header, payload, most) <= EDGEECG_MAX_SEGMENT + 1);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    crc();
    a_frame_too_long_is_not_sent();
    vectors(argv[1]);
    return 0;
}
