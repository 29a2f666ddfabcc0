import CShaders

/// What a pipeline is made from: a shader and its specialization constants.
struct PipelineKey: Hashable {
    struct Constant: Hashable {
        let number: UInt32
        let value: UInt32
    }

    /// The variant's name, for example `product_wide`.
    let shader: String
    let bindingCount: Int
    /// By number.
    let constants: [Constant]
    /// Invocations that a subgroup must have, all of them at work; nil where it does not matter.
    let subgroupSize: Int?

    /// Whether conversions to float16 must give the nearest one.
    var roundsConversions: Bool {
        constants.contains { $0.number == UInt32(CS_ROUNDING_CONSTANT) && $0.value == UInt32(CS_CONVERTED) }
    }
}
