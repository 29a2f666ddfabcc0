#ifndef UNDERPAINT_COPENBLAS_SHIM_H
#define UNDERPAINT_COPENBLAS_SHIM_H

#include <cblas.h>

#ifndef OPENBLAS_VERSION
#error "<cblas.h> is not OpenBLAS's (Debian 12: libopenblas-dev)"
#endif

#endif
