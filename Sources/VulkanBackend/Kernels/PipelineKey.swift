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
}
