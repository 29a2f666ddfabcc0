#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Writes safetensors files, the same bytes for the same tensors.
public enum SafetensorsWriter {
    /// Writes a file in one move: until it is complete, what was at `path` stays as it was.
    ///
    /// Tensors are put in order of element size, widest first, and then of name, so that all are aligned.
    public static func write(
        _ tensors: [String: Tensor], metadata: [String: String] = [:], to path: String
    ) throws(FileError) {
        let temporary = "\(path).\(getpid()).part"
        do throws(FileError) {
            let file = try OpenFile(writing: temporary)
            try file.write(header(of: tensors, metadata: metadata))
            for (_, tensor) in inOrder(tensors) {
                try tensor.withBytes { (bytes) throws(FileError) in try file.write(bytes) }
            }
            try file.synchronise()
            guard rename(temporary, path) == 0 else {
                throw FileError(path: path, operation: .rename, errorNumber: errno)
            }
        } catch {
            unlink(temporary)
            throw error
        }
    }

    /// The whole file as bytes.
    public static func encode(_ tensors: [String: Tensor], metadata: [String: String] = [:]) -> [UInt8] {
        inOrder(tensors).reduce(into: header(of: tensors, metadata: metadata)) { bytes, entry in
            entry.tensor.withBytes { bytes.append(contentsOf: $0) }
        }
    }

    private static func inOrder(_ tensors: [String: Tensor]) -> [(name: String, tensor: Tensor)] {
        tensors.map { (name: $0.key, tensor: $0.value) }.sorted {
            let (first, second) = ($0.tensor.elementType.byteCount, $1.tensor.elementType.byteCount)
            return first == second ? Array($0.name.utf8).lexicographicallyPrecedes($1.name.utf8) : first > second
        }
    }

    /// The length and the JSON, padded with spaces so that the data starts at a multiple of eight.
    private static func header(of tensors: [String: Tensor], metadata: [String: String]) -> [UInt8] {
        var members: [String] = []
        if !metadata.isEmpty {
            let notes = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
            members.append("\"__metadata__\":{\(notes.joined(separator: ","))}")
        }
        var offset = 0
        for (name, tensor) in inOrder(tensors) {
            let extents = tensor.shape.dimensions.map(String.init).joined(separator: ",")
            let end = offset + tensor.byteCount
            members.append(
                "\(quoted(name)):{\"dtype\":\"\(tensor.elementType.safetensorsName)\",\"shape\":[\(extents)],"
                    + "\"data_offsets\":[\(offset),\(end)]}")
            offset = end
        }
        var json = Array("{\(members.joined(separator: ","))}".utf8)
        json += [UInt8](repeating: UInt8(ascii: " "), count: (8 - json.count % 8) % 8)
        return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) } + json
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
