import Foundation
import Tensors

/// What was measured on a device and its driver, on disk beside the compiled pipelines.
///
/// What is damaged, or of other kernels than these, counts as none.
struct TuningFile: Sendable {
    let path: String
    private let shaders: ShaderLibrary

    init(path: String, _ shaders: ShaderLibrary) {
        (self.path, self.shaders) = (path, shaders)
    }

    /// The file for a device and its driver.
    init(folder: String, _ device: PhysicalDevice, _ shaders: ShaderLibrary) {
        self.init(path: PipelineCacheFile(folder: folder, device).path + ".tuning.json", shaders)
    }

    private struct Contents: Codable {
        /// The fingerprint of the shaders.
        var kernels: String
        /// By what is stored, for example `float16, float16`.
        var tunings: [String: Entries]
    }

    fileprivate struct Entries: Codable {
        var products: [Product] = []
        var attention: [Attention] = []
        /// Those for which nothing was faster than the rules.
        var usualProducts: [ProductProblem] = []
        var usualAttention: [AttentionProblem] = []
    }

    fileprivate struct Product: Codable {
        let problem: ProductProblem
        /// By its name.
        let way: String?
        let parts: Int?
    }

    fileprivate struct Attention: Codable {
        let problem: AttentionProblem
        let way: CooperativeAttentionTile.Way
    }

    private static func key(_ options: VulkanOptions) -> String {
        "\(options.storage.rawValue), \(options.weights.rawValue)"
    }

    private func contents() -> Contents? {
        guard let data = FileManager.default.contents(atPath: path),
            let contents = try? JSONDecoder().decode(Contents.self, from: data), contents.kernels == shaders.fingerprint
        else { return nil }
        return contents
    }

    /// What is known for values stored as the options say; of ways that the device does not have, nothing.
    func load(_ options: VulkanOptions, _ features: DeviceFeatures) -> Tuning {
        guard let entries = contents()?.tunings[TuningFile.key(options)] else { return Tuning() }
        let ways = Dictionary(KernelWay.all(options, features).map { ($0.name, $0) }) { first, _ in first }
        let choices = entries.products.compactMap { entry -> (ProductProblem, Tuning.Choice)? in
            let way = entry.way.flatMap { ways[$0] }
            if entry.way != nil, way == nil { return nil }
            return (entry.problem, Tuning.Choice(way: way, parts: entry.parts))
        }
        return Tuning(
            products: Dictionary(choices) { first, _ in first },
            attention: Dictionary(
                entries.attention.filter { CooperativeAttentionTile.Way.all.contains($0.way) }.map {
                    ($0.problem, $0.way)
                }
            ) { first, _ in first },
            usual: Set(
                entries.usualProducts.map { TuningProblem.product($0) }
                    + entries.usualAttention.map { TuningProblem.attention($0) }))
    }

    /// Takes over what one process has measured, beside what others have meanwhile: cards of one kind share a file.
    ///
    /// - Throws: as `store`.
    func merge(_ tuning: Tuning, _ options: VulkanOptions, _ features: DeviceFeatures) throws {
        let folder = (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Where it cannot be locked, nobody else can lock it either.
        let lock = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if lock >= 0 { flock(lock, LOCK_EX) }
        defer { if lock >= 0 { close(lock) } }
        var merged = load(options, features)
        merged.settle(tuning.measured, by: tuning)
        try store(merged, options)
    }

    /// Replaces what is known for values stored as the options say, in one go.
    ///
    /// - Throws: whatever keeps the file from being written.
    func store(_ tuning: Tuning, _ options: VulkanOptions) throws {
        var contents = contents() ?? Contents(kernels: shaders.fingerprint, tunings: [:])
        contents.tunings[TuningFile.key(options)] = Entries(tuning)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let folder = (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try encoder.encode(contents).write(to: URL(fileURLWithPath: path), options: .atomic)
    }
}

extension TuningFile.Entries {
    /// In an order of their own, so that the same measurements give the same file.
    fileprivate init(_ tuning: Tuning) {
        func isBefore(_ one: ProductProblem, _ other: ProductProblem) -> Bool {
            func order(_ problem: ProductProblem) -> [Int] {
                let window = problem.window
                return [window?.taps ?? 0, problem.rows, problem.columns, problem.inner, window?.height ?? 0]
            }
            return order(one).lexicographicallyPrecedes(order(other))
        }
        func isBefore(_ one: AttentionProblem, _ other: AttentionProblem) -> Bool {
            (one.heads, one.queries, one.keys) < (other.heads, other.queries, other.keys)
        }
        products = tuning.products.sorted { isBefore($0.key, $1.key) }
            .map { TuningFile.Product(problem: $0.key, way: $0.value.way?.name, parts: $0.value.parts) }
        attention = tuning.attention.sorted { isBefore($0.key, $1.key) }
            .map { TuningFile.Attention(problem: $0.key, way: $0.value) }
        usualProducts = tuning.usual.compactMap { if case .product(let problem) = $0 { problem } else { nil } }
            .sorted(by: isBefore)
        usualAttention = tuning.usual.compactMap { if case .attention(let problem) = $0 { problem } else { nil } }
            .sorted(by: isBefore)
    }
}
