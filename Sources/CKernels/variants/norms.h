// Normalisations; included once for each instruction set.

static inline float mean_of_row(const float *x, ptrdiff_t width)
{
    vf sum = (vf)0.0f;
    for (ptrdiff_t c = 0; c < width; c += CK_WIDTH) sum += load(x + c, width - c, 0.0f);
    return sum_of(sum) / (float)width;
}

/// Mean of (x - mean)^2: the second pass keeps the digits that E[x^2] - E[x]^2 would lose.
static inline float variance_of_row(const float *x, ptrdiff_t width, float mean)
{
    vf sum = (vf)0.0f;
    for (ptrdiff_t c = 0; c < width; c += CK_WIDTH) {
        const vf d = load(x + c, width - c, mean) - mean;
        sum += d * d;
    }
    return sum_of(sum) / (float)width;
}

static void layer_norm(const void *arguments, ptrdiff_t begin, ptrdiff_t end, int worker)
{
    const ck_layer_norm_args *a = arguments;
    const ptrdiff_t width = a->width;
    for (ptrdiff_t row = begin; row < end; row++) {
        const float *x = a->x + row * width;
        const ptrdiff_t shared = a->shift ? row / a->modulation_rows * width : 0;
        const float mean = mean_of_row(x, width);
        const float factor = 1.0f / sqrtf(variance_of_row(x, width, mean) + a->epsilon);
        for (ptrdiff_t c = 0; c < width; c += CK_WIDTH) {
            const ptrdiff_t left = width - c;
            vf v = (load(x + c, left, 0.0f) - mean) * factor;
            if (a->weight) v = v * load(a->weight + c, left, 0.0f) + load(a->bias + c, left, 0.0f);
            if (a->shift) {
                const vf scale = load(a->scale + shared + c, left, 0.0f);
                v = v * (1.0f + scale) + load(a->shift + shared + c, left, 0.0f);
            }
            put(a->y, a->type, row * width + c, v, left);
        }
    }
}

static void rms_norm(const void *arguments, ptrdiff_t begin, ptrdiff_t end, int worker)
{
    const ck_rms_norm_args *a = arguments;
    const ptrdiff_t width = a->width;
    for (ptrdiff_t row = begin; row < end; row++) {
        const float *x = a->x.base + row / a->x.run * a->x.stride + row % a->x.run * width;
        vf sum = (vf)0.0f;
        for (ptrdiff_t c = 0; c < width; c += CK_WIDTH) {
            const vf v = load(x + c, width - c, 0.0f);
            sum += v * v;
        }
        const float factor = 1.0f / sqrtf(sum_of(sum) / (float)width + a->epsilon);
        for (ptrdiff_t c = 0; c < width; c += CK_WIDTH) {
            const ptrdiff_t left = width - c;
            const vf v = load(x + c, left, 0.0f) * factor * load(a->weight + c, left, 0.0f);
            put(a->y, a->type, row * width + c, activated(v, a->activation), left);
        }
    }
}

/// For each (picture, group): what every channel is multiplied by and what is then added, into the scratch.
static void group_statistics(const void *arguments, ptrdiff_t begin, ptrdiff_t end, int worker)
{
    const ck_group_norm_args *a = arguments;
    const ptrdiff_t width = a->channels / a->groups;
    for (ptrdiff_t item = begin; item < end; item++) {
        const ptrdiff_t picture = item / a->groups, first = item % a->groups * width;
        const float *x = a->x + picture * a->pixels * a->channels + first;
        const double count = (double)(a->pixels * width);
        double sum = 0.0, squares = 0.0;
        for (ptrdiff_t pixel = 0; pixel < a->pixels; pixel++)
            for (ptrdiff_t c = 0; c < width; c++) sum += x[pixel * a->channels + c];
        const double mean = sum / count;
        for (ptrdiff_t pixel = 0; pixel < a->pixels; pixel++)
            for (ptrdiff_t c = 0; c < width; c++) {
                const double d = x[pixel * a->channels + c] - mean;
                squares += d * d;
            }
        const double factor = 1.0 / sqrt(squares / count + a->epsilon);
        float *multiplier = a->scratch + 2 * picture * a->channels + first;
        float *addend = multiplier + a->channels;
        for (ptrdiff_t c = 0; c < width; c++) {
            multiplier[c] = (float)(factor * a->weight[first + c]);
            addend[c] = (float)(a->bias[first + c] - mean * factor * a->weight[first + c]);
        }
    }
}

static void group_apply(const void *arguments, ptrdiff_t begin, ptrdiff_t end, int worker)
{
    const ck_group_norm_args *a = arguments;
    const ptrdiff_t width = a->channels;
    for (ptrdiff_t row = begin; row < end; row++) {
        const float *multiplier = a->scratch + 2 * (row / a->pixels) * width;
        for (ptrdiff_t c = 0; c < width; c += CK_WIDTH) {
            const ptrdiff_t left = width - c;
            const vf x = load(a->x + row * width + c, left, 0.0f);
            const vf m = load(multiplier + c, left, 0.0f);
            const vf v = x * m + load(multiplier + width + c, left, 0.0f);
            store(a->y + row * width + c, activated(v, a->activation), left);
        }
    }
}
