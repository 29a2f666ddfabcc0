/// What is known of the way to a verifier.
public struct NetworkEstimate: Hashable, Sendable, Codable {
    /// There and back, seconds.
    public var roundTripSeconds: Double
    /// Towards the verifier; nil while nothing was measured.
    public var uploadBytesPerSecond: Double?
    /// From the verifier; nil while nothing was measured.
    public var downloadBytesPerSecond: Double?

    /// What a rate counts as while it is not known: 10 Mbit/s.
    public static let unknownBytesPerSecond = 1.25e6
    /// TCP sends ten segments before the first acknowledgement (RFC 6928).
    static let initialWindow = 14_600.0
    /// Round trips of a job on a new connection: one to open it, one for question and answer.
    public static let roundTripsToFirstByte = 2.0

    public init(
        roundTripSeconds: Double, uploadBytesPerSecond: Double? = nil, downloadBytesPerSecond: Double? = nil
    ) {
        self.roundTripSeconds = roundTripSeconds
        self.uploadBytesPerSecond = uploadBytesPerSecond
        self.downloadBytesPerSecond = downloadBytesPerSecond
    }

    /// A verifier in the same process: nothing travels.
    public static let none = NetworkEstimate(
        roundTripSeconds: 0, uploadBytesPerSecond: .greatestFiniteMagnitude,
        downloadBytesPerSecond: .greatestFiniteMagnitude)

    /// Whether the numbers can be those of a network; a file from a disk may say anything.
    public var isPlausible: Bool {
        isDuration(roundTripSeconds)
            && [uploadBytesPerSecond, downloadBytesPerSecond].allSatisfy { $0.map { $0 > 0 && $0.isFinite } ?? true }
    }

    /// Seconds that a job spends on the way: the round trips, the request up and the picture down.
    ///
    /// - Parameter isConnected: whether a connection is open, which saves a round trip. It begins slowly all the same:
    ///   a sender that was idle does (RFC 2861).
    public func seconds(uploadBytes: Double, downloadBytes: Double, isConnected: Bool = false) -> Double {
        (isConnected ? 1 : NetworkEstimate.roundTripsToFirstByte) * roundTripSeconds
            + transferSeconds(uploadBytes, at: uploadBytesPerSecond)
            + transferSeconds(downloadBytes, at: downloadBytesPerSecond)
    }

    /// From the first byte to the last, with the waits for acknowledgements of TCP's slow start.
    func transferSeconds(_ bytes: Double, at rate: Double?) -> Double {
        let rate = rate ?? NetworkEstimate.unknownBytesPerSecond
        var (left, window, waited) = (bytes, NetworkEstimate.initialWindow, 0.0)
        // Once a window lasts a round trip the sender never waits again.
        while left > window, window / rate < roundTripSeconds {
            left -= window
            window *= 2
            waited += roundTripSeconds
        }
        return waited + left / rate
    }

    /// The rate at which a transfer takes a measured time; nil if it would have to be faster than any rate.
    public func rate(ofBytes bytes: Double, inSeconds seconds: Double) -> Double? {
        let (slowest, fastest) = (1.0, 1e10)
        guard bytes > 0, seconds > transferSeconds(bytes, at: fastest) else { return nil }
        guard seconds < transferSeconds(bytes, at: slowest) else { return slowest }
        // The time falls as the rate rises; halving the logarithm's interval finds it to a millionth.
        var (low, high) = (slowest, fastest)
        for _ in 0..<50 {
            let middle = (low * high).squareRoot()
            if transferSeconds(bytes, at: middle) > seconds { low = middle } else { high = middle }
        }
        return (low * high).squareRoot()
    }

    /// This estimate after one more measurement of it; what the measurement does not know stays.
    ///
    /// A round trip may look longer than it is, never shorter: a shorter one counts at once, a longer one by a half.
    /// Rates are averaged as seconds a byte, because those are what adds up.
    public func updated(with newer: NetworkMeasurement) -> NetworkEstimate {
        func blended(_ old: Double?, _ new: Double?) -> Double? {
            guard let new, new > 0, new.isFinite else { return old }
            return old.map { 2 / (1 / $0 + 1 / new) } ?? new
        }
        var updated = self
        if let seconds = newer.roundTripSeconds, isDuration(seconds) {
            updated.roundTripSeconds = min(seconds, (roundTripSeconds + seconds) / 2)
        }
        updated.uploadBytesPerSecond = blended(uploadBytesPerSecond, newer.uploadBytesPerSecond)
        updated.downloadBytesPerSecond = blended(downloadBytesPerSecond, newer.downloadBytesPerSecond)
        return updated
    }
}

/// What one exchange with a verifier showed of the network; nil is what it did not show.
public struct NetworkMeasurement: Hashable, Sendable {
    public var roundTripSeconds: Double?
    public var uploadBytesPerSecond: Double?
    public var downloadBytesPerSecond: Double?

    public init(
        roundTripSeconds: Double? = nil, uploadBytesPerSecond: Double? = nil, downloadBytesPerSecond: Double? = nil
    ) {
        self.roundTripSeconds = roundTripSeconds
        self.uploadBytesPerSecond = uploadBytesPerSecond
        self.downloadBytesPerSecond = downloadBytesPerSecond
    }
}

/// How much travels with a picture, in bytes.
public struct PayloadEstimate: Hashable, Sendable, Codable {
    /// The coded latent.
    public var latentBytes: Double
    /// The picture's file.
    public var pictureBytes: Double
    /// Request and headers around the latent.
    public static let requestBytes = 500.0

    public init(latentBytes: Double, pictureBytes: Double) {
        self.latentBytes = latentBytes
        self.pictureBytes = pictureBytes
    }

    /// What to expect before any picture was made: two bits an element, and six tenths of the raw pixels.
    public init(latentElementCount: Int, width: Int, height: Int) {
        self.init(
            latentBytes: Double(latentElementCount) / 4, pictureBytes: 0.6 * 3 * Double(width) * Double(height))
    }

    public var isPlausible: Bool {
        [latentBytes, pictureBytes].allSatisfy { $0 >= 0 && $0 < 1e12 }
    }
}
