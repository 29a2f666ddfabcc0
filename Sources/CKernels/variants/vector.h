// Vectors of CK_WIDTH floats and functions on them; included once for each instruction set.

#include <math.h>
#include <string.h>

typedef float vf __attribute__((ext_vector_type(CK_WIDTH)));
typedef int vi __attribute__((ext_vector_type(CK_WIDTH)));

/// The next CK_WIDTH floats, or `left` of them and `fill` after.
static inline vf load(const float *p, ptrdiff_t left, float fill)
{
    vf v;
    if (left >= CK_WIDTH) {
        memcpy(&v, p, sizeof v);
    } else {
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
        for (ptrdiff_t i = 0; i < left; i++) p[i] = v[i];
    }
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
    float largest = v[0];
    for (int i = 1; i < CK_WIDTH; i++) largest = v[i] > largest ? v[i] : largest;
    return largest;
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
