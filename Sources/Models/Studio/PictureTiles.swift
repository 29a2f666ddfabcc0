/// A latent cut into parts that overlap, all of one size, so that one graph decodes them all.
struct PictureTiles: Hashable {
    struct Tile: Hashable {
        /// Where what is decoded begins, in the latent.
        let row: Int
        let column: Int
        /// What is kept of it, in the latent.
        let rows: Range<Int>
        let columns: Range<Int>
    }

    /// Latent rows and columns that are decoded at once.
    let height: Int
    let width: Int
    let tiles: [Tile]

    /// - Parameters:
    ///   - height, width: of the latent.
    ///   - core: latent pixels along a side that a tile gives, at least 1.
    ///   - radius: latent pixels around them that they depend on.
    init(height: Int, width: Int, core: Int, radius: Int) {
        let down = PictureTiles.parts(of: height, core, radius)
        let across = PictureTiles.parts(of: width, core, radius)
        (self.height, self.width) = (min(height, core + 2 * radius), min(width, core + 2 * radius))
        tiles = down.flatMap { rows in
            across.map { Tile(row: rows.start, column: $0.start, rows: rows.kept, columns: $0.kept) }
        }
    }

    /// Along one axis. A part at the border ends there, so that the decoder pads it as it pads the picture; it is no
    /// smaller for that, only further from what it gives on the other side.
    private static func parts(of extent: Int, _ core: Int, _ radius: Int) -> [(start: Int, kept: Range<Int>)] {
        let size = min(extent, core + 2 * radius)
        return stride(from: 0, to: extent, by: core).map { first in
            (max(0, min(first - radius, extent - size)), first..<min(first + core, extent))
        }
    }
}
