/// The extents of a tensor, outermost first; a scalar has none.
public struct Shape: Hashable, Sendable {
    public let dimensions: [Int]

    /// Makes a shape. Extents must not be negative.
    public init(_ dimensions: [Int]) {
        precondition(dimensions.allSatisfy { $0 >= 0 }, "a shape has no negative extent: \(dimensions)")
        self.dimensions = dimensions
    }

    public var rank: Int { dimensions.count }

    public var elementCount: Int { dimensions.reduce(1, *) }

    /// The extent of an axis; negative axes count from the innermost, as in NumPy.
    public subscript(axis: Int) -> Int {
        dimensions[axis < 0 ? axis + rank : axis]
    }

    /// Elements between neighbours along each axis of a dense row-major tensor.
    public var strides: [Int] {
        var strides = [Int](repeating: 1, count: rank)
        for axis in stride(from: rank - 2, through: 0, by: -1) {
            strides[axis] = strides[axis + 1] * dimensions[axis + 1]
        }
        return strides
    }

    /// The same shape with one extent changed.
    public func replacing(axis: Int, with extent: Int) -> Shape {
        var changed = dimensions
        changed[axis < 0 ? axis + rank : axis] = extent
        return Shape(changed)
    }
}

extension Shape: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: Int...) {
        self.init(elements)
    }
}

extension Shape: CustomStringConvertible {
    public var description: String {
        "[" + dimensions.map(String.init).joined(separator: ", ") + "]"
    }
}

extension Shape: Codable {
    /// Decodes a list of extents.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let dimensions = try container.decode([Int].self)
        guard dimensions.allSatisfy({ $0 >= 0 }) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "a shape has a negative extent")
        }
        self.init(dimensions)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(dimensions)
    }
}
