import Foundation
import Speculation
import Testing

@testable import SplitLab

/// The relay on real sockets. Lower bounds hold by construction, however busy the machine is. Upper ones hold for the best
/// of many tries, because a busy machine may hold up any single one.
@Suite struct RelayTests {
    private func relay(
        _ network: NetworkProfile, to server: LoopbackServer, cutAfterBytes: Int? = nil, cutEvery: Double? = nil
    ) throws -> ShapingRelay {
        try ShapingRelay(
            .init(network: network, cutEvery: cutEvery, cutAfterBytes: cutAfterBytes), targetHost: "127.0.0.1",
            targetPort: server.port)
    }

    private func seconds(_ work: () throws -> Void) rethrows -> Double {
        try ContinuousClock().measure(work).inSeconds
    }

    /// Seconds of each run of the work, up to the first that is faster than the bound.
    private func triesUntil(below bound: Double, atMost count: Int, _ work: () throws -> Void) rethrows -> [Double] {
        var tries: [Double] = []
        while tries.count < count, tries.last.map({ $0 >= bound }) ?? true { tries.append(try seconds(work)) }
        return tries
    }

    @Test func bytesComeBackUnchangedAndTheEndIsPassedOn() throws {
        let server = try LoopbackServer(.echo)
        let relay = try relay(NetworkProfile.named[0], to: server)
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        let client = try LoopbackClient(port: relay.port)
        Thread.detachNewThread {
            _ = client.send(bytes)
            client.endSending()
        }
        #expect(client.receive(bytes.count) == bytes)
        #expect(client.receive(1) == [])
        client.finish()
        relay.stop()
        #expect(relay.counters.uploadedBytes == bytes.count)
        #expect(relay.counters.downloadedBytes == bytes.count)
        #expect(relay.counters.connections == 1)
        server.stop()
    }

    /// Measures the relay's own delay: no ping can come back before the round trip, most come back soon after.
    @Test func aPingTakesTheRoundTrip() throws {
        let server = try LoopbackServer(.echo)
        let relay = try relay(
            NetworkProfile(name: "x", uploadMegabits: nil, downloadMegabits: nil, roundTripMilliseconds: 40),
            to: server)
        let client = try LoopbackClient(port: relay.port)
        // The first also pays for opening the connection.
        let first = seconds {
            _ = client.send([1])
            _ = client.receive(1)
        }
        // A relay that doubled its delay would never get below twice the round trip.
        let pings = triesUntil(below: 0.08, atMost: 200) {
            _ = client.send([2])
            _ = client.receive(1)
        }
        #expect(first >= 0.08)
        #expect(pings.allSatisfy { $0 >= 0.04 })
        #expect(pings.contains { $0 < 0.08 })
        client.finish()
        relay.stop()
        server.stop()
    }

    /// Measures the relay's own rate: B bytes cannot pass faster than the line carries them.
    @Test(arguments: [true, false]) func aTransferTakesItsBytesOverTheRate(isUpload: Bool) throws {
        let server = try LoopbackServer(.echo)
        let network = NetworkProfile(
            name: "x", uploadMegabits: isUpload ? 8 : nil, downloadMegabits: isUpload ? nil : 8,
            roundTripMilliseconds: 4)
        let relay = try relay(network, to: server)
        let client = try LoopbackClient(port: relay.port)
        let bytes = [UInt8](repeating: 7, count: 400_000)
        let transfers = triesUntil(below: 2, atMost: 10) {
            Thread.detachNewThread { _ = client.send(bytes) }
            #expect(client.receive(bytes.count)?.count == bytes.count)
        }
        #expect(transfers.allSatisfy { $0 >= 0.4 })
        // Five times what the line needs; the model's own tests are exact.
        #expect(transfers.contains { $0 < 2 })
        client.finish()
        relay.stop()
        server.stop()
    }

