/// Why the latent code could not be measured.
public enum CodingLabError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A file of kept hand-offs that cannot be read or written.
    case cache(file: String, reason: String)
    /// zstd could not do what the experiment asks for.
    case zstd(String)
    /// Nothing that could be measured is called so.
    case noSuchRow(String)

    public var description: String {
        switch self {
        case .cache(let file, let reason):
            "\(file): \(reason); remove the file and it is made again"
        case .noSuchRow(let filter): "nothing is called '\(filter)'; leave out --only to see what there is"
        case .zstd(let reason):
            "zstd: \(reason)"
        }
    }
}
