/// An id that has no row in the table of an embedding.
public struct IndexError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Name of the node, for example `token_embedding`.
    public let node: String
    public let index: Int
    /// Rows of the table.
    public let count: Int

    public init(node: String, index: Int, count: Int) {
        self.node = node
        self.index = index
        self.count = count
    }

    public var description: String {
        "\(node): there is no row \(index), the table has 0..<\(count); "
            + "use the vocabulary that belongs to these weights"
    }
}
