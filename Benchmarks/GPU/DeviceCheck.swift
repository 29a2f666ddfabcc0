import BenchmarkCases
import Graphs
import Models
import Tensors
import VulkanBackend

/// Compares a device with the exact reference before anything is timed: a kernel that is fast and wrong is no result.
///
/// Larger than what the conformance suite needs and fewer; where Swift is at hand, run the suite itself with
/// `UNDERPAINT_TEST_DEVICE` set to the device.
struct DeviceCheck {
    let device: DeviceChoice

    private struct Variant {
        let name: String
        let options: VulkanOptions
        /// Largest normalised mean squared error: of float32 sums, or of rounding inputs, weights and results to 2⁻¹⁰
        /// or 2⁻⁸ a few times over, or weights to a 127th of the largest.
        let bound: Double
    }

    private static let variants = [
        Variant(name: "float32 small", options: VulkanOptions(products: .small), bound: 1e-9),
        Variant(name: "float32 large", options: VulkanOptions(products: .large), bound: 1e-9),
        Variant(name: "float16", options: VulkanOptions(storage: .float16, products: .large), bound: 3e-5),
        Variant(
            name: "float16 cooperative", options: VulkanOptions(storage: .float16, products: .cooperative), bound: 3e-5),
        Variant(
            name: "float32 large, depth in parts", options: VulkanOptions(products: .large, splits: 5), bound: 1e-9),
        Variant(
            name: "float16 cooperative, depth in parts",
            options: VulkanOptions(storage: .float16, products: .cooperative, splits: 3), bound: 3e-5),
        Variant(name: "bfloat16", options: VulkanOptions(storage: .bfloat16), bound: 5e-4),
        Variant(name: "float32 int8", options: VulkanOptions(weights: .int8), bound: 1e-3),
        Variant(
            name: "float16 integer", options: VulkanOptions(storage: .float16, products: .integer), bound: 2e-3),
        Variant(
            name: "float16 int8 cooperative",
            options: VulkanOptions(storage: .float16, weights: .int8, products: .cooperative), bound: 1e-3),
    ]

    /// Prints one line for each variant and a last one with the number of faults.
    func run() throws {
        var faults = 0
        for variant in DeviceCheck.variants {
            let backend: VulkanBackend
            do {
                backend = try VulkanBackend(device: device, options: variant.options)
            } catch {
                print("skipped \(variant.name): \(error)")
                continue
            }
            var worst = (error: 0.0, name: "nothing")
            for entry in try DeviceCheck.cases() {
                let tensors = RandomTensors(for: entry.graph)
                let expected = try ReferenceBackend().compile(entry.graph, parameters: tensors).run(tensors.inputs)
                let found = try backend.compile(entry.graph, parameters: tensors).run(tensors.inputs)
                for (name, tensor) in expected {
                    let error = DeviceCheck.error(of: found[name]?.floats() ?? [], tensor.floats())
                    // Written so that a NaN is worst of all.
                    if !(error <= worst.error) { worst = (error, entry.name) }
                }
            }
            let isWithin = worst.error <= variant.bound
            faults += isWithin ? 0 : 1
            print(
                "\(isWithin ? "ok" : "BAD") \(variant.name): worst NMSE \(worst.error) (\(worst.name)), bound \(variant.bound)"
            )
        }
        print("{\"device\": \"\(try VulkanBackend(device: device).device.name)\", \"faults\": \(faults)}")
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

    private static func cases() throws -> [BenchmarkCase] {
        [
            try BenchmarkCase("linear 130x200x136, gelu") {
                try $0.activation($0.linear($0.input("x", [130, 200]), "fc", outputs: 136), .geluTanh)
            },
            try BenchmarkCase("linear 67x33x17, residual") {
                let x = $0.input("x", [67, 33])
                return try $0.add($0.input("residual", [67, 17]), $0.linear(x, "fc", outputs: 17))
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
                "verifier step, batch 2", try BenchmarkCase.verifier.graph(batch: 2, height: 4, width: 6)),
        ]
    }
}
