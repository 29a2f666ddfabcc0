/// How a `VulkanBackend` computes. What is nil is chosen by the device's features.
public struct VulkanOptions: Hashable, Sendable {
    /// What activations between nodes are stored as; inputs and outputs of a graph, and whatever times are embedded
    /// from, always stay float32. Sums are always float32.
    public var storage: ActivationStorage
    /// What the weights of linear layers and convolutions are stored as.
    public var weights: WeightStorage
    /// The kernel of matrix products, those of attention among them.
    public var products: ProductKernel?
    /// Parts that the depth of matrix products is cut in, as far as it reaches; for tests.
    public var splits: Int?
    /// How products and attention for matrix units bring their tiles to shared memory.
    public var staging: TileStaging?
    /// Which of the sizes that products for matrix units, or of whole workgroups, have for their tiles, from the first on, as far
    /// as the device takes it; nil: by the product. For measurements.
    public var tileSize: Int?
    /// Operations after which a new submission is made; for tests.
    var operationsPerSubmission: Int?
    /// Invocations of a subgroup that emulated units belong to; for tests.
    var emulatedSubgroupSize = 16
    /// Whether the validation layer checks every call; for tests.
    public var validates: Bool
    /// Where the pipeline cache lives, nil for nowhere.
    public var cacheFolder: String?
    /// Whether the driver keeps what it knows of compiled kernels, see `VulkanBackend.kernelStatistics`; for measurements.
    public var capturesStatistics: Bool
    /// How activations are brought to float16; nil: as the device rounds to the nearest with the least to do.
    public var rounding: HalfRounding?
    /// A folder of NAME.spv files to use instead of the shaders built in; for comparisons.
    public var shaderFolder: String?

    public init(
        storage: ActivationStorage = .float32, weights: WeightStorage? = nil, products: ProductKernel? = nil,
        splits: Int? = nil, staging: TileStaging? = nil, tileSize: Int? = nil, validates: Bool = false,
        cacheFolder: String? = nil, shaderFolder: String? = nil, capturesStatistics: Bool = false,
        rounding: HalfRounding? = nil
    ) {
        self.storage = storage
        self.weights = weights ?? (products == .integer ? .int8 : WeightStorage(storage))
        self.products = products
        self.splits = splits
        self.staging = staging
        self.tileSize = tileSize
        self.validates = validates
        self.cacheFolder = cacheFolder
        self.shaderFolder = shaderFolder
        self.capturesStatistics = capturesStatistics
        self.rounding = rounding
    }
}

/// How activations are stored on the device.
public enum ActivationStorage: String, Hashable, Sendable, CaseIterable {
    case float32, float16, bfloat16
}

/// How kernels bring float32 to float16.
public enum HalfRounding: String, Hashable, Sendable, CaseIterable {
    /// As the device packs two of them, which Vulkan leaves open: on some it is the nearest.
    case packed
    /// To the nearest by a dozen operations on integers.
    case integers
    /// To the nearest by conversions in a mode that says so, in kernels for matrix units on devices that have it; in others by
    /// integers.
    case conversions
}

/// How the weights of products are stored on the device.
public enum WeightStorage: String, Hashable, Sendable, CaseIterable {
    case float32, float16, bfloat16
    /// Signed bytes with a scale for each output channel, whose largest magnitude is 127.
    case int8

    /// Those of activations.
    public init(_ storage: ActivationStorage) {
        switch storage {
        case .float32: self = .float32
        case .float16: self = .float16
        case .bfloat16: self = .bfloat16
        }
    }
}

/// Ways to multiply matrices.
public enum ProductKernel: String, Hashable, Sendable, CaseIterable {
    /// Tiles in shared memory without matrix units, as large as the product and the device allow.
    case tiled
    /// Tiles of 32 × 32.
    case small
    /// Tiles of 64 × 64.
    case medium
    /// Tiles of 128 × 128, or of 64 × 64 on a device that does not take as many invocations.
    case large
    /// The device's matrix units (VK_KHR_cooperative_matrix): float16 factors, float32 sums.
    case cooperative
    /// The same with plain code in the place of the units, for tests where there are none.
    case emulated
    /// Matrices of whole workgroups (VK_NV_cooperative_matrix2; no card has run them yet) where factors and what is added are float16 in eights and a
    /// convolution's stride is one; all other products, and attention, as `cooperative`.
    case workgroup
    /// The same with plain code in the place of such matrices, and all other products without, for tests.
    case emulatedWorkgroup
    /// Linear layers and convolutions of single pixels by dot products of bytes (VK_KHR_shader_integer_dot_product): int8
    /// weights, and activations that are brought to bytes row by row as they come. All other products as the device has it.
    case integer
}
