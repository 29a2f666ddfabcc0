import Synchronization

/// Keeps the device of a backend, and sets it up anew when it was lost.
final class DeviceHost: Sendable {
    let description: VulkanDeviceDescription
    let options: VulkanOptions
    let shaders: ShaderLibrary
    private let instance: VulkanInstance
    private let current: Mutex<VulkanDevice>
    private let losses = Mutex(0)
    private let tuned: Mutex<Tuning>
    private let tuningFile: TuningFile?
    /// Those of executables that are there still.
    private let places = Mutex<[PlaceReference]>([])

    private struct PlaceReference {
        weak var place: ProgramPlace?
    }

    /// Chooses a device and sets it up.
    ///
    /// - Parameter loader: nil for that of the system.
    /// - Throws: `VulkanError`.
    init(_ choice: DeviceChoice, _ options: VulkanOptions, loader: VulkanLibrary? = nil) throws(VulkanError) {
        instance = try VulkanInstance(validates: options.validates, loader: loader)
        let devices = try instance.devices()
        description = try choice.device(among: devices.map(\.description))
        let physical = devices[description.index]
        try DeviceHost.check(options, physical.features, device: description.name)
        shaders = try ShaderLibrary(folder: options.shaderFolder)
        self.options = options
        let file = options.cacheFolder.map { [shaders] in TuningFile(folder: $0, physical, shaders) }
        tuned = Mutex(file?.load(options, physical.features) ?? Tuning())
        tuningFile = file
        current = Mutex(
            try VulkanDevice(
                physical, shaders: shaders, cacheFolder: options.cacheFolder,
                capturesStatistics: options.capturesStatistics))
    }

    /// Throws if the device lacks what the options ask for.
    private static func check(
        _ options: VulkanOptions, _ features: DeviceFeatures, device: String
    ) throws(VulkanError) {
        let isNarrow =
            options.storage != .float32 || options.weights != .float32
            || [.cooperative, .emulated, .workgroup, .emulatedWorkgroup, .integer].contains(options.products)
        if isNarrow, !features.has16BitStorage {
            throw .missingFeature(
                device: device, wanted: "storage or products below float32", feature: "16-bit storage")
        }
        if options.products == .integer, !features.hasIntegerDotProduct {
            throw .missingFeature(
                device: device, wanted: "the integer kernel", feature: "integer dot products (Vulkan 1.3)")
        }
        if options.products == .cooperative, features.cooperativeMatrix == nil {
            throw .missingFeature(
                device: device, wanted: "the cooperative kernel", feature: "VK_KHR_cooperative_matrix with float16")
        }
        if options.products == .workgroup, features.workgroupMatrices.isEmpty {
            throw .missingFeature(
                device: device, wanted: "the workgroup kernel", feature: "VK_NV_cooperative_matrix2 with float16")
        }
    }

    /// What the validation layer has said; empty without it.
    var validationMessages: [String] { instance.log?.messages ?? [] }

    /// The device in use.
    var device: VulkanDevice { current.withLock { $0 } }

    /// How often the device was lost and set up anew.
    var lossCount: Int { losses.withLock { $0 } }

    /// What is known of the device: for programs that are made from now on.
    var tuning: Tuning {
        get { tuned.withLock { $0 } }
        set { tuned.withLock { $0 = newValue } }
    }

    /// Keeps it for later; gives the file, nil where there is no folder for it.
    func saveTuning() throws -> String? {
        try tuningFile?.merge(tuning, options, device.features)
        return tuningFile?.path
    }

    /// Where a new executable keeps its program.
    func makePlace() -> ProgramPlace {
        let place = ProgramPlace()
        places.withLock { places in
            places.removeAll { $0.place == nil }
            places.append(PlaceReference(place: place))
        }
        return place
    }

    /// A working device in the place of a lost one; the same for everybody who lost it.
    ///
    /// All programs of the lost one go before: they would keep its memory, which the new one may need.
    func replacement(for lost: VulkanDevice) throws(VulkanError) -> VulkanDevice {
        try current.withLock { device throws(VulkanError) in
            guard device === lost else { return device }
            lost.markLost()
            places.withLock { places in
                for reference in places { reference.place?.clear(of: lost) }
            }
            let devices = try instance.devices()
            // Of several cards of one name it is the one at the same place, if the driver still lists them so.
            let alike = devices.filter { $0.description.name == description.name }
            guard let physical = alike.first(where: { $0.description.index == description.index }) ?? alike.first else {
                throw .deviceLost(name: description.name)
            }
            device = try VulkanDevice(
                physical, shaders: shaders, cacheFolder: options.cacheFolder,
                capturesStatistics: options.capturesStatistics)
            losses.withLock { $0 += 1 }
            return device
        }
    }
}
