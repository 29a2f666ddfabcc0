import Foundation
import Models
import Tensors

/// What PyTorch computed with tiny random models: `Tests/Fixtures`, made by the command that `FIXTURES.json` names.
struct Fixtures {
    /// Expected values by `case.tensor`.
    let tensors: SafetensorsFile

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures").path

    /// The models that the expected values were computed with, in the shipped layout.
    static let store = ModelStore(roots: [folder + "/tiny"])

    static func ops() throws -> Fixtures {
        Fixtures(tensors: try SafetensorsFile(path: folder + "/ops.safetensors"))
    }

    static func models() throws -> Fixtures {
        Fixtures(tensors: try SafetensorsFile(path: folder + "/models.safetensors"))
    }

    static func pair() throws -> ModelPair {
        try ModelPair(draft: "studio-draft", verifier: "studio-verifier", in: store)
    }

    /// `FIXTURES.json`.
    struct Index: Decodable {
        let format: Int
        /// SHA-256 by path.
        let files: [String: String]
        let tokenizer: [Prompt]

        struct Prompt: Decodable {
            let text: String
            let ids: [Int32]
        }
    }

    static func index() throws -> Index {
        let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/FIXTURES.json"))
        return try JSONDecoder().decode(Index.self, from: data)
    }

    subscript(name: String) -> Tensor {
        get throws { try tensors.tensor(name) }
    }
}
