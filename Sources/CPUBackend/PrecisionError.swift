/// A precision that this processor, or the matrix library in use, has no instructions for.
public struct PrecisionError: Error, Hashable, Sendable, CustomStringConvertible {
    public let precision: ProductPrecision
    /// The library with its version and processor family.
    public let library: String

    public var description: String {
        let needed = precision.instructions.map { " (\($0))" } ?? ""
        return "\(library) has no instructions for \(precision.rawValue) products here\(needed); compute in float32"
    }
}
