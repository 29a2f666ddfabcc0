public import Foundation

/// Scores that something else gave to the pictures of an experiment, for example a classifier's share of right
/// attributes.
public struct PictureScores: Sendable {
    private struct Line: Decodable {
        var picture: String
        var score: Double
    }

    /// By the picture's file name.
    public let byPicture: [String: Double]

    /// Reads JSON lines `{"picture": "….png", "score": 0…1}`.
    ///
    /// - Throws: `LabError.damagedFile` with the line's number.
    public init(file: URL) throws(LabError) {
        guard let contents = FileManager.default.contents(atPath: file.path) else {
            throw .damagedFile(path: file.path, reason: "it is missing")
        }
        var scores: [String: Double] = [:]
        for (number, line) in contents.split(separator: UInt8(ascii: "\n")).enumerated() {
            guard let parsed = try? JSONDecoder().decode(Line.self, from: Data(line)), (0...1).contains(parsed.score)
            else {
                throw .damagedFile(
                    path: file.path, reason: "line \(number + 1) is not {\"picture\": FILE, \"score\": 0…1}")
            }
            scores[parsed.picture] = parsed.score
        }
        byPicture = scores
    }
}
