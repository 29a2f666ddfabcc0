import Graphs
import Tensors

extension SafetensorsFile {
    /// Maps a model's weights and checks that they are exactly what a network needs.
    ///
    /// - Parameters:
    ///   - name: their key in the manifest's `files`.
    ///   - network: the network at any size; its parameters do not depend on it.
    /// - Throws: `ModelError`: `.wrongArchitecture` unless names, shapes and types are those of the network, or
    ///   what is wrong with the file.
    init(
        _ folder: ModelFolder, _ name: String, network: () throws(ShapeError) -> Graph
    ) throws(ModelError) {
        let file = try folder.checkedFile(name)
        do {
            try self.init(file.contents, path: file.path)
        } catch {
            throw .damagedWeights(error)
        }
        let graph: Graph
        do {
            graph = try network()
        } catch {
            throw .malformed(file: folder.manifestPath, reason: "\(error)")
        }
        if let fault = fault(for: graph) {
            throw .wrongArchitecture(file: file.path, reason: fault)
        }
    }

    private static let floatingTypes = ["F32", "BF16", "F16"]

    /// The first way in which the file is not what the network needs, in words; nil if it is.
    private func fault(for graph: Graph) -> String? {
        var needed: Set<String> = []
        for parameter in graph.parameters {
            needed.insert(parameter.name)
            let expected = graph[parameter.value].shape
            guard let found = shape(of: parameter.name), let stored = storedType(of: parameter.name) else {
                return "it has no '\(parameter.name)'"
            }
            guard found == expected else {
                return "'\(parameter.name)' is \(found) instead of \(expected)"
            }
            guard Self.floatingTypes.contains(stored) else {
                return "'\(parameter.name)' is stored as \(stored) and not as one of "
                    + Self.floatingTypes.joined(separator: ", ")
            }
        }
        // A deeper network than the manifest says would run without complaint and draw nonsense.
        return names.first { !needed.contains($0) }.map { "the network needs no '\($0)'" }
    }
}
