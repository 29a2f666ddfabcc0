import CVulkan

@testable import VulkanBackend

/// The driver behind one that only pretends.
enum RealDriver {
    /// - Parameter instance: the handle's bits, since handles themselves do not go from thread to thread.
    static func function<Function>(_ name: String, of instance: UInt?, as: Function.Type) -> Function? {
        let handle = instance.flatMap { VkInstance(bitPattern: $0) }
        return try? VulkanLibrary().function(name, of: handle, as: Function.self)
    }
}
