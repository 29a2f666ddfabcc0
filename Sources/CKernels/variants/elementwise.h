// Functions of single elements and of rows without sums; included once for each instruction set.

static void activate(const void *arguments, ptrdiff_t begin, ptrdiff_t end, int worker)
{
    const ck_activate_args *a = arguments;
    for (ptrdiff_t i = begin; i < end; i += CK_WIDTH) {
        const vf x = load(a->x + i, end - i, 0.0f);
        store(a->y + i, activated(x, a->activation), end - i);
    }
}

static void round_rows(const void *arguments, ptrdiff_t begin, ptrdiff_t end, int worker)
{
    const ck_round_args *a = arguments;
    const ptrdiff_t width = a->width;
    for (ptrdiff_t row = begin; row < end; row++) {
        const float *x = a->x + row * width;
        uint8_t *y = (uint8_t *)a->y + row * width;
        // As integers magnitudes are in the same order, and NaN is above them all.
        vi top = (vi)0;
        for (ptrdiff_t c = 0; c < width; c += CK_WIDTH) {
            const vi magnitude = (vi)load(x + c, width - c, 0.0f) & 0x7FFFFFFF;
            top = magnitude > top ? magnitude : top;
        }
        int largest = top[0];
        for (int i = 1; i < CK_WIDTH; i++) largest = top[i] > largest ? top[i] : largest;
        float magnitude;
        memcpy(&magnitude, &largest, sizeof magnitude);
        const float factor = magnitude > 0.0f ? 127.0f / magnitude : 0.0f;
        vi sum = (vi)0;
        for (ptrdiff_t c = 0; c < width; c += CK_WIDTH) {
            const ptrdiff_t left = width - c;
            // Adding 1.5 * 2^23 rounds to an integer, which then stands in the low bits.
            const vi level = (vi)(load(x + c, left, 0.0f) * factor + 12582912.0f) - 0x4B400000;
            sum += level;
            store_bytes(y + c, __builtin_convertvector(level + a->zero, vb), left);
        }
        a->scales[row] = magnitude / 127.0f;
        if (!a->sums) continue;
        int32_t whole = 0;
        for (int i = 0; i < CK_WIDTH; i++) whole += sum[i];
        a->sums[row] = whole;
    }
}

static void finish(const void *arguments, ptrdiff_t begin, ptrdiff_t end, int worker)
{
    const ck_finish_args *a = arguments;
    const ptrdiff_t width = a->width;
    for (ptrdiff_t row = begin; row < end; row++) {
        float *y = a->y + row * width;
        const float *residual = a->residual ? a->residual + row * width : NULL;
        const float *gate = a->gate ? a->gate + row / a->gate_rows * width : NULL;
        for (ptrdiff_t c = 0; c < width; c += CK_WIDTH) {
            const ptrdiff_t left = width - c;
            vf v = load(y + c, left, 0.0f);
            if (a->row_scales) {
                // Integers in the places of floats.
                const vi sums = (vi)load((const float *)a->column_sums + c, left, 0.0f);
                v = __builtin_convertvector((vi)v - sums * 128, vf);
                v *= load(a->column_scales + c, left, 0.0f) * a->row_scales[row];
            }
            if (a->bias) v += load(a->bias + c, left, 0.0f);
            v = activated(v, a->activation);
            if (gate) v *= load(gate + c, left, 0.0f);
            if (residual) v += load(residual + c, left, 0.0f);
            store(y + c, v, left);
        }
    }
}

static void modulate(const void *arguments, ptrdiff_t begin, ptrdiff_t end, int worker)
{
    const ck_modulate_args *a = arguments;
    const ptrdiff_t width = a->width;
    for (ptrdiff_t row = begin; row < end; row++) {
        const ptrdiff_t shared = row / a->modulation_rows * width;
        for (ptrdiff_t c = 0; c < width; c += CK_WIDTH) {
            const ptrdiff_t left = width - c;
            const vf x = load(a->x + row * width + c, left, 0.0f);
            const vf scale = load(a->scale + shared + c, left, 0.0f);
            const vf shift = load(a->shift + shared + c, left, 0.0f);
            store(a->y + row * width + c, x * (1.0f + scale) + shift, left);
        }
    }
}

static void rotary(const void *arguments, ptrdiff_t begin, ptrdiff_t end, int worker)
{
    const ck_rotary_args *a = arguments;
    const ptrdiff_t half = a->head_width / a->axes / 2;
    for (ptrdiff_t row = begin; row < end; row++) {
        const float *cosines = a->cosine + row % a->tokens * (a->head_width / 2);
        const float *sines = a->sine + row % a->tokens * (a->head_width / 2);
        for (ptrdiff_t head = 0; head < a->heads; head++) {
            const ptrdiff_t place = (row * a->heads + head) * a->head_width;
            for (ptrdiff_t axis = 0; axis < a->axes; axis++) {
                const float *restrict x = a->x + place + 2 * half * axis;
                float *restrict y = a->y + place + 2 * half * axis;
                const float *restrict cosine = cosines + half * axis;
                const float *restrict sine = sines + half * axis;
                for (ptrdiff_t j = 0; j < half; j++) {
                    y[j] = x[j] * cosine[j] - x[j + half] * sine[j];
                    y[j + half] = x[j + half] * cosine[j] + x[j] * sine[j];
                }
            }
        }
    }
}

/// One row of a broadcast: b moves by `step` (0 or 1, or anything).
static inline void broadcast_row(
    ck_binary operation, const float *a, const float *b, ptrdiff_t step, float *y, ptrdiff_t count)
{
    if (step == 1) {
        for (ptrdiff_t c = 0; c < count; c += CK_WIDTH) {
            const vf left = load(a + c, count - c, 0.0f);
            const vf right = load(b + c, count - c, 0.0f);
            store(y + c, operation == CK_ADD ? left + right : left * right, count - c);
        }
    } else {
        for (ptrdiff_t c = 0; c < count; c++)
            y[c] = operation == CK_ADD ? a[c] + b[c * step] : a[c] * b[c * step];
    }
}

static void broadcast(const void *arguments, ptrdiff_t begin, ptrdiff_t end, int worker)
{
    const ck_broadcast_args *a = arguments;
    const int last = a->rank - 1;
    const ptrdiff_t width = a->extents[last];
    for (ptrdiff_t row = begin; row < end; row++) {
        ptrdiff_t rest = row, offset = 0;
        for (int axis = last - 1; axis >= 0; axis--) {
            offset += rest % a->extents[axis] * a->strides[axis];
            rest /= a->extents[axis];
        }
        broadcast_row(
            a->operation, a->a + row * width, a->b + offset, a->strides[last], a->y + row * width, width);
    }
}
