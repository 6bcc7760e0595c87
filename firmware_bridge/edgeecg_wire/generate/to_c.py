"""The table as C99: constants, structs, and functions that put and get each without padding, alignment or byte order."""

from collections.abc import Iterator

from edgeecg_wire.generate.c_parts import ACCESS, ROWS_FOOT, ROWS_HEAD, WIRE_FOOT, WIRE_HEAD
from edgeecg_wire.schema import CODES, FRAMES, HEADER, LIMITS, STREAM, Field, Frame, Layout

_TYPES = {"u8": "uint8_t", "u16": "uint16_t", "u32": "uint32_t", "u64": "uint64_t", "i32": "int32_t", "i64": "int64_t"}
_PRINT = {"u8": "PRIu8", "u16": "PRIu16", "u32": "PRIu32", "u64": "PRIu64", "i32": "PRId32", "i64": "PRId64"}


def wire_header() -> str:
    """Return the whole of edgeecg_wire.h."""
    lines = [WIRE_HEAD, *_constants(), ACCESS, *_layout(HEADER, None), *_layout(STREAM, None)]
    for frame in FRAMES:
        lines += _layout(frame.payload, frame)
    return "\n".join([*lines, *_judge_fixed(), WIRE_FOOT])


def rows_header() -> str:
    """Return the whole of edgeecg_rows.h."""
    lines = [ROWS_HEAD]
    for layout in (HEADER, STREAM, *(frame.payload for frame in FRAMES)):
        lines += _row(layout)
    return "\n".join([*lines, *_row_fixed(), ROWS_FOOT])


def _constants() -> Iterator[str]:
    for constant in (*LIMITS, *(code for codes in CODES.values() for code in codes)):
        suffix = "ULL" if constant.value >= 2**32 else "u"
        yield f"#define EDGEECG_{constant.name} {constant.value}{suffix} /* {constant.doc} */"
    for layout in (HEADER, STREAM):
        yield f"#define EDGEECG_SIZE_{layout.name.upper()} {layout.size}u"
    for frame in FRAMES:
        yield f"#define EDGEECG_TYPE_{frame.payload.name.upper()} {frame.type:#04x}u"
        yield f"#define EDGEECG_SIZE_{frame.payload.name.upper()} {frame.payload.size}u"


def _layout(layout: Layout, frame: Frame | None) -> Iterator[str]:
    name = f"edgeecg_{layout.name}"
    if layout.fields:
        yield f"/* {layout.doc} */"
        yield f"typedef struct {name} {{"
        yield from (f"    {_member(field):<24} /* {field.doc} */" for field in layout.fields)
        yield f"}} {name};\n"
        yield f"static inline void edgeecg_put_{layout.name}(uint8_t *to, const {name} *from)\n{{"
        yield from _moves(layout, "put")
        yield f"}}\n\nstatic inline void edgeecg_get_{layout.name}({name} *to, const uint8_t *from)\n{{"
        yield from _moves(layout, "get")
        yield "}\n"
    yield from _ok(layout, frame)


def _member(field: Field) -> str:
    if field.wire in ("name16", "text16"):
        return f"char {field.name}[17];"
    if field.wire == "u16x8":
        return f"uint16_t {field.name}[8];"
    return f"{_TYPES[field.wire]} {field.name};"


def _moves(layout: Layout, verb: str) -> Iterator[str]:
    offset = 0
    for field in layout.fields:
        wire = "text16" if field.wire == "name16" else field.wire
        at = f"{'to' if verb == 'put' else 'from'} + {offset}"
        whole = wire in ("text16", "u16x8")
        if verb == "put":
            yield f"    edgeecg_put_{wire}({at}, from->{field.name});"
        else:
            yield f"    edgeecg_get_{wire}(to->{field.name}, {at});" if whole else f"    to->{field.name} = edgeecg_get_{wire}({at});"
        offset += field.size


