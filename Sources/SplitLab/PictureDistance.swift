import Foundation
public import Pictures

extension Picture {
    /// The root of the mean squared difference of the pixels, 0…1; nil for pictures of different sizes.
    public func distance(to other: Picture) -> Double? {
        guard width == other.width, height == other.height else { return nil }
        return Picture.distance(rgb, other.rgb)
    }

    /// The same of as many 8-bit values.
    static func distance(_ a: [UInt8], _ b: [UInt8]) -> Double {
        let squares = zip(a, b).reduce(0) { sum, pair in
            let difference = Int(pair.0) - Int(pair.1)
            return sum + difference * difference
        }
        return (Double(squares) / Double(max(1, a.count))).squareRoot() / 255
    }

    /// Peak signal-to-noise ratio of pictures at a distance, in dB; at most `most`, which equal ones have.
    static func decibels(of distance: Double, atMost most: Double = 99) -> Double {
        distance > 0 ? min(-20 * log10(distance), most) : most
    }
}
