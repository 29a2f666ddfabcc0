import Foundation

/// Reads a JSON file whose object names the version of its format.
enum StrictJSON {
    private struct Version: Decodable {
        let format: Int
    }

    /// The value that `bytes` hold.
    ///
    /// - Parameters:
    ///   - format: the one version that is understood.
    ///   - file: where the bytes come from, for the error.
    /// - Throws: `ModelError.unsupportedFormat` for another version, `.malformed` for everything else.
    static func decode<Value: Decodable>(
        _ bytes: [UInt8], format: Int, file: String
    ) throws(ModelError) -> Value {
        let data = Data(bytes)
        let decoder = JSONDecoder()
        do {
            // Another version may hold anything, so it is named before anything else is looked at.
            let version = try decoder.decode(Version.self, from: data)
            guard version.format == format else {
                throw ModelError.unsupportedFormat(file: file, found: version.format, supported: format)
            }
            return try decoder.decode(Value.self, from: data)
        } catch let error as ModelError {
            throw error
        } catch let error as DecodingError {
            throw .malformed(file: file, reason: reason(error))
        } catch {
            throw .malformed(file: file, reason: "\(error)")
        }
    }

    private static func reason(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, let context):
            "'\(path(context.codingPath + [key]))' is missing"
        case .valueNotFound(_, let context):
            "'\(path(context.codingPath))' is null"
        case .typeMismatch(let type, let context):
            "'\(path(context.codingPath))' is not of type \(type)"
        case .dataCorrupted(let context):
            context.codingPath.isEmpty
                ? "it is not JSON" : "'\(path(context.codingPath))': \(context.debugDescription)"
        @unknown default:
            "it is not as expected"
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.isEmpty ? "the whole" : keys.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
    }
}
