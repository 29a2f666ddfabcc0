import CPNG

/// One text chunk of a PNG file.
public struct PNGText: Hashable, Sendable {
    /// 1…79 Latin-1 characters, for example `parameters`.
    public let key: String
    public let text: String

    public init(key: String, text: String) {
        self.key = key
        self.text = text
    }
}

/// PNG files through libpng. The same picture and text always give the same bytes.
public enum PNG {
    /// Encodes a picture with text chunks.
    public static func encode(_ picture: Picture, text: [PNGText] = []) throws(PictureFileError) -> [UInt8] {
        var file = ByteSink()
        var message = [CChar](repeating: 0, count: Int(CPNG_MESSAGE_BYTES))
        let succeeded = withCStrings(text.map(\.key)) { keys in
            withCStrings(text.map(\.text)) { texts in
                withUnsafeMutablePointer(to: &file) { sink in
                    cpng_encode(
                        picture.rgb, UInt32(picture.width), UInt32(picture.height), keys, texts, Int32(text.count),
                        { context, bytes, count in
                            guard let sink = context?.assumingMemoryBound(to: ByteSink.self), let bytes else {
                                return 0
                            }
                            sink.pointee.bytes.append(contentsOf: UnsafeBufferPointer(start: bytes, count: count))
                            return 1
                        }, sink, &message)
                }
            }
        }
        guard succeeded == 1 else { throw PictureFileError(message: "cannot write PNG: \(readable(message))") }
        return file.bytes
    }

    /// Decodes a PNG file of any colour type to RGB, dropping alpha.
    public static func decode(_ bytes: [UInt8]) throws(PictureFileError) -> (picture: Picture, text: [PNGText]) {
        var message = [CChar](repeating: 0, count: Int(CPNG_MESSAGE_BYTES))
        var width: UInt32 = 0
        var height: UInt32 = 0
        guard cpng_size(bytes, bytes.count, &width, &height, &message) == 1 else {
            throw PictureFileError(message: "cannot read PNG: \(readable(message))")
        }
        guard Int(width) * Int(height) <= Picture.maximumPixelCount else {
            throw PictureFileError(
                message: "cannot read PNG: \(width)×\(height) is over \(Picture.maximumPixelCount) pixels")
        }
        var rgb = [UInt8](repeating: 0, count: Int(width) * Int(height) * 3)
        var found = TextSink()
        let succeeded = withUnsafeMutablePointer(to: &found) { sink in
            cpng_decode(
                bytes, bytes.count, &rgb, width, height,
                { context, key, text in
                    guard let sink = context?.assumingMemoryBound(to: TextSink.self), let key, let text else { return }
                    sink.pointee.chunks.append(PNGText(key: String(cString: key), text: String(cString: text)))
                }, sink, &message)
        }
        guard succeeded == 1 else { throw PictureFileError(message: "cannot read PNG: \(readable(message))") }
        return (Picture(width: Int(width), height: Int(height), rgb: rgb), found.chunks)
    }

    private struct ByteSink {
        var bytes: [UInt8] = []
    }

    private struct TextSink {
        var chunks: [PNGText] = []
    }

    private static func readable(_ message: [CChar]) -> String {
        String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Calls `body` with the strings as an array of zero-terminated C strings.
    private static func withCStrings<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
    ) -> Result {
        let bytes = strings.flatMap { $0.utf8CString }
        return bytes.withUnsafeBufferPointer { all in
            var starts: [UnsafePointer<CChar>?] = []
            var offset = 0
            for string in strings {
                starts.append(all.baseAddress.map { $0 + offset })
                offset += string.utf8CString.count
            }
            starts.append(nil)
            return starts.withUnsafeBufferPointer { pointers in
                guard let first = pointers.baseAddress else { preconditionFailure("the list holds at least its end") }
                return body(first)
            }
        }
    }
}
