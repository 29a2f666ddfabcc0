public import Foundation
public import Speculation
import WireProtocol

/// A picture whose draft is done and whose verifier has not answered: what `underpaint resume` finishes.
public struct UnfinishedPicture: Hashable, Sendable {
    public var job: VerificationJob
    /// Where the picture was to be written.
    public var outputPath: String
    /// The address of the verifier that did not answer, nil for the embedded one.
    public var verifier: String?
    public var createdAt: Date
    /// Where the picture is kept; nil for one that is not kept yet. No part of what is in the file.
    public internal(set) var file: HandoffFile?

    public init(job: VerificationJob, outputPath: String, verifier: String?, createdAt: Date) {
        self.job = job
        self.outputPath = outputPath
        self.verifier = verifier
        self.createdAt = createdAt
    }
}

extension UnfinishedPicture {
    /// The file's layout; the job is kept as the request frame that travels, which checks itself.
    private struct File: Codable {
        var format: Int
        var output: String
        var verifier: String?
        var createdAt: Date
        var request: Data
    }

    private static let format = 1
    private static let moment = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    /// The picture as a hand-off file.
    func fileContents() throws -> Data {
        let file = File(
            format: UnfinishedPicture.format, output: outputPath, verifier: verifier, createdAt: createdAt,
            request: Data(try RequestCodec.encode(job)))
        let encoder = JSONEncoder()
        // With the fraction: whether an output is newer than a picture may hang on it.
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(date.formatted(UnfinishedPicture.moment))
        }
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(file)
    }

    /// Reads a hand-off file.
    ///
    /// - Throws: `JournalError` with `damaged`, naming the file.
    init(contents: Data, path: String) throws(JournalError) {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let text = try decoder.singleValueContainer().decode(String.self)
            // Files of before are in whole seconds.
            return try (try? Date(text, strategy: UnfinishedPicture.moment)) ?? Date(text, strategy: .iso8601)
        }
        guard let file = try? decoder.decode(File.self, from: contents) else {
            throw JournalError(.damaged, path: path, "it is not a hand-off file, or it was cut short")
        }
        guard file.format == UnfinishedPicture.format else {
            throw JournalError(.damaged, path: path, "its format \(file.format) is of another version of underpaint")
        }
        do {
            self.init(
                job: try RequestCodec.decode(file.request), outputPath: file.output, verifier: file.verifier,
                createdAt: file.createdAt)
        } catch {
            throw JournalError(.damaged, path: path, error.message)
        }
    }
}
