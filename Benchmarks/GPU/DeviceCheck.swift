import BenchmarkCases
import Foundation
import Graphs
import Models
import Tensors
import VulkanBackend

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Compares a device with the exact reference before anything is timed: a kernel that is fast and wrong is no result.
///
/// Larger than what the conformance suite needs and fewer; where Swift is at hand, run the suite itself with
/// `UNDERPAINT_TEST_DEVICE` set to the device.
struct DeviceCheck {
    /// What every variant is compared with: computed once.
    private let expectations: [Expectation]

    init() throws { expectations = try DeviceCheck.cases().map(Expectation.init) }

    static var variantNames: [String] { variants.map(\.name) }

    private struct Variant {
        let name: String
        let options: VulkanOptions
        /// Largest normalised mean squared error: of float32 sums, or of rounding inputs, weights and results to 2⁻¹⁰
        /// or 2⁻⁸ a few times over, or weights to a 127th of the largest.
        let bound: Double
    }

    private static let variants = [
        Variant(name: "float32 small", options: VulkanOptions(products: .small), bound: 1e-9),
        Variant(name: "float32 medium", options: VulkanOptions(products: .medium), bound: 1e-9),
        Variant(name: "float32 large", options: VulkanOptions(products: .large), bound: 1e-9),
        Variant(name: "float16", options: VulkanOptions(storage: .float16, products: .tiled), bound: 3e-5),
        Variant(
            name: "float16 cooperative, single tiles",
            options: VulkanOptions(storage: .float16, products: .cooperative, staging: .single), bound: 3e-5),
        Variant(
            name: "float16 cooperative, double tiles",
            options: VulkanOptions(storage: .float16, products: .cooperative, staging: .double), bound: 3e-5),
        Variant(
            name: "float32 large, depth in parts", options: VulkanOptions(products: .large, splits: 5), bound: 1e-9),
        Variant(
            name: "float16 cooperative, depth in parts",
            options: VulkanOptions(storage: .float16, products: .cooperative, splits: 3), bound: 3e-5),
        Variant(
            name: "float16 cooperative, rounded by conversions",
            options: VulkanOptions(storage: .float16, products: .cooperative, rounding: .conversions), bound: 3e-5),
        Variant(
            name: "float16 workgroup", options: VulkanOptions(storage: .float16, products: .workgroup), bound: 3e-5),
        Variant(
            name: "float16 workgroup, depth in parts",
            options: VulkanOptions(storage: .float16, products: .workgroup, splits: 3), bound: 3e-5),
        Variant(name: "bfloat16", options: VulkanOptions(storage: .bfloat16), bound: 5e-4),
        Variant(name: "float32 int8", options: VulkanOptions(weights: .int8), bound: 1e-3),
        Variant(
            name: "float16 integer", options: VulkanOptions(storage: .float16, products: .integer), bound: 2e-3),
        Variant(
            name: "float16 int8 cooperative",
            options: VulkanOptions(storage: .float16, weights: .int8, products: .cooperative), bound: 1e-3),
    ]

    /// Prints one line for each variant, one for each case that could not be run, and a last one with the number of
    /// faults; on standard error what is under way, for a driver that ends the program.
    ///
    /// - Parameter name: of the variant to check, or part of the names of several; empty for all.
    func run(_ name: String = "", on device: DeviceChoice) throws {
        var faults = 0
        let exact = DeviceCheck.variants.filter { $0.name == name }
        let wanted = exact.isEmpty ? DeviceCheck.variants.filter { name.isEmpty || $0.name.contains(name) } : exact
        for variant in wanted {
            faults += run(variant, on: device)
            fflush(nil)
        }
        print("{\"device\": \"\(try VulkanBackend(device: device).device.name)\", \"faults\": \(faults)}")
    }

    /// The number of faults. A case that fails is named, and the device set up anew for those after it.
    private func run(_ variant: Variant, on device: DeviceChoice) -> Int {
        var (faults, known): (Int, VulkanBackend?) = (0, nil)
        var worst = (error: 0.0, name: "nothing")
        for entry in expectations {
            let backend: VulkanBackend
            do {
                backend = try known ?? VulkanBackend(device: device, options: variant.options)
                known = backend
            } catch {
                print("\(faults > 0 ? "BAD" : "skipped") \(variant.name): \(error)")
                return faults
            }
            do {
                FileHandle.standardError.write(Data("\(variant.name): \(entry.name)\n".utf8))
                let error = try entry.error(on: backend)
                // A NaN is worst of all, and stays.
                if error.isNaN || error > worst.error { worst = (error, entry.name) }
                if backend.lossCount > 0 {
                    print("BAD \(variant.name): \(entry.name): the device was lost, and then not a second time")
                    (faults, known) = (faults + 1, nil)
                }
            } catch {
                print("BAD \(variant.name): \(entry.name): \(error)")
                (faults, known) = (faults + 1, nil)
            }
        }
        let isWithin = worst.error <= variant.bound
        print(
            "\(isWithin && faults == 0 ? "ok" : "BAD") \(variant.name): worst NMSE \(worst.error) (\(worst.name)), bound "
                + "\(variant.bound)\(faults > 0 ? ", without cases that failed" : "")")
        return faults + (isWithin ? 0 : 1)
    }

    /// A graph with what the exact reference makes of it.
    private struct Expectation {
        let name: String
        private let graph: Graph
        private let tensors: RandomTensors
        private let expected: [String: Tensor]

        init(_ entry: BenchmarkCase) throws {
            (name, graph) = (entry.name, entry.graph)
            tensors = RandomTensors(for: graph)
            expected = try ReferenceBackend().compile(graph, parameters: tensors).run(tensors.inputs)
        }

