public import Tensors

/// A node whose inputs do not fit together.
public struct ShapeError: Error, Hashable, Sendable {
    /// Name of the node, for example `blocks.3.qkv`.
    public let node: String
    /// The operation's kind, for example `linear`.
    public let operation: String
    public let inputs: [Shape]
    /// The rule that is broken.
    public let rule: String

    public init(node: String, operation: String, inputs: [Shape], rule: String) {
        self.node = node
        self.operation = operation
        self.inputs = inputs
        self.rule = rule
    }
}

extension ShapeError: CustomStringConvertible {
    public var description: String {
        let shapes = inputs.map(\.description).joined(separator: ", ")
        return "\(node) (\(operation)) of \(shapes): \(rule)"
    }
}
