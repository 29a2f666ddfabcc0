import Graphs
import Tensors
import TestSupport
import Testing

@testable import CPUBackend

@Suite(.serialized) struct CPUBackendTests {
    @Test(arguments: MatrixLibrary.allCases)
    func idOutsideTheTableIsAnErrorThatNamesIt(_ library: MatrixLibrary) throws {
        var builder = GraphBuilder()
        builder.output("rows", try builder.embedding(builder.input("ids", [2], .int32), "table", count: 3, width: 4))
        let table = Tensor([3, 4], (0..<12).map(Float.init))
        let program = try CPUBackend(library: library, threads: ThreadPolicy(count: 1)).compile(
            builder.graph, parameters: DictionaryParameters(["table.weight": table]))
        #expect(throws: IndexError(node: "table", index: 3, count: 3)) {
            try program.run(["ids": Tensor([2], [0, 3] as [Int32])])
        }
        #expect(throws: IndexError(node: "table", index: -1, count: 3)) {
            try program.run(["ids": Tensor([2], [-1, 0] as [Int32])])
        }
        let rows = try program.run(["ids": Tensor([2], [2, 0] as [Int32])])["rows"]
        #expect(rows?.floats() == [8, 9, 10, 11, 0, 1, 2, 3])
    }

    @Test func missingWeightAndMisshapedInputAreTyped() throws {
        let graph = try linear()
        #expect(throws: ParameterError.self) {
            try CPUBackend(threads: ThreadPolicy(count: 1)).compile(graph, parameters: DictionaryParameters())
        }
        let program = try CPUBackend(threads: ThreadPolicy(count: 1)).compile(graph, parameters: weights(.float32))
        #expect(throws: InputError.self) { try program.run([:]) }
        #expect(throws: InputError.self) { try program.run(["x": Tensor([8], [Float](repeating: 0, count: 8))]) }
    }

    @Test func moreAxesThanTheKernelsWalkIsATypedError() throws {
        var builder = GraphBuilder()
        let x = builder.input("x", Shape([Int](repeating: 2, count: 9)))
        builder.output("y", try builder.transpose(x, [8, 6, 4, 2, 0, 3, 1, 5, 7]))
        #expect(throws: CPUBackendError.self) {
            try CPUBackend(threads: ThreadPolicy(count: 1)).compile(builder.graph, parameters: DictionaryParameters())
        }
    }

    @Test(arguments: [ElementType.bfloat16, .float16])
    func narrowWeightsAreWidened(_ type: ElementType) throws {
        let program = try CPUBackend(threads: ThreadPolicy(count: 1)).compile(try linear(), parameters: weights(type))
        let y = try program.run(["x": Tensor([2, 4], [1, 0, 0, 0, 0, 0, 2, 0] as [Float])])["y"]
        #expect(y?.floats() == [1, 5, 9, 5, 13, 21])
    }

    @Test(arguments: CPUBackend.precisions(of: .oneDNN))
    func graphsOfOneModelShareTheirWeights(_ precision: ProductPrecision) throws {
        var builder = GraphBuilder()
        let picture = builder.input("x", [2, 8, 8, 64])
        let convolved = try builder.convolution2D(picture, "conv", outputs: 64, kernel: 3, padding: 1)
        let rows = try builder.reshape(convolved, [2, 64, 64])
        builder.output("y", try builder.linear(builder.linear(rows, "a", outputs: 128), "b", outputs: 64))
        var generator = SeededGenerator(seed: 5)
        func random(_ shape: Shape) -> Tensor {
            Tensor(shape, (0..<shape.elementCount).map { _ in Float.random(in: -0.1...0.1, using: &generator) })
        }
        let model = DictionaryParameters([
            "conv.weight": random([64, 64, 3, 3]), "conv.bias": random([64]), "a.weight": random([128, 64]),
            "a.bias": random([128]), "b.weight": random([64, 128]), "b.bias": random([64]),
        ])
        let input = ["x": random([2, 8, 8, 64])]
        let backend = CPUBackend(precision: precision, threads: ThreadPolicy(count: 1))
        var (first, second): ((any ExecutableGraph)?, (any ExecutableGraph)?)
        first = try backend.compile(builder.graph, parameters: model)
        #expect(backend.weights.count == 3)
        let expected = try #require(try first?.run(input)["y"]).floats()
        second = try backend.compile(builder.graph, parameters: model)
        #expect(backend.weights.count == 3)
        first = nil
        #expect(try second?.run(input)["y"]?.floats() == expected)
        second = nil
        #expect(backend.weights.count == 0)
        // Other weights are none of theirs.
        let other = DictionaryParameters([
            "conv.weight": random([64, 64, 3, 3]), "conv.bias": random([64]), "a.weight": random([128, 64]),
            "a.bias": random([128]), "b.weight": random([64, 128]), "b.bias": random([64]),
        ])
        let both = try [model, other].map { try backend.compile(builder.graph, parameters: $0) }
        #expect(backend.weights.count == 6)
        #expect(try both[1].run(input)["y"]?.floats() != expected)
    }

    @Test func aWeightThatOthersReadTooIsPackedOnce() throws {
        var builder = GraphBuilder()
        let weight = try builder.parameter("a.weight", [64, 64])
        let product = try builder.linear(builder.input("x", [16, 64]), "a", outputs: 64, hasBias: false)
        builder.output("y", product)
        builder.output("doubled", try builder.add(weight, weight))
        let values = (0..<64 * 64).map { Float($0 % 7) }
        let backend = CPUBackend(threads: ThreadPolicy(count: 1))
        let program = try backend.compile(
            builder.graph, parameters: DictionaryParameters(["a.weight": Tensor([64, 64], values)]))
        #expect(backend.weights.count == 1)
        let outputs = try program.run(["x": Tensor([16, 64], [Float](repeating: 1, count: 16 * 64))])
        #expect(outputs["doubled"]?.floats() == values.map { 2 * $0 })
        let sums = (0..<64).map { row in values[row * 64..<row * 64 + 64].reduce(0, +) }
        #expect(outputs["y"]?.floats() == Array(repeating: sums, count: 16).flatMap { $0 })
    }

    @Test func partsOfAJointProductAreNotCopied() throws {
        var builder = GraphBuilder()
        let x = builder.input("x", [2, 6, 32])
        let parts = try builder.split(builder.linear(x, "qkv", outputs: 96), axis: 2, parts: 3)
        builder.output("y", try builder.attention(parts[0], parts[1], parts[2], headCount: 2))
        let program = try prepared(builder.graph)
        #expect(program.implementations.map(\.kernel).filter { $0 == "copy" } == [])
        #expect(program.implementations.count == 2)
    }

    @Test func partThatIsWantedOutsideIsCopied() throws {
        var builder = GraphBuilder()
        let x = builder.input("x", [2, 6, 32])
        builder.output("part", try builder.slice(x, axis: 2, start: 8, count: 4))
        let program = try prepared(builder.graph)
        #expect(program.implementations.map(\.kernel) == ["copy"])
        let values = (0..<384).map(Float.init)
        let part = try program.run(["x": Tensor([2, 6, 32], values)])["part"]?.floats()
        let expected = (0..<12).flatMap { row in (8..<12).map { column in Float(32 * row + column) } }
        #expect(part == expected)
    }

    @Test(arguments: KernelChoice.oneDNN)
    func oneDNNNeverFallsBackToItsPlainLoops(_ kernels: KernelChoice) throws {
        for graphCase in try LargerCases.all() {
            let program = try kernels.backend(threads: 1).prepare(
                graphCase.graph, parameters: graphCase.parameters)
            for (node, kernel) in program.implementations {
                #expect(!kernel.contains("ref"), "\(graphCase.label): \(node) is \(kernel)")
            }
        }
    }

    @Test func profileCountsRunsAndSeconds() throws {
        let program = try CPUBackend(threads: ThreadPolicy(count: 1)).compile(
            try linear(), parameters: weights(.float32))
        let inputs = ["x": Tensor([2, 4], [Float](repeating: 1, count: 8))]
        _ = try program.run(inputs)
        #expect(program.profile.map(\.runs) == [0])
        program.isProfiling = true
        for _ in 0..<3 { _ = try program.run(inputs) }
        #expect(program.profile.map(\.runs) == [3])
        #expect(program.profile[0].seconds > 0)
        #expect(program.profile[0].floatingPointOperations == 2 * 2 * 3 * 4 + 6)
    }

    @Test func precisionWithoutInstructionsIsATypedError() throws {
        let backend = CPUBackend(library: .openBLAS, precision: .bfloat16, threads: ThreadPolicy(count: 1))
        let expected = PrecisionError(precision: .bfloat16, library: backend.description.library)
        #expect(throws: expected) { try backend.compile(try linear(), parameters: weights(.float32)) }
        #expect("\(expected)".contains("compute in float32"))
    }

    /// A factor between two neighbours of bfloat16 is rounded; sums and results keep their digits.
    @Test(.enabled(if: CPUBackend.precisions(of: .oneDNN).contains(.bfloat16)))
    func narrowProductsRoundTheirFactorsAlone() throws {
        let program = try CPUBackend(precision: .bfloat16, threads: ThreadPolicy(count: 1)).compile(
            try linear(), parameters: weights(.float32))
        // 1 + 2⁻⁹ lies halfway between 1 and its neighbour 1 + 2⁻⁷ and below the middle: 1 is nearest.
        let y = try program.run(["x": Tensor([2, 4], [1 + 0x1p-9, 0, 0, 0, 256, 1, 0, 0] as [Float])])["y"]
        #expect(y?.floats() == [1, 5, 9, 2, 1030, 2058])
    }

    /// What bytes can hold is multiplied exactly; one bad row does not touch the others.
    /// Layers of time and guidance have a row a picture: they stay what they are however many pictures share a batch.
    @Test(.enabled(if: CPUBackend.precisions(of: .oneDNN).contains(.int8)), arguments: [1, 8, 32])
    func whatAllElseHangsOnIsNotComputedInBytes(_ batch: Int) throws {
        func result(_ shape: Shape, _ precision: ProductPrecision) throws -> [Float] {
            var generator = SeededGenerator(seed: 3)
            var builder = GraphBuilder()
            builder.output("y", try builder.linear(builder.input("x", shape), "fc", outputs: 128))
            let parameters = DictionaryParameters([
                "fc.weight": .normal([128, 96], deviation: 0.1, using: &generator),
                "fc.bias": .normal([128], using: &generator),
            ])
            let program = try CPUBackend(precision: precision, threads: ThreadPolicy(count: 2)).compile(
                builder.graph, parameters: parameters)
            return try #require(program.run(["x": .normal(shape, using: &generator)])["y"]).floats()
        }
        #expect(try result([batch, 96], .int8) == result([batch, 96], .float32))
        // Tokens are what bytes are for.
        #expect(try result([batch, 16, 96], .int8) != result([batch, 16, 96], .float32))
    }

    @Test(.enabled(if: CPUBackend.precisions(of: .oneDNN).contains(.int8)))
    func bytesAreExactAndKeepToTheirRows() throws {
        var builder = GraphBuilder()
        builder.output("y", try builder.linear(builder.input("x", [1, 10, 64]), "linear", outputs: 80))
        /// Whole levels of which the largest is 127, times a power of two.
        func levels(_ count: Int, stride: Int, step: Float) -> [Float] {
            (0..<count).map { index -> Float in
                let level = index % 64 == 0 ? 127 : index * stride % 255 - 127
                return Float(level) * step
            }
        }
        let weights = levels(80 * 64, stride: 31, step: 0x1p-6)
        var x = levels(10 * 64, stride: 17, step: 0x1p-3)
        let parameters = DictionaryParameters([
            "linear.weight": Tensor([80, 64], weights), "linear.bias": Tensor([80], (0..<80).map { Float($0) }),
        ])
        let program = try CPUBackend(precision: .int8, threads: ThreadPolicy(count: 2)).compile(
            builder.graph, parameters: parameters)
        var exact: [Float] = []
        for row in 0..<10 {
            for column in 0..<80 {
                var sum = Float(column)
                for k in 0..<64 { sum += x[row * 64 + k] * weights[column * 64 + k] }
                exact.append(sum)
            }
        }
        let y = try #require(program.run(["x": Tensor([1, 10, 64], x)])["y"]).floats()
        for (found, expected) in zip(y, exact) { #expect(abs(found - expected) <= 1e-5 * max(1, abs(expected))) }
        x[5 * 64 + 3] = .nan
        x[7 * 64 + 9] = .infinity
        let spoilt = try #require(program.run(["x": Tensor([1, 10, 64], x)])["y"]).floats()
        for row in 0..<10 {
            let (part, before) = (spoilt[row * 80..<(row + 1) * 80], y[row * 80..<(row + 1) * 80])
            if row == 5 || row == 7 {
                #expect(part.allSatisfy { !$0.isFinite })
            } else {
                #expect(Array(part) == Array(before))
            }
        }
    }

    @Test func descriptionNamesLibraryAndInstructions() {
        #expect(CPUBackend(library: .oneDNN).description.library.hasPrefix("oneDNN 2."))
        #expect(CPUBackend(library: .openBLAS).description.library.hasPrefix("OpenBLAS 0."))
        #expect(ThreadPolicy(count: 0).count == 1)
        #expect(ThreadPolicy().count >= 1)
    }

    // MARK: Helpers

    /// y = x·Wᵀ + b. x [2, 4] → [2, 3]
    private func linear() throws -> Graph {
        var builder = GraphBuilder()
        builder.output("y", try builder.linear(builder.input("x", [2, 4]), "linear", outputs: 3))
        return builder.graph
    }

    /// W = 0…11 row by row, b = 1, 1, 1; all exact in every type.
    private func weights(_ type: ElementType) -> DictionaryParameters {
        func tensor(_ shape: Shape, _ values: [Float]) -> Tensor {
            let storage = OwnedStorage(byteCount: values.count * type.byteCount) { bytes in
                for (index, value) in values.enumerated() {
                    switch type {
                    case .bfloat16:
                        bytes.storeBytes(
                            of: UInt16(value.bitPattern >> 16), toByteOffset: 2 * index, as: UInt16.self)
                    case .float16:
                        bytes.storeBytes(of: Float16(value), toByteOffset: 2 * index, as: Float16.self)
                    case .float32, .int32:
                        bytes.storeBytes(of: value, toByteOffset: 4 * index, as: Float.self)
                    }
                }
            }
            return Tensor(shape: shape, elementType: type, storage: storage)
        }
        return DictionaryParameters([
            "linear.weight": tensor([3, 4], (0..<12).map(Float.init)), "linear.bias": tensor([3], [1, 1, 1]),
        ])
    }

    private func prepared(_ graph: Graph) throws -> CPUExecutable {
        var generator = SeededGenerator(seed: 1)
        var tensors: [String: Tensor] = [:]
        for parameter in graph.parameters {
            tensors[parameter.name] = .normal(graph[parameter.value].shape, using: &generator)
        }
        return try CPUBackend(threads: ThreadPolicy(count: 1)).prepare(graph, parameters: DictionaryParameters(tensors))
    }
}
