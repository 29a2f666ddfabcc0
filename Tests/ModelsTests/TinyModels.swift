import Foundation
import Graphs
import Models
import Tensors
import TestSupport

/// A root with three tiny models of random weights, whole and sound until a test damages them.
struct TinyModels {
    let root: TemporaryFolder

    var store: ModelStore { ModelStore(roots: [root.path]) }

    static let vocabulary = VocabularyFile(
        words: ["a", "red", "mug", "on", "table", "blue"], maximumTokenCount: 6)

    init() throws {
        root = try TemporaryFolder()
        for (path, bytes) in try Self.files.get() { try root.write(bytes, to: path) }
        try writeManifest(ManifestFiles.shared, "shared")
        try writeManifest(ManifestFiles.draft, "draft")
        try writeManifest(ManifestFiles.verifier, "verifier")
    }

    /// What the manifests vouch for, by path in the root; the same for every test.
    private static let files = Result { try makeFiles() }

    private static func makeFiles() throws -> [String: [UInt8]] {
        var random = SeededGenerator(seed: 5)
        var files = [folder("shared") + "/vocabulary.json": vocabulary.bytes]
        if case .shared(let shared) = try ManifestFiles.parse(ManifestFiles.shared).content {
            let (encoder, decoder) = (shared.architecture.textEncoder, shared.architecture.vaeDecoder)
            files[folder("shared") + "/text-encoder.safetensors"] = weights(
                of: try encoder.graph(batch: 1), &random)
            files[folder("shared") + "/vae-decoder.safetensors"] = weights(
                of: try decoder.graph(batch: 1, height: 1, width: 1), &random)
        }
        for (name, text) in [("draft", ManifestFiles.draft), ("verifier", ManifestFiles.verifier)] {
            if let denoiser = try ManifestFiles.parse(text).denoiser {
                files[folder(name) + "/\(name).safetensors"] = weights(
                    of: try denoiser.architecture.graph(batch: 1, height: 2, width: 2), &random)
                if let critic = denoiser.critic {
                    files[folder(name) + "/critic.safetensors"] = weights(
                        of: try critic.graph(batch: 1, height: 4, width: 4), &random)
                }
            }
        }
        return files
    }

    private static func weights(of graph: Graph, _ random: inout SeededGenerator) -> [UInt8] {
        var tensors: [String: Tensor] = [:]
        for parameter in graph.parameters {
            let shape = graph[parameter.value].shape
            // Rows of unit length on average keep the activations of every layer near one.
            let inputs = shape.rank > 1 ? shape.elementCount / shape[0] : 1
            tensors[parameter.name] = .normal(
                shape, deviation: 1 / Double(inputs).squareRoot(), using: &random)
        }
        return SafetensorsWriter.encode(tensors)
    }

    /// Where a model lies in the root, as in the repository.
    static func folder(_ name: String) -> String {
        (name == "verifier" ? "CloudModels" : "EdgeModels") + "/tiny-" + name
    }

    func path(_ name: String, _ file: String) -> String {
        root.path + "/" + Self.folder(name) + "/" + file
    }

    /// Writes `text` as the manifest of a model, with the true sizes and digests of its files.
    func writeManifest(_ text: String, _ name: String) throws {
        var text = text
        for (key, file) in try ManifestFiles.parse(text).files {
            let bytes = try root.read(Self.folder(name) + "/" + file.path)
            let digest = try bytes.withUnsafeBytes { try FileDigest($0).hexadecimal }
            text = try ManifestFiles.changing(
                text, "files.\(key)",
                to: #"{"path":"\#(file.path)","bytes":\#(bytes.count),"sha256":"\#(digest)"}"#)
        }
        try root.write(text, to: Self.folder(name) + "/manifest.json")
    }

    func loadPair() throws -> ModelPair {
        try ModelPair(draft: "tiny-draft", verifier: "tiny-verifier", in: store)
    }
}
