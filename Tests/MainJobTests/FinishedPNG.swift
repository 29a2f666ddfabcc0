import Pictures

/// What is in a PNG file.
enum FinishedPNG {
    static func pixels(_ file: [UInt8]) throws -> [UInt8] {
        try PNG.decode(file).picture.rgb
    }
}
