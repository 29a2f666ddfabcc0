import Graphs
import Tensors
import TestSupport
import Testing

@Suite struct BackendConformanceTests {
    @Test(arguments: BackendUnderTest.measured, try ConformanceSuite.operations())
    func operationMatchesTheReference(_ backend: BackendUnderTest, _ graphCase: GraphCase) throws {
        try checkConformance(of: backend.backend, to: graphCase.stored(backend.storage))
    }

    @Test(arguments: BackendUnderTest.measured, UInt64(1)...24)
    func randomGraphMatchesTheReference(_ backend: BackendUnderTest, _ seed: UInt64) throws {
        let graphCase = try RandomGraph.make(seed: seed, steps: 14).storedThroughout(backend.storage)
        try checkConformance(of: backend.backend, to: graphCase)
    }

    @Test(arguments: BackendUnderTest.all)
    func profileBooksEveryRunOnItsNodes(_ backend: BackendUnderTest) throws {
        let graphCase = try RandomGraph.make(seed: 3, steps: 6)
        let program = try backend.backend.compile(graphCase.graph, parameters: graphCase.parameters)
        _ = try program.run(graphCase.runs[0])
        #expect(program.profile.allSatisfy { $0.runs == 0 && $0.seconds == 0 })

        program.isProfiling = true
        for inputs in graphCase.runs { _ = try program.run(inputs) }
        program.isProfiling = false
        let profile = program.profile
        #expect(profile.filter { $0.floatingPointOperations > 0 }.allSatisfy { $0.runs == 2 })
        #expect(profile.contains { $0.seconds > 0 })
    }
}

@Suite struct BackendErrorTests {
    private static let parameters = DictionaryParameters([
        "table.weight": Tensor([5, 2], [Float](repeating: 1, count: 10))
    ])

    private static func lookup() throws -> Graph {
        var builder = GraphBuilder()
        let ids = builder.input("ids", [2], .int32)
        builder.output("rows", try builder.embedding(ids, "table", count: 5, width: 2))
        return builder.graph
    }

    @Test(arguments: BackendUnderTest.all)
    func missingParameterIsNamed(_ backend: BackendUnderTest) throws {
        let graph = try BackendErrorTests.lookup()
        #expect(
            throws: ParameterError(name: "table.weight", origin: "test parameters", expected: [5, 2], found: nil)
        ) { try backend.backend.compile(graph, parameters: DictionaryParameters()) }
    }

    @Test(arguments: BackendUnderTest.all)
    func misshapedParameterIsNamed(_ backend: BackendUnderTest) throws {
        let graph = try BackendErrorTests.lookup()
        let parameters = DictionaryParameters(["table.weight": Tensor([2, 5], [Float](repeating: 1, count: 10))])
        #expect(
            throws: ParameterError(
                name: "table.weight", origin: "test parameters", expected: [5, 2], found: [2, 5])
        ) { try backend.backend.compile(graph, parameters: parameters) }
    }

    @Test(
        arguments: BackendUnderTest.all,
        [nil, Tensor([3], [Int32](repeating: 0, count: 3)), Tensor([2], [Float](repeating: 0, count: 2))])
    func wrongInputIsNamed(_ backend: BackendUnderTest, _ ids: Tensor?) throws {
        let program = try backend.backend.compile(
            BackendErrorTests.lookup(), parameters: BackendErrorTests.parameters)
        let expected = InputError(
            name: "ids", expected: ValueInfo(shape: [2], elementType: .int32),
            found: ids.map { ValueInfo(shape: $0.shape, elementType: $0.elementType) })
        #expect(throws: expected) { try program.run(ids.map { ["ids": $0] } ?? [:]) }
    }

    @Test(arguments: BackendUnderTest.all, [Int32(-1), 5, .max, .min])
    func idWithoutRowIsAnErrorAndTheNextRunWorks(_ backend: BackendUnderTest, _ id: Int32) throws {
        let program = try backend.backend.compile(
            BackendErrorTests.lookup(), parameters: BackendErrorTests.parameters)
        #expect(throws: IndexError(node: "table", index: Int(id), count: 5)) {
            try program.run(["ids": Tensor([2], [0, id])])
        }
        let rows = try program.run(["ids": Tensor([2], [Int32(0), 4])])["rows"]
        #expect(rows?.floats() == [1, 1, 1, 1])
    }
}
