import Diffusion

/// Quantized elements as differences from what their left and upper neighbours in the same channel suggest.
///
/// The predictor is the median of left, upper and left + upper − upper left (LOCO-I, Weinberger, Seroussi,
/// Sapiro 2000, eq. 1). The first row knows only the left neighbour, the first column only the upper one, the first
/// element none. Differences are taken modulo 2¹⁶ and zigzag-coded, so that small ones are small words.
enum NeighbourPrediction {
    static func residuals(of elements: [Int16], shape: LatentShape) -> [UInt16] {
        (0..<elements.count).map { i in
            let difference = elements[i] &- prediction(at: i, elements, shape)
            return UInt16(bitPattern: (difference << 1) ^ (difference >> 15))
        }
    }

    static func elements(from residuals: [UInt16], shape: LatentShape) -> [Int16] {
        var elements = [Int16](repeating: 0, count: residuals.count)
        for i in residuals.indices {
            let word = residuals[i]
            let difference = Int16(bitPattern: (word >> 1) ^ (0 &- (word & 1)))
            elements[i] = prediction(at: i, elements, shape) &+ difference
        }
        return elements
    }

    /// Looks only at elements before `index`.
    private static func prediction(at index: Int, _ elements: [Int16], _ shape: LatentShape) -> Int16 {
        let rowLength = shape.width * shape.channelCount
        let hasLeft = index % rowLength >= shape.channelCount
        let hasUpper = index >= rowLength
        switch (hasLeft, hasUpper) {
        case (false, false): return 0
        case (true, false): return elements[index - shape.channelCount]
        case (false, true): return elements[index - rowLength]
        case (true, true):
            let left = elements[index - shape.channelCount]
            let upper = elements[index - rowLength]
            let plane = Int(left) + Int(upper) - Int(elements[index - rowLength - shape.channelCount])
            return Int16(min(max(plane, Int(min(left, upper))), Int(max(left, upper))))
        }
    }
}
