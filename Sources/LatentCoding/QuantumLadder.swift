/// The quantizer steps that a frame can name: 2^(rung/8), so that a byte says one to 9 %.
enum QuantumLadder {
    /// 2^(j/8) rounded to `Float`; the products with powers of two are exact.
    private static let mantissas: [Double] = [
        0x1p+0, 0x1.172b84p+0, 0x1.306fep+0, 0x1.4bfdaep+0, 0x1.6a09e6p+0, 0x1.8ace54p+0, 0x1.ae89fap+0, 0x1.d5818ep+0,
    ]

    /// - Precondition: `rung` lies between −1000 and 1000.
    static func quantum(_ rung: Int) -> Double {
        Double(sign: .plus, exponent: rung >> 3, significand: mantissas[rung & 7])
    }

    /// The highest rung whose quantum is at most `step`; nil outside what a byte can say.
    static func rung(atMost step: Float) -> Int8? {
        guard step.isFinite, step < Float(quantum(128)) else { return nil }
        return (-128...127).last { quantum($0) <= Double(step) }.map(Int8.init)
    }
}
