import Testing

@testable import WireProtocol

@Suite struct FrameTests {
    @Test func checksumIsThatOfZlib() {
        // The check value that every description of CRC-32 gives.
        #expect(CRC32.checksum(Array("123456789".utf8)) == 0xCBF4_3926)
        #expect(CRC32.checksum([]) == 0)
    }

    @Test(arguments: [1, 2, 3, 7, 8, 9, 64])
    func framesSurviveAnyCutting(pieceBytes: Int) throws {
        let messages: [[UInt8]] = [[], [1], Array(0...200), [], Array(repeating: 7, count: 1000)]
        let stream = try messages.flatMap { message throws in try Frame.wrap(message, limit: 1000) }
        var reader = FrameReader(limit: 1000)
        var read: [[UInt8]] = []
        for start in stride(from: 0, to: stream.count, by: pieceBytes) {
            reader.append(stream[start..<min(start + pieceBytes, stream.count)])
            while let message = try reader.next() { read.append(message) }
        }
        #expect(read == messages)
        #expect(reader.isBetweenFrames)
    }

    @Test func truncatedFrameIsWaitedForAndIsNoBody() throws {
        let frame = try Frame.wrap([1, 2, 3], limit: 3)
        for length in 0..<frame.count {
            var reader = FrameReader(limit: 3)
            reader.append(frame.prefix(length))
            #expect(try reader.next() == nil)
            #expect(reader.isBetweenFrames == (length == 0))
            #expect { try Frame.unwrap(frame.prefix(length), limit: 3) } throws: { error in
                (error as? WireError)?.code == .truncated
            }
        }
    }

    @Test func trailingBytesAreNoBody() throws {
        let frame = try Frame.wrap([1, 2, 3], limit: 3)
        for extra in [[0], frame] {
            #expect { try Frame.unwrap(frame + extra, limit: 3) } throws: { error in
                (error as? WireError)?.code == .truncated
            }
        }
    }

    @Test func oversizedFrameIsRefusedAtItsHeader() throws {
        for declared in [[4, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF]] as [[UInt8]] {
            var reader = FrameReader(limit: 3)
            reader.append(declared + [0, 0, 0, 0])
            #expect { try reader.next() } throws: { ($0 as? WireError)?.code == .oversized }
        }
        #expect(throws: WireError.self) { try Frame.wrap([1, 2, 3, 4], limit: 3) }
    }

    @Test func everyFlippedBitIsFound() throws {
        let frame = try Frame.wrap(Array("a latent".utf8), limit: 100)
        for bit in 0..<frame.count * 8 {
            var damaged = frame
            damaged[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: WireError.self) { try Frame.unwrap(damaged, limit: 100) }
        }
    }

    @Test func errorIsForGood() throws {
        var reader = FrameReader(limit: 3)
        var damaged = try Frame.wrap([1, 2, 3], limit: 3)
        damaged[8] ^= 1
        reader.append(damaged)
        #expect { try reader.next() } throws: { ($0 as? WireError)?.code == .checksumMismatch }
        reader.append(try Frame.wrap([1], limit: 3))
        #expect { try reader.next() } throws: { ($0 as? WireError)?.code == .checksumMismatch }
        #expect(!reader.isBetweenFrames)
    }
}
