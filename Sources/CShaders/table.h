#pragma once

#include <stdint.h>

#include "CShaders.h"

typedef struct {
    const char *name;
    const uint32_t *words;
    const uint32_t *word_count;
    uint32_t needs;
} cs_entry;

extern const cs_entry cs_entries[];
extern const uint32_t cs_entry_count;
