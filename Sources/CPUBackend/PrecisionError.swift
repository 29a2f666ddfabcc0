/// A precision that this processor, or the matrix library in use, has no instructions for.
public struct PrecisionError: Error, Hashable, Sendable, CustomStringConvertible {
    public let precision: ProductPrecision
    /// The library with its version and processor family.
    public let library: String

    public var description: String {
        "\(library) has no instructions for \(precision.rawValue) products here (bfloat16 needs AVX-512 BF16 or AMX, int8 VNNI); "
            + "compute in float32"
    }
}
