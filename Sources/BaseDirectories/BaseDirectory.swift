public import Foundation

/// One of a user's folders for files of programs, by the XDG base directory rules.
public enum BaseDirectory: Hashable, Sendable, CaseIterable {
    /// What was installed for the user: models.
    case data
    /// What must outlive a run: unfinished pictures.
    case state
    /// What can be made again.
    case cache

    /// The part of it that is this project's, with a folder in it if one is named.
    ///
    /// `$XDG_DATA_HOME`, `$XDG_STATE_HOME` or `$XDG_CACHE_HOME`, which count only as absolute paths; otherwise their place in the
    /// home folder, `$HOME` or that of the system's list of users.
    public func ours(_ name: String? = nil, environment: [String: String]) -> URL {
        func folder(_ variable: String) -> URL? {
            environment[variable].flatMap { $0.hasPrefix("/") ? URL(fileURLWithPath: $0, isDirectory: true) : nil }
        }
        let home = folder("HOME") ?? FileManager.default.homeDirectoryForCurrentUser
        let base = folder(variable) ?? home.appendingPathComponent(usualPlace, isDirectory: true)
        let ours = base.appendingPathComponent("underpaint", isDirectory: true)
        return name.map { ours.appendingPathComponent($0, isDirectory: true) } ?? ours
    }

    /// Makes a folder, with those above it where they are missing, for the user alone as the rules want it.
    ///
    /// - Throws: `CocoaError`.
    public static func make(_ folder: URL) throws {
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    private var variable: String {
        switch self {
        case .data: "XDG_DATA_HOME"
        case .state: "XDG_STATE_HOME"
        case .cache: "XDG_CACHE_HOME"
        }
    }

    private var usualPlace: String {
        switch self {
        case .data: ".local/share"
        case .state: ".local/state"
        case .cache: ".cache"
        }
    }
}
