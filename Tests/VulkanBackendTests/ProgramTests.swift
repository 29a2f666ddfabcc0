import Graphs
import Tensors
import TestSupport
import Testing
import VulkanTestSupport

@testable import VulkanBackend

@Suite(.serialized, .enabled(if: TestDevice.isExpected())) struct ProgramTests {
    /// What one run gives.
    private func outputs(_ program: any ExecutableGraph, _ graphCase: GraphCase) throws -> [String: [Float]] {
        try program.run(graphCase.runs[0]).mapValues { $0.floats() }
    }

    @Test func aLostDeviceIsReplacedOnceForAll() throws {
        let (backend, graphCase) = (try TestDevice.backend(), try TestDevice.network())
        let programs = try (0..<2).map { _ in
            try backend.prepare(graphCase.graph, parameters: graphCase.parameters)
        }
        let before = try outputs(programs[0], graphCase)
        let lost = backend.currentDevice
        lost.markLost()
        for program in programs { #expect(try outputs(program, graphCase) == before) }
        #expect(backend.currentDevice !== lost)
        for program in programs { #expect(try program.program().device === backend.currentDevice) }
        #expect(backend.lossCount == 1)
    }

    /// Otherwise both would have to find room in memory, those of programs that nobody runs any more as well.
    @Test func programsOfALostDeviceGoBeforeTheNextIsBuilt() throws {
        let (backend, graphCase) = (try TestDevice.backend(), try TestDevice.network())
        let parameters = WatchingParameters(graphCase.parameters)
        let programs = try (0..<2).map { _ in try backend.prepare(graphCase.graph, parameters: parameters) }
        for program in programs { parameters.watch(try program.program()) }
        let isThere = { [weak lost = backend.currentDevice] in lost != nil }
        backend.currentDevice.markLost()
        _ = try outputs(programs[0], graphCase)
        #expect(parameters.readCount > 0)
        #expect(parameters.mostAlive == 0)
        #expect(!isThere(), "the lost device")
    }

    @Test func aRecoveryThatFailedIsTriedAgain() throws {
        let (backend, graphCase) = (try TestDevice.backend(), try TestDevice.network())
        let parameters = WatchingParameters(graphCase.parameters)
        let program = try backend.prepare(graphCase.graph, parameters: parameters)
        let before = try outputs(program, graphCase)
        backend.currentDevice.markLost()
        parameters.areMissing = true
        #expect(throws: ParameterError.self) { try outputs(program, graphCase) }
        parameters.areMissing = false
        #expect(try outputs(program, graphCase) == before)
        #expect(backend.lossCount == 1)
    }

    @Test func aDeviceThatWasLostBeforeCompilingIsReplaced() throws {
        let (backend, graphCase) = (try TestDevice.backend(), try TestDevice.network())
        let before = try outputs(backend.prepare(graphCase.graph, parameters: graphCase.parameters), graphCase)
        let lost = backend.currentDevice
        lost.markLost()
        let program = try backend.prepare(graphCase.graph, parameters: graphCase.parameters)
        #expect(try program.program().device !== lost)
        #expect(backend.lossCount == 1)
        #expect(try outputs(program, graphCase) == before)
    }

    @Test func aLostDeviceRefusesEverything() throws {
        let backend = try TestDevice.backend()
        backend.currentDevice.markLost()
        let graphCase = try TestDevice.network()
        do {
            _ = try VulkanProgram(
                graphCase.graph, parameters: graphCase.parameters, options: VulkanOptions(),
                device: backend.currentDevice)
            Issue.record("a lost device took work")
        } catch let error as VulkanError {
            #expect(error.isDeviceLoss)
            #expect("\(error)".contains("VK_ERROR_DEVICE_LOST"))
        }
    }

    @Test func graphsOfOneModelShareTheirWeights() throws {
        let (backend, graphCase) = (try TestDevice.backend(), try TestDevice.network())
        let first = try backend.prepare(graphCase.graph, parameters: graphCase.parameters)
        let second = try backend.prepare(graphCase.graph, parameters: graphCase.parameters)
        #expect(try first.program().table.parameters === second.program().table.parameters)
        let other = try RandomGraph.make(seed: 6, steps: 14)
        let third = try backend.prepare(other.graph, parameters: other.parameters)
        #expect(try third.program().table.parameters !== first.program().table.parameters)
    }

    @Test func theSameInputsGiveTheSameBits() throws {
        let (backend, graphCase) = (try TestDevice.backend(), try TestDevice.network())
        let program = try backend.prepare(graphCase.graph, parameters: graphCase.parameters)
        let first = try outputs(program, graphCase)
        for _ in 0..<3 { #expect(try outputs(program, graphCase) == first) }
        #expect(try outputs(backend.prepare(graphCase.graph, parameters: graphCase.parameters), graphCase) == first)
    }

    /// Each node of more operations than a submission may have is one of its own.
    @Test func severalSubmissionsGiveTheSameBits() throws {
        let graphCase = try TestDevice.network()
        let whole = try TestDevice.backend().prepare(graphCase.graph, parameters: graphCase.parameters)
        #expect(try whole.program().commands.count == 1)
        var options = VulkanOptions()
        options.operationsPerSubmission = 1
        let program = try TestDevice.backend(options).prepare(graphCase.graph, parameters: graphCase.parameters)
        #expect(try program.program().commands.count > 3)
        let expected = try outputs(whole, graphCase)
        for _ in 0..<2 { #expect(try outputs(program, graphCase) == expected) }
        program.isProfiling = true
        #expect(try outputs(program, graphCase) == expected)
        #expect(program.profile.contains { $0.seconds > 0 })
    }

    /// More workgroups than a dispatch has in one dimension: 4,194,304 elements of 128 each and some more.
    @Test func longWalksAreFolded() throws {
        let count = 32_768 * 128 + 1000
        var builder = GraphBuilder()
        let x = builder.input("x", [count])
        builder.output("y", try builder.add(x, x))
        let program = try TestDevice.backend().prepare(builder.graph, parameters: DictionaryParameters())
        #expect(try program.program().dispatches[0].groups.y == 2)
        let values = (0..<count).map { Float($0 % 1013) }
        let found = try #require(try program.run(["x": Tensor([count], values)])["y"]?.floats())
        #expect(found == values.map { 2 * $0 })
    }

    @Test func sizesBeyondOneTileMatchTheReference() throws {
        for graphCase in try LargerCases.all() {
            for options in [
                VulkanOptions(products: .small), VulkanOptions(products: .large),
                VulkanOptions(products: .large, splits: 7),
            ] {
                try checkConformance(of: TestDevice.backend(options), to: graphCase)
            }
        }
    }

    /// As deep as the deepest product of SD 1.5's U-Net, a convolution of 2560 channels.
    @Test(arguments: [ProductKernel.small, .medium, .large]) func deepProductsMatchTheReference(_ kernel: ProductKernel)
        throws
    {
        let graphCase = try LargerCases.make("a deep product") { builder in
            try builder.linear(builder.input("x", [1, 3, 9 * 2560]), "fc", outputs: 11)
        }
        try checkConformance(of: TestDevice.backend(VulkanOptions(products: kernel)), to: graphCase)
    }

    @Test func aProductWhoseDepthIsCutGivesTheSameBits() throws {
        var builder = GraphBuilder()
        builder.output("y", try builder.linear(builder.input("x", [9, 200]), "fc", outputs: 7))
        var generator = SeededGenerator(seed: 3)
        let parameters = DictionaryParameters([
            "fc.weight": .normal([7, 200], using: &generator), "fc.bias": .normal([7], using: &generator),
        ])
        let inputs = ["x": Tensor.normal([9, 200], using: &generator)]
        let backend = try TestDevice.backend(VulkanOptions(products: .small, splits: 4))
        let program = try backend.prepare(builder.graph, parameters: parameters)
        // 200 in tiles of 16 are thirteen steps, in four parts four, four, four and one.
        #expect(try program.program().dispatches.map(\.groups.x) == [4, 1])
        let first = try program.run(inputs)["y"]?.floats()
        for _ in 0..<4 { #expect(try program.run(inputs)["y"]?.floats() == first) }
    }

    @Test func moreAxesThanTheKernelsWalkIsATypedError() throws {
        var builder = GraphBuilder()
        let x = builder.input("x", Shape([Int](repeating: 2, count: 9)))
        builder.output("y", try builder.transpose(x, [8, 6, 4, 2, 0, 3, 1, 5, 7]))
        #expect(throws: VulkanError.self) {
            try TestDevice.backend().compile(builder.graph, parameters: DictionaryParameters())
        }
    }

    @Test func valuesBeyondTheDeviceAreATypedError() throws {
        var builder = GraphBuilder()
        // 4 GiB: never allocated, because the plan is refused.
        let x = builder.input("x", [1 << 30])
        builder.output("y", try builder.activation(x, .silu))
        let backend = try TestDevice.backend()
        #expect(!backend.holds(builder.graph))
        #expect(backend.holds(try TestDevice.network().graph))
        #expect(throws: VulkanError.self) {
            try backend.compile(builder.graph, parameters: DictionaryParameters())
        }
    }
}

/// Parameters that note, whenever they are read, how many programs are there still.
private final class WatchingParameters: ParameterSource, @unchecked Sendable {
    // @unchecked: a test uses it on its own thread.
    private struct Reference {
        weak var program: VulkanProgram?
    }

    var areMissing = false
    /// Since something is watched.
    private(set) var readCount = 0
    private(set) var mostAlive = 0
    private let parameters: DictionaryParameters
    private var watched: [Reference] = []

    init(_ parameters: DictionaryParameters) { self.parameters = parameters }

    var origin: String { parameters.origin }

    func watch(_ program: VulkanProgram) { watched.append(Reference(program: program)) }

    func tensor(named name: String) -> Tensor? {
        if !watched.isEmpty {
            readCount += 1
            mostAlive = max(mostAlive, watched.filter { $0.program != nil }.count)
        }
        return areMissing ? nil : parameters.tensor(named: name)
    }
}
