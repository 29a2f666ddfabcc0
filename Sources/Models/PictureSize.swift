/// The size of a picture in pixels.
public struct PictureSize: Hashable, Sendable, Codable {
    public let width: Int
    public let height: Int

    /// Pixels that a side may have, whatever the model.
    public static let allowedExtents = 64...512

    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }
}

extension PictureSize: CustomStringConvertible {
    public var description: String { "\(width)×\(height)" }
}
