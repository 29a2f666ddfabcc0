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
        var random = SeededGenerator(seed: 5)
        try root.write(Self.vocabulary.bytes, to: Self.folder("shared") + "/vocabulary.json")
        let shared = try ManifestFiles.parse(ManifestFiles.shared)
        guard case .shared(let content) = shared.content else { return }
        let (encoder, decoder) = (content.architecture.textEncoder, content.architecture.vaeDecoder)
        try writeWeights(of: encoder.graph(batch: 1), to: Self.folder("shared") + "/text-encoder", &random)
        try writeWeights(
            of: decoder.graph(batch: 1, height: 1, width: 1), to: Self.folder("shared") + "/vae-decoder", &random)
        try writeManifest(ManifestFiles.shared, "shared")
        for (name, text) in [("draft", ManifestFiles.draft), ("verifier", ManifestFiles.verifier)] {
            guard let denoiser = try ManifestFiles.parse(text).denoiser else { return }
            try writeWeights(
                of: denoiser.architecture.graph(batch: 1, height: 2, width: 2),
                to: Self.folder(name) + "/" + name, &random)
            try writeManifest(text, name)
        }
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

    private func writeWeights(of graph: Graph, to file: String, _ random: inout SeededGenerator) throws {
        var tensors: [String: Tensor] = [:]
        for parameter in graph.parameters {
            let shape = graph[parameter.value].shape
            // Rows of unit length on average keep the activations of every layer near one.
            let inputs = shape.rank > 1 ? shape.elementCount / shape[0] : 1
            tensors[parameter.name] = .normal(
                shape, deviation: 1 / Double(inputs).squareRoot(), using: &random)
        }
        try root.write(SafetensorsWriter.encode(tensors), to: file + ".safetensors")
    }

    func loadPair() throws -> ModelPair {
        try ModelPair(draft: "tiny-draft", verifier: "tiny-verifier", in: store)
    }
}
