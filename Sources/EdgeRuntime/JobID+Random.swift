public import Speculation

extension JobID {
    /// A fresh id: 128 random bits in hexadecimal.
    public static func random() -> JobID {
        var generator = SystemRandomNumberGenerator()
        let digits = (0..<2).map { _ in
            let word = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - word.count) + word
        }
        guard let id = JobID(digits.joined()) else { preconditionFailure("32 hexadecimal digits are an id") }
        return id
    }
}
