/// How a picture is kept in a file.
public enum PictureFormat: Hashable, Sendable {
    case png
    /// Of a quality in `WebP.qualities`; nil keeps every pixel.
    case webp(quality: Int?)

    /// Whether a picture of this size can be written.
    public func holds(width: Int, height: Int) -> Bool {
        self == .png || max(width, height) <= WebP.maximumSide
    }

    /// The file of a picture, with one text that tools find under `parameters`.
    ///
    /// The same picture, format and text always give the same bytes.
    /// - Throws: `PictureFileError` for a picture that the format cannot hold.
    public func encode(_ picture: Picture, parameters: String? = nil) throws(PictureFileError) -> [UInt8] {
        switch self {
        case .png:
            return try PNG.encode(picture, text: parameters.map { [PNGText(key: "parameters", text: $0)] } ?? [])
        case .webp(let quality):
            let file = try WebP.encode(picture, quality: quality)
            return if let parameters { try WebP.add(parameters, to: file) } else { file }
        }
    }
}
