import Foundation
import Graphs
import Synchronization
import Tensors
import TestSupport
import Testing
import VulkanTestSupport

@testable import VulkanBackend

/// What is measured on a device, how it is kept, and that whatever it says is computed right.
@Suite(.serialized, .enabled(if: TestDevice.isExpected())) struct TuningTests {
    private static func graphCase() throws -> GraphCase {
        try LargerCases.make("products and attention to tune") { builder in
            let x = try builder.convolution2D(
                builder.input("x", [1, 8, 8, 16]), "in", outputs: 32, kernel: 3, padding: 1)
            let tokens = try builder.reshape(x, [1, 64, 32])
            let joint = try builder.split(builder.linear(tokens, "qkv", outputs: 96), axis: 2, parts: 3)
            return try builder.linear(
                builder.attention(joint[0], joint[1], joint[2], headCount: 2), "out", outputs: 32)
        }
    }

    private func host(_ options: VulkanOptions = VulkanOptions()) throws -> DeviceHost {
        try DeviceHost(TestDevice.choice, options)
    }

    /// The kernels' sizes of tiles, of products in the order of the graph.
    private func tileRows(_ program: VulkanProgram) -> [UInt32] {
        program.dispatches.filter { $0.key.shader.hasPrefix("product_") || $0.key.shader.hasPrefix("convolution_") }
            .compactMap { dispatch in dispatch.key.constants.first { $0.number == 1 }?.value }
    }

    @Test func everyWayIsComputedRight() throws {
        let graphCase = try TuningTests.graphCase()
        let graph = VulkanBackend.optimised(graphCase.graph)
        let problems = graph.nodes.compactMap { ProductProblem($0, in: graph) }
        #expect(Set(problems).count == 3)
        let host = try host()
        for (way, rows) in zip([ProductKernel.small, .medium, .large], [32, 64, 128] as [UInt32]) {
            host.tuning = Tuning(products: [problems[1]: .init(way: .plain(way)), problems[2]: .init(parts: 2)])
            let program = try VulkanExecutable(graph, parameters: graphCase.parameters, host: host)
            #expect(try tileRows(program.program())[1] == rows)
            #expect(try program.program().dispatches.count { $0.key.shader.hasPrefix("product_sum") } == 1)
            let found = try program.run(graphCase.runs[0])
            let expected = try ReferenceBackend().compile(graphCase.graph, parameters: graphCase.parameters).run(
                graphCase.runs[0])
            for (name, wanted) in expected {
                expectClose(found[name], wanted, bound: graphCase.bound, "\(way) \(name)")
            }
        }
    }

    /// With emulated units, eight rows of queries each.
    @Test func everyWayOfAttentionIsComputedRight() throws {
        let graphCase = try LargerCases.make("attention to tune") { builder in
            let q = builder.input("q", [2, 40, 64])
            let (k, v) = (builder.input("k", [2, 70, 64]), builder.input("v", [2, 70, 64]))
            return try builder.attention(q, k, v, headCount: 2)
        }.storedThroughout(StorageUnderTest(activations: .float16, roundsSoftmax: true))
        let graph = VulkanBackend.optimised(graphCase.graph)
        let problem = try #require(graph.nodes.compactMap { AttentionProblem($0, in: graph) }.first)
        let host = try host(VulkanOptions(storage: .float16, products: .emulated))
        let expected = try ReferenceBackend().compile(graphCase.graph, parameters: graphCase.parameters).run(
            graphCase.runs[0])
        var sides: Set<[UInt32]> = []
        for way in CooperativeAttentionTile.Way.all {
            host.tuning = Tuning(attention: [problem: way])
            let program = try VulkanExecutable(graph, parameters: graphCase.parameters, host: host)
            let key = try #require(try program.program().dispatches.first { $0.key.shader == "attention_emulated" }).key
            let values = Dictionary(uniqueKeysWithValues: key.constants.map { ($0.number, $0.value) })
            #expect(values[2] == UInt32(8 * way.subgroups * way.unitsDown), "\(way.name)")
            sides.insert([values[2] ?? 0, values[3] ?? 0, values[6] ?? 0, values[7] ?? 0])
            let found = try program.run(graphCase.runs[0])
            for (name, wanted) in expected {
                expectClose(found[name], wanted, bound: graphCase.bound, "\(way.name) \(name)")
            }
        }
        #expect(sides.count == CooperativeAttentionTile.Way.all.count)
    }

    @Test func whoAsksForAWayGetsIt() throws {
        let graphCase = try TuningTests.graphCase()
        let graph = VulkanBackend.optimised(graphCase.graph)
        let problems = graph.nodes.compactMap { ProductProblem($0, in: graph) }
        let host = try host(VulkanOptions(products: .medium))
        host.tuning = Tuning(
            products: Dictionary(problems.map { ($0, .init(way: .plain(.large))) }) { first, _ in first })
        let program = try VulkanExecutable(graph, parameters: graphCase.parameters, host: host)
        #expect(try tileRows(program.program()) == [64, 64, 64])
    }

    /// Whatever it finds: what was fastest is one of the ways, is no slower than before, is measured once, and is computed right.
    @Test func theTunerFindsWaysThatHold() throws {
        let graphCase = try TuningTests.graphCase()
        try withTemporaryFile { path in
            let folder = (path as NSString).deletingLastPathComponent
            let backend = try TestDevice.backend(VulkanOptions(cacheFolder: folder))
            let progress = Mutex<[String]>([])
            let tuner = backend.tuner(runCount: 2) { line in progress.withLock { $0.append(line) } }
            _ = try tuner.compile(graphCase.graph, parameters: graphCase.parameters)
            _ = try tuner.compile(graphCase.graph, parameters: graphCase.parameters)
            let report = try #require(tuner.reports.first)
            #expect(tuner.reports.count == 1, "nothing new the second time")
            #expect(report.problemCount == 4)
            #expect(report.changedCount == backend.tunedCount && report.changedCount <= 3)
            let lines = progress.withLock { $0 }
            for word in ["small", "medium", "large", "depth in 8 parts"] {
                #expect(lines.contains { $0.hasSuffix(word) }, "\(word)")
            }
            #expect(report.refused.isEmpty, "\(report)")
            #expect(report.secondsBefore > 0 && report.secondsAfter <= report.secondsBefore)
            try checkConformance(of: backend, to: graphCase)
            let file = try #require(try backend.saveTuning())
            #expect(FileManager.default.fileExists(atPath: file))
            #expect(try TestDevice.backend(VulkanOptions(cacheFolder: folder)).tunedCount == report.changedCount)
            // What is kept is not measured again unless somebody says so.
            let next = try TestDevice.backend(VulkanOptions(cacheFolder: folder))
            for (again, count) in [(false, 0), (true, 1)] {
                let tuner = next.tuner(runCount: 1, again: again, excluding: ["small", "parts"])
                _ = try tuner.compile(graphCase.graph, parameters: graphCase.parameters)
                #expect(tuner.reports.count == count)
            }
            // Other storage is another matter.
            #expect(
                try TestDevice.backend(VulkanOptions(storage: .float16, cacheFolder: folder)).tunedCount == 0)
        }
    }

    @Test func whatIsExcludedIsNotMeasured() throws {
        let graphCase = try TuningTests.graphCase()
        let progress = Mutex<[String]>([])
        let backend = try TestDevice.backend()
        let tuner = backend.tuner(runCount: 1, excluding: ["small", "large", "parts"]) { line in
            progress.withLock { $0.append(line) }
        }
        _ = try tuner.compile(graphCase.graph, parameters: graphCase.parameters)
        let lines = Set(progress.withLock { $0 }).subtracting([""])
        #expect(lines.count == 3, "the rules, medium tiles, and both once more")
        #expect(tuner.reports.map(\.refused) == [[]])
    }

    /// The fastest of all trials is found, each for itself, and kept where it is still faster by more than the gain.
    @Test func theLedgerFindsWhatIsFastest() {
        let one = ProductProblem(rows: 64, columns: 96, inner: 32)
        let two = ProductProblem(rows: 64, columns: 32, inner: 32)
        let three = ProductProblem(rows: 8, columns: 8, inner: 8)
        let attention = AttentionProblem(queries: 64, keys: 64, headWidth: 16, heads: 2)
        var ledger = TuningLedger(
            usual: [.product(one): 10, .product(two): 10, .product(three): 10, .attention(attention): 10])
        func all(_ choice: Tuning.Choice) -> Tuning { Tuning(products: [one: choice, two: choice, three: choice]) }
        let (small, large) = (Tuning.Choice(way: .plain(.small)), Tuning.Choice(way: .plain(.large)))
        ledger.take(
            [.product(one): 5, .product(two): 9, .product(three): 11, .attention(attention): 1], of: all(small))
        ledger.take([.product(one): 6, .product(two): 4, .product(three): 12], of: all(large))
        let parts = Tuning.Choice(way: .plain(.small), parts: 2)
        ledger.take([.product(one): 3, .product(two): 4], of: all(parts))
        let way = CooperativeAttentionTile.Way(staging: .single, subgroups: 2, unitsDown: 1)
        ledger.take([.attention(attention): 7, .product(three): 1], of: Tuning(attention: [attention: way]))
        #expect(ledger.found == Tuning(products: [one: parts, two: large], attention: [attention: way]))

        // Measured again, the second is hardly faster, and the third, which has no way, must not be taken for tuned.
        let tuning = ledger.confirmed(
            usual: [.product(one): 10, .product(two): 10, .product(three): 10, .attention(attention): 10],
            tuned: [.product(one): 3, .product(two): 9.8, .product(three): 8, .attention(attention): 7])
        #expect(tuning == Tuning(products: [one: parts], attention: [attention: way]))
        #expect(tuning.count == 2)
        #expect(tuning.withoutParts.products == [one: small])
        var kept = Tuning(products: [three: small], usual: [.product(one)])
        kept.settle([.product(one), .product(two), .product(three), .attention(attention)], by: tuning)
        #expect(kept.products == tuning.products && kept.attention == tuning.attention)
        #expect(kept.usual == [.product(two), .product(three)] && kept.measured.count == 4)
    }

    /// A way is refused whose results are others; NaN are, whatever they are compared with.
    @Test func resultsAreCompared() {
        func difference(_ found: [Float], _ expected: [Float]) -> Difference {
            Difference(of: ["y": Tensor([found.count], found)], from: ["y": Tensor([expected.count], expected)])
        }
        func error(_ found: [Float], _ expected: [Float]) -> Double { difference(found, expected).error }
        #expect(error([1, 2], [1, 2]) == 0)
        #expect(error([0, 0], [0, 0]) == 0)
        #expect(error([1, 2.5], [1, 2]) == 0.25 / 5)
        #expect(error([1, .nan], [1, 2]).isNaN)
        #expect(error([1], [1, 2]) == .infinity)
        // Whichever of several results it is in.
        let many = Dictionary(uniqueKeysWithValues: (0..<20).map { ("y\($0)", Tensor([1], [1 as Float])) })
        var wrong = many.mapValues { _ in Tensor([1], [2 as Float]) }
        wrong["y7"] = Tensor([1], [Float.nan])
        #expect(Difference(of: wrong, from: many).error.isNaN)
        #expect(Difference(of: [:], from: ["y": Tensor([1], [1 as Float])]).error == .infinity)
        // A few wrong elements among many hardly show in the error.
        let right = [Float](repeating: 1, count: 100_000)
        let edge = difference(right.dropLast(4) + [0.5, 0.5, 0.5, 0.5], right)
        #expect(edge.error == 1e-5 && edge.largest == 0.5)
        for tolerance in ActivationStorage.allCases.map(\.tolerance) {
            #expect(difference(right, right).isWithin(tolerance))
            #expect(!difference(right.dropLast() + [.nan], right).isWithin(tolerance))
            #expect(edge.isWithin(tolerance) == (tolerance > 1e-3))
        }
        #expect(ActivationStorage.allCases.allSatisfy { $0.tolerance < 0.05 })
    }

    @Test func theFileKeepsWhatItKnowsAndNoMore() throws {
        try withTemporaryFile { path in
            let shaders = try ShaderLibrary(folder: nil)
            let file = TuningFile(path: path, shaders)
            let features = try TestDevice.backend().currentDevice.features
            let options = VulkanOptions()
            #expect(file.load(options, features) == Tuning(), "there is none")
            let plain = ProductProblem(rows: 64, columns: 96, inner: 32)
            let windowed = ProductProblem(
                rows: 64, columns: 32, inner: 144, window: ProductProblem.Window(taps: 9, height: 8, width: 8))
            let attention = AttentionProblem(queries: 64, keys: 88, headWidth: 16, heads: 2)
            let tuning = Tuning(
                products: [plain: .init(way: .plain(.large)), windowed: .init(way: .plain(.small), parts: 3)],
                attention: [attention: .init(staging: .single, subgroups: 2, unitsDown: 1)],
                usual: [
                    .product(ProductProblem(rows: 1, columns: 2, inner: 3)),
                    .attention(AttentionProblem(queries: 1, keys: 2, headWidth: 8, heads: 3)),
                ])
            try file.store(tuning, options)
            #expect(file.load(options, features) == tuning)
            // What others have measured meanwhile stays, and what was measured again is new.
            let other = ProductProblem(rows: 5, columns: 6, inner: 7)
            try file.merge(
                Tuning(products: [other: .init(parts: 4)], usual: [.product(plain)]), options, features)
            var merged = tuning
            merged.products[plain] = nil
            merged.products[other] = .init(parts: 4)
            merged.usual.insert(.product(plain))
            #expect(file.load(options, features) == merged)
            try file.store(tuning, options)
            // What another way of storing values knows stays.
            let halves = VulkanOptions(storage: .float16)
            try file.store(Tuning(products: [plain: .init(parts: 2)]), halves)
            #expect(file.load(options, features) == tuning)
            #expect(file.load(halves, features).products == [plain: .init(parts: 2)])
            // A size of attention's blocks that there is not.
            let none = CooperativeAttentionTile.Way(staging: .single, subgroups: 3, unitsDown: 0)
            try file.store(Tuning(attention: [attention: none]), options)
            #expect(file.load(options, features) == Tuning())
            // This device has no matrix units: what needs them is not taken over.
            try file.store(
                Tuning(products: [plain: .init(way: .units(.single, 0)), windowed: .init(way: .workgroup(0))]), options)
            #expect(file.load(options, features).products.isEmpty)
            // Of other kernels, or damaged.
            var text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(text.contains(shaders.fingerprint) && shaders.fingerprint.count == 64)
            text = text.replacing(shaders.fingerprint, with: String(repeating: "0", count: 64))
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            #expect(file.load(halves, features) == Tuning())
            try String(text.prefix(40)).write(toFile: path, atomically: true, encoding: .utf8)
            #expect(file.load(halves, features) == Tuning())
        }
    }

    /// Each is found by its name, or two of them would be one in the file.
    @Test func waysHaveNamesOfTheirOwn() {
        var features = DeviceFeatures()
        (features.sharedMemory, features.maxWorkgroupInvocations, features.subgroupSize) = (49_152, 1024, 32)
        features.cooperativeMatrix = CooperativeShape(rows: 16, columns: 16, depth: 16)
        features.workgroupMatrices = [128, 256].map {
            WorkgroupShape(rows: 32, columns: 32, depth: 16, invocationCount: $0, largestSide: 512)
        }
        let ways = KernelWay.all(VulkanOptions(storage: .float16), features)
        #expect(ways.count == 3 + CooperativeTile.sizes(.single).count + CooperativeTile.sizes(.double).count + 5)
        #expect(Set(ways.map(\.name)).count == ways.count)
        // Where values are float32 no matrix unit takes part.
        #expect(KernelWay.all(VulkanOptions(), features).count == 3)
    }
}
