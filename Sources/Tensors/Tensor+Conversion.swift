extension Tensor {
    /// A tensor of `values` rounded to nearest, ties to even, as `elementType` stores them.
    ///
    /// - Parameter values: what an int32 tensor gets is rounded and clamped to its range.
    public init(_ shape: Shape, rounding values: [Float], to elementType: ElementType) {
        precondition(values.count == shape.elementCount, "\(values.count) values for shape \(shape)")
        let storage = OwnedStorage(byteCount: values.count * elementType.byteCount) { target in
            for (index, value) in values.enumerated() {
                let offset = index * elementType.byteCount
                switch elementType {
                case .float32: target.storeBytes(of: value, toByteOffset: offset, as: Float.self)
                case .bfloat16: target.storeBytes(of: bfloat16(value), toByteOffset: offset, as: UInt16.self)
                case .float16: target.storeBytes(of: Float16(value), toByteOffset: offset, as: Float16.self)
                case .int32: target.storeBytes(of: int32(value), toByteOffset: offset, as: Int32.self)
                }
            }
        }
        self.init(shape: shape, elementType: elementType, storage: storage)
    }
}

private func bfloat16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    // Rounding could carry a NaN's payload over into infinity.
    if value.isNaN { return UInt16(bits >> 16) | 0x40 }
    let tiesToEven = 0x7FFF + (bits >> 16 & 1)
    return UInt16((bits + tiesToEven) >> 16)
}

private func int32(_ value: Float) -> Int32 {
    if value.isNaN { return 0 }
    let rounded = Double(value).rounded(.toNearestOrEven)
    return Int32(max(Double(Int32.min), min(Double(Int32.max), rounded)))
}
