/// Which device to compute on.
public enum DeviceChoice: Hashable, Sendable {
    /// The first discrete GPU, or else an integrated one, a virtual one, any other. Never a software device or a
    /// translation layer.
    case automatic
    /// By the index of the list, or by part of the name, in any case.
    case named(String)

    /// The device among those present.
    ///
    /// - Throws: `VulkanError.noDevice`, `.unknownDevice`, or `.unsuitableDevice` for a named one that cannot be used.
    public func device(
        among devices: [VulkanDeviceDescription]
    ) throws(VulkanError) -> VulkanDeviceDescription {
        switch self {
        case .automatic:
            let eligible = devices.filter { $0.reasonToSkip == nil }
            let order: [VulkanDeviceDescription.Kind] = [.discrete, .integrated, .virtual, .other]
            for kind in order {
                if let device = eligible.first(where: { $0.kind == kind }) { return device }
            }
            throw .noDevice(skipped: devices.map { "\($0.name) (\($0.reasonToSkip ?? $0.kind.rawValue))" })
        case .named(let name):
            let wanted = name.lowercased()
            guard
                let device = Int(name).map({ index in devices.first { $0.index == index } })
                    ?? devices.first(where: { $0.name.lowercased().contains(wanted) })
            else { throw .unknownDevice(name, present: devices.map { "\($0.index): \($0.name)" }) }
            if let fault = device.fault { throw .unsuitableDevice(name: device.name, reason: fault) }
            return device
        }
    }
}
