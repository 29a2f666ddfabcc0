/* Multiply-adds in registers, nothing else: the most arithmetic that a core can do, of float32 and of bfloat16 factors.
   cc -O3 -march=native -shared -fPIC */

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

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

#if defined(__AMX_BF16__)

/* A product of two tiles, 16 rows of 32 factors each. */
long narrow_operations(void) { return 4L * 2 * 16 * 16 * 32; }

double narrow_multiply_adds(long turns)
{
    /* Linux gives the tiles to those who ask: ARCH_REQ_XCOMP_PERM, XTILEDATA. */
    if (syscall(SYS_arch_prctl, 0x1023, 18) != 0) return 0;
    struct {
        unsigned char palette, start, reserved[14];
        unsigned short columns[16];
        unsigned char rows[16];
    } shape = { .palette = 1 };
    for (int tile = 0; tile < 8; tile++) {
        shape.columns[tile] = 64;
        shape.rows[tile] = 16;
    }
    unsigned char memory[1024];
    memset(memory, 0, sizeof memory);
    _tile_loadconfig(&shape);
    _tile_loadd(4, memory, 64);
    _tile_loadd(5, memory, 64);
    _tile_loadd(6, memory, 64);
    _tile_loadd(7, memory, 64);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (long turn = 0; turn < turns; turn++) {
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, memory, 64);
    _tile_release();
    return memory[0];
}

#elif defined(__AVX512BF16__)

long narrow_operations(void) { return 12L * 2 * 32; }

double narrow_multiply_adds(long turns)
{
    __m512 sums[12];
    __m512bh a = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.999f), _mm512_set1_ps(0.5f));
    __m512bh b = _mm512_cvtne2ps_pbh(_mm512_set1_ps(1e-3f), _mm512_set1_ps(1e-2f));
    for (int i = 0; i < 12; i++) sums[i] = _mm512_set1_ps((float)i);
    for (long turn = 0; turn < turns; turn++)
        for (int i = 0; i < 12; i++) sums[i] = _mm512_dpbf16_ps(sums[i], a, b);
    double total = 0;
    for (int i = 0; i < 12; i++) total += _mm512_reduce_add_ps(sums[i]);
    return total;
}

#endif
