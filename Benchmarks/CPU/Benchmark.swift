import BenchmarkCases
import CPUBackend
import Graphs
import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Times graphs on the CPU backend, one command a line on standard input:
///
///     list                                        names of the cases
///     time    KERNELS THREADS SECONDS CASE        seconds of the fastest run and of its nodes, and its operations
///     profile KERNELS THREADS SECONDS CASE        time by kind of node
///
/// KERNELS are those of a library, `onednn` or `openblas`, or `onednn-bfloat16` for products in that precision.
/// A driver can so alternate with another implementation in another process.
@main struct Benchmark {
    private let cases: [BenchmarkCase]
    private var programs: [String: (any ExecutableGraph, RandomTensors)] = [:]

    static func main() throws {
        ThreadPolicy.prepareProcess()
        var benchmark = Benchmark(cases: try BenchmarkCase.all())
        while let line = readLine() {
            try benchmark.obey(line)
            fflush(nil)  // the driver at the other end of a pipe waits for the answer
        }
    }

    private init(cases: [BenchmarkCase]) { self.cases = cases }

    private mutating func obey(_ line: String) throws {
        let words = line.split(separator: " ", maxSplits: 4).map(String.init)
        guard words.count == 5, let kernels = Benchmark.kernels(words[1]), let threads = Int(words[2]),
            let seconds = Double(words[3]), let wanted = cases.first(where: { $0.name == words[4] })
        else {
            for entry in cases { print(entry.name) }
            print("")
            return
        }
        let key = words[1] + words[2] + words[4]
        let (program, tensors) = try programs[key] ?? compile(wanted, kernels, threads)
        programs[key] = (program, tensors)
        program.isProfiling = true
        let times = try Benchmark.times(of: program, tensors.inputs, seconds: seconds)
        if words[0] == "profile" { profileLines(program.profile).forEach { print($0) } }
        let operations = program.profile.reduce(0) { $0 + $1.floatingPointOperations }
        print("{\"run\": \(times.run), \"nodes\": \(times.nodes), \"operations\": \(operations)}")
    }

    private func compile(
        _ wanted: BenchmarkCase, _ kernels: (library: MatrixLibrary, precision: ProductPrecision), _ threads: Int
    ) throws -> (any ExecutableGraph, RandomTensors) {
        let backend = CPUBackend(
            library: kernels.library, precision: kernels.precision, threads: ThreadPolicy(count: threads))
        let tensors = RandomTensors(for: wanted.graph)
        return (try backend.compile(wanted.graph, parameters: tensors), tensors)
    }

    private static func kernels(_ name: String) -> (library: MatrixLibrary, precision: ProductPrecision)? {
        let words = name.split(separator: "-").map(String.init)
        guard words.count <= 2, let library = words.first.flatMap(MatrixLibrary.init(rawValue:)),
            let precision = words.count == 1 ? .float32 : ProductPrecision(rawValue: words[1])
        else { return nil }
        return (library, precision)
    }

    /// Seconds of the fastest of at least five runs: from tensors to tensors, and in the nodes alone.
    private static func times(
        of program: any ExecutableGraph, _ inputs: [String: Tensor], seconds: Double
    ) throws -> (run: Double, nodes: Double) {
        let clock = ContinuousClock()
        _ = try program.run(inputs)
        let start = clock.now
        var (best, count): ((run: Double, nodes: Double), Int) = ((.infinity, .infinity), 0)
        while count < 5 || start.duration(to: clock.now) < .seconds(seconds) {
            let (begin, before) = (clock.now, nodeSeconds(program))
            _ = try program.run(inputs)
            let (whole, attoseconds) = begin.duration(to: clock.now).components
            best.run = min(best.run, Double(whole) + Double(attoseconds) * 1e-18)
            best.nodes = min(best.nodes, nodeSeconds(program) - before)
            count += 1
        }
        return best
    }

    private static func nodeSeconds(_ program: any ExecutableGraph) -> Double {
        program.profile.reduce(0) { $0 + $1.seconds }
    }
}
