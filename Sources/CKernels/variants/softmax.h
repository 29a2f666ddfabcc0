// The softmax of attention; included once for each instruction set.

/// Replaces each row by e^(x - largest) and gives 1/sum of each: dividing the product with the values, which
/// is narrower than the scores, is cheaper.
static void softmax_rows(float *scores, ptrdiff_t rows, ptrdiff_t width, float *reciprocals)
{
    for (ptrdiff_t row = 0; row < rows; row++) {
        float *x = scores + row * width;
        vf top = (vf)-INFINITY;
        for (ptrdiff_t c = 0; c < width; c += CK_WIDTH) {
            const vf v = load(x + c, width - c, -INFINITY);
            top = v > top ? v : top;
        }
        const float largest = largest_of(top);
        vf sum = (vf)0.0f;
        for (ptrdiff_t c = 0; c < width; c += CK_WIDTH) {
            const ptrdiff_t left = width - c;
            vf e = exp_of(load(x + c, left, -INFINITY) - largest);
            store(x + c, e, left);
            if (left < CK_WIDTH) e = load(x + c, left, 0.0f);
            sum += e;
        }
        reciprocals[row] = 1.0f / sum_of(sum);
    }
}

static void scale_rows(float *y, ptrdiff_t rows, ptrdiff_t width, ptrdiff_t stride, const float *factors)
{
    for (ptrdiff_t row = 0; row < rows; row++)
        for (ptrdiff_t c = 0; c < width; c += CK_WIDTH) {
            const vf v = load(y + row * stride + c, width - c, 0.0f) * factors[row];
            store(y + row * stride + c, v, width - c);
        }
}
