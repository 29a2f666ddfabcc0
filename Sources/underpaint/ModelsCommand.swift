import ArgumentParser
import Foundation
import Models

/// `underpaint models`: what is installed, whether it is whole, what it understands.
struct ModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "Show the installed models, check their files, list the words they know.",
        discussion: """
            EXAMPLES
              underpaint models
              underpaint models --verify
              underpaint models --words
            """)

    @OptionGroup(title: "Models") var models: ModelOptions

    @Flag(help: "Read every file and compare it with its manifest.")
    var verify = false

    @Flag(help: "List the words that the built-in text encoder knows.")
    var words = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        try await reportingFailures {
            if words { return try showWords() }
            let store = ModelStore.standard(models.modelsFolder)
            let entries = store.listings().map { Entry($0, in: store, isVerifying: verify) }
            guard !entries.isEmpty else {
                throw Failure(
                    ExitStatus.noInput,
                    "no models in \(store.roots.joined(separator: ", ")); name their folder with --models")
            }
            if json {
                try Terminal.printJSON(entries)
            } else {
                for entry in entries { try Terminal.printResult(entry.line) }
            }
            if entries.contains(where: { $0.fault != nil }) {
                throw Failure(ExitStatus.dataError, "a model is not usable; see above")
            }
        }
    }

    private func showWords() throws {
        let words = try models.pair().shared.tokenizer.vocabulary.words.filter { !$0.hasPrefix("<") }
        if json {
            try Terminal.printJSON(words)
        } else {
            try Terminal.printResult(words.joined(separator: "\n"))
        }
    }
}

/// One model folder.
private struct Entry: Encodable {
    let path: String
    let id: String?
    let version: String?
    let role: String?
    let bytes: Int?
    let partners: [String]?
    /// What a verifier's critic answers for its check; none without a critic, nil of other models.
    let critic: [PictureCritic.Answer]?
    let fault: String?

    init(_ listing: ModelStore.Listing, in store: ModelStore, isVerifying: Bool) {
        path = listing.path
        switch listing.folder {
        case .success(let folder):
            let manifest = folder.manifest
            id = manifest.id
            version = manifest.version
            role = manifest.role.rawValue
            bytes = manifest.files.values.reduce(0) { $0 + $1.bytes }
            partners = manifest.denoiser?.partners
            critic = manifest.role == .verifier ? manifest.denoiser?.critic?.answers ?? [] : nil
            fault = isVerifying ? Entry.fault(of: folder, in: store) : nil
        case .failure(let error):
            id = nil
            version = nil
            role = nil
            bytes = nil
            partners = nil
            critic = nil
            fault = "\(error)"
        }
    }

    private static func fault(of folder: ModelFolder, in store: ModelStore) -> String? {
        do throws(ModelError) {
            if let denoiser = folder.manifest.denoiser {
                _ = try DenoiserModel(folder, shared: try SharedModel(try store.folder(id: denoiser.shared)))
            } else {
                _ = try SharedModel(folder)
            }
            return nil
        } catch {
            return "\(error)"
        }
    }

    var line: String {
        guard let id, let version, let role, let bytes else { return "\(path)  UNUSABLE: \(fault ?? "")" }
        let answers = (critic ?? []).map(\.rawValue).joined(separator: " and ")
        let critic = answers.isEmpty ? "" : " and a critic of \(answers)"
        let partners = partners.map { "  with " + $0.joined(separator: ", ") + critic } ?? ""
        let size = (Double(bytes) / 1e6).formatted(decimals: 1)
        let state = fault.map { "  UNUSABLE: \($0)" } ?? ""
        return "\(id) \(version)  \(role)  \(size) MB\(partners)  \(path)\(state)"
    }
}
