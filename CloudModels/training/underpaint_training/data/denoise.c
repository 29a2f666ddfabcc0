/* Joint a-trous filter (Dammertz et al. 2010) on demodulated radiance, guided by albedo, normal and depth.
   Planar float arrays [channel][height][width]; `guide` holds albedo rgb, normal xyz, depth. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Replaces a pixel that is brighter than `factor` times its third brightest neighbour by that neighbour's level. */
static void clamp_fireflies(float *rgb, int h, int w, float factor) {
    int n = h * w;
    float *copy = malloc(sizeof(float) * 3 * n);
    memcpy(copy, rgb, sizeof(float) * 3 * n);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            float best[3] = {0, 0, 0};
            for (int dy = -1; dy <= 1; dy++)
                for (int dx = -1; dx <= 1; dx++) {
                    int yy = y + dy, xx = x + dx;
                    if ((!dy && !dx) || yy < 0 || xx < 0 || yy >= h || xx >= w) continue;
                    int j = yy * w + xx;
                    float l = copy[j] + copy[n + j] + copy[2 * n + j];
                    if (l > best[0]) { best[2] = best[1]; best[1] = best[0]; best[0] = l; }
                    else if (l > best[1]) { best[2] = best[1]; best[1] = l; }
                    else if (l > best[2]) best[2] = l;
                }
            int i = y * w + x;
            float l = copy[i] + copy[n + i] + copy[2 * n + i], limit = factor * best[2] + 1e-4f;
            if (l > limit)
                for (int c = 0; c < 3; c++) rgb[c * n + i] = copy[c * n + i] * limit / l;
        }
    free(copy);
}

/* Gives a pixel that is darker than `factor` times its third darkest neighbour the mean of its neighbours. Light without
   albedo, so that it is unlucky samples that are found and not dark paint. */
static void fill_holes(float *light, int h, int w, float factor) {
    int n = h * w;
    float *copy = malloc(sizeof(float) * 3 * n);
    memcpy(copy, light, sizeof(float) * 3 * n);
    for (int y = 1; y < h - 1; y++)
        for (int x = 1; x < w - 1; x++) {
            float low[3] = {1e30f, 1e30f, 1e30f}, mean[3] = {0, 0, 0};
            for (int dy = -1; dy <= 1; dy++)
                for (int dx = -1; dx <= 1; dx++) {
                    if (!dy && !dx) continue;
                    int j = (y + dy) * w + x + dx;
                    float l = copy[j] + copy[n + j] + copy[2 * n + j];
                    for (int c = 0; c < 3; c++) mean[c] += copy[c * n + j] / 8;
                    if (l < low[0]) { low[2] = low[1]; low[1] = low[0]; low[0] = l; }
                    else if (l < low[1]) { low[2] = low[1]; low[1] = l; }
                    else if (l < low[2]) low[2] = l;
                }
            int i = y * w + x;
            if (copy[i] + copy[n + i] + copy[2 * n + i] < factor * low[2])
                for (int c = 0; c < 3; c++) light[c * n + i] = mean[c];
        }
    free(copy);
}

/* One row of one level into `b`. A tap at a time over the whole row, which the compiler turns into vectors, its
   exponentials too; `sums` holds three weighted sums and their weight for each pixel of the row. */
static void filter_row(float *restrict b, const float *restrict a, const float *restrict guide, float *restrict sums,
                       int y, int h, int w, int step, float sigma) {
    static const float kernel[3] = {0.375f, 0.25f, 0.0625f};
    int n = h * w;
    memset(sums, 0, sizeof(float) * 4 * w);
    for (int ky = -2; ky <= 2; ky++) {
        int yy = y + ky * step;
        if (yy < 0 || yy >= h) continue;
        for (int kx = -2; kx <= 2; kx++) {
            int shift = kx * step, first = shift < 0 ? -shift : 0, last = shift > 0 ? w - shift : w;
            float share = kernel[abs(ky)] * kernel[abs(kx)];
            for (int x = first; x < last; x++) {
                int i = y * w + x, j = yy * w + x + shift;
                float da = 0, dn = 0;
                for (int c = 0; c < 3; c++) {
                    float t = guide[c * n + i] - guide[c * n + j];
                    da += t * t;
                    t = guide[(3 + c) * n + i] - guide[(3 + c) * n + j];
                    dn += t * t;
                }
                float dz = fabsf(guide[6 * n + i] - guide[6 * n + j]) / (0.02f * step * guide[6 * n + i] + 1e-4f);
                float li = (a[i] + a[n + i] + a[2 * n + i]) / 3, lj = (a[j] + a[n + j] + a[2 * n + j]) / 3;
                float dl = fabsf(li - lj) / (sigma * (li + lj) * 0.5f + 1e-4f);
                float weight = share * expf(-da * 300.0f - dn * 12.0f - dz - dl * dl);
                for (int c = 0; c < 3; c++) sums[c * w + x] += weight * a[c * n + j];
                sums[3 * w + x] += weight;
            }
        }
    }
    for (int c = 0; c < 3; c++)
        for (int x = 0; x < w; x++) b[c * n + y * w + x] = sums[c * w + x] / sums[3 * w + x];
}

void denoise(float *rgb, const float *guide, int h, int w, int levels, float strength) {
    int n = h * w;
    clamp_fireflies(rgb, h, w, 1.3f);
    float *a = malloc(sizeof(float) * 3 * n), *b = malloc(sizeof(float) * 3 * n);
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < n; i++) a[c * n + i] = rgb[c * n + i] / (guide[c * n + i] + 0.03f);
    fill_holes(a, h, w, 0.7f);
    float *sums = malloc(sizeof(float) * 4 * w);
    for (int level = 0; level < levels; level++) {
        for (int y = 0; y < h; y++) filter_row(b, a, guide, sums, y, h, w, 1 << level, strength / (float)(1 << level));
        float *t = a; a = b; b = t;
    }
    free(sums);
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < n; i++) rgb[c * n + i] = a[c * n + i] * (guide[c * n + i] + 0.03f);
    free(a);
    free(b);
}
