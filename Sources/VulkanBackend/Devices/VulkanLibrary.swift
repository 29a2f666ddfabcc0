import CVulkan

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The Vulkan loader, opened when it is needed: the programs start where there is none.
///
/// Linking it instead would make libvulkan.so.1 a condition for the CPU path, too.
struct VulkanLibrary: Sendable {
    let instanceFunction: PFN_vkGetInstanceProcAddr

    /// A loader that is there already; for tests of drivers that lack something.
    init(_ instanceFunction: PFN_vkGetInstanceProcAddr) { self.instanceFunction = instanceFunction }

    /// - Throws: `VulkanError.noLoader`.
    init() throws(VulkanError) {
        // Never closed: drivers leave threads and exit handlers behind that run in its code.
        guard let handle = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL) else {
            throw .noLoader(dlerror().map { String(cString: $0) } ?? "libvulkan.so.1 cannot be opened")
        }
        guard let symbol = dlsym(handle, "vkGetInstanceProcAddr") else {
            throw .noLoader("libvulkan.so.1 has no vkGetInstanceProcAddr")
        }
        instanceFunction = unsafeBitCast(symbol, to: PFN_vkGetInstanceProcAddr.self)
    }

    /// A function of the loader itself or of an instance.
    func function<Function>(
        _ name: String, of instance: VkInstance?, as: Function.Type = Function.self
    ) throws(VulkanError) -> Function {
        guard let function = instanceFunction(instance, name) else {
            throw .noLoader("the Vulkan driver has no \(name)")
        }
        return unsafeBitCast(function, to: Function.self)
    }
}
