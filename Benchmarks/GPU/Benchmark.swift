import BenchmarkCases
import Foundation
import Graphs
import Tensors
import VulkanBackend

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Times graphs on a Vulkan device, one command a line on standard input, one JSON object a line back:
///
///     devices                                     every device, one a line
///     list                                        names of the cases
///     variants                                    names of the ways that are checked
///     check   DEVICE [VARIANT]                    every kernel against the exact reference, in every variant, in the one
///                                                 of that name, or in those whose names hold it
///     without [WORDS]                             leaves ways whose names hold this out of what is tuned from now on
///     time    DEVICE PRECISION SECONDS CASE       seconds of the fastest run and of its nodes, and its operations
///     profile DEVICE PRECISION SECONDS CASE       the same, with time by kind of node
///     sweep   DEVICE SECONDS CASE                 the same for every size of tiles of every kind of product for matrix units,
///                                                 with the kernels that took part
///     statistics DEVICE PRECISION CASE            what the driver tells of the case's kernels: registers, spills, one a line
///     write   DEVICE PRECISION FILE CASE          the first result as float32 to a file without spaces in its name
///
/// PRECISION is float32, float16, bfloat16, float16-tiles: float16 without the device's matrix units, float16-single or
/// float16-double: with them, from one tile or two by turns, float16-workgroup: products by matrices of whole workgroups, or
/// int8: products of bytes in linear layers, float16 elsewhere; float32-tuned, float16-tuned or bfloat16-tuned: in the ways that
/// are measured to be fastest before, each with a line on standard error. Of a case of one operation `nodes` is that operation's alone. DEVICE is an index, part of a name without spaces, or `auto`. A
/// driver can so alternate with PyTorch in another process.
@main struct Benchmark {
    private let cases: [BenchmarkCase]
    private var programs: [String: (any ExecutableGraph, RandomTensors)] = [:]
    /// By device and precision: each keeps the kernels that it has compiled.
    private var backends: [String: VulkanBackend] = [:]
    private var check: DeviceCheck?
    /// Of what is tuned.
    private var excluded: [String] = []

    static func main() throws {
        var benchmark = Benchmark(cases: try GPUCases.all())
        while let line = readLine() {
            do {
                try benchmark.obey(line)
            } catch {
                // A device that failed once is set up anew for what comes next.
                (benchmark.programs, benchmark.backends) = ([:], [:])
                let words = "\(error)".split { $0.isNewline || $0 == "\"" || $0 == "\\" }.joined(separator: " ")
                print("{\"error\": \"\(words)\"}")
            }
            fflush(nil)  // the driver at the other end of a pipe waits for the answer
        }
    }

    private init(cases: [BenchmarkCase]) { self.cases = cases }

    private mutating func obey(_ line: String) throws {
        let words = line.split(separator: " ", maxSplits: 4).map(String.init)
        switch (words.first, words.count) {
        case ("devices", _):
            for device in try VulkanBackend.devices() { print(device) }
            print("")
        case ("check", 2...):
            let check = try check ?? DeviceCheck()
            self.check = check
            try check.run(words.dropFirst(2).joined(separator: " "), on: Benchmark.choice(words[1]))
        case ("variants", 1):
            for name in DeviceCheck.variantNames { print(name) }
            print("")
        case ("without", _):
            excluded.append(contentsOf: words.count > 1 ? [words.dropFirst().joined(separator: " ")] : [])
            print("{}")
        case ("time", 5), ("profile", 5):
            guard let precision = Precision(words[2]), let seconds = Double(words[3]),
                let wanted = cases.first(where: { $0.name == words[4] })
            else { return printNames() }
            try measure(wanted, words[1], precision, seconds, printsProfile: words[0] == "profile")
        case ("sweep", 4...):
            let name = words.dropFirst(3).joined(separator: " ")
            guard let seconds = Double(words[2]), let wanted = cases.first(where: { $0.name == name })
            else { return printNames() }
            try sweep(wanted, words[1], seconds)
        case ("statistics", 4...):
            let name = words.dropFirst(3).joined(separator: " ")
            guard let precision = Precision(words[2]), let wanted = cases.first(where: { $0.name == name })
            else { return printNames() }
            try printStatistics(wanted, words[1], precision)
        case ("write", 5):
            guard let precision = Precision(words[2]),
                let wanted = cases.first(where: { $0.name == words[4] })
            else { return printNames() }
            try write(wanted, words[1], precision, to: words[3])
        default: printNames()
        }
    }

    private static func note(_ line: String) {
        guard !line.isEmpty else { return }
        FileHandle.standardError.write(Data("\(line)\n".utf8))
    }

    private func printNames() {
        for entry in cases { print(entry.name) }
        print("")
    }

    static func choice(_ device: String) -> DeviceChoice { device == "auto" ? .automatic : .named(device) }

    private mutating func measure(
        _ wanted: BenchmarkCase, _ device: String, _ precision: Precision, _ seconds: Double,
        printsProfile: Bool
    ) throws {
        let (program, tensors) = try program(wanted, device, precision)
        let run = try Benchmark.fastest(of: program, tensors.inputs, seconds: seconds)
        program.isProfiling = true
        for _ in 0..<5 { _ = try program.run(tensors.inputs) }
        let measured = program.profile.filter { !GPUCases.surroundings.contains($0.name) }
        let nodes = measured.reduce(0) { $0 + $1.seconds / Double(max(1, $1.runs)) }
        let operations = measured.reduce(0) { $0 + $1.floatingPointOperations }
        if printsProfile { profileLines(program.profile).forEach { print($0) } }
        program.isProfiling = false
        print("{\"run\": \(run), \"nodes\": \(nodes), \"operations\": \(operations)}")
    }

