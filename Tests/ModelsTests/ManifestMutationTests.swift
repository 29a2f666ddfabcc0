import Models
import TestSupport
import Testing

@Suite struct ManifestMutationTests {
    /// 5,000 damaged manifests: each is read or refused, and what is read builds its graphs or refuses to.
    @Test(arguments: 0..<5)
    func damagedManifestsNeverTrap(part: Int) {
        var random = SeededGenerator(seed: UInt64(part) + 1)
        var (readCount, refusedCount) = (0, 0)
        for _ in 0..<1_000 {
            let original = ManifestFiles.all[random.integer(in: 0...2)]
            do {
                let manifest = try ModelManifest(
                    parsing: damaged(Array(original.utf8), &random), file: "manifest.json")
                readCount += 1
                try buildGraphs(of: manifest)
            } catch is ModelError {
                refusedCount += 1
            } catch {
                Issue.record("an error of another type: \(error)")
            }
        }
        // Otherwise the damage would be too light, or too heavy, to test anything.
        #expect(readCount > 50)
        #expect(refusedCount > 200)
    }

    private func buildGraphs(of manifest: ModelManifest) throws {
        switch manifest.content {
        case .draft(let denoiser), .verifier(let denoiser):
            let patch = denoiser.architecture.patchSize
            _ = try denoiser.architecture.graph(batch: 1, height: patch, width: patch)
            _ = try denoiser.schedule.times()
        case .shared(let shared):
            _ = try shared.architecture.textEncoder.graph(batch: 1)
            _ = try shared.architecture.vaeDecoder.graph(batch: 1, height: 1, width: 1)
        }
    }

    private static let splices = [
        "-1", "0", "1e308", "1e400", "9223372036854775807", "99999999999999999999", "null", "true", "\"\"", "[]",
        "{}", "NaN", "\\ud800", "\u{FFFF}", "0.1", "[[[[", "\"../\"",
    ]

    private func splice(_ random: inout SeededGenerator) -> String.UTF8View {
        Self.splices[random.integer(in: 0...Self.splices.count - 1)].utf8
    }

    private func damaged(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<random.integer(in: 1...3) {
            let place = random.integer(in: 0...bytes.count - 1)
            switch random.integer(in: 0...5) {
            case 0: bytes[place] = UInt8(random.integer(in: 0...255))
            case 1: bytes[place] ^= 1 << UInt8(random.integer(in: 0...7))
            case 2: bytes.removeSubrange(place..<min(bytes.count, place + random.integer(in: 1...40)))
            case 3: bytes.insert(contentsOf: splice(&random), at: place)
            case 4:
                // Another number where one stands: the likeliest way past the parser.
                if let digit = bytes[place...].firstIndex(where: { (48...57).contains($0) }) {
                    let end = bytes[digit...].firstIndex { !(48...57).contains($0) } ?? bytes.count
                    bytes.replaceSubrange(digit..<end, with: splice(&random))
                }
            default: bytes[place] = UInt8(ascii: "9")
            }
            if bytes.isEmpty { return [0] }
        }
        return bytes
    }
}
