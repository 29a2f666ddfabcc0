#ifdef NARROW
#extension GL_EXT_shader_16bit_storage : require
#endif
#include "../include/ShaderArguments.h"
#include "operands.glsl"
