public import Diffusion
import Graphs
import Tensors

/// The compiled picture decoder. For one thread at a time.
///
/// A picture that the device has no memory for at once is decoded in tiles. Every layer is local, so tiles that overlap
/// by the decoder's receptive radius give the same picture, up to the order in which a kernel adds.
public final class StudioDecoder {
    private let decoder: VAEDecoder
    private let statistics: LatentStatistics
    private let weights: SafetensorsFile
    private let backend: any Backend
    // Two sizes: activations at 512×512 take more memory than the weights.
    private var executables = ExecutableCache<LatentShape>(capacity: 2)

    /// What compiling its graphs has taken so far.
    public var preparation: Duration { executables.compiling }

    /// How the last picture was cut: finding out plans the whole graph's memory, and pictures mostly have one size.
    private var latest: (shape: LatentShape, tiles: PictureTiles)?

    /// Latent pixels along a side that a tile gives; nil to decode whole pictures where there is room.
    private let tileSide: Int?

    /// - Parameter tilePixels: along a side of what a tile gives, rounded up to whole latent pixels.
    init(
        _ decoder: VAEDecoder, _ statistics: LatentStatistics, _ weights: SafetensorsFile, _ backend: any Backend,
        tilePixels: Int?
    ) {
        tileSide = tilePixels.map {
            // Beyond the largest picture a tile is whole pictures.
            max(1, (min($0, PictureSize.allowedExtents.upperBound) + decoder.scaleFactor - 1) / decoder.scaleFactor)
        }
        self.decoder = decoder
        self.statistics = statistics
        self.weights = weights
        self.backend = backend
    }

    /// Decodes a latent.
    ///
    /// - Returns: a picture with elements in −1…1.
    /// - Throws: `ModelError.unsupportedLatent`, or what the backend throws.
    public func decode(_ latent: Latent) throws -> DecodedPicture {
        let shape = latent.shape
        guard shape.channelCount == decoder.latentChannelCount else {
            throw ModelError.unsupportedLatent(
                shape, reason: "its latents have \(decoder.latentChannelCount) channels")
        }
        let maximum = PictureSize.allowedExtents.upperBound / decoder.scaleFactor
        guard shape.height <= maximum, shape.width <= maximum else {
            throw ModelError.unsupportedLatent(shape, reason: "its sides are at most \(maximum)")
        }
        guard latent.isFinite else {
            throw ModelError.unsupportedLatent(shape, reason: "it holds a NaN or an infinity")
        }
        var values = latent.values
        statistics.denormalise(&values)
        let tiles = if let latest, latest.shape == shape { latest.tiles } else { try tiles(of: shape) }
        latest = (shape, tiles)
        let part = LatentShape(height: tiles.height, width: tiles.width, channelCount: shape.channelCount)
        let executable = try executables.executable(for: part) {
            try backend.compile(
                decoder.graph(batch: 1, height: part.height, width: part.width), parameters: weights)
        }
        let scale = decoder.scaleFactor
        var picture = [Float](repeating: 0, count: shape.height * scale * shape.width * scale * 3)
        for tile in tiles.tiles {
            var region: [Float] = []
            region.reserveCapacity(part.elementCount)
            for row in tile.row..<tile.row + part.height {
                let first = (row * shape.width + tile.column) * shape.channelCount
                region += values[first..<first + part.width * shape.channelCount]
            }
            let outputs = try executable.run([
                "latent": Tensor([1, part.height, part.width, part.channelCount], region)
            ])
            let pixels = try outputs.floats(
                "picture", count: part.height * scale * part.width * scale * 3, backend: backend.name)
            // A latent far beyond any picture's overflows inside; what comes of it would be drawn as black.
            guard pixels.allSatisfy(\.isFinite) else {
                throw ModelError.unsupportedLatent(shape, reason: "its picture holds a NaN or an infinity")
            }
            let columns = tile.columns.count * scale * 3
            for row in tile.rows.lowerBound * scale..<tile.rows.upperBound * scale {
                let to = (row * shape.width + tile.columns.lowerBound) * scale * 3
                let from = ((row - tile.row * scale) * part.width + tile.columns.lowerBound - tile.column) * scale * 3
                for index in 0..<columns { picture[to + index] = min(max(pixels[from + index], -1), 1) }
            }
        }
        return DecodedPicture(width: shape.width * scale, height: shape.height * scale, values: picture)
    }

    /// The tiles of a latent: one, unless they were asked for or the device has no room for the whole.
    private func tiles(of shape: LatentShape) throws(ShapeError) -> PictureTiles {
        func tiles(_ core: Int) -> PictureTiles {
            PictureTiles(height: shape.height, width: shape.width, core: core, radius: decoder.receptiveRadius)
        }
        if let tileSide { return tiles(tileSide) }
        var core = max(shape.height, shape.width)
        // What a tile depends on does not shrink with it, so that small ones are mostly overlap.
        while core > 4 {
            let part = tiles(core)
            if backend.holds(try decoder.graph(batch: 1, height: part.height, width: part.width)) { break }
            core = (core + 1) / 2
        }
        return tiles(core)
    }
}

/// A picture as the decoder makes it.
public struct DecodedPicture: Hashable, Sendable {
    public let width: Int
    public let height: Int
    /// Red, green and blue in −1…1. [height, width, 3]
    public let values: [Float]
}
