// The softmax of attention; included once for each instruction set.

static void narrow_rows(const ck_narrow_rows_args *a)
{
    for (ptrdiff_t row = 0; row < a->rows; row++) {
        uint16_t *y = a->y + row * a->y_stride;
        for (ptrdiff_t c = 0; c < a->width; c += CK_WIDTH) {
            const vf v = load(a->x + row * a->x_stride + c, a->width - c, 0.0f) * a->factor;
            store_narrow(y + c, v, a->width - c);
        }
        for (ptrdiff_t c = a->width; c < a->y_stride; c++) y[c] = 0;
    }
}

static inline float largest_of_row(const float *x, ptrdiff_t width)
{
    vf top = (vf)-INFINITY;
    for (ptrdiff_t c = 0; c < width; c += CK_WIDTH) {
        const vf v = load(x + c, width - c, -INFINITY);
        top = v > top ? v : top;
    }
    return largest_of(top);
}

/// Replaces each row by e^(x - largest) and gives 1/sum of each: dividing the product with the values, which
/// is narrower than the scores, is cheaper.
static void softmax_rows(float *scores, ptrdiff_t rows, ptrdiff_t width, float *reciprocals)
{
    for (ptrdiff_t row = 0; row < rows; row++) {
        float *x = scores + row * width;
        const float largest = largest_of_row(x, width);
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

/// 2^(x - largest) of each row into bfloat16, and 1/sum of what was not rounded yet.
static void softmax_narrow(
    const float *scores, ptrdiff_t rows, ptrdiff_t width, uint16_t *y, float *reciprocals)
{
    for (ptrdiff_t row = 0; row < rows; row++) {
        const float *x = scores + row * width;
        const float largest = largest_of_row(x, width);
        vf sum = (vf)0.0f;
        for (ptrdiff_t c = 0; c < width; c += CK_WIDTH) {
            const ptrdiff_t left = width - c;
            // What is beyond the row comes to 2^-126: nothing beside the largest, which is one.
            const vf e = power_of_two(load(x + c, left, -INFINITY) - largest);
            store_halves(y + row * width + c, __builtin_convertvector(((vu)e + 0x8000) >> 16, vh), left);
            sum += e;
        }
        reciprocals[row] = 1.0f / sum_of(sum);
    }
}

static void scale_rows(const ck_scale_rows_args *a)
{
    for (ptrdiff_t row = 0; row < a->rows; row++)
        for (ptrdiff_t c = 0; c < a->width; c += CK_WIDTH) {
            const vf v = load(a->x + row * a->x_stride + c, a->width - c, 0.0f) * a->factors[row];
            put(a->y, a->type, row * a->y_stride + c, v, a->width - c);
        }
}
