public import CPUBackend
public import Graphs
import VulkanBackend

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
    /// For logs, for example `no graphics card: there is no device file of one`, and why not in the precision asked for; nil
    /// where there was no question.
    public let reason: String?

    /// Makes the backend that was asked for.
    ///
    /// - Parameters:
    ///   - device: of Vulkan, by index or part of the name; nil for the best graphics card. Naming one asks for Vulkan.
    ///   - precision: what the model is computed in, float32 where the processor lacks it.
    ///   - cacheFolder: where compiled shaders are kept, nil for nowhere.
    ///   - threads: of the CPU backend.
    /// - Throws: `VulkanError` if Vulkan was asked for and cannot be used.
    public init(
        _ choice: BackendChoice, device: String? = nil, precision: Precision = .float32, cacheFolder: String? = nil,
        threads: ThreadPolicy
    ) throws {
        let options = VulkanOptions(storage: precision.storage, weights: precision.weights, cacheFolder: cacheFolder)
        func processor(_ reason: String?) -> SelectedBackend {
            let reasons = [reason, precision.reasonForFloat32].compactMap { $0 }
            return SelectedBackend(
                backend: CPUBackend(precision: precision.products, threads: threads),
                reason: reasons.isEmpty ? nil : reasons.joined(separator: "; "))
        }
        switch choice {
        case .cpu: self = processor(nil)
        case .auto where device == nil:
            guard SelectedBackend.mayHaveGraphicsCard else {
                self = processor("no graphics card: there is no device file of one")
                return
            }
            do {
                (backend, reason) = (try VulkanBackend(options: options), nil)
            } catch {
                self = processor("\(error)")
            }
        case .auto, .vulkan:
            let wanted = device.map(DeviceChoice.named) ?? .automatic
            (backend, reason) = (try VulkanBackend(device: wanted, options: options), nil)
        }
    }

    private init(backend: any Backend, reason: String?) {
        self.backend = backend
        self.reason = reason
    }

    /// Whether the kernel shows a device file of any graphics card. Asking first spares the loading of all drivers,
    /// up to a third of a second, where there is none.
    static var mayHaveGraphicsCard: Bool {
        let files = ["/dev/nvidia0", "/dev/nvidiactl", "/dev/dxg", "/dev/kfd"]
        let nodes = (128..<144).map { "/dev/dri/renderD\($0)" }
        return (files + nodes).contains { access($0, F_OK) == 0 }
    }
}
