public import CKernels
public import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Every instruction set that this processor has.
let instructionSets: [ck_isa] = [CK_ISA_PLAIN, CK_ISA_AVX2, CK_ISA_AVX512].filter {
    $0.rawValue <= ck_best_isa().rawValue
}

@Suite(.serialized) struct KernelTests {
    private static let functions: [(String, ck_activation, @Sendable (Double) -> Double)] = [
        ("silu", CK_SILU, { $0 / (1 + exp(-$0)) }),
        (
            "gelu tanh", CK_GELU_TANH,
            { x in
                x / 2 * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
            }
        ),
        ("gelu", CK_GELU, { x in x / 2 * erfc(-x / 2.0.squareRoot()) }),
        ("gelu sigmoid", CK_GELU_SIGMOID, { x in x / (1 + exp(-1.702 * x)) }),
    ]

    @Test(arguments: instructionSets)
    func activationsAreWithinTwoUnitsOfTheirScale(_ isa: ck_isa) {
        let x = (-2000...2000).map { Float($0) * 0.0071 }
        for (name, activation, exact) in KernelTests.functions {
            let y = activated(x, activation, isa, threads: 1)
            for (x, y) in zip(x, y) {
                // 3e-7 is the error of erf and of everything that is made of two or three roundings.
                #expect(abs(Double(y) - exact(Double(x))) <= 3e-7 * max(1, abs(Double(x))), "\(name)(\(x)) = \(y)")
            }
        }
    }

    @Test(arguments: instructionSets)
    func notANumberStaysOne(_ isa: ck_isa) {
        for (name, activation, _) in KernelTests.functions {
            let y = activated([.nan, 1, .infinity, -1000, 1000], activation, isa, threads: 1)
            #expect(y[0].isNaN && y[1].isFinite && y[2] == .infinity, "\(name): \(y)")
            #expect(abs(y[3]) < 1e-30 && y[4] == 1000, "\(name): \(y)")
        }
    }

    @Test(arguments: instructionSets, [1, 3, 8, 17, 40_003])
    func partOfAVectorGivesTheSameBitsAsAWholeOne(_ isa: ck_isa, _ count: Int) {
        let x = (0..<count).map { Float($0 % 97) * 0.1 - 4 }
        let one = activated(x, CK_GELU_TANH, isa, threads: 1)
        #expect(activated(x, CK_GELU_TANH, isa, threads: 3) == one)
        let shifted = activated([0.5] + x, CK_GELU_TANH, isa, threads: 1)
        #expect(Array(shifted.dropFirst()) == one)
    }

