/// Exit codes, as sysexits(3) and shells number them.
enum ExitStatus {
    /// The command line asks for something that cannot be.
    static let usage: Int32 = 64
    /// A hand-off file, a picture or a model is damaged.
    static let dataError: Int32 = 65
    /// A model or a file was not found.
    static let noInput: Int32 = 66
    /// The verifier cannot be reached or refuses.
    static let unavailable: Int32 = 69
    /// A fault of the program.
    static let software: Int32 = 70
    /// An output cannot be written.
    static let cannotCreate: Int32 = 73
    /// The draft is kept; `underpaint resume` may finish it later.
    static let tryLater: Int32 = 75
    /// 128 + SIGINT.
    static let interrupted: Int32 = 130
}
