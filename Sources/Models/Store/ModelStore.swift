import Foundation

/// The models on this machine: those in a few search roots.
///
/// A root holds `EdgeModels/` and `CloudModels/`, as the repository does, or model folders directly. Nothing is
/// kept between calls, so a model that is copied in is found at the next.
public struct ModelStore: Hashable, Sendable {
    /// Folders to search, the first first.
    public let roots: [String]

    private static let collections = ["EdgeModels", "CloudModels"]

    public init(roots: [String]) {
        self.roots = roots
    }

    /// A folder that has a manifest, whether or not it is a good one.
    public struct Listing: Sendable {
        /// The folder.
        public let path: String
        public let folder: Result<ModelFolder, ModelError>
    }

    /// All model folders, in the order in which they are searched; files are not checked.
    public func listings() -> [Listing] {
        collectionPaths.flatMap(modelPaths).map { path in
            Listing(path: path, folder: Result { () throws(ModelError) in try ModelFolder(path: path) })
        }
    }

    /// The first model of an id.
    ///
    /// - Throws: `ModelError.notFound`, or the fault of the manifest in the folder that is named like the id.
    public func folder(id: String) throws(ModelError) -> ModelFolder {
        let listings = listings()
        var available: [String] = []
        for listing in listings {
            if case .success(let folder) = listing.folder {
                if folder.manifest.id == id { return folder }
                available.append(folder.manifest.id)
            }
        }
        // Somebody who asks for a broken model is better told what is broken than that there is none.
        for listing in listings where URL(fileURLWithPath: listing.path).lastPathComponent == id {
            if case .failure(let error) = listing.folder { throw error }
        }
        throw .notFound(id: id, searched: collectionPaths, available: available.sorted())
    }

    private var collectionPaths: [String] {
        roots.flatMap { root in
            let inside = Self.collections.map { root + "/" + $0 }.filter { !Self.names(in: $0).isEmpty }
            return inside.isEmpty ? [root] : inside
        }
    }

    private func modelPaths(in collection: String) -> [String] {
        Self.names(in: collection).map { collection + "/" + $0 }.filter {
            FileManager.default.fileExists(atPath: $0 + "/" + ModelFolder.manifestName)
        }
    }

    /// What a folder holds, sorted; nothing if it is none or may not be read.
    private static func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }
}
