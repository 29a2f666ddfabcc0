#include "table.h"

size_t cs_shader_count(void) { return cs_entry_count; }

cs_shader cs_shader_at(size_t index) {
    const cs_entry *entry = &cs_entries[index];
    return (cs_shader){entry->name, entry->words, *entry->word_count, entry->needs};
}
