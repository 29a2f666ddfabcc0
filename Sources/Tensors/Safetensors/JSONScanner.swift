/// Reads the JSON of a safetensors header.
///
/// Written here, and not taken from Foundation, because a decoder that merges members of one name would hide a
/// tensor that is declared twice.
struct JSONScanner {
    typealias Failure = SafetensorsError.Fault

    /// Values deeper than this are refused instead of recursed into.
    private static let deepest = 32

    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    /// Over bytes that outlive the scanner.
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Reads `{"key": value, …}`; `member` must read each value.
    mutating func object(
        _ member: (inout JSONScanner, String) throws(Failure) -> Void
    ) throws(Failure) {
        try expect("{")
        if skip("}") { return }
        repeat {
            let key = try string()
            try expect(":")
            try member(&self, key)
        } while skip(",")
        try expect("}")
    }

    /// Reads `[value, …]`; `element` must read each value.
    mutating func array(_ element: (inout JSONScanner) throws(Failure) -> Void) throws(Failure) {
        try expect("[")
        if skip("]") { return }
        repeat { try element(&self) } while skip(",")
        try expect("]")
    }

    /// Reads a number that is a whole one from 0 to Int.max, written without point and exponent.
    mutating func count() throws(Failure) -> Int {
        skipSpace()
        let start = offset
        var value = 0
        while let digit = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) {
            let (tens, tooMany) = value.multipliedReportingOverflow(by: 10)
            let (sum, tooLarge) = tens.addingReportingOverflow(Int(digit - UInt8(ascii: "0")))
            guard !tooMany, !tooLarge else { throw failure("the number is too large") }
            value = sum
            offset += 1
        }
        guard offset > start else { throw failure("a whole number is missing") }
        guard offset == start + 1 || bytes[start] != UInt8(ascii: "0") else {
            throw failure("numbers do not start with 0")
        }
        return value
    }

    /// Reads a string with its escapes resolved.
    mutating func string() throws(Failure) -> String {
        try expect("\"")
        var text: [UInt8] = []
        while let byte = peek() {
            offset += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw failure("the string is not UTF-8")
                }
                return string
            case UInt8(ascii: "\\"): text += try escaped()
            case 0..<0x20: throw failure("a control character inside a string")
            default: text.append(byte)
            }
        }
        throw failure("the string does not end")
    }

    /// Reads past any value.
    mutating func skipValue(depth: Int = 0) throws(Failure) {
        guard depth < JSONScanner.deepest else { throw failure("too deeply nested") }
        skipSpace()
        switch peek() {
        case UInt8(ascii: "{"):
            try object { (scanner, _) throws(Failure) in try scanner.skipValue(depth: depth + 1) }
        case UInt8(ascii: "["):
            try array { (scanner) throws(Failure) in try scanner.skipValue(depth: depth + 1) }
        case UInt8(ascii: "\""): _ = try string()
        default:
            let start = offset
            while let byte = peek(), JSONScanner.isWord(byte) { offset += 1 }
            let word = String(decoding: bytes[start..<offset], as: UTF8.self)
            let isNumber = word.allSatisfy { !("a"..."z").contains($0) || $0 == "e" } && Double(word) != nil
            guard isNumber || ["true", "false", "null"].contains(word) else {
                throw failure("a value is missing")
            }
        }
    }

    /// Only space may be left.
    mutating func expectEnd() throws(Failure) {
        skipSpace()
        guard offset == bytes.count else { throw failure("something follows the closing brace") }
    }

    // MARK: Characters

    /// That the header is broken here.
    func failure(_ problem: String) -> Failure { .malformedHeader(offset: offset, problem: problem) }

    private func peek() -> UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func skipSpace() {
        while let byte = peek(), [0x20, 0x09, 0x0A, 0x0D].contains(byte) { offset += 1 }
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard peek() == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(Failure) {
        guard skip(character) else { throw failure("'\(character)' is missing") }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "E"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
    }

    /// What follows a backslash, as UTF-8.
    private mutating func escaped() throws(Failure) -> [UInt8] {
        guard let byte = peek() else { throw failure("the string does not end") }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"):
            var units = [try hexadecimalUnit()]
            if UTF16.isLeadSurrogate(units[0]) {
                guard peek() == UInt8(ascii: "\\"), offset + 1 < bytes.count, bytes[offset + 1] == UInt8(ascii: "u")
                else { throw failure("half a surrogate pair") }
                offset += 2
                units.append(try hexadecimalUnit())
            }
            guard let text = String(validating: units, as: UTF16.self) else { throw failure("half a surrogate pair") }
            return Array(text.utf8)
        default: throw failure("an unknown escape")
        }
    }

    private mutating func hexadecimalUnit() throws(Failure) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw failure("four hexadecimal digits are missing")
            }
            value = value << 4 | UInt16(digit)
            offset += 1
        }
        return value
    }
}
