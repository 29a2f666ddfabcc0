import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension ReferenceKernels {
    static func embedding(
        table: ReferenceArray, ids: ReferenceArray, _ shape: Shape, node: String
    ) throws(IndexError) -> ReferenceArray {
        var values: [Double] = []
        values.reserveCapacity(shape.elementCount)
        for id in ids.values.map({ Int($0) }) {
            guard (0..<table.shape[0]).contains(id) else {
                throw IndexError(node: node, index: id, count: table.shape[0])
            }
            values += table.values[id * table.width..<(id + 1) * table.width]
        }
        return ReferenceArray(shape: shape, values: values)
    }

    static func timestepEmbedding(
        _ embedding: TimestepEmbedding, _ t: ReferenceArray, _ shape: Shape
    ) -> ReferenceArray {
        let half = embedding.dimension / 2
        var result = ReferenceArray(zeros: shape)
        for (row, time) in t.values.enumerated() {
            for index in 0..<half {
                let angle = time * pow(Double(embedding.period), -Double(index) / Double(half))
                result.values[row * embedding.dimension + index] = cos(angle)
                result.values[row * embedding.dimension + half + index] = sin(angle)
            }
        }
        return result
    }

    /// x [B, T, heads, d], cosine and sine [T, d/2]
    static func rotary(
        _ x: ReferenceArray, cosine: ReferenceArray, sine: ReferenceArray, axisCount: Int
    ) -> ReferenceArray {
        let (tokens, heads, width) = (x.shape[1], x.shape[2], x.shape[3])
        let part = width / axisCount
        var result = x
        for row in 0..<x.rowCount {
            let token = row / heads % tokens
            for angle in 0..<width / 2 {
                let first = row * width + angle / (part / 2) * part + angle % (part / 2)
                let second = first + part / 2
                let (c, s) = (cosine.values[token * width / 2 + angle], sine.values[token * width / 2 + angle])
                result.values[first] = x.values[first] * c - x.values[second] * s
                result.values[second] = x.values[second] * c + x.values[first] * s
            }
        }
        return result
    }
}
