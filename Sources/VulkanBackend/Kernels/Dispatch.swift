/// One call of a kernel.
struct Dispatch {
    /// What every device has for push constants.
    static let argumentByteCount = 128

    /// Position of the node in the graph.
    let node: Int
    let key: PipelineKey
    /// In the order of their numbers.
    let bindings: [Operand]
    /// Which binding is written.
    let result: Int
    /// The push constants.
    let arguments: [UInt8]
    /// Workgroups in x, y and z.
    let groups: (x: Int, y: Int, z: Int)
}
