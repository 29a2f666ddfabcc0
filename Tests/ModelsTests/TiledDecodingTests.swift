import BenchmarkCases
import Diffusion
import Graphs
import Synchronization
import Tensors
import TestSupport
import Testing

@testable import Models

@Suite struct TiledDecodingTests {
    private static func latent(_ height: Int, _ width: Int) -> Latent {
        NoiseGenerator(seed: 3).latent(LatentShape(height: height, width: width, channelCount: 4), stream: 0)
    }

    /// Changing one latent pixel changes pixels up to the radius away and none beyond.
    @Test(arguments: [(1, 1), (2, 1), (3, 1), (3, 2)])
    func theRadiusIsHowFarALatentPixelReaches(_ stageCount: Int, _ blocksPerStage: Int) throws {
        let decoder = VAEDecoder(
            latentChannelCount: 2, widths: [Int](repeating: 4, count: stageCount), blocksPerStage: blocksPerStage,
            scaleFactor: 1 << stageCount)
        let (radius, scale) = (decoder.receptiveRadius, decoder.scaleFactor)
        let (middle, height) = (radius + 2, 2 * radius + 5)
        let graph = try decoder.graph(batch: 1, height: height, width: 1)
        let tensors = RandomTensors(for: graph)
        let program = try ReferenceBackend().compile(graph, parameters: tensors)
        func rows(_ values: [Float]) throws -> [ArraySlice<Float>] {
            let picture = try #require(try program.run(["latent": Tensor([1, height, 1, 2], values)])["picture"])
            let floats = picture.floats()
            return (0..<height * scale).map { floats[3 * scale * $0..<3 * scale * ($0 + 1)] }
        }
        var values = try #require(tensors.inputs["latent"]).floats()
        let before = try rows(values)
        values[2 * middle] += 1
        let after = try rows(values)
        let changed = before.indices.filter { before[$0] != after[$0] }.map { abs($0 / scale - middle) }
        // A pixel depends on the latent pixels around its own, so what a latent pixel reaches is the same seen from it.
        #expect(changed.max() == radius)
    }

    @Test(arguments: try ParityBackend.all.get(), [(19, 3, 40), (3, 20, 57), (15, 14, 56), (5, 4, 4000)])
    func tilesGiveTheWholePicture(_ backend: ParityBackend, _ sizes: (height: Int, width: Int, pixels: Int)) throws {
        let latent = Self.latent(sizes.height, sizes.width)
        let shared = try TinyModels().loadPair().shared
        let whole = try shared.decoder(on: backend.backend).decode(latent)
        let tiled = try shared.decoder(on: backend.backend, tilePixels: sizes.pixels).decode(latent)
        #expect(tiled.width == whole.width && tiled.height == whole.height)
        // Other sizes may be added up in another order; in double precision that does not show.
        let bound = backend.backend is ReferenceBackend ? 0 : Float32Bound.network
        let size: Shape = [whole.values.count]
        expectClose(Tensor(size, tiled.values), Tensor(size, whole.values), bound: bound)
    }

    @Test func aDeviceWithoutRoomDecodesInTiles() throws {
        let shared = try TinyModels().loadPair().shared
        let (decoder, latent) = (shared.manifest.architecture.vaeDecoder, Self.latent(40, 1))
        let whole = try shared.decoder(on: ReferenceBackend()).decode(latent)
        // Room for what 3, 10 or 20 of 40 rows depend on, and a little more.
        for rows in [3, 10, 20, 40] {
            let height = min(40, rows + 2 * decoder.receptiveRadius)
            let least = try decoder.graph(batch: 1, height: height, width: 1)
            let plan = MemoryPlan(least.applying([DeadCodeElimination(), FusionPass()]))
            let backend = SmallBackend(arenaByteCount: plan.arenaByteCount + 64)
            #expect(try shared.decoder(on: backend).decode(latent) == whole)
            #expect(backend.compiled.withLock { $0 } == [height])
        }
    }

    @Test func tilesCoverEveryPixelOnceWithAllTheyDependOn() {
        for (height, width, core, radius) in [
            (1, 1, 1, 9), (16, 16, 5, 3), (64, 48, 16, 9), (7, 30, 30, 2), (20, 9, 4, 0),
        ] {
            let tiles = PictureTiles(height: height, width: width, core: core, radius: radius)
            var counts = [Int](repeating: 0, count: height * width)
            for tile in tiles.tiles {
                for row in tile.rows { for column in tile.columns { counts[row * width + column] += 1 } }
                #expect(tile.row >= 0 && tile.row + tiles.height <= height)
                #expect(tile.column >= 0 && tile.column + tiles.width <= width)
                #expect(tile.row <= max(0, tile.rows.lowerBound - radius))
                #expect(tile.row + tiles.height >= min(height, tile.rows.upperBound + radius))
                #expect(tile.column <= max(0, tile.columns.lowerBound - radius))
                #expect(tile.column + tiles.width >= min(width, tile.columns.upperBound + radius))
            }
            #expect(counts.allSatisfy { $0 == 1 })
        }
    }
}

/// The reference on a device with little memory, which notes the heights that it was asked to compile.
private final class SmallBackend: Backend {
    private let arenaByteCount: Int
    let compiled = Mutex<[Int]>([])

    init(arenaByteCount: Int) { self.arenaByteCount = arenaByteCount }

    var name: String { "a small device" }

    func compile(_ graph: Graph, parameters: any ParameterSource) throws -> any ExecutableGraph {
        compiled.withLock { $0.append(graph[graph.inputs[0].value].shape[1]) }
        return try ReferenceBackend().compile(graph, parameters: parameters)
    }

    func holds(_ graph: Graph) -> Bool {
        MemoryPlan(graph.applying([DeadCodeElimination(), FusionPass()])).arenaByteCount <= arenaByteCount
    }
}
