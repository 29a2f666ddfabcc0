/// A network by its figures: what a `ShapingRelay` makes of the loopback.
public struct NetworkProfile: Hashable, Sendable, Codable {
    public var name: String
    /// Towards the verifier, Mbit/s; nil is unlimited.
    public var uploadMegabits: Double?
    /// From the verifier, Mbit/s; nil is unlimited.
    public var downloadMegabits: Double?
    /// There and back without queues, milliseconds; each way takes half of it.
    public var roundTripMilliseconds: Double
    /// Each piece arrives late by a random part of this, milliseconds; order is kept.
    public var jitterMilliseconds: Double
    /// Lost segments in a hundred. TCP repeats them, so a loss shows as a stall of its connection.
    public var lossPercent: Double

    public init(
        name: String, uploadMegabits: Double?, downloadMegabits: Double?, roundTripMilliseconds: Double,
        jitterMilliseconds: Double = 0, lossPercent: Double = 0
    ) {
        self.name = name
        self.uploadMegabits = uploadMegabits
        self.downloadMegabits = downloadMegabits
        self.roundTripMilliseconds = roundTripMilliseconds
        self.jitterMilliseconds = jitterMilliseconds
        self.lossPercent = lossPercent
    }

    /// The networks that have a name, fastest first. Round figures of what such a line gives one customer.
    public static let named = [
        NetworkProfile(name: "loopback", uploadMegabits: nil, downloadMegabits: nil, roundTripMilliseconds: 0),
        NetworkProfile(
            name: "fiber", uploadMegabits: 100, downloadMegabits: 300, roundTripMilliseconds: 8,
            jitterMilliseconds: 0.5),
        NetworkProfile(
            name: "lte", uploadMegabits: 10, downloadMegabits: 30, roundTripMilliseconds: 50, jitterMilliseconds: 6,
            lossPercent: 0.1),
        NetworkProfile(
            name: "3g", uploadMegabits: 0.75, downloadMegabits: 1.6, roundTripMilliseconds: 300,
            jitterMilliseconds: 15, lossPercent: 0.3),
        NetworkProfile(
            name: "satellite", uploadMegabits: 3, downloadMegabits: 25, roundTripMilliseconds: 600,
            jitterMilliseconds: 10, lossPercent: 0.5),
    ]

    /// Reads a name, or `name:up=…,down=…,rtt=…,jitter=…,loss=…` with Mbit/s, milliseconds and percent.
    ///
    /// - Throws: `LabError.invalidNetwork`.
    public init(parsing text: String) throws(LabError) {
        guard let colon = text.firstIndex(of: ":") else {
            guard let known = NetworkProfile.named.first(where: { $0.name == text.lowercased() }) else {
                let names = NetworkProfile.named.map(\.name).joined(separator: ", ")
                throw .invalidNetwork(text, "the named ones are \(names); write others as name:up=20,down=100,rtt=30")
            }
            self = known
            return
        }
        let name = String(text[..<colon])
        guard !name.isEmpty, name.count <= 40 else { throw .invalidNetwork(text, "its name has 1 to 40 characters") }
        self.init(name: name, uploadMegabits: nil, downloadMegabits: nil, roundTripMilliseconds: 0)
        for part in text[text.index(after: colon)...].split(separator: ",") {
            let sides = part.split(separator: "=", maxSplits: 1)
            guard sides.count == 2, let value = Double(sides[1]), value.isFinite, value >= 0 else {
                throw .invalidNetwork(text, "'\(part)' is not a name, '=' and a number of at least 0")
            }
            try set(String(sides[0]), to: value, in: text)
        }
    }

    private mutating func set(_ key: String, to value: Double, in text: String) throws(LabError) {
        switch key {
        case "up" where value >= 0.01: uploadMegabits = value
        case "down" where value >= 0.01: downloadMegabits = value
        case "rtt" where value <= 60_000: roundTripMilliseconds = value
        case "jitter" where value <= 10_000: jitterMilliseconds = value
        case "loss" where value <= 50: lossPercent = value
        case "up", "down": throw .invalidNetwork(text, "a rate is at least 0.01 Mbit/s; leave it out for unlimited")
        case "rtt", "jitter", "loss":
            throw .invalidNetwork(text, "rtt goes to 60000 ms, jitter to 10000 ms and loss to 50 %")
        default: throw .invalidNetwork(text, "'\(key)' is none of up, down, rtt, jitter, loss")
        }
    }

    /// One line of figures, for people.
    public var figures: String {
        let rate = { (megabits: Double?) in megabits.map { "\($0.short) Mbit/s" } ?? "unlimited" }
        return "up \(rate(uploadMegabits)), down \(rate(downloadMegabits)), "
            + "RTT \(roundTripMilliseconds.short) ms, jitter \(jitterMilliseconds.short) ms, loss \(lossPercent.short) %"
    }
}

extension Double {
    /// Without needless decimals.
    var short: String {
        self == rounded() && abs(self) < 1e9 ? String(Int(self)) : String(self)
    }
}
