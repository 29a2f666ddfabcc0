import CWebP

/// WebP files through libwebp. The same picture and quality always give the same bytes.
public enum WebP {
    /// What a lossy file may be asked for: 100 is the best, and still not exact.
    public static let qualities = 1...100
    /// A WebP holds no longer side (14 bits).
    public static let maximumSide = Int(WEBP_MAX_DIMENSION)

    /// Encodes a picture.
    ///
    /// - Parameter quality: in `qualities`; nil keeps every pixel.
    public static func encode(_ picture: Picture, quality: Int?) throws(PictureFileError) -> [UInt8] {
        guard max(picture.width, picture.height) <= maximumSide else {
            throw PictureFileError(
                message: "cannot write WebP: \(picture.width)×\(picture.height) is over \(maximumSide) pixels a side; "
                    + "choose PNG")
        }
        let (width, height, stride) = (Int32(picture.width), Int32(picture.height), Int32(picture.width * 3))
        var output: UnsafeMutablePointer<UInt8>?
        let count =
            if let quality {
                WebPEncodeRGB(picture.rgb, width, height, stride, Float(quality), &output)
            } else {
                WebPEncodeLosslessRGB(picture.rgb, width, height, stride, &output)
            }
        defer { WebPFree(output) }
        guard count > 0, let output else {
            throw PictureFileError(message: "cannot write WebP: the encoder gave up; free some memory")
        }
        return Array(UnsafeBufferPointer(start: output, count: count))
    }

    /// Decodes a WebP file to RGB, dropping alpha.
    public static func decode(_ bytes: [UInt8]) throws(PictureFileError) -> Picture {
        var (width, height): (Int32, Int32) = (0, 0)
        guard WebPGetInfo(bytes, bytes.count, &width, &height) != 0, width > 0, height > 0 else {
            throw PictureFileError(message: "cannot read WebP: the file has no header of one")
        }
        // Before any memory is taken; the format itself allows four times as many.
        guard Int(width) * Int(height) <= Picture.maximumPixelCount else {
            throw PictureFileError(
                message: "cannot read WebP: \(width)×\(height) is over \(Picture.maximumPixelCount) pixels")
        }
        var rgb = [UInt8](repeating: 0, count: Int(width) * Int(height) * 3)
        guard WebPDecodeRGBInto(bytes, bytes.count, &rgb, rgb.count, width * 3) != nil else {
            throw PictureFileError(message: "cannot read WebP: the file is cut short or damaged")
        }
        return Picture(width: Int(width), height: Int(height), rgb: rgb)
    }

    /// The same file with a text in its Exif data, where tools look for generation parameters.
    public static func add(_ text: String, to file: [UInt8]) throws(PictureFileError) -> [UInt8] {
        let failure = PictureFileError(message: "cannot add the generation parameters to the WebP file")
        let written: [UInt8]? = file.withUnsafeBufferPointer { picture in
            ExifComment(text: text).bytes.withUnsafeBufferPointer { exif in
                let source = WebPData(bytes: picture.baseAddress, size: picture.count)
                var chunk = WebPData(bytes: exif.baseAddress, size: exif.count)
                guard let mux = withUnsafePointer(to: source, { WebPMuxCreate($0, 0) }) else { return nil }
                defer { WebPMuxDelete(mux) }
                var whole = WebPData()
                defer { WebPDataClear(&whole) }
                guard WebPMuxSetChunk(mux, "EXIF", &chunk, 0) == WEBP_MUX_OK,
                    WebPMuxAssemble(mux, &whole) == WEBP_MUX_OK
                else { return nil }
                return Array(UnsafeBufferPointer(start: whole.bytes, count: whole.size))
            }
        }
        guard let written else { throw failure }
        return written
    }
}
