#include "cpng.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

// A file is never allowed more text than this, so that a small file cannot ask for a large memory.
#define MAXIMUM_CHUNK_BYTES (1 << 20)
#define MAXIMUM_CHUNKS 16

typedef struct {
    char *message;
} failure;

typedef struct {
    cpng_sink sink;
    void *context;
} output;

typedef struct {
    const uint8_t *bytes;
    size_t count;
    size_t position;
} input;

static void on_error(png_structp png, png_const_charp text) {
    failure *fault = png_get_error_ptr(png);
    strncpy(fault->message, text, CPNG_MESSAGE_BYTES - 1);
    fault->message[CPNG_MESSAGE_BYTES - 1] = 0;
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

static void on_write(png_structp png, png_bytep bytes, size_t count) {
    output *target = png_get_io_ptr(png);
    if (!target->sink(target->context, bytes, count)) png_error(png, "the output was stopped");
}

static void on_flush(png_structp png) { (void)png; }

static void on_read(png_structp png, png_bytep bytes, size_t count) {
    input *source = png_get_io_ptr(png);
    if (count > source->count - source->position) png_error(png, "the file ends early");
    memcpy(bytes, source->bytes + source->position, count);
    source->position += count;
}

int cpng_encode(const uint8_t *rgb, uint32_t width, uint32_t height, const char *const *keys,
                const char *const *texts, int text_count, cpng_sink sink, void *context,
                char message[CPNG_MESSAGE_BYTES]) {
    failure fault = {message};
    output target = {sink, context};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &fault, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    png_text *chunks = text_count > 0 ? calloc((size_t)text_count, sizeof(png_text)) : NULL;
    if (!info || (text_count > 0 && !chunks)) {
        strcpy(message, "out of memory");
        png_destroy_write_struct(&png, &info);
        free(chunks);
        return 0;
    }
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_write_struct(&png, &info);
        free(chunks);
        return 0;
    }
    png_set_write_fn(png, &target, on_write, on_flush);
    png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    for (int index = 0; index < text_count; index++) {
        chunks[index].compression = PNG_ITXT_COMPRESSION_NONE;
        chunks[index].key = (png_charp)keys[index];
        chunks[index].text = (png_charp)texts[index];
        chunks[index].itxt_length = strlen(texts[index]);
    }
    if (text_count > 0) png_set_text(png, info, chunks, text_count);
    png_write_info(png, info);
    for (uint32_t row = 0; row < height; row++) png_write_row(png, rgb + (size_t)row * width * 3);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    free(chunks);
    return 1;
}

static png_structp open_reader(input *source, failure *fault, png_infop *info) {
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, fault, on_error, on_warning);
    *info = png ? png_create_info_struct(png) : NULL;
    if (!*info) {
        strcpy(fault->message, "out of memory");
        png_destroy_read_struct(&png, NULL, NULL);
        return NULL;
    }
    png_set_read_fn(png, source, on_read);
    png_set_chunk_malloc_max(png, MAXIMUM_CHUNK_BYTES);
    png_set_chunk_cache_max(png, MAXIMUM_CHUNKS);
    return png;
}

int cpng_size(const uint8_t *bytes, size_t count, uint32_t *width, uint32_t *height,
              char message[CPNG_MESSAGE_BYTES]) {
    failure fault = {message};
    input source = {bytes, count, 0};
    png_infop info;
    png_structp png = open_reader(&source, &fault, &info);
    if (!png) return 0;
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_read_struct(&png, &info, NULL);
        return 0;
    }
    png_read_info(png, info);
    *width = png_get_image_width(png, info);
    *height = png_get_image_height(png, info);
    png_destroy_read_struct(&png, &info, NULL);
    return 1;
}

int cpng_decode(const uint8_t *bytes, size_t count, uint8_t *rgb, uint32_t width, uint32_t height,
                cpng_text_sink text_sink, void *context, char message[CPNG_MESSAGE_BYTES]) {
    failure fault = {message};
    input source = {bytes, count, 0};
    png_infop info;
    png_structp png = open_reader(&source, &fault, &info);
    if (!png) return 0;
    png_bytepp volatile rows = NULL;
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_read_struct(&png, &info, NULL);
        free(rows);
        return 0;
    }
    png_read_info(png, info);
    if (png_get_image_width(png, info) != width || png_get_image_height(png, info) != height)
        png_error(png, "the size changed");
    png_set_expand(png);
    png_set_strip_16(png);
    png_set_strip_alpha(png);
    png_set_gray_to_rgb(png);
    png_read_update_info(png, info);
    if (png_get_rowbytes(png, info) != (size_t)width * 3) png_error(png, "not an RGB picture");
    rows = malloc(sizeof(png_bytep) * height);
    if (!rows) png_error(png, "out of memory");
    for (uint32_t row = 0; row < height; row++) rows[row] = rgb + (size_t)row * width * 3;
    png_read_image(png, rows);
    png_read_end(png, info);
    png_textp chunks = NULL;
    int text_count = 0;
    png_get_text(png, info, &chunks, &text_count);
    for (int index = 0; index < text_count; index++)
        if (chunks[index].key && chunks[index].text) text_sink(context, chunks[index].key, chunks[index].text);
    png_destroy_read_struct(&png, &info, NULL);
    free(rows);
    return 1;
}
