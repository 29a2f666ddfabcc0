/// Elementary functions that give the same bits on every machine.
///
/// libm's log, sin and cos differ between systems in their last bits. These use only IEEE 754 double
/// additions, multiplications, divisions and square roots, each rounded once and in the order written;
/// Swift never fuses a multiplication with an addition on its own. Accurate to about 1e-15, far below
/// the `Float` that the noise is rounded to.
enum ExactMath {
    /// ln((2w + 1) / 2³³): the logarithm of the midpoint of the w-th of 2³² cells of (0, 1).
    static func logOfUniform(_ word: UInt32) -> Double {
        let odd = UInt64(word) * 2 + 1
        // odd = m·2^exponent with m in [1, 2), exactly: it has at most 33 bits.
        var exponent = 63 - odd.leadingZeroBitCount
        var m = Double(odd) / Double(UInt64(1) << UInt64(exponent))
        if m > squareRootOfTwo {
            m *= 0.5
            exponent += 1
        }
        // ln m = 2·artanh z, |z| < 0.1716; the first term left out is below 1e-18.
        let z = (m - 1) / (m + 1)
        let square = z * z
        var sum = 0.0
        for denominator in stride(from: 21.0, through: 1.0, by: -2.0) {
            sum = sum * square + 1 / denominator
        }
        return Double(exponent - 33) * logOfTwo + 2 * z * sum
    }

    /// cos and sin of 2π·w / 2³².
    static func cosineAndSine(ofTurn word: UInt32) -> (cosine: Double, sine: Double) {
        // The nearest quarter turn, and what is left of the angle: −2²⁹ … 2²⁹, at most an eighth turn.
        let quadrant = (word &+ 0x2000_0000) >> 30
        let rest = Int32(bitPattern: word &- (quadrant << 30))
        let x = Double(rest) * (twoPi / 4_294_967_296)
        let square = x * x
        // Taylor polynomials to x¹⁷ and x¹⁶ by Horner's rule: the next terms are below 1e-17.
        var sine = 1.0
        for n in stride(from: 16.0, through: 2.0, by: -2.0) {
            sine = 1 - square * sine / (n * (n + 1))
        }
        sine *= x
        var cosine = 1.0
        for n in stride(from: 15.0, through: 1.0, by: -2.0) {
            cosine = 1 - square * cosine / (n * (n + 1))
        }
        return switch quadrant {
        case 0: (cosine, sine)
        case 1: (-sine, cosine)
        case 2: (-cosine, -sine)
        default: (sine, -cosine)
        }
    }

    private static let squareRootOfTwo = 0x1.6A09E667F3BCDp0
    private static let logOfTwo = 0x1.62E42FEFA39EFp-1
    private static let twoPi = 0x1.921FB54442D18p2
}
