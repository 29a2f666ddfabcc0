// Elementary functions to float32 accuracy. Vulkan promises little: exp is good to 3 + 2|x| ulp, sin and cos to 2⁻¹¹.

// Arguments are kept where exp neither overflows nor needs an infinity.
float logistic(float x) { return 1.0 / (1.0 + exp(min(-x, 80.0))); }

float hyperbolic_tangent(float x) {
    float e = exp(min(2.0 * abs(x), 40.0));
    return sign(x) * (1.0 - 2.0 / (e + 1.0));
}

// Abramowitz and Stegun 7.1.26, good to 1.5e-7.
float error_function(float x) {
    float a = abs(x);
    float t = 1.0 / (1.0 + 0.3275911 * a);
    float p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    return sign(x) * (1.0 - p * exp(-min(a * a, 80.0)));
}

float activate(uint kind, float x) {
    if (kind == CS_SILU) return x * logistic(x);
    if (kind == CS_GELU_TANH) {
        return 0.5 * x * (1.0 + hyperbolic_tangent(0.7978845608028654 * (x + 0.044715 * x * x * x)));
    }
    if (kind == CS_GELU) return 0.5 * x * (1.0 + error_function(x * 0.7071067811865476));
    if (kind == CS_GELU_SIGMOID) return x * logistic(1.702 * x);
    return x;
}

// cos and sin for |x| < 8192: three-part reduction by π/2 (Cody and Waite 1980; the first two products are exact),
// then the minimax polynomials of Cephes' sinf and cosf.
vec2 cosine_and_sine(float x) {
    float turns = roundEven(x * 0.6366197723675814);
    precise float r = x - turns * 1.5703125;
    r = r - turns * 4.837512969970703125e-4;
    r = r - turns * 7.54978995489188216e-8;
    float z = r * r;
    float s = r + r * z * (-1.6666654611e-1 + z * (8.3321608736e-3 - z * 1.9515295891e-4));
    float c = 1.0 - 0.5 * z + z * z * (4.166664568298827e-2 + z * (-1.388731625493765e-3 + z * 2.443315711809948e-5));
    int quadrant = int(turns) & 3;
    vec2 both = (quadrant & 1) == 0 ? vec2(c, s) : vec2(s, c);
    if (quadrant == 1 || quadrant == 2) both.x = -both.x;
    if (quadrant >= 2) both.y = -both.y;
    return both;
}
