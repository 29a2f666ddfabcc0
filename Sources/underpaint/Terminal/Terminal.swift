import BaseDirectories
import Foundation

/// Words for the person at the terminal go to standard error; standard output is for results.
enum Terminal {
    /// Writes a line of the results, or several, on standard output, at once: a list may be piped on, and its pictures wanted as
    /// they come.
    ///
    /// - Throws: `Failure` where it cannot be written, so that nobody takes half of the results for all.
    static func printResult(_ text: String) throws {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data((text.hasSuffix("\n") ? text : text + "\n").utf8))
        } catch {
            throw Failure(
                ExitStatus.cannotCreate,
                "the result cannot be written to standard output (\(error.reason))")
        }
    }

    /// Writes a result as JSON for people to read.
    ///
    /// - Throws: as `printResult`.
    static func printJSON(_ value: some Encodable) throws {
        try printResult(String(decoding: try value.readableJSON(), as: UTF8.self))
    }

    static func write(_ text: String) {
        // Where nobody can be told (a full disk, a closed pipe) the work goes on.
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }

    static func warn(_ text: String) {
        write("warning: \(text)\n")
    }
}

extension Double {
    func formatted(decimals: Int) -> String {
        String(format: "%.\(decimals)f", self)
    }
}
