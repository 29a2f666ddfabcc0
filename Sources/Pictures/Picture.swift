/// A picture of 8-bit sRGB pixels.
public struct Picture: Hashable, Sendable {
    /// Files of more pixels are refused before any memory is taken for them.
    public static let maximumPixelCount = 1 << 26

    public let width: Int
    public let height: Int
    /// Red, green, blue of each pixel, row by row from the top.
    public var rgb: [UInt8]  // [height, width, 3]

    public init(width: Int, height: Int, rgb: [UInt8]) {
        precondition(
            width > 0 && height > 0 && rgb.count == width * height * 3,
            "\(rgb.count) bytes for a picture of \(width)×\(height)")
        self.width = width
        self.height = height
        self.rgb = rgb
    }

    /// Rounds a decoder's output to pixels: −1 is black, 1 is full; what lies outside is clamped, NaN is black.
    ///
    /// - Parameter decoded: [height, width, 3]
    public init(width: Int, height: Int, decoded: [Float]) {
        self.init(
            width: width, height: height,
            rgb: decoded.map { value in
                let scaled = (value + 1) * 127.5
                return scaled > 0 ? UInt8(min(scaled.rounded(), 255)) : 0
            })
    }
}
