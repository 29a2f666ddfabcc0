// A Vulkan loader for a driver without hardware: Mesa's driver for AMD makes a device of any family that RADV_FORCE_FAMILY names, which compiles
// kernels and can do nothing else. What it refuses is answered here, so that a program comes as far as compiled kernels and what the
// driver tells of them: memory to allocate, command buffers that nobody fills, fences that are always signalled.
//
//   cc -shared -fPIC null-device.c -o libvulkan.so.1      in front of the system's, whose path NULL_DEVICE_LOADER names
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vulkan.h>

static PFN_vkGetInstanceProcAddr loader;
static PFN_vkGetDeviceProcAddr device_function;
static PFN_vkGetBufferMemoryRequirements requirements;
static int something[64];

static void memory(VkPhysicalDevice device, VkPhysicalDeviceMemoryProperties *properties) {
    memset(properties, 0, sizeof *properties);
    properties->memoryTypeCount = properties->memoryHeapCount = 1;
    properties->memoryTypes[0].propertyFlags = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT | VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                                               VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    properties->memoryHeaps[0].size = 1ull << 34;
    properties->memoryHeaps[0].flags = VK_MEMORY_HEAP_DEVICE_LOCAL_BIT;
}

static void any_type(VkDevice device, VkBuffer buffer, VkMemoryRequirements *wanted) {
    requirements(device, buffer, wanted);
    wanted->memoryTypeBits = 1;
}

static VkResult done(void) { return VK_SUCCESS; }

static VkResult buffers(VkDevice device, const VkCommandBufferAllocateInfo *info, VkCommandBuffer *made) {
    for (uint32_t i = 0; i < info->commandBufferCount; ++i) made[i] = (VkCommandBuffer)something;
    return VK_SUCCESS;
}

static VkResult fence(VkDevice device, const VkFenceCreateInfo *info, const VkAllocationCallbacks *calls, VkFence *made) {
    *made = (VkFence)something;
    return VK_SUCCESS;
}

static VkResult times(
    VkDevice device, VkQueryPool pool, uint32_t first, uint32_t count, size_t size, void *data, VkDeviceSize stride,
    VkQueryResultFlags flags) {
    memset(data, 0, size);
    return VK_SUCCESS;
}

static int begins(const char *name, const char *with) { return !strncmp(name, with, strlen(with)); }

static PFN_vkVoidFunction of_device(VkDevice device, const char *name) {
    PFN_vkVoidFunction function = device_function(device, name);
    if (!function) return NULL;
    if (!strcmp(name, "vkGetBufferMemoryRequirements")) {
        requirements = (PFN_vkGetBufferMemoryRequirements)function;
        return (PFN_vkVoidFunction)any_type;
    }
    if (!strcmp(name, "vkAllocateCommandBuffers")) return (PFN_vkVoidFunction)buffers;
    if (!strcmp(name, "vkCreateFence")) return (PFN_vkVoidFunction)fence;
    if (!strcmp(name, "vkGetQueryPoolResults")) return (PFN_vkVoidFunction)times;
    const char *idle[] = {"vkCmd",           "vkBeginCommandBuffer", "vkEndCommandBuffer", "vkFreeCommandBuffers", "vkResetCommand",
                          "vkQueueSubmit", "vkDestroyFence",       "vkResetFences",      "vkWaitForFences"};
    for (size_t i = 0; i < sizeof idle / sizeof *idle; ++i) {
        if (begins(name, idle[i])) return (PFN_vkVoidFunction)done;
    }
    return function;
}

PFN_vkVoidFunction vkGetInstanceProcAddr(VkInstance instance, const char *name) {
    if (!loader) {
        const char *path = getenv("NULL_DEVICE_LOADER");
        void *library = path ? dlopen(path, RTLD_NOW) : NULL;
        loader = library ? (PFN_vkGetInstanceProcAddr)dlsym(library, "vkGetInstanceProcAddr") : NULL;
        if (!loader) return NULL;
    }
    PFN_vkVoidFunction function = loader(instance, name);
    if (!strcmp(name, "vkGetPhysicalDeviceMemoryProperties")) return (PFN_vkVoidFunction)memory;
    if (!strcmp(name, "vkGetDeviceProcAddr")) {
        device_function = (PFN_vkGetDeviceProcAddr)function;
        return (PFN_vkVoidFunction)of_device;
    }
    return function;
}
