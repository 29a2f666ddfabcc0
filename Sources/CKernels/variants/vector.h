// Vectors of CK_WIDTH floats and functions on them; included once for each instruction set.

#include <math.h>
#include <string.h>

typedef float vf __attribute__((ext_vector_type(CK_WIDTH)));
typedef int vi __attribute__((ext_vector_type(CK_WIDTH)));
typedef unsigned vu __attribute__((ext_vector_type(CK_WIDTH)));
typedef uint16_t vh __attribute__((ext_vector_type(CK_WIDTH)));
typedef uint8_t vb __attribute__((ext_vector_type(CK_WIDTH)));

/// The next CK_WIDTH floats, or `left` of them and `fill` after.
static inline vf load(const float *p, ptrdiff_t left, float fill)
{
    vf v;
    if (left >= CK_WIDTH) {
        memcpy(&v, p, sizeof v);
    } else {
#if CK_WIDTH == 16
        return (vf)_mm512_mask_loadu_ps(_mm512_set1_ps(fill), (__mmask16)((1u << left) - 1), p);
#endif
        v = (vf)fill;
        for (ptrdiff_t i = 0; i < left; i++) v[i] = p[i];
    }
    return v;
}

static inline void store(float *p, vf v, ptrdiff_t left)
{
    if (left >= CK_WIDTH) {
        memcpy(p, &v, sizeof v);
    } else {
#if CK_WIDTH == 16
        _mm512_mask_storeu_ps(p, (__mmask16)((1u << left) - 1), (__m512)v);
        return;
#endif
        for (ptrdiff_t i = 0; i < left; i++) p[i] = v[i];
    }
}

static inline void store_bytes(uint8_t *p, vb v, ptrdiff_t left)
{
    if (left >= CK_WIDTH) {
        memcpy(p, &v, sizeof v);
    } else {
        for (ptrdiff_t i = 0; i < left; i++) p[i] = v[i];
    }
}

/// The upper halves, rounded to the nearest, ties to even; NaN stays NaN.
static inline vh narrowed(vf v)
{
    const vu bits = (vu)v;
    const vu rounded = bits + 0x7FFF + (bits >> 16 & 1);
    return __builtin_convertvector((v == v ? rounded : bits | 0x400000) >> 16, vh);
}

static inline void store_halves(uint16_t *p, vh h, ptrdiff_t left)
{
    if (left >= CK_WIDTH) {
        memcpy(p, &h, sizeof h);
    } else {
#if CK_WIDTH == 16
        _mm256_mask_storeu_epi16(p, (__mmask16)((1u << left) - 1), (__m256i)h);
        return;
#endif
        for (ptrdiff_t i = 0; i < left; i++) p[i] = h[i];
    }
}

static inline void store_narrow(uint16_t *p, vf v, ptrdiff_t left)
{
    store_halves(p, narrowed(v), left);
}

/// Stores to elements `index` and on of memory of that type.
static inline void put(void *p, ck_type type, ptrdiff_t index, vf v, ptrdiff_t left)
{
    if (type == CK_BFLOAT16) store_narrow((uint16_t *)p + index, v, left);
    else store((float *)p + index, v, left);
}

/// Halves added to halves until one float is left.
static inline float sum_of(vf v)
{
#if CK_WIDTH == 16
    const __typeof__(v.lo) w = v.lo + v.hi;
    const __typeof__(w.lo) x = w.lo + w.hi;
#elif CK_WIDTH == 8
    const __typeof__(v.lo) x = v.lo + v.hi;
#else
    const vf x = v;
#endif
    return (x.x + x.z) + (x.y + x.w);
}

static inline float largest_of(vf v)
{
#if CK_WIDTH == 16
    const __typeof__(v.lo) w = v.lo > v.hi ? v.lo : v.hi;
    const __typeof__(w.lo) x = w.lo > w.hi ? w.lo : w.hi;
#elif CK_WIDTH == 8
    const __typeof__(v.lo) x = v.lo > v.hi ? v.lo : v.hi;
#else
    const vf x = v;
#endif
    const float a = x.x > x.z ? x.x : x.z, b = x.y > x.w ? x.y : x.w;
    return a > b ? a : b;
}

/// e^x, relative error below 2 units in the last place; clamped to -87...88; NaN stays NaN.
///
/// x = n ln 2 + r with |r| <= ln 2 / 2 (ln 2 in two parts), e^r = 1 + r + r^2 p(r), p of degree 4 fitted to a
/// relative error of 3e-9.
static inline vf exp_of(vf x)
{
    x = x < -87.0f ? (vf)-87.0f : x;
    x = x > 88.0f ? (vf)88.0f : x;
    // Adding 1.5 * 2^23 rounds to an integer, which then stands in the low bits.
    const vf shifted = x * 1.44269504f + 12582912.0f;
    const vf n = shifted - 12582912.0f;
    const vf r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    vf p = r * 0.0013814539415761828f + 0.00836874544620514f;
    p = p * r + 0.04166838899254799f;
    p = p * r + 0.1666652113199234f;
    p = p * r + 0.4999999403953552f;
    const vf e = p * (r * r) + r + 1.0f;
    const vi exponent = ((vi)shifted - 0x4B400000 + 127) << 23;
    return e * (vf)exponent;
}

/// 2^x for x <= 0 with a relative error below 8e-5, for results that are rounded to bfloat16; NaN stays NaN.
///
/// x = n + r with |r| <= 1/2, 2^r a polynomial of degree 3 fitted to that interval.
static inline vf power_of_two(vf x)
{
    x = x < -126.0f ? (vf)-126.0f : x;
    const vf shifted = x + 12582912.0f;
    const vf r = x - (shifted - 12582912.0f);
    vf p = r * 0.05517098f + 0.24260972f;
    p = p * r + 0.69326097f;
    p = p * r + 0.99992816f;
    return p * (vf)(((vi)shifted - 0x4B400000 + 127) << 23);
}

static inline vf sigmoid_of(vf x)
{
    return 1.0f / (1.0f + exp_of(-x));
}

/// erf(x), absolute error below 3e-7 (Abramowitz and Stegun, 7.1.26).
static inline vf erf_of(vf x)
{
    const vf z = x < 0.0f ? -x : x;
    const vf t = 1.0f / (1.0f + 0.3275911f * z);
    vf p = t * 1.061405429f - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    const vf e = 1.0f - p * t * exp_of(-(z * z));
    return x < 0.0f ? -e : e;
}

static inline vf activated(vf x, ck_activation activation)
{
    switch (activation) {
    case CK_SILU: return x / (1.0f + exp_of(-x));
    // (1 + tanh u) / 2 = sigmoid(2u); 2 sqrt(2 / pi) = 1.5957691
    case CK_GELU_TANH: return x * sigmoid_of(1.5957691f * (x + 0.044715f * (x * x * x)));
    case CK_GELU: return 0.5f * x * (1.0f + erf_of(0.70710678f * x));
    case CK_GELU_SIGMOID: return x * sigmoid_of(1.702f * x);
    default: return x;
    }
}
