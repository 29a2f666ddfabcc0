// Eight neighbours of a binding at once, whatever it stores: one read or write of 16 bytes, two where it is float32.
//
// Positions are multiples of eight, and so is where the binding begins.

struct Eight {
    vec4 low;
    vec4 high;
};

#ifdef NARROW

// In the order of memory: the lower half of a word first.
uvec4 packed_halves(Eight eight) {
    return uvec4(half_pair(eight.low.xy), half_pair(eight.low.zw), half_pair(eight.high.xy), half_pair(eight.high.zw));
}

Eight unpacked(uint type, uvec4 words) {
    if (type == CS_FLOAT16) {
        return Eight(
            vec4(unpackHalf2x16(words.x), unpackHalf2x16(words.y)), vec4(unpackHalf2x16(words.z), unpackHalf2x16(words.w)));
    }
    uvec4 even = words << 16, odd = words & 0xffff0000u;
    return Eight(
        uintBitsToFloat(uvec4(even.x, odd.x, even.y, odd.y)), uintBitsToFloat(uvec4(even.z, odd.z, even.w, odd.w)));
}

uint narrow_pair(uint type, vec2 pair) { return narrow_store(type, pair.x) | narrow_store(type, pair.y) << 16; }

// Behind the binding's own declaration.
#define INPUT_EIGHTS(number, name) \
    layout(set = 0, binding = number) readonly buffer name##_eights { uvec4 v[]; } name##_128; \
    Eight eight_of_##name(uint i) { \
        if (name##_type == CS_FLOAT32) { \
            return Eight(uintBitsToFloat(name##_128.v[i / 4]), uintBitsToFloat(name##_128.v[i / 4 + 1])); \
        } \
        return unpacked(name##_type, name##_128.v[i / 8]); \
    }

#define OUTPUT_EIGHTS(number, name) \
    layout(set = 0, binding = number) buffer name##_eights { uvec4 v[]; } name##_128; \
    void store_eight_of_##name(uint i, Eight eight) { \
        if (name##_type == CS_FLOAT32) { \
            name##_128.v[i / 4] = floatBitsToUint(eight.low); \
            name##_128.v[i / 4 + 1] = floatBitsToUint(eight.high); \
        } else if (name##_type == CS_FLOAT16) { \
            name##_128.v[i / 8] = packed_halves(eight); \
        } else { \
            name##_128.v[i / 8] = uvec4( \
                narrow_pair(name##_type, eight.low.xy), narrow_pair(name##_type, eight.low.zw), \
                narrow_pair(name##_type, eight.high.xy), narrow_pair(name##_type, eight.high.zw)); \
        } \
    }

#else

#define INPUT_EIGHTS(number, name) \
    layout(set = 0, binding = number) readonly buffer name##_eights { vec4 v[]; } name##_128; \
    Eight eight_of_##name(uint i) { return Eight(name##_128.v[i / 4], name##_128.v[i / 4 + 1]); }

#define OUTPUT_EIGHTS(number, name) \
    layout(set = 0, binding = number) buffer name##_eights { vec4 v[]; } name##_128; \
    void store_eight_of_##name(uint i, Eight eight) { \
        name##_128.v[i / 4] = eight.low; \
        name##_128.v[i / 4 + 1] = eight.high; \
    }

#endif
