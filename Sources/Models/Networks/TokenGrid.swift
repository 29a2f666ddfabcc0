import Foundation
import Tensors

/// Where a picture's tokens stand: row by row, `spacing` apart, with the origin at the picture's centre.
///
/// Centred coordinates keep the middle of a picture at the same position whatever its size, so that a model
/// sees sizes that it was not trained for as a little more or a little less of the same plane.
/// Angles are computed in `Double` and rounded once.
struct TokenGrid: Hashable, Sendable {
    let rowCount: Int
    let columnCount: Int
    /// Units of the positions from one token to the next.
    var spacing = 1.0

    /// The lowest frequency is one hundredth of the highest: grids have tens of tokens, not thousands.
    static let frequencyRange = 100.0

    var tokenCount: Int { rowCount * columnCount }

    /// Fixed position embedding (arXiv 1706.03762 §3.5 in two dimensions): half the channels for y, half
    /// for x, each half sines and then cosines of p·100^(−j/(width/4)).
    ///
    /// - Precondition: `width` is a multiple of 4.
    /// - Returns: [token, width]
    func sinusoids(width: Int) -> Tensor {
        let frequencies = Self.frequencies(count: width / 4)
        var values: [Float] = []
        values.reserveCapacity(tokenCount * width)
        forEachToken { y, x in
            for position in [y, x] {
                values += frequencies.map { Float(sin(position * $0)) }
                values += frequencies.map { Float(cos(position * $0)) }
            }
        }
        return Tensor([tokenCount, width], values)
    }

    /// Angles for rotary embedding: the first half of a row turns by y, the second by x, each by
    /// p·100^(−j/(headWidth/4)).
    ///
    /// - Precondition: `headWidth` is a multiple of 4.
    /// - Returns: cosine and sine, both [token, headWidth / 2]
    func rotations(headWidth: Int) -> (cosine: Tensor, sine: Tensor) {
        let frequencies = Self.frequencies(count: headWidth / 4)
        var (cosine, sine): ([Float], [Float]) = ([], [])
        forEachToken { y, x in
            for position in [y, x] {
                cosine += frequencies.map { Float(cos(position * $0)) }
                sine += frequencies.map { Float(sin(position * $0)) }
            }
        }
        let shape: Shape = [tokenCount, headWidth / 2]
        return (Tensor(shape, cosine), Tensor(shape, sine))
    }

    private static func frequencies(count: Int) -> [Double] {
        (0..<count).map { pow(frequencyRange, -Double($0) / Double(count)) }
    }

    private func forEachToken(_ body: (_ y: Double, _ x: Double) -> Void) {
        for row in 0..<rowCount {
            for column in 0..<columnCount {
                body(
                    spacing * (Double(row) + 0.5 - Double(rowCount) / 2),
                    spacing * (Double(column) + 0.5 - Double(columnCount) / 2))
            }
        }
    }
}
