public import CPUBackend
public import Graphs
public import VulkanBackend

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A backend with the reason why it is this one.
public struct SelectedBackend: Sendable {
    public let backend: any Backend
    /// For logs, for example `no graphics card: there is no device file of one`; nil where there was no question.
    public let reason: String?

    /// Makes the backend that was asked for.
    ///
    /// - Parameters:
    ///   - device: of Vulkan, by index or part of the name; nil for the best graphics card. Naming one asks for Vulkan.
    ///   - threads: of the CPU backend.
    /// - Throws: `VulkanError` if Vulkan was asked for and cannot be used.
    public init(
        _ choice: BackendChoice, device: String? = nil, options: VulkanOptions = VulkanOptions(), threads: ThreadPolicy
    ) throws {
        let cpu = { CPUBackend(threads: threads) }
        switch choice {
        case .cpu: (backend, reason) = (cpu(), nil)
        case .auto where device == nil:
            guard SelectedBackend.mayHaveGraphicsCard else {
                (backend, reason) = (cpu(), "no graphics card: there is no device file of one")
                return
            }
            do {
                (backend, reason) = (try VulkanBackend(options: options), nil)
            } catch {
                (backend, reason) = (cpu(), "\(error)")
            }
        case .auto, .vulkan:
            let wanted = device.map(DeviceChoice.named) ?? .automatic
            (backend, reason) = (try VulkanBackend(device: wanted, options: options), nil)
        }
    }

    /// Whether the kernel shows a device file of any graphics card. Asking first spares the loading of all drivers,
    /// up to a third of a second, where there is none.
    static var mayHaveGraphicsCard: Bool {
        let files = ["/dev/nvidia0", "/dev/nvidiactl", "/dev/dxg", "/dev/kfd"]
        let nodes = (128..<144).map { "/dev/dri/renderD\($0)" }
        return (files + nodes).contains { access($0, F_OK) == 0 }
    }
}
