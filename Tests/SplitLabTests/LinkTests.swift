import Testing

@testable import SplitLab

/// The pure model of one direction of a network.
@Suite struct LinkTests {
    @Test func aPieceTakesItsTurnOnTheLineAndTheDelay() {
        var link = ShapedLink(megabits: 8, roundTripMilliseconds: 100)
        #expect(abs(link.arrival(ofBytes: 1_000_000, at: 5, after: 0) - 6.05) < 1e-9)
        // The next waits for the line.
        #expect(abs(link.arrival(ofBytes: 1_000_000, at: 5.5, after: 0) - 7.05) < 1e-9)
        #expect(!link.hasRoom(at: 6.94))
        #expect(link.hasRoom(at: 6.96))
    }

    @Test func anUnlimitedLinkOnlyDelays() {
        var link = ShapedLink(megabits: nil, roundTripMilliseconds: 30)
        #expect(abs(link.arrival(ofBytes: 1 << 30, at: 1, after: 0) - 1.015) < 1e-9)
    }

    @Test func jitterStaysInItsRangeAndNeverReorders() {
        var link = ShapedLink(megabits: nil, roundTripMilliseconds: 20, jitterMilliseconds: 8, seed: 3)
        var last = 0.0
        var delays: [Double] = []
        for index in 0..<2000 {
            let now = Double(index) * 0.02
            let arrival = link.arrival(ofBytes: 100, at: now, after: last)
            #expect(arrival >= last)
            last = arrival
            delays.append(arrival - now)
        }
        #expect((delays.min() ?? 0) >= 0.01 && (delays.max() ?? 1) <= 0.018 + 1e-9)
        let mean = delays.reduce(0, +) / 2000
        #expect(abs(mean - 0.014) < 0.0003)
    }

    /// 20,000 segments at 2 %: 400 ± 20 losses expected (one standard deviation), each a stall of at least 200 ms.
    @Test func lossesComeAtTheirRateAndStallByOneRetransmission() {
        var link = ShapedLink(megabits: nil, roundTripMilliseconds: 50, lossPercent: 2, seed: 11)
        var stalled = 0
        for index in 0..<20_000 {
            let now = Double(index)
            let late = link.arrival(ofBytes: 1000, at: now, after: 0) - now - 0.025
            #expect(late < 1e-9 || late >= 0.2 - 1e-9)
            if late >= 0.2 - 1e-9 { stalled += 1 }
        }
        #expect((320...480).contains(stalled))
        #expect(link.lostCount >= stalled)
    }

    @Test func nothingLeavesInAStall() {
        var link = ShapedLink(
            megabits: nil, roundTripMilliseconds: 0, stalls: PeriodicStalls(every: 10, lasting: 2))
        #expect(link.arrival(ofBytes: 1, at: 1, after: 0) == 1)
        #expect(link.arrival(ofBytes: 1, at: 11, after: 0) == 12)
        #expect(link.arrival(ofBytes: 1, at: 12.5, after: 0) == 12.5)
        #expect(link.arrival(ofBytes: 1, at: 21.5, after: 0) == 22)
    }

    @Test func sameSeedGivesTheSameNetwork() {
        func arrivals(_ seed: UInt64) -> [Double] {
            var link = ShapedLink(
                megabits: 1, roundTripMilliseconds: 50, jitterMilliseconds: 10, lossPercent: 5, seed: seed)
            return (0..<200).map { link.arrival(ofBytes: 1400, at: Double($0) / 10, after: 0) }
        }
        #expect(arrivals(4) == arrivals(4))
        #expect(arrivals(4) != arrivals(5))
    }
}

/// What is under way on one direction of a connection.
@Suite struct FlowTests {
    @Test func bytesArriveInOrderWithTheEndBehindThem() {
        var link = ShapedLink(megabits: 8, roundTripMilliseconds: 20)
        var flow = ShapedFlow(limit: 1 << 16)
        let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0) }
        flow.send(bytes, at: 0, over: &link, returnDelay: 0.01)
        flow.end(at: 0, over: link)
        #expect(flow.arrived(at: 0.0114) == nil)
        #expect(flow.bufferedBytes == 5000)
        var received: [UInt8] = []
        while let piece = flow.arrived(at: 1) {
            // A receiver may take less than there is.
            let taken = min(piece.count, 700)
            received += piece.prefix(taken)
            flow.delivered(taken)
        }
        #expect(received == bytes)
        #expect(flow.bufferedBytes == 0)
        #expect(!flow.isOver(at: 0.0149))
        #expect(flow.isOver(at: 0.0151))
        #expect(flow.room(at: 1) == 0)
    }

    @Test func theWindowOpensWithEachRoundTrip() {
        var link = ShapedLink(megabits: nil, roundTripMilliseconds: 100)
        var flow = ShapedFlow(limit: 1 << 20)
        #expect(flow.room(at: 0) == 14_600)
        flow.send([UInt8](repeating: 0, count: 14_600), at: 0, over: &link, returnDelay: 0.05)
        #expect(flow.room(at: 0.09) == 0)
        #expect(flow.nextEvent(after: 0.06) == 0.1)
        #expect(flow.room(at: 0.1) == 29_200)
    }

    @Test func aFlowNeverHoldsMoreThanItsLimit() {
        var link = ShapedLink(megabits: nil, roundTripMilliseconds: 0)
        var flow = ShapedFlow(limit: 1 << 16)
        var now = 0.0
        // The receiver takes nothing: the room must go to zero, and the window may not help it.
        for _ in 0..<100 {
            let room = flow.room(at: now)
            flow.send([UInt8](repeating: 1, count: room), at: now, over: &link, returnDelay: 0)
            now += 1
        }
        #expect(flow.bufferedBytes == 1 << 16)
        #expect(flow.room(at: now) == 0)
    }
}

@Suite struct NetworkProfileTests {
    @Test func namedNetworksAreFoundByName() throws {
        for network in NetworkProfile.named { #expect(try NetworkProfile(parsing: network.name) == network) }
        #expect(try NetworkProfile(parsing: "LTE").roundTripMilliseconds == 50)
    }

    @Test func aDescriptionIsRead() throws {
        let network = try NetworkProfile(parsing: "farm:up=1.5,down=6,rtt=120,jitter=20,loss=1")
        #expect(
            network
                == NetworkProfile(
                    name: "farm", uploadMegabits: 1.5, downloadMegabits: 6, roundTripMilliseconds: 120,
                    jitterMilliseconds: 20, lossPercent: 1))
        #expect(try NetworkProfile(parsing: "free:").downloadMegabits == nil)
    }

    @Test(arguments: [
        "", "dsl", ":up=1", "x:up=0", "x:up", "x:up=fast", "x:rtt=-1", "x:rtt=nan", "x:loss=60", "x:color=3",
        "x:rtt=1e9", "x:up=1;down=2",
    ])
    func nonsenseIsRefusedWithWords(text: String) {
        let error = #expect(throws: LabError.self) { try NetworkProfile(parsing: text) }
        #expect((error?.description.count ?? 0) > 20)
    }
}