    @Test(arguments: instructionSets)
    func layerNormOfLargeMeanKeepsItsDigits(_ isa: ck_isa) {
        // Variance 1 on a mean of 4096: E[x²] − E[x]² would have lost two digits.
        let x = (0..<64).map { 4096 + Float($0 % 2 == 0 ? 1 : -1) }
        var y = [Float](repeating: 0, count: 64)
        x.withUnsafeBufferPointer { x in
            y.withUnsafeMutableBufferPointer { y in
                ck_layer_norm(
                    ck_team(isa: isa, threads: 1),
                    ck_layer_norm_args(
                        x: x.baseAddress, y: y.baseAddress, type: CK_FLOAT32, rows: 1, width: 64, epsilon: 0,
                        weight: nil, bias: nil,
                        shift: nil, scale: nil, modulation_rows: 1))
            }
        }
        for (index, y) in y.enumerated() { #expect(y == (index % 2 == 0 ? 1 : -1)) }
    }

    /// Rounded to the nearest, ties to even; NaN and infinity stay what they are, in whole vectors and in parts of one.
    @Test(arguments: instructionSets)
    func narrowingRoundsToTheNearest(_ isa: ck_isa) {
        let cases: [(Float, Float)] = [
            (1, 1), (1 + 0x1p-8, 1), (1 + 0x3p-8, 1 + 0x1p-6), (1 + 0x1p-8 + 0x1p-20, 1 + 0x1p-7),
            (-3.1415927, -3.140625),
            (.infinity, .infinity), (-.infinity, -.infinity), (.greatestFiniteMagnitude, .infinity), (0, 0),
            (0x1p-133, 0x1p-133), (.nan, .nan), (Float(bitPattern: 0x7F80_0001), .nan),
        ]
        for repeats in [1, 3] {
            let values = [[(Float, Float)]](repeating: cases, count: repeats).flatMap { $0 }
            var y = [UInt16](repeating: 1, count: values.count + 3)
            values.map(\.0).withUnsafeBufferPointer { x in
                y.withUnsafeMutableBufferPointer { y in
                    ck_narrow_rows(
                        isa,
                        ck_narrow_rows_args(
                            x: x.baseAddress, x_stride: 0, y: y.baseAddress, y_stride: y.count, rows: 1, width: x.count,
                            factor: 1))
                }
            }
            for ((given, expected), found) in zip(values, y) {
                let found = Float(bitPattern: UInt32(found) << 16)
                #expect(found == expected || (found.isNaN && expected.isNaN), "\(given) became \(found)")
            }
            #expect(y.suffix(3) == [0, 0, 0])
        }
    }

    /// Weights are rounded by up to 2⁻⁸, their sums are not.
    @Test(arguments: instructionSets, [1, 16, 37])
    func narrowSoftmaxIsTheWideOneRounded(_ isa: ck_isa, _ width: Int) {
        let scores = (0..<2 * width).map { Float(($0 * 7919) % 101) / 9 - 5 }
        var weights = [UInt16](repeating: 0, count: scores.count)
        var reciprocals: [Float] = [0, 0]
        ck_softmax_narrow(isa, scores, 2, width, &weights, &reciprocals)
        for row in 0..<2 {
            let x = scores[row * width..<(row + 1) * width].map(Double.init)
            let largest = x.max() ?? 0
            let exact = x.map { exp2($0 - largest) }
            let sum = exact.reduce(0, +)
            #expect(abs(Double(reciprocals[row]) * sum - 1) < 1e-4)
            for (exact, found) in zip(exact, weights[row * width..<(row + 1) * width]) {
                let found = Double(Float(bitPattern: UInt32(found) << 16))
                #expect(abs(found - exact) <= (0x1p-8 + 1e-4) * exact, "\(exact) became \(found)")
            }
        }
    }

    /// Levels, scales and sums of rows, each in whole vectors and parts of one; the largest magnitude is level 127.
    @Test(arguments: instructionSets, [5, 16, 100])
    func rowsAreRoundedToLevelsOfTheirLargest(_ isa: ck_isa, _ width: Int) {
        var x = (0..<4 * width).map { Float(($0 * 7919) % 1001 - 500) / 77 }
        for column in 0..<width { x[2 * width + column] = 0 }
        x[3 * width + width / 2] = .nan
        for zero in [Int32(0), 128] {
            var (bytes, scales, sums) = (
                [UInt8](repeating: 7, count: x.count), [Float](repeating: 7, count: 4), [Int32](repeating: 7, count: 4)
            )
            x.withUnsafeBufferPointer { x in
                bytes.withUnsafeMutableBufferPointer { bytes in
                    scales.withUnsafeMutableBufferPointer { scales in
                        sums.withUnsafeMutableBufferPointer { sums in
                            ck_round(
                                ck_team(isa: isa, threads: 1),
                                ck_round_args(
                                    x: x.baseAddress, y: bytes.baseAddress, zero: zero, scales: scales.baseAddress,
                                    sums: sums.baseAddress, rows: 4, width: width))
                        }
                    }
                }
            }
            for row in 0..<2 {
                let values = x[row * width..<(row + 1) * width]
                let largest = values.map(abs).max() ?? 0
                #expect(abs(scales[row] - largest / 127) <= 1e-6 * largest)
                let levels = bytes[row * width..<(row + 1) * width].map { byte in
                    zero == 0 ? Int(Int8(bitPattern: byte)) : Int(byte) - 128
                }
                for (value, level) in zip(values, levels) {
                    #expect(abs(Float(level) * scales[row] - value) <= 0.501 * scales[row], "\(value) became \(level)")
                }
                #expect(levels.map(abs).max() == 127 && Int(sums[row]) == levels.reduce(0, +))
            }
            #expect(scales[2] == 0 && sums[2] == 0 && scales[3].isNaN)
        }
    }

    private func activated(_ x: [Float], _ activation: ck_activation, _ isa: ck_isa, threads: Int32) -> [Float] {
        var y = [Float](repeating: -1, count: x.count)
        x.withUnsafeBufferPointer { x in
            y.withUnsafeMutableBufferPointer { y in
                ck_activate(
                    ck_team(isa: isa, threads: threads),
                    ck_activate_args(x: x.baseAddress, y: y.baseAddress, count: x.count, activation: activation))
            }
        }
        return y
    }
}

extension ck_isa: @retroactive CustomTestStringConvertible {
    public var testDescription: String {
        switch self {
        case CK_ISA_AVX512: "AVX-512"
        case CK_ISA_AVX2: "AVX2"
        default: "plain"
        }
    }
}
