/* Fused multiply-adds in registers, nothing else: the most float32 arithmetic that a core can do.
   cc -O3 -march=native -shared -fPIC */

typedef float vector __attribute__((vector_size(64)));

double multiply_adds(long turns)
{
    /* Twelve chains hide the latency of two units. */
    vector sums[12] = { { 0 } };
    vector a = { 0 }, b = { 0 };
    for (int i = 0; i < 16; i++) {
        a[i] = 0.999f;
        b[i] = 1e-3f * (float)i;
    }
    /* All different, or the compiler computes one chain for all. */
    for (int i = 0; i < 12; i++) sums[i] = b * (float)(i + 1);
    for (long turn = 0; turn < turns; turn++)
        for (int i = 0; i < 12; i++) sums[i] = sums[i] * a + b;
    double total = 0;
    for (int i = 0; i < 12; i++)
        for (int lane = 0; lane < 16; lane++) total += sums[i][lane];
    return total;
}
