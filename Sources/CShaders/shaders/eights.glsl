// Eight neighbours of a binding at once, whatever it stores: one read or write of 16 bytes, two where it is float32.
//
// Positions are multiples of eight, and so is where the binding begins.

struct Eight {
    vec4 low;
    vec4 high;
};

// The same as they lie in memory: of float32 both words, of types of 16 bits the first, of bytes half of it. To bring them to
// another form would wait for them.
struct Raw {
    uvec4 low;
    uvec4 high;
};

Eight floats_of(Raw raw) { return Eight(uintBitsToFloat(raw.low), uintBitsToFloat(raw.high)); }

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

Eight eight_from(uint type, Raw raw) {
    if (type == CS_FLOAT32) return floats_of(raw);
    if (type == CS_INT8) {
        ivec4 low = ivec4(raw.low.x) >> ivec4(0, 8, 16, 24), high = ivec4(raw.low.y) >> ivec4(0, 8, 16, 24);
        return Eight(vec4(bitfieldExtract(low, 0, 8)), vec4(bitfieldExtract(high, 0, 8)));
    }
    return unpacked(type, raw.low);
}

uint narrow_pair(uint type, vec2 pair) { return narrow_store(type, pair.x) | narrow_store(type, pair.y) << 16; }

// Behind the binding's own declaration.
#define INPUT_EIGHTS(number, name) \
    layout(set = 0, binding = number) readonly buffer name##_eights { uvec4 v[]; } name##_128; \
    Raw raw_of_##name(uint i) { \
        if (name##_type == CS_FLOAT32) return Raw(name##_128.v[i / 4], name##_128.v[i / 4 + 1]); \
        return Raw(name##_128.v[i / 8], uvec4(0)); \
    } \
    Eight eight_from_##name(Raw raw) { return eight_from(name##_type, raw); } \
    Eight eight_of_##name(uint i) { return eight_from_##name(raw_of_##name(i)); }

// Of a matrix that may be int8 too.
#define WEIGHT_EIGHTS(number, name) \
    layout(set = 0, binding = number) readonly buffer name##_eights { uvec4 v[]; } name##_128; \
    Raw raw_of_##name(uint i) { \
        if (name##_type == CS_FLOAT32) return Raw(name##_128.v[i / 4], name##_128.v[i / 4 + 1]); \
        if (name##_type == CS_INT8) return Raw(uvec4(name##_8.v[i / 4], name##_8.v[i / 4 + 1], 0, 0), uvec4(0)); \
        return Raw(name##_128.v[i / 8], uvec4(0)); \
    } \
    Eight eight_from_##name(Raw raw) { return eight_from(name##_type, raw); }

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
    layout(set = 0, binding = number) readonly buffer name##_eights { uvec4 v[]; } name##_128; \
    Raw raw_of_##name(uint i) { return Raw(name##_128.v[i / 4], name##_128.v[i / 4 + 1]); } \
    Eight eight_from_##name(Raw raw) { return floats_of(raw); } \
    Eight eight_of_##name(uint i) { return eight_from_##name(raw_of_##name(i)); }

#define WEIGHT_EIGHTS(number, name) INPUT_EIGHTS(number, name)

#define OUTPUT_EIGHTS(number, name) \
    layout(set = 0, binding = number) buffer name##_eights { vec4 v[]; } name##_128; \
    void store_eight_of_##name(uint i, Eight eight) { \
        name##_128.v[i / 4] = eight.low; \
        name##_128.v[i / 4 + 1] = eight.high; \
    }

#endif
