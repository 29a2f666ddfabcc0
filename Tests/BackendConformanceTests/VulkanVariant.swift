import Graphs
import Tensors
import TestSupport
import Testing
import VulkanBackend
import VulkanTestSupport

/// One way that the Vulkan backend may compute, with the storage that its bounds follow from.
struct VulkanVariant: Sendable, CustomTestStringConvertible {
    let name: String
    let backend: VulkanBackend
    let storage: StorageUnderTest
    /// Whether it computes only products in a way of its own.
    let isOfProducts: Bool

    var testDescription: String { "\(name) on \(backend.device.name)" }

    /// Whether the case is one for this variant.
    ///
    /// Emulated units take part in products and attention alone, and lavapipe (Mesa 22.3.6, measured) ends the loops of an
    /// invocation after 65,535 turns altogether: the one that is running ends, every later one makes a single turn. Sums
    /// of more than some 300 terms reach that in the emulation.
    func takes(_ graphCase: GraphCase) -> Bool {
        guard isOfProducts else { return !isEmulated || emulates(graphCase) }
        return graphCase.graph.nodes.contains { node in
            switch node.operation {
            case .linear, .convolution2D: !isEmulated || emulates(graphCase)
            default: false
            }
        }
    }

    var isEmulated: Bool { backend.products == .emulated || backend.products == .emulatedWorkgroup }

    /// Whether all nodes are such that the emulated units take part in them and come to their end.
    private func emulates(_ graphCase: GraphCase) -> Bool {
        return graphCase.graph.nodes.allSatisfy { node in
            switch node.operation {
            case .linear, .convolution2D:
                graphCase.graph[node.inputs[1]].shape.dimensions.dropFirst().reduce(1, *) <= 256
            case .attention: true
            default: false
            }
        }
    }

    private struct Plan {
        let name: String
        let options: VulkanOptions
        let storage: StorageUnderTest
        var isOfProducts = false

        /// Whether it is nothing for the software device.
        var needsMatrixUnits: Bool { options.products == .cooperative || options.products == .workgroup }
    }

    private static let plans: [Plan] = [
        Plan(name: "float32, small tiles", options: VulkanOptions(products: .small), storage: StorageUnderTest()),
        Plan(
            name: "float32, medium tiles", options: VulkanOptions(products: .medium), storage: StorageUnderTest(),
            isOfProducts: true),
        Plan(
            name: "float32, large tiles", options: VulkanOptions(products: .large), storage: StorageUnderTest(),
            isOfProducts: true),
        Plan(
            name: "float16, rounded in integers",
            options: VulkanOptions(storage: .float16, rounding: .integers),
            storage: StorageUnderTest(activations: .float16)
        ),
        Plan(
            name: "bfloat16", options: VulkanOptions(storage: .bfloat16),
            storage: StorageUnderTest(activations: .bfloat16)),
        Plan(
            name: "float32, int8 weights", options: VulkanOptions(weights: .int8),
            storage: StorageUnderTest(weights: .int8)),
        Plan(
            name: "bfloat16, int8 weights, medium tiles",
            options: VulkanOptions(storage: .bfloat16, weights: .int8, products: .medium),
            storage: StorageUnderTest(activations: .bfloat16, weights: .int8)),
        Plan(
            name: "float16, emulated matrix units", options: VulkanOptions(storage: .float16, products: .emulated),
            storage: StorageUnderTest(activations: .float16, roundsSoftmax: true)),
        Plan(
            name: "float32, integer dot products", options: VulkanOptions(products: .integer),
            storage: StorageUnderTest(weights: .int8, hasIntegerRows: true), isOfProducts: true),
        Plan(
            name: "float32, small tiles, the depth in three parts",
            options: VulkanOptions(products: .small, splits: 3), storage: StorageUnderTest(), isOfProducts: true),
        Plan(
            name: "bfloat16, int8 weights, medium tiles, the depth in sixteen parts",
            options: VulkanOptions(storage: .bfloat16, weights: .int8, products: .medium, splits: 16),
            storage: StorageUnderTest(activations: .bfloat16, weights: .int8), isOfProducts: true),
        Plan(
            name: "float16, emulated matrix units, the depth in five parts",
            options: VulkanOptions(storage: .float16, products: .emulated, splits: 5),
            storage: StorageUnderTest(activations: .float16), isOfProducts: true),
        Plan(
            name: "float16, emulated matrices of workgroups",
            options: VulkanOptions(storage: .float16, products: .emulatedWorkgroup),
            storage: StorageUnderTest(activations: .float16), isOfProducts: true),
        Plan(
            name: "float16, emulated matrices of workgroups, the depth in three parts",
            options: VulkanOptions(storage: .float16, products: .emulatedWorkgroup, splits: 3),
            storage: StorageUnderTest(activations: .float16), isOfProducts: true),
        Plan(
            name: "float16, matrices of workgroups", options: VulkanOptions(storage: .float16, products: .workgroup),
            storage: StorageUnderTest(activations: .float16, roundsSoftmax: true)),
        Plan(
            name: "float16, matrices of workgroups, the depth in four parts",
            options: VulkanOptions(storage: .float16, products: .workgroup, splits: 4),
            storage: StorageUnderTest(activations: .float16), isOfProducts: true),
        Plan(
            name: "float16, cooperative matrices, the depth in four parts",
            options: VulkanOptions(storage: .float16, products: .cooperative, splits: 4),
            storage: StorageUnderTest(activations: .float16), isOfProducts: true),
        Plan(
            name: "float16, cooperative matrices", options: VulkanOptions(storage: .float16, products: .cooperative),
            storage: StorageUnderTest(activations: .float16, roundsSoftmax: true)),
        Plan(
            name: "float16, int8 weights, cooperative matrices",
            options: VulkanOptions(storage: .float16, weights: .int8, products: .cooperative),
            storage: StorageUnderTest(activations: .float16, weights: .int8, roundsSoftmax: true)),
    ]

    /// Every variant that the device runs, and why it does not run the others.
    private static let made: (variants: [VulkanVariant], skipped: [String], missing: [String]) = {
        var (variants, skipped, missing): ([VulkanVariant], [String], [String]) = ([], [], [])
        for plan in plans {
            do throws(VulkanError) {
                let backend = try TestDevice.backend(plan.options)
                variants.append(
                    VulkanVariant(
                        name: plan.name, backend: backend, storage: plan.storage, isOfProducts: plan.isOfProducts))
            } catch {
                skipped.append("\(plan.name): \(error)")
                if !plan.needsMatrixUnits { missing.append(plan.name) }
            }
        }
        return (variants, skipped, missing)
    }()

    static var runnable: [VulkanVariant] { made.variants }
    static var skipped: [String] { made.skipped }
    /// Of the skipped ones those that even the software device runs.
    static var missing: [String] { made.missing }
}
