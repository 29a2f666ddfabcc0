/// A file that is no picture we can read, or a picture that could not be written.
public struct PictureFileError: Error, Hashable, Sendable, CustomStringConvertible {
    public let message: String
    public var description: String { message }
}
