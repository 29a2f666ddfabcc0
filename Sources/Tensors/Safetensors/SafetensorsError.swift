/// A safetensors file that cannot be used, and why.
public struct SafetensorsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file.
    public let path: String
    public let fault: Fault

    public enum Fault: Error, Hashable, Sendable {
        case unreadable(FileError)
        /// Shorter than the eight bytes that every file starts with.
        case noHeader(fileBytes: Int)
        /// The header would reach past the end of the file.
        case truncatedHeader(headerBytes: UInt64, fileBytes: Int)
        /// The header is longer than any real one: `SafetensorsFile.largestHeader`.
        case hugeHeader(headerBytes: UInt64)
        /// Not the JSON that the format demands; the offset counts from the header's first byte.
        case malformedHeader(offset: Int, problem: String)
        case duplicateName(String)
        /// A shape with more elements than a machine can count.
        case impossibleShape(name: String)
        /// Offsets that run backwards or past the end of the file: the file was cut short.
        case outsideFile(name: String, begin: Int, end: Int, dataBytes: Int)
        case sizeMismatch(name: String, shape: Shape, elementType: String, bytes: Int)
        /// Two tensors share bytes.
        case overlap(String, String)
        /// Bytes that belong to no tensor, from this offset in the data on.
        case unusedBytes(begin: Int, end: Int)
        case noSuchTensor(name: String)
        case unsupportedType(name: String, elementType: String)
    }

    public init(path: String, fault: Fault) {
        self.path = path
        self.fault = fault
    }

    public var description: String { "\(path): \(problem); \(remedy)" }

    private var problem: String {
        switch fault {
        case .unreadable(let error): "\(error)"
        case .noHeader(let fileBytes): "\(fileBytes) bytes are too few for a safetensors file"
        case .truncatedHeader(let headerBytes, let fileBytes):
            "the header has \(headerBytes) bytes, but the whole file has \(fileBytes)"
        case .hugeHeader(let headerBytes): "a header of \(headerBytes) bytes is no safetensors header"
        case .malformedHeader(let offset, let problem): "the header is broken at byte \(offset): \(problem)"
        case .duplicateName(let name): "'\(name)' is there twice"
        case .impossibleShape(let name): "the shape of '\(name)' is impossibly large"
        case .outsideFile(let name, let begin, let end, let dataBytes):
            "'\(name)' lies at \(begin)..\(end) of \(dataBytes) data bytes"
        case .sizeMismatch(let name, let shape, let elementType, let bytes):
            "'\(name)', \(elementType) \(shape), cannot have \(bytes) bytes"
        case .overlap(let first, let second): "'\(first)' and '\(second)' share bytes"
        case .unusedBytes(let begin, let end): "data bytes \(begin)..\(end) belong to no tensor"
        case .noSuchTensor(let name): "there is no tensor '\(name)'"
        case .unsupportedType(let name, let elementType): "'\(name)' is stored as \(elementType)"
        }
    }

    private var remedy: String {
        switch fault {
        case .unreadable: "check that the model is installed there"
        case .noSuchTensor: "use the weights file that belongs to this model"
        case .unsupportedType: "convert it to F32, BF16, F16 or I32"
        default: "the file is damaged or of another format: fetch it again"
        }
    }
}
