// Buffers that shaders read and write as floats, whatever they store.
//
// A shader built with NARROW takes float32, float16 or bfloat16 in every binding, and int8 in weights: the storage is
// a specialization constant, so that the driver sees one type only. Without NARROW everything is float32 and the
// device needs no 16-bit storage.

#ifdef NARROW

// Vulkan lets a device choose how packHalf2x16 rounds, and AMD's cut off what does not fit.
layout(constant_id = CS_ROUNDING_CONSTANT) const uint ROUNDING = CS_PACKED;

// The float16 that is nearest, ties to even; a NaN stays one. All cases are worked out and one is selected: compilers keep
// branches of this size, and a kernel has many values.
float nearest_half(float x) {
    uint bits = floatBitsToUint(x), magnitude = bits & 0x7fffffffu, sign = bits & 0x80000000u;
    uint rounded = (bits + 0xfffu + ((bits >> 13) & 1u)) & ~0x1fffu;
    // Below 2^-14 they lie 2^-24 apart, as floats do above a half.
    precise float shifted = uintBitsToFloat(magnitude) + 0.5;
    precise float tiny = shifted - 0.5;
    rounded = mix(rounded, sign | floatBitsToUint(tiny), magnitude < 0x38800000u);
    // From halfway between the largest one and the next power of two on.
    rounded = mix(rounded, sign | 0x7f800000u, magnitude >= 0x477ff000u);
    return uintBitsToFloat(mix(rounded, bits, magnitude > 0x7f800000u));
}

uint half_pair(vec2 pair) {
#ifdef HALF_CONVERSIONS
    if (ROUNDING == CS_CONVERTED) return packFloat2x16(f16vec2(pair));
#endif
    if (ROUNDING == CS_IN_INTEGERS) pair = vec2(nearest_half(pair.x), nearest_half(pair.y));
    return packHalf2x16(pair);
}

float narrow_load(uint type, uint bits) {
    return type == CS_FLOAT16 ? unpackHalf2x16(bits).x : uintBitsToFloat(bits << 16);
}

uint narrow_store(uint type, float value) {
    if (type == CS_FLOAT16) return half_pair(vec2(value, 0.0)) & 0xffffu;
    uint bits = floatBitsToUint(value);
    // To nearest, ties to even; a NaN stays one.
    return isnan(value) ? (bits >> 16) | 0x40u : (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
}

#define INPUT(number, name) \
    layout(constant_id = CS_TYPE_CONSTANT + number) const uint name##_type = CS_FLOAT32; \
    layout(set = 0, binding = number) readonly buffer name##_words { float v[]; } name##_32; \
    layout(set = 0, binding = number) readonly buffer name##_halves { uint16_t v[]; } name##_16; \
    float load_##name(uint i) { \
        return name##_type == CS_FLOAT32 ? name##_32.v[i] : narrow_load(name##_type, uint(name##_16.v[i])); \
    }

#define OUTPUT(number, name) \
    layout(constant_id = CS_TYPE_CONSTANT + number) const uint name##_type = CS_FLOAT32; \
    layout(set = 0, binding = number) buffer name##_words { float v[]; } name##_32; \
    layout(set = 0, binding = number) buffer name##_halves { uint16_t v[]; } name##_16; \
    void store_##name(uint i, float value) { \
        if (name##_type == CS_FLOAT32) name##_32.v[i] = value; \
        else name##_16.v[i] = uint16_t(narrow_store(name##_type, value)); \
    }

// A matrix that may be int8 too; a scale for each row then goes on top.
#define WEIGHT(number, name) \
    layout(constant_id = CS_TYPE_CONSTANT + number) const uint name##_type = CS_FLOAT32; \
    layout(set = 0, binding = number) readonly buffer name##_words { float v[]; } name##_32; \
    layout(set = 0, binding = number) readonly buffer name##_halves { uint16_t v[]; } name##_16; \
    layout(set = 0, binding = number) readonly buffer name##_bytes { uint v[]; } name##_8; \
    float load_##name(uint i) { \
        if (name##_type == CS_FLOAT32) return name##_32.v[i]; \
        if (name##_type == CS_INT8) \
            return float(bitfieldExtract(int(name##_8.v[i >> 2]), int(i & 3u) * 8, 8)); \
        return narrow_load(name##_type, uint(name##_16.v[i])); \
    }

#else

#define INPUT(number, name) \
    layout(set = 0, binding = number) readonly buffer name##_words { float v[]; } name##_32; \
    float load_##name(uint i) { return name##_32.v[i]; }

#define OUTPUT(number, name) \
    layout(set = 0, binding = number) buffer name##_words { float v[]; } name##_32; \
    void store_##name(uint i, float value) { name##_32.v[i] = value; }

#define WEIGHT(number, name) INPUT(number, name)

#endif
