/// Named tensors in a file, read where they lie: https://huggingface.co/docs/safetensors.
///
/// Everything that the header says is checked when the file is opened, so that a damaged file is an error there
/// and never a trap later. Tensors of other types than `ElementType` knows are an error only when asked for.
public struct SafetensorsFile: Sendable {
    /// For error messages.
    public let path: String
    /// What the writer noted beside the tensors.
    public let metadata: [String: String]
    /// Names of the tensors in the file's order.
    public let names: [String]
    private let entries: [String: SafetensorsHeader.Entry]
    private let storage: any TensorStorage
    /// Where the data starts, in the storage.
    private let dataOffset: Int

    /// Headers of more bytes are refused; the format's own readers have the same limit.
    public static let largestHeader = 100_000_000

    /// Maps and checks a file.
    public init(path: String) throws(SafetensorsError) {
        let file: MappedFile
        do { file = try MappedFile(path: path) } catch {
            throw SafetensorsError(path: path, fault: .unreadable(error))
        }
        try self.init(file, path: path)
    }

    /// Checks a file that is in memory already; `path` is for error messages.
    public init(_ storage: any TensorStorage, path: String) throws(SafetensorsError) {
        do {
            let header = try storage.withBytes { (bytes) throws(SafetensorsError.Fault) in
                try SafetensorsFile.header(of: bytes)
            }
            self.path = path
            metadata = header.content.metadata
            names = header.content.entries.map(\.name)
            entries = Dictionary(uniqueKeysWithValues: header.content.entries.map { ($0.name, $0) })
            self.storage = storage
            dataOffset = header.dataOffset
        } catch {
            throw SafetensorsError(path: path, fault: error)
        }
    }

    /// A tensor by name, without a copy.
    ///
    /// - Throws: `SafetensorsError` if there is none, or it is of a type that cannot be read.
    public func tensor(_ name: String) throws(SafetensorsError) -> Tensor {
        guard let entry = entries[name] else {
            throw SafetensorsError(path: path, fault: .noSuchTensor(name: name))
        }
        guard let elementType = ElementType(safetensorsName: entry.elementType) else {
            throw SafetensorsError(
                path: path, fault: .unsupportedType(name: name, elementType: entry.elementType))
        }
        return Tensor(
            shape: entry.shape, elementType: elementType, storage: storage,
            byteOffset: dataOffset + entry.range.lowerBound)
    }

    /// The shape of a tensor, whatever its type; nil if there is none.
    public func shape(of name: String) -> Shape? { entries[name]?.shape }

    /// The type of a tensor as the file spells it, for example `F8_E4M3`; nil if there is none.
    public func storedType(of name: String) -> String? { entries[name]?.elementType }

    private static func header(
        of bytes: UnsafeRawBufferPointer
    ) throws(SafetensorsError.Fault) -> (content: SafetensorsHeader, dataOffset: Int) {
        guard bytes.count >= 8 else { throw .noHeader(fileBytes: bytes.count) }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard length <= UInt64(largestHeader) else { throw .hugeHeader(headerBytes: length) }
        let dataOffset = 8 + Int(length)
        guard dataOffset <= bytes.count else {
            throw .truncatedHeader(headerBytes: length, fileBytes: bytes.count)
        }
        let json = UnsafeRawBufferPointer(rebasing: bytes[8..<dataOffset])
        return (try SafetensorsHeader(json, dataBytes: bytes.count - dataOffset), dataOffset)
    }
}