        /// The largest normalised mean squared error of a result.
        func error(on backend: VulkanBackend) throws -> Double {
            let found = try backend.compile(graph, parameters: tensors).run(tensors.inputs)
            let errors = expected.map { name, tensor in
                DeviceCheck.error(of: found[name]?.floats() ?? [], tensor.floats())
            }
            return errors.first { $0.isNaN } ?? errors.max() ?? .infinity
        }
    }

    private static func error(of found: [Float], _ expected: [Float]) -> Double {
        guard found.count == expected.count else { return .infinity }
        var (error, energy) = (0.0, 0.0)
        for (a, b) in zip(found, expected) {
            error += (Double(a) - Double(b)) * (Double(a) - Double(b))
            energy += Double(b) * Double(b)
        }
        return error == 0 ? 0 : error / energy
    }

    /// Attention over two stretches of keys, all of it behind products.
    private static func stretched(
        _ builder: inout GraphBuilder, queries: Int, keys: Int, more: Int, headCount: Int, headWidth: Int
    ) throws -> ValueID {
        let width = headCount * headWidth
        let q = try builder.linear(builder.input("q", [2, queries, 16]), "q", outputs: width)
        let parts = try [("kv", keys), ("more", more)].map { name, count in
            let joint = try builder.linear(builder.input(name, [2, count, 16]), name, outputs: 2 * width)
            return try builder.split(joint, axis: 2, parts: 2)
        }
        return try builder.attention(
            q, builder.concatenate([parts[0][0], parts[1][0]], axis: 1),
            builder.concatenate([parts[0][1], parts[1][1]], axis: 1), headCount: headCount)
    }

    private static func cases() throws -> [BenchmarkCase] {
        [
            try BenchmarkCase("linear 130x200x136, gelu") {
                try $0.activation($0.linear($0.input("x", [130, 200]), "fc", outputs: 136), .geluTanh)
            },
            try BenchmarkCase("linear 67x33x17, residual") {
                let x = $0.input("x", [67, 33])
                return try $0.add($0.input("residual", [67, 17]), $0.linear(x, "fc", outputs: 17))
            },
            // Enough large tiles for the units of any card, the last ones not full.
            try BenchmarkCase("linear 1500x40x1608") {
                try $0.linear($0.linear($0.input("x", [1500, 16]), "in", outputs: 40), "fc", outputs: 1608)
            },
            try BenchmarkCase("linear 2940x24x2936") {
                try $0.linear($0.linear($0.input("x", [2940, 8]), "in", outputs: 24), "fc", outputs: 2936)
            },
            try BenchmarkCase("convolution 24->40, stride 2") {
                try $0.convolution2D(
                    $0.input("x", [2, 13, 11, 24]), "convolution", outputs: 40, kernel: 3, stride: 2, padding: 1)
            },
            try BenchmarkCase("convolution 3->9") {
                try $0.convolution2D($0.input("x", [1, 9, 10, 3]), "convolution", outputs: 9, kernel: 3, padding: 1)
            },
            try BenchmarkCase("attention of 70 over 90, heads of 40") {
                try $0.attention(
                    $0.input("q", [2, 70, 80]), $0.input("k", [2, 90, 80]), $0.input("v", [2, 90, 80]), headCount: 2)
            },
            try BenchmarkCase("attention of 20 over 40, heads of 160") {
                try $0.attention(
                    $0.input("q", [1, 20, 320]), $0.input("k", [1, 40, 320]), $0.input("v", [1, 40, 320]), headCount: 2)
            },
            // Enough heads for the larger blocks of queries on any card.
            try BenchmarkCase("attention of 70 over 40 and 24, 33 heads of 24") {
                try stretched(&$0, queries: 70, keys: 40, more: 24, headCount: 33, headWidth: 24)
            },
            try BenchmarkCase("attention of 140 over 33 and 5, 66 heads of 16") {
                try stretched(&$0, queries: 140, keys: 33, more: 5, headCount: 66, headWidth: 16)
            },
            try BenchmarkCase("norm and rotation of heads") {
                let x = try $0.linear($0.input("x", [2, 21, 16]), "in", outputs: 3 * 64)
                let (angles, shape): ([Float], Shape) = ((0..<21 * 32).map { 0.37 * Float($0) }, [21, 32])
                let y = try $0.rotary(
                    $0.rmsNorm($0.reshape(x, [2, 21, 3, 64]), "norm", epsilon: 1e-6),
                    cosine: $0.constant(Tensor(shape, angles.map { cos($0) })),
                    sine: $0.constant(Tensor(shape, angles.map { sin($0) })), axisCount: 2)
                return try $0.linear($0.reshape(y, [2, 21, 192]), "out", outputs: 8)
            },
            try BenchmarkCase("group norm, several parts") {
                try $0.groupNorm($0.input("x", [2, 30, 31, 24]), "norm", groupCount: 4, epsilon: 1e-5)
            },
            try BenchmarkCase("norms and modulation") {
                let x = try $0.layerNorm($0.input("x", [2, 9, 96]), epsilon: 1e-6)
                let y = try $0.modulate(x, shift: $0.input("shift", [2, 96]), scale: $0.input("scale", [2, 96]))
                return try $0.rmsNorm($0.reshape(y, [2, 9, 3, 32]), "norm", epsilon: 1e-6)
            },
            BenchmarkCase("small U-Net, batch 2", try BenchmarkCase.smallUNet.graph(batch: 2, height: 8, width: 12)),
            BenchmarkCase(
                "two layers of the verifier, batch 2",
                try BenchmarkCase.transformer(width: 384, headCount: 6, layerCount: 2).graph(
                    batch: 2, height: 4, width: 6)),
        ]
    }
}