    /// Two connections at once share one line.
    @Test func connectionsShareTheLine() throws {
        let server = try LoopbackServer(.echo)
        let relay = try relay(
            NetworkProfile(name: "x", uploadMegabits: 8, downloadMegabits: nil, roundTripMilliseconds: 0), to: server)
        let clients = try (0..<2).map { _ in try LoopbackClient(port: relay.port) }
        let bytes = [UInt8](repeating: 7, count: 200_000)
        let taken = seconds {
            for client in clients { Thread.detachNewThread { _ = client.send(bytes) } }
            for client in clients { #expect(client.receive(bytes.count)?.count == bytes.count) }
        }
        #expect(taken >= 0.4)
        for client in clients { client.finish() }
        relay.stop()
        server.stop()
    }

    /// A target that reads nothing: the relay must hold the sender back, not swallow what it sends.
    @Test func aStubbornTargetHoldsTheSenderBackAndMemoryStaysBounded() throws {
        let server = try LoopbackServer(.stubborn)
        let relay = try relay(NetworkProfile.named[0], to: server)
        let client = try LoopbackClient(port: relay.port)
        let total = 64 << 20
        let sending = DispatchGroup()
        sending.enter()
        Thread.detachNewThread {
            let bytes = [UInt8](repeating: 1, count: 1 << 20)
            for _ in 0..<64 where client.send(bytes) {}
            client.endSending()
            sending.leave()
        }
        // The sender must get stuck with most of it unsent: only the kernel's buffers and the relay's limit are filled.
        #expect(sending.wait(timeout: .now() + 0.5) == .timedOut)
        server.release()
        #expect(client.receive(1) == [])
        #expect(sending.wait(timeout: .now() + 60) == .success)
        relay.stop()
        #expect(server.receivedBytes == total)
        #expect(relay.counters.mostBufferedBytes <= 1 << 24)
        client.finish()
        server.stop()
    }

    @Test func aConnectionIsCutAfterItsBytes() throws {
        let server = try LoopbackServer(.echo)
        let relay = try relay(NetworkProfile.named[0], to: server, cutAfterBytes: 10_000)
        let client = try LoopbackClient(port: relay.port)
        Thread.detachNewThread { _ = client.send([UInt8](repeating: 1, count: 100_000)) }
        // A reset may take bytes with it that had arrived.
        #expect((client.receive(100_000)?.count ?? 0) < 100_000)
        client.finish()
        // The next one is served again.
        let next = try LoopbackClient(port: relay.port)
        #expect(next.send([5]) && next.receive(1) == [5])
        next.finish()
        relay.stop()
        #expect(relay.counters.cuts == 1)
        server.stop()
    }

    @Test func allConnectionsAreCutAtTheirTimes() throws {
        let server = try LoopbackServer(.echo)
        let relay = try relay(NetworkProfile.named[0], to: server, cutEvery: 0.2)
        let client = try LoopbackClient(port: relay.port)
        #expect(client.send([5]) && client.receive(1) == [5])
        // Nothing more is sent: only the cut ends the wait.
        #expect(client.receive(1) == nil)
        client.finish()
        relay.stop()
        #expect(relay.counters.cuts >= 1)
        server.stop()
    }

    @Test func aTargetThatIsGoneBreaksTheConnection() throws {
        let relay = try ShapingRelay(
            .init(network: NetworkProfile.named[0]), targetHost: "127.0.0.1", targetPort: 9)
        let client = try LoopbackClient(port: relay.port)
        _ = client.send([1])
        #expect(client.receive(1) != [1])
        client.finish()
        relay.stop()
        relay.stop()
    }

    @Test func aTakenPortIsRefusedWithWords() throws {
        let server = try LoopbackServer(.echo)
        let error = #expect(throws: LabError.self) {
            try ShapingRelay(
                .init(network: NetworkProfile.named[0]), port: server.port, targetHost: "127.0.0.1", targetPort: 9)
        }
        #expect(error?.description.contains("--listen") == true)
        server.stop()
    }
}
