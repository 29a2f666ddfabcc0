import Foundation
import Models
import Tensors
import Testing

@Suite struct ModelFileTests {
    /// Each file of a pair: the model's name, its folder's file and the key of the manifest.
    static let files = [
        ("shared", "vocabulary.json"), ("shared", "text-encoder.safetensors"),
        ("shared", "vae-decoder.safetensors"), ("draft", "draft.safetensors"),
        ("verifier", "verifier.safetensors"), ("verifier", "critic.safetensors"),
    ]

    @Test func aSoundPairLoads() throws {
        let pair = try TinyModels().loadPair()
        #expect(pair.draft.id == "tiny-draft")
        #expect(pair.verifier.id == "tiny-verifier")
        #expect(pair.shared.tokenizer.encode("red mug").ids == [3, 4, 0, 0, 0, 0])
    }

    @Test(arguments: files)
    func aMissingFileIsNamed(model: String, file: String) throws {
        let models = try TinyModels()
        try FileManager.default.removeItem(atPath: models.path(model, file))
        #expect(throws: ModelError.missingFile(file: models.path(model, file))) { try models.loadPair() }
    }

    @Test(arguments: files, [-1, -9, 1])
    func aFileOfAnotherSizeIsTruncated(file: (model: String, name: String), change: Int) throws {
        let models = try TinyModels()
        let place = TinyModels.folder(file.model) + "/" + file.name
        let bytes = try models.root.read(place)
        try models.root.write(
            change < 0 ? Array(bytes.dropLast(-change)) : bytes + [0], to: place)
        let error = ModelError.truncated(
            file: models.path(file.model, file.name), expectedBytes: bytes.count,
            foundBytes: bytes.count + change)
        #expect(throws: error) { try models.loadPair() }
        #expect(error.description.contains(file.name))
    }

    @Test(arguments: files, [0.0, 0.5, 1.0])
    func aFlippedBitIsTampered(file: (model: String, name: String), place: Double) throws {
        let models = try TinyModels()
        let path = TinyModels.folder(file.model) + "/" + file.name
        var bytes = try models.root.read(path)
        bytes[Int(place * Double(bytes.count - 1))] ^= 4
        try models.root.write(bytes, to: path)
        #expect {
            try models.loadPair()
        } throws: { error in
            guard case ModelError.tampered(let named, let expected, let found) = error else { return false }
            return named == models.path(file.model, file.name) && expected != found
        }
    }

    @Test func theWeightsOfAnotherModelAreTampered() throws {
        let models = try TinyModels()
        let draft = try models.root.read(TinyModels.folder("draft") + "/draft.safetensors")
        let place = TinyModels.folder("verifier") + "/verifier.safetensors"
        // As long as the manifest says, so that only the digest can tell.
        let length = try models.root.read(place).count
        try models.root.write(Array((draft + [UInt8](repeating: 0, count: length)).prefix(length)), to: place)
        #expect {
            try models.loadPair()
        } throws: { error in
            guard case ModelError.tampered = error else { return false }
            return true
        }
    }

    @Test func weightsThatDoNotFitTheManifestAreOfAnotherArchitecture() throws {
        let models = try TinyModels()
        // The weights are vouched for, but the hyperparameters are others.
        for (path, json, word) in [
            ("architecture.width", "24", "patch_embed.weight"), ("architecture.layerCount", "2", "blocks.1"),
            ("architecture.guidanceEmbedding", "false", "g_embed"),
        ] {
            try models.writeManifest(ManifestFiles.changing(ManifestFiles.draft, path, to: json), "draft")
            try expectWrongArchitecture(models, "draft", "draft.safetensors", word)
        }
    }

    @Test func aShallowerNetworkThanTheWeightsIsNotRunQuietly() throws {
        let models = try TinyModels()
        try models.writeManifest(
            ManifestFiles.changing(ManifestFiles.verifier, "architecture.layerCount", to: "1"), "verifier")
        try expectWrongArchitecture(models, "verifier", "verifier.safetensors", "blocks.1")
    }

    @Test func integerWeightsAreOfAnotherArchitecture() throws {
        let models = try TinyModels()
        let place = TinyModels.folder("draft") + "/draft.safetensors"
        let file = try SafetensorsFile(path: models.root.path + "/" + place)
        var tensors: [String: Tensor] = [:]
        for name in file.names { tensors[name] = try file.tensor(name) }
        tensors["final_proj.bias"] = Tensor([16], [Int32](repeating: 1, count: 16))
        try models.root.write(SafetensorsWriter.encode(tensors), to: place)
        try models.writeManifest(ManifestFiles.draft, "draft")
        try expectWrongArchitecture(models, "draft", "draft.safetensors", "I32")
    }

    @Test func aVouchedForFileThatIsNoSafetensorsFileIsDamaged() throws {
        let models = try TinyModels()
        try models.root.write("no weights at all", to: TinyModels.folder("draft") + "/draft.safetensors")
        try models.writeManifest(ManifestFiles.draft, "draft")
        #expect {
            try models.loadPair()
        } throws: { error in
            guard case ModelError.damagedWeights(let fault) = error else { return false }
            return fault.path == models.path("draft", "draft.safetensors")
        }
    }

    @Test func aVocabularyOfAnotherEncoderIsOfAnotherArchitecture() throws {
        let models = try TinyModels()
        var vocabulary = TinyModels.vocabulary
        vocabulary.words.append("one")
        try models.root.write(vocabulary.bytes, to: TinyModels.folder("shared") + "/vocabulary.json")
        try models.writeManifest(ManifestFiles.shared, "shared")
        try expectWrongArchitecture(models, "shared", "manifest.json", "9")
    }

    @Test func aDenoiserOfAnotherTextWidthDoesNotFitTheSharedModel() throws {
        let models = try TinyModels()
        try models.writeManifest(
            ManifestFiles.changing(ManifestFiles.draft, "architecture.textWidth", to: "16"), "draft")
        #expect {
            try models.loadPair()
        } throws: { error in
            guard case ModelError.incompatiblePair("tiny-draft", "tiny-shared", _) = error else { return false }
            return true
        }
    }

    @Test func aPairWithoutItsSharedModelSaysWhichIsMissing() throws {
        let models = try TinyModels()
        try FileManager.default.removeItem(atPath: models.root.path + "/" + TinyModels.folder("shared"))
        #expect {
            try models.loadPair()
        } throws: { error in
            guard case ModelError.notFound("tiny-shared", _, ["tiny-draft", "tiny-verifier"]) = error else {
                return false
            }
            return true
        }
    }

    @Test func aVerifierIsNoDraftAndADenoiserIsNotShared() throws {
        let models = try TinyModels()
        let shared = try SharedModel(models.store.folder(id: "tiny-shared"))
        #expect(throws: ModelError.wrongRole(id: "tiny-verifier", expected: .draft, found: .verifier)) {
            try DenoiserModel(models.store.folder(id: "tiny-verifier"), role: .draft, shared: shared)
        }
        #expect(throws: ModelError.wrongRole(id: "tiny-draft", expected: .shared, found: .draft)) {
            try SharedModel(models.store.folder(id: "tiny-draft"))
        }
    }

    private func expectWrongArchitecture(
        _ models: TinyModels, _ model: String, _ file: String, _ word: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(sourceLocation: sourceLocation) {
            try models.loadPair()
        } throws: { error in
            guard case ModelError.wrongArchitecture(let named, let reason) = error else { return false }
            return named == models.path(model, file) && reason.contains(word)
        }
    }
}
