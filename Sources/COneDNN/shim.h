#ifndef UNDERPAINT_CONEDNN_SHIM_H
#define UNDERPAINT_CONEDNN_SHIM_H

#include <oneapi/dnnl/dnnl.h>

// Version 3 made the descriptors opaque and dropped Winograd; the code here is written for 2.6.
#if DNNL_VERSION_MAJOR != 2
#error "oneDNN 2.x is needed (Debian 12: libdnnl-dev)"
#endif

#endif