    /// A size that the device does not take is measured as whatever is taken in its place: the kernels' names tell.
    private mutating func sweep(_ wanted: BenchmarkCase, _ device: String, _ seconds: Double) throws {
        for kind in ["float16-single", "float16-double", "float16-workgroup"] {
            guard let options = Precision(kind)?.options else { continue }
            let count = VulkanBackend.tileSizeCount(options.products, options.staging ?? .double)
            for way in [kind] + (0..<count).map({ "\(kind):\($0)" }) {
                guard let precision = Precision(way) else { continue }
                print(way, terminator: " ")
                do {
                    try measure(wanted, device, precision, seconds, printsProfile: false)
                    let names = backends.values.flatMap(\.kernelNames).filter { $0.hasPrefix("product") }
                    print("  by \(names.joined(separator: ", "))")
                } catch {
                    print("\(error)")
                }
                (programs, backends) = ([:], [:])
                // What comes next may take the program along.
                fflush(nil)
            }
        }
        print("{}")
    }

    private func printStatistics(_ wanted: BenchmarkCase, _ device: String, _ precision: Precision) throws {
        guard !precision.isTuned else {
            return print("{\"error\": \"statistics are of the rules alone: leave out -tuned\"}")
        }
        var options = precision.options
        options.capturesStatistics = true
        let backend = try VulkanBackend(device: Benchmark.choice(device), options: options)
        _ = try backend.compile(wanted.graph, parameters: RandomTensors(for: wanted.graph))
        for kernel in backend.kernelStatistics { print(kernel) }
        print("{\"kernels\": \(backend.kernelStatistics.count)}")
    }

    /// What a driver compares with another implementation's result.
    private mutating func write(
        _ wanted: BenchmarkCase, _ device: String, _ precision: Precision, to path: String
    ) throws {
        let (program, tensors) = try program(wanted, device, precision)
        let outputs = try program.run(tensors.inputs)
        guard let name = wanted.graph.outputs.first?.name, let output = outputs[name] else { return printNames() }
        try output.withBytes { try Data($0).write(to: URL(fileURLWithPath: path)) }
        print("{\"elements\": \(output.shape.elementCount)}")
    }

    /// The case ready to run; one at a time, because large models would not fit side by side.
    private mutating func program(
        _ wanted: BenchmarkCase, _ device: String, _ precision: Precision
    ) throws -> (any ExecutableGraph, RandomTensors) {
        let key = "\(device) \(precision.name) \(wanted.name)"
        if let known = programs[key] { return known }
        programs = [:]
        let made = try compile(wanted, device, precision)
        programs = [key: made]
        return made
    }

    private mutating func compile(
        _ wanted: BenchmarkCase, _ device: String, _ precision: Precision
    ) throws -> (any ExecutableGraph, RandomTensors) {
        let key = "\(device) \(precision.name)"
        let backend = try backends[key] ?? VulkanBackend(device: Benchmark.choice(device), options: precision.options)
        backends[key] = backend
        let tensors = RandomTensors(for: wanted.graph)
        guard precision.isTuned else {
            return (try backend.compile(wanted.graph, parameters: tensors), tensors)
        }
        // Named before it is tried: a driver that hangs or crashes takes the program along.
        let tuner = backend.tuner(excluding: excluded) { Benchmark.note($0) }
        let program = try tuner.compile(wanted.graph, parameters: tensors)
        for report in tuner.reports { Benchmark.note("\(report)") }
        return (program, tensors)
    }

    /// Seconds of the fastest of at least five runs, from tensors to tensors.
    private static func fastest(
        of program: any ExecutableGraph, _ inputs: [String: Tensor], seconds: Double
    ) throws -> Double {
        let clock = ContinuousClock()
        _ = try program.run(inputs)
        let start = clock.now
        var (best, count) = (Double.infinity, 0)
        while count < 5 || start.duration(to: clock.now) < .seconds(seconds) {
            let begin = clock.now
            _ = try program.run(inputs)
            let (whole, attoseconds) = begin.duration(to: clock.now).components
            best = min(best, Double(whole) + Double(attoseconds) * 1e-18)
            count += 1
        }
        return best
    }

}

/// What the device computes in, by the word for it.
private struct Precision {
    let name: String
    let options: VulkanOptions
    /// Whether every product is measured in all ways first.
    let isTuned: Bool

    /// With a colon and a number behind it, one of the sizes of tiles.
    init?(_ name: String) {
        self.name = name
        isTuned = name.hasSuffix("-tuned")
        let parts = (isTuned ? name.dropLast("-tuned".count) : name[...]).split(separator: ":")
        guard let kind = parts.first, parts.count == 1 || parts.count == 2 && Int(parts[1]) != nil,
            var options = Precision.options(String(kind))
        else { return nil }
        options.tileSize = parts.count == 2 ? Int(parts[1]) : nil
        self.options = options
    }

    private static func options(_ name: String) -> VulkanOptions? {
        if name == "int8" {
            VulkanOptions(storage: .float16, products: .integer)
        } else if name == "float16-tiles" {
            VulkanOptions(storage: .float16, products: .tiled)
        } else if name == "float16-workgroup" {
            VulkanOptions(storage: .float16, products: .workgroup)
        } else if let staging = TileStaging.allCases.first(where: { name == "float16-\($0)" }) {
            VulkanOptions(storage: .float16, staging: staging)
        } else if let storage = ActivationStorage(rawValue: name) {
            VulkanOptions(storage: storage)
        } else {
            nil
        }
    }
}
