/// The Exif data that hold one text, the `UserComment`, where picture tools look for generation parameters of files
/// that are no PNG (Exif 2.32, 4.6.5: a comment begins with the name of its character set in eight bytes).
struct ExifComment {
    let text: String

    /// A big-endian TIFF header, directory 0 with the place of the Exif directory, and that with the comment.
    var bytes: [UInt8] {
        let comment = Array("UNICODE\0".utf8) + text.utf16.flatMap { bigEndian($0) }
        let (header, directory) = (8, 2 + 12 + 4)
        let exif = header + directory
        return Array("MM".utf8) + bigEndian(UInt16(42)) + bigEndian(UInt32(header))
            + entry(tag: 0x8769, type: 4, count: 1, value: exif)
            + entry(tag: 0x9286, type: 7, count: comment.count, value: exif + directory) + comment
    }

    /// A directory of one entry, without a successor.
    private func entry(tag: UInt16, type: UInt16, count: Int, value: Int) -> [UInt8] {
        bigEndian(UInt16(1)) + bigEndian(tag) + bigEndian(type) + bigEndian(UInt32(count)) + bigEndian(UInt32(value))
            + bigEndian(UInt32(0))
    }

    private func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
}
