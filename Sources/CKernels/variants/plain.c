#include "variants.h"

#define CK_WIDTH 4
#define CK_VARIANT ck_variant_plain
#include "bodies.h"
