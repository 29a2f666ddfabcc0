// Three calls over libpng. libpng reports errors by longjmp, which Swift must not see: it stays in cpng.c.
#ifndef CPNG_H
#define CPNG_H

#include <stddef.h>
#include <stdint.h>

#define CPNG_MESSAGE_BYTES 256

// Takes `count` bytes of the file; returns 0 to stop the encoder.
typedef int (*cpng_sink)(void *context, const uint8_t *bytes, size_t count);
// Takes one text chunk of the file, both strings zero-terminated.
typedef void (*cpng_text_sink)(void *context, const char *key, const char *text);

// Writes 8-bit RGB rows as PNG with text chunks (iTXt, UTF-8). Returns 1, or 0 with a message.
int cpng_encode(const uint8_t *rgb, uint32_t width, uint32_t height, const char *const *keys,
                const char *const *texts, int text_count, cpng_sink sink, void *context,
                char message[CPNG_MESSAGE_BYTES]);

// Reads the size of a PNG. Returns 1, or 0 with a message.
int cpng_size(const uint8_t *bytes, size_t count, uint32_t *width, uint32_t *height,
              char message[CPNG_MESSAGE_BYTES]);

// Reads a PNG of a size known from cpng_size into width·height·3 bytes, whatever its colour type, and its text
// chunks. Returns 1, or 0 with a message.
int cpng_decode(const uint8_t *bytes, size_t count, uint8_t *rgb, uint32_t width, uint32_t height,
                cpng_text_sink text_sink, void *context, char message[CPNG_MESSAGE_BYTES]);

#endif
