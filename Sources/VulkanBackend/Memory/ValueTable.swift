import Graphs
import Tensors

/// Where every value of a graph lies on the device: activations in one arena, fixed values in sets of weights.
final class ValueTable {
    let graph: Graph
    private let plan: MemoryPlan
    private let views: ValueViews
    private let storage: StoragePlan
    private let layout: ArenaLayout
    private let arena: [DeviceBuffer]
    private let fixed: FixedValues
    let parameters: WeightSet
    private let constants: WeightSet
    private let alignment: Int

    /// Lays out and allocates everything, and uploads what is fixed.
    ///
    /// - Parameters:
    ///   - graph: valid, through its passes.
    ///   - tensors: of every parameter.
    init(
        _ graph: Graph, tensors: [ValueID: Tensor], options: VulkanOptions, device: VulkanDevice
    ) throws {
        let stored = StoredPlan(graph, options)
        (plan, views, storage) = (stored.memory, stored.views, stored.types)
        self.graph = graph
        alignment = device.features.offsetAlignment
        layout = try ArenaLayout(plan, limit: device.features.bufferLimit, valueLimit: device.features.valueLimit)
        var arena: [DeviceBuffer] = []
        for byteCount in layout.pieces { arena.append(try DeviceBuffer(device, byteCount: byteCount, .device)) }
        self.arena = arena
        fixed = FixedValues(
            graph, tensors: tensors, weights: StorageType(options.weights), views: views, root: plan.root)
        parameters = try device.weights.set(fixed.parameters, on: device)
        constants = try device.weights.set(fixed.constants, on: device)
    }

    /// Bytes of the arena.
    var arenaByteCount: Int { layout.pieces.reduce(0, +) }

    /// Where a value lies.
    ///
    /// - Parameter form: how a fixed value is wanted; no matter for others.
    func operand(_ value: ValueID, as form: WeightForm = .plain) -> Operand {
        let info = graph[value]
        let root = plan.root(of: value)
        if let place = layout[root] {
            let (type, view) = (storage[root], views[value])
            let whole = BufferView(
                buffer: arena[place.piece], byteOffset: place.offset,
                byteCount: graph[root].shape.elementCount * type.byteCount, type: type)
            return Operand(whole, info, first: view.offset, run: view.run, stride: view.stride, alignment: alignment)
        }
        return Operand(fixedPlace(fixed.key(value, form)).view, info, alignment: alignment)
    }

    /// The scales of a fixed matrix in int8, one for each row; nil if it is stored otherwise.
    func scales(of value: ValueID, as form: WeightForm) -> Operand? {
        guard layout[plan.root(of: value)] == nil, let scales = fixedPlace(fixed.key(value, form)).scales
        else { return nil }
        return Operand(scales, ValueInfo(shape: [scales.byteCount / 4]), alignment: alignment)
    }

    /// Whether a node has nothing to do because its result lies in its input.
    func isView(_ node: Node) -> Bool { views.isView(node) }

    /// Whether a value is the same at every run.
    func isFixed(_ value: ValueID) -> Bool { layout[plan.root(of: value)] == nil }

    /// The frequencies of a sinusoidal embedding. [dimension/2]
    func frequencies(of embedding: TimestepEmbedding) -> Operand {
        let key = FixedValues.frequencies(of: embedding).key
        return Operand(fixedPlace(key).view, key.info, alignment: alignment)
    }

    /// The ids that a node reads, for a check on the host: the input that they come with, or what they are.
    func idSource(_ value: ValueID) -> IDSource? {
        let root = plan.root(of: value)
        if let input = graph.inputs.first(where: { $0.value == root }) { return .input(input.name) }
        return graph.constants.first { $0.value == root }.map { .constant($0.tensor.int32s()) }
    }

    enum IDSource {
        case input(String)
        case constant([Int32])
    }

    private func fixedPlace(_ key: WeightSet.Key) -> WeightSet.Place {
        guard let place = parameters[key] ?? constants[key] else {
            // Every use of a fixed value went through `FixedValues` before.
            preconditionFailure("\(key.name) was not uploaded")
        }
        return place
    }
}
