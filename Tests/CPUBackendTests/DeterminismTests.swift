import CPUBackend
import Graphs
import Tensors
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

@Suite(.serialized) struct DeterminismTests {
    @Test(arguments: KernelChoice.all, try LargerCases.all())
    func sameBitsAtEveryRunAndCompilation(_ kernels: KernelChoice, _ graphCase: GraphCase) throws {
        let backend = kernels.backend(threads: 2)
        let program = try backend.compile(graphCase.graph, parameters: graphCase.parameters)
        let first = try bits(program, graphCase)
        for _ in 0..<2 { #expect(try bits(program, graphCase) == first) }
        let again = try backend.compile(graphCase.graph, parameters: graphCase.parameters)
        #expect(try bits(again, graphCase) == first)
    }

    /// Whether oneDNN has the kernels that promise more than the same bits for the same call.
    private static let hasAVX512 = CPUBackend().description.library.contains("AVX-512")

    // oneDNN on AVX-512 alone promises it: the kernels that OpenBLAS takes on some processors (those of Haswell, where it
    // knows none better), and oneDNN's for AVX2, round the last rows of a thread's share otherwise. Winograd is left out:
    // oneDNN chooses the size of its tiles by the number of threads.
    @Test(
        .enabled(if: hasAVX512), arguments: KernelChoice.oneDNN,
        try LargerCases.all().filter { !$0.label.hasPrefix("winograd") })
    func sameBitsOnOneThreadAndTwo(_ kernels: KernelChoice, _ graphCase: GraphCase) throws {
        let results = try (1...2).map { threads in
            try bits(
                kernels.backend(threads: threads).compile(graphCase.graph, parameters: graphCase.parameters),
                graphCase)
        }
        // Not in the macro, which would print every number.
        let isEqual = results[0] == results[1]
        #expect(isEqual)
    }

    @Test(arguments: KernelChoice.all)
    func threadThatDidNotCompileRuns(_ kernels: KernelChoice) throws {
        for graphCase in try LargerCases.all().prefix(4) {
            let backend = kernels.backend(threads: 2)
            let program = try backend.compile(graphCase.graph, parameters: graphCase.parameters)
            let here = try bits(program, graphCase)
            let there = Handover { try bits(program, graphCase) }
            try there.runOnAnotherThread()
            #expect(try there.result?.get() == here)
        }
    }

    /// What lets a server put several people's rows into one batch and still give each the picture it had alone.
    @Test(.enabled(if: hasAVX512), arguments: KernelChoice.oneDNN)
    func rowOfABatchHasTheBitsThatItHasAlone(_ kernels: KernelChoice) throws {
        var generator = SeededGenerator(seed: 5)
        let all = Tensor.normal([5, 64, 128], using: &generator)
        var tensors: [String: Tensor] = [:]
        var alone: [Float] = []
        for batch in [1, 2, 5] {
            var builder = GraphBuilder()
            let x = builder.input("x", [batch, 64, 128])
            let parts = try builder.split(builder.linear(x, "qkv", outputs: 384), axis: 2, parts: 3)
            let y = try builder.attention(parts[0], parts[1], parts[2], headCount: 4)
            builder.output("result", try builder.add(x, builder.linear(y, "proj", outputs: 128)))
            for parameter in builder.graph.parameters where tensors[parameter.name] == nil {
                let shape = builder.graph[parameter.value].shape
                tensors[parameter.name] = .normal(shape, deviation: 0.1, using: &generator)
            }
            let program = try kernels.backend(threads: 2).compile(
                builder.graph, parameters: DictionaryParameters(tensors))
            let rows = Tensor([batch, 64, 128], Array(all.floats().prefix(batch * 64 * 128)))
            let first = Array(try #require(program.run(["x": rows])["result"]).floats().prefix(64 * 128))
            if batch == 1 { alone = first }
            #expect(first == alone, "in a batch of \(batch)")
        }
    }

    private func bits(_ program: any ExecutableGraph, _ graphCase: GraphCase) throws -> [UInt32] {
        try program.run(graphCase.runs[0])["result"].map { $0.floats().map(\.bitPattern) } ?? []
    }
}

/// Work done by a thread of its own while the caller waits.
private final class Handover {
    private let work: () throws -> [UInt32]
    private(set) var result: Result<[UInt32], any Error>?

    init(_ work: @escaping () throws -> [UInt32]) { self.work = work }

    func runOnAnotherThread() throws {
        var thread = pthread_t()
        let context = Unmanaged.passUnretained(self).toOpaque()
        let status = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let handover = Unmanaged<Handover>.fromOpaque(context).takeUnretainedValue()
                handover.result = Result { try handover.work() }
                return nil
            }, context)
        try #require(status == 0)
        pthread_join(thread, nil)
    }
}
