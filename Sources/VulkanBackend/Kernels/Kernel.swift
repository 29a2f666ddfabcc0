/// The kinds of shaders, each built in several variants.
enum Kernel: String, CaseIterable {
    case product, convolution, attention, pointwise, gather, embedding, timestep, rotary, mean, quantize
    case productSum = "product_sum"
    case rowNorm = "row_norm"
    case groupStatistics = "group_statistics"
    case groupApply = "group_apply"

    /// Storage buffers that the shader declares, numbered from zero.
    var bindingCount: Int {
        switch self {
        case .product, .productSum, .convolution: 7
        case .rowNorm, .attention: 6
        case .groupApply: 5
        case .pointwise, .rotary: 4
        case .embedding, .timestep: 3
        case .gather, .mean, .groupStatistics, .quantize: 2
        }
    }

    /// Of the shaders that declare the most: a device must bind as many.
    static let largestBindingCount = allCases.map(\.bindingCount).max() ?? 0

    /// The binding that is written; all others are read.
    var result: Int { bindingCount - 1 }
}
