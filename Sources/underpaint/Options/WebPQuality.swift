import ArgumentParser
import Pictures

/// How good a WebP file shall be.
struct WebPQuality: Hashable {
    /// In `WebP.qualities`; nil keeps every pixel.
    let value: Int?

    static let usual = WebPQuality(value: 90)
}

extension WebPQuality: ExpressibleByArgument {
    init?(argument: String) {
        if argument == "lossless" {
            value = nil
        } else if let number = Int(argument), WebP.qualities.contains(number) {
            value = number
        } else {
            return nil
        }
    }

    var defaultValueDescription: String { value.map { "\($0)" } ?? "lossless" }
}