def _ok(layout: Layout, frame: Frame | None) -> Iterator[str]:
    checks = [check for field in layout.fields for check in _checks(field)]
    if frame is None:
        yield f"static inline bool edgeecg_ok_{layout.name}(const edgeecg_{layout.name} *f)\n{{"
    elif layout.fields:
        yield f"static inline bool edgeecg_ok_{layout.name}(const edgeecg_header *header, const edgeecg_{layout.name} *f)\n{{"
        checks.insert(0, "edgeecg_ok_header(header)")
        checks += [f"header->stream <= {frame.max_stream}u"] if frame.max_stream < 255 else []
        yield "" if len(checks) > 1 else "    (void)f;"
    else:
        return
    yield f"    return {' && '.join(checks)};\n}}\n"


def _checks(field: Field) -> Iterator[str]:
    if field.wire in ("name16", "text16"):
        yield f"edgeecg_{field.wire}_ok(f->{field.name})"
    if field.only:
        yield "(" + " || ".join(f"f->{field.name} == {value}u" for value in field.only) + ")"
    if field.low:
        yield f"f->{field.name} >= {field.low}u"
    if field.high is not None:
        yield f"f->{field.name} <= {field.high}{'ULL' if field.high >= 2**32 else 'u'}"


def _judge_fixed() -> Iterator[str]:
    yield "/* Says whether a frame of fixed size keeps the rules; `samples` and `hello` are judged by edgeecg_codec.c. */"
    yield "static inline edgeecg_verdict edgeecg_judge_fixed(const edgeecg_header *header, const uint8_t *payload, size_t n)\n{"
    yield "    switch (header->type) {"
    for frame in FRAMES:
        if frame.tail:
            continue
        name, upper = frame.payload.name, frame.payload.name.upper()
        yield f"    case EDGEECG_TYPE_{upper}: {{"
        if not frame.payload.fields:
            yield "        return edgeecg_ok_header(header) ? EDGEECG_FRAME : EDGEECG_REFUSED_CONTENT;\n    }"
            continue
        yield f"        edgeecg_{name} f;\n        if (n < EDGEECG_SIZE_{upper}) {{\n            return EDGEECG_REFUSED_LENGTH;\n        }}"
        yield f"        edgeecg_get_{name}(&f, payload);"
        yield f"        return edgeecg_ok_{name}(header, &f) ? EDGEECG_FRAME : EDGEECG_REFUSED_CONTENT;\n    }}"
    yield "    default:\n        return EDGEECG_UNKNOWN;\n    }\n}\n"


def _row(layout: Layout) -> Iterator[str]:
    if not layout.fields:
        return
    yield f"static inline void edgeecg_row_{layout.name}(FILE *out, const edgeecg_{layout.name} *f)\n{{"
    for field in layout.fields:
        if field.name in ("version", "type", "stream_bytes"):
            continue
        if field.wire in ("name16", "text16"):
            yield f'    fprintf(out, " {field.name}=%s", f->{field.name});'
        elif field.wire == "u16x8":
            yield f'    fprintf(out, " {field.name}=");'
            yield f'    for (int i = 0; i < 8; i++) {{\n        fprintf(out, i ? ",%" PRIu16 : "%" PRIu16, f->{field.name}[i]);\n    }}'
        else:
            yield f'    fprintf(out, " {field.name}=%" {_PRINT[field.wire]}, f->{field.name});'
    yield "}\n"


def _row_fixed() -> Iterator[str]:
    yield "/* Prints the name, the header and the fixed fields of a frame that was judged EDGEECG_FRAME. */"
    yield "static inline void edgeecg_row_fixed(FILE *out, const edgeecg_header *header, const uint8_t *payload)\n{"
    yield "    switch (header->type) {"
    for frame in FRAMES:
        name = frame.payload.name
        yield f'    case EDGEECG_TYPE_{name.upper()}: {{\n        fprintf(out, "{name}");\n        edgeecg_row_header(out, header);'
        if frame.payload.fields:
            yield f"        edgeecg_{name} f;\n        edgeecg_get_{name}(&f, payload);\n        edgeecg_row_{name}(out, &f);"
        yield "        break;\n    }"
    yield "    default:\n        break;\n    }\n}\n"
