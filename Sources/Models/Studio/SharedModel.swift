public import Graphs
import Tensors

/// What draft and verifier share: vocabulary, text encoder and picture decoder, with every file checked.
public struct SharedModel: Sendable {
    public let folder: ModelFolder
    public let manifest: SharedManifest
    public let tokenizer: Tokenizer
    private let textWeights: SafetensorsFile
    private let decoderWeights: SafetensorsFile

    /// Checks and maps the files of a shared model.
    ///
    /// - Throws: `ModelError`: `.wrongRole` for another kind of model, or what is wrong with a file.
    public init(_ folder: ModelFolder) throws(ModelError) {
        guard case .shared(let manifest) = folder.manifest.content else {
            throw .wrongRole(id: folder.manifest.id, expected: .shared, found: folder.manifest.role)
        }
        self.folder = folder
        self.manifest = manifest
        let encoder = manifest.architecture.textEncoder
        let words = try folder.checkedFile(ModelManifest.FileName.vocabulary)
        let vocabulary = try Vocabulary(parsing: [UInt8](words.bytes), file: words.path)
        guard vocabulary.words.count == encoder.vocabularySize,
            vocabulary.maximumTokenCount == encoder.tokenCount
        else {
            throw .wrongArchitecture(
                file: folder.manifestPath,
                reason: "the text encoder takes \(encoder.tokenCount) tokens of \(encoder.vocabularySize) words, "
                    + "the vocabulary gives \(vocabulary.maximumTokenCount) of \(vocabulary.words.count)")
        }
        tokenizer = Tokenizer(vocabulary)
        textWeights = try SafetensorsFile(folder, ModelManifest.FileName.textEncoder) { () throws(ShapeError) in
            try encoder.graph(batch: 1)
        }
        decoderWeights = try SafetensorsFile(folder, ModelManifest.FileName.vaeDecoder) { () throws(ShapeError) in
            try manifest.architecture.vaeDecoder.graph(batch: 1, height: 1, width: 1)
        }
    }

    /// The text encoder, compiled.
    ///
    /// - Throws: what the backend throws.
    public func text(on backend: any Backend) throws -> StudioText {
        try StudioText(manifest.architecture.textEncoder, tokenizer, textWeights, backend)
    }

    /// The picture decoder; compiles a graph for each latent size when it is first needed.
    ///
    /// - Parameter tilePixels: along a side of the tiles that pictures are decoded in; nil to decode them whole where the
    ///   device has room.
    public func decoder(on backend: any Backend, tilePixels: Int? = nil) -> StudioDecoder {
        StudioDecoder(
            manifest.architecture.vaeDecoder, manifest.latent, decoderWeights, backend, tilePixels: tilePixels)
    }
}
