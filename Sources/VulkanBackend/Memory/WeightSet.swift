import Graphs
import Synchronization
import Tensors

/// A fixed value to bring to the device.
struct WeightItem {
    /// Tells it from others of the set: a parameter's name, or what else it is.
    let name: String
    let form: WeightForm
    /// As the graph sees it.
    let info: ValueInfo
    /// The whole that the value is, or is a stretch of.
    let tensor: Tensor
    /// Elements of the whole before the value's first.
    var first = 0

    var key: WeightSet.Key { WeightSet.Key(name: name, form: form, info: info, first: first) }
}

/// Fixed values in memory of the device, uploaded once.
final class WeightSet: Sendable {
    struct Key: Hashable {
        let name: String
        let form: WeightForm
        let info: ValueInfo
        var first = 0
    }

    struct Place {
        let view: BufferView
        /// Of int8: the scales of the rows.
        let scales: BufferView?
    }

    private let places: [Key: Place]
    /// Bytes on the device.
    let byteCount: Int
    /// Of every value's first byte: as much as any device asks of a binding.
    private static let alignment = 256

    /// Packs and uploads.
    ///
    /// - Throws: `VulkanError.tooLarge` for a value that no binding holds, or a failed call.
    init(_ items: [WeightItem], on device: VulkanDevice) throws {
        let limit = device.features.valueLimit
        let uploader = try Uploader(device)
        var (places, total): ([Key: Place], Int) = ([:], 0)
        var packed: [(item: WeightItem, bytes: [UInt8], scales: [Float])] = []
        var pending = 0

        func flush() throws {
            guard !packed.isEmpty else { return }
            let buffer = try DeviceBuffer(device, byteCount: pending, .device)
            var offset = 0
            func place(_ bytes: UnsafeRawBufferPointer, _ type: StorageType) throws(VulkanError) -> BufferView {
                try uploader.copy(bytes, to: buffer, at: offset)
                defer { offset += WeightSet.aligned(bytes.count) }
                return BufferView(buffer: buffer, byteOffset: offset, byteCount: bytes.count, type: type)
            }
            for (item, bytes, scales) in packed {
                let view = try bytes.withUnsafeBytes { try place($0, item.form.storage) }
                let scaleView =
                    scales.isEmpty
                    ? nil
                    : try scales.withUnsafeBytes { try place($0, .float32) }
                places[item.key] = Place(view: view, scales: scaleView)
            }
            total += pending
            (packed, pending) = ([], 0)
        }

        for item in items {
            let (bytes, scales) = item.form.pack(item.tensor, as: item.info, from: item.first)
            guard bytes.count <= limit else {
                throw VulkanError.tooLarge(
                    node: item.name, reason: "\(bytes.count) bytes are more than a binding holds (\(limit))")
            }
            let needed = WeightSet.aligned(bytes.count) + WeightSet.aligned(4 * scales.count)
            if pending + needed > min(limit, WeightSet.pieceByteCount) { try flush() }
            packed.append((item, bytes, scales))
            pending += needed
        }
        try flush()
        self.places = places
        byteCount = total
    }

    subscript(key: Key) -> Place? { places[key] }

    /// What is packed on the host before it is uploaded; larger values get a buffer of their own.
    private static let pieceByteCount = 64 << 20

    private static func aligned(_ byteCount: Int) -> Int { (byteCount + alignment - 1) / alignment * alignment }
}

/// The weight sets that programs of a device hold: graphs of one model for several batches share one.
final class WeightCache: Sendable {
    private struct Reference {
        weak var set: WeightSet?
    }

    private let sets = Mutex<[[UInt8]: Reference]>([:])

    /// The set of these items, uploaded unless a program holds it already; told by content.
    func set(_ items: [WeightItem], on device: VulkanDevice) throws -> WeightSet {
        let digest = try WeightCache.digest(of: items)
        return try sets.withLock { sets in
            sets = sets.filter { $0.value.set != nil }
            if let known = sets[digest]?.set { return known }
            let set = try WeightSet(items, on: device)
            sets[digest] = Reference(set: set)
            return set
        }
    }

    private static func digest(of items: [WeightItem]) throws -> [UInt8] {
        var record: [UInt8] = []
        for item in items {
            record += Array(
                "\(item.name)\n\(item.form.code)\n\(item.tensor.elementType) \(item.info.elementType) \(item.info.shape) \(item.first)\n"
                    .utf8)
            record += try item.tensor.withBytes { try FileDigest($0).bytes }
        }
        return try record.withUnsafeBytes { try FileDigest($0).bytes }
    }
}
