/// The quantizer step of every element of a pyramid.
///
/// Finest differences have the frame's own step. Twice as coarse ones weigh four times as many elements, so that half
/// the step does the same harm; a channel with a tilt gets 2^(tilt/8) finer with every level on top of that.
struct PyramidQuanta {
    /// In eighths of an octave.
    let baseRung: Int
    /// One a channel, 0…15, in eighths of an octave a level.
    let tilts: [UInt8]

    static let maximumTilt: UInt8 = 15
    /// Levels from which on the tilt adds nothing more; a latent of 16×16 has that many.
    private static let tiltedLevels = 4

    /// The step of a level's differences, 1 the finest.
    func differences(level: Int, channel: Int) -> Double {
        quantum(level: level, tilted: level - 1, channel)
    }

    /// The step of the last plane.
    func means(levelCount: Int, channel: Int) -> Double {
        quantum(level: levelCount, tilted: levelCount, channel)
    }

    private func quantum(level: Int, tilted: Int, _ channel: Int) -> Double {
        QuantumLadder.quantum(baseRung - 8 * level - Int(tilts[channel]) * min(tilted, Self.tiltedLevels))
    }
}
