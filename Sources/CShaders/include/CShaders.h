// Compute shaders as SPIR-V, and the structures that they take.
#ifndef CSHADERS_H
#define CSHADERS_H

#include <stddef.h>
#include <stdint.h>

#include "ShaderArguments.h"

// What a device must have for a shader.
enum {
    // VkPhysicalDeviceVulkan11Features.storageBuffer16BitAccess
    CS_NEEDS_16BIT_STORAGE = 1,
    // VkPhysicalDeviceVulkan12Features.shaderFloat16
    CS_NEEDS_FLOAT16 = 2,
    // VK_KHR_cooperative_matrix, and the Vulkan memory model with it
    CS_NEEDS_COOPERATIVE_MATRIX = 4,
    // VkPhysicalDeviceShaderIntegerDotProductFeatures.shaderIntegerDotProduct
    CS_NEEDS_INTEGER_DOT_PRODUCT = 8,
    // Of VK_NV_cooperative_matrix2: matrices of workgroups, of sides of many sizes, work on each element, tensors in memory
    CS_NEEDS_WORKGROUP_MATRIX = 16,
};

typedef struct {
    const char *name;
    const uint32_t *words;
    size_t word_count;
    // Of CS_NEEDS_…
    uint32_t needs;
} cs_shader;

// Shaders here; cs_shader_at takes an index below it.
size_t cs_shader_count(void);
cs_shader cs_shader_at(size_t index);

#endif
