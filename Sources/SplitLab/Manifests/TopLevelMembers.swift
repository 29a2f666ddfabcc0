import Foundation

/// Where the members of a JSON object stand in its bytes.
struct TopLevelMembers {
    struct Member {
        let name: String
        /// From the first quote of the name to the last byte of the value.
        let range: Range<Int>
    }

    private(set) var all: [Member] = []

    /// Nil unless the bytes are a JSON object.
    init?(_ bytes: [UInt8]) {
        guard let value = try? JSONSerialization.jsonObject(with: Data(bytes)), value is [String: Any] else {
            return nil
        }
        // The bytes are JSON, so quotes, braces and brackets pair.
        var (depth, start, name) = (0, 0, [UInt8]())
        var (isString, isEscaped, isName, lastOfValue) = (false, false, true, 0)
        func member(upTo end: Int) -> Member {
            Member(name: String(decoding: name, as: UTF8.self), range: start..<end)
        }
        for (index, byte) in bytes.enumerated() {
            if isString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isString = false
                    lastOfValue = index + 1
                }
                if isString, depth == 1, isName { name.append(byte) }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""):
                isString = true
                if depth == 1, isName { (start, name) = (index, []) }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0, !name.isEmpty { all.append(member(upTo: lastOfValue)) }
                lastOfValue = index + 1
            case UInt8(ascii: ":"):
                if depth == 1 { isName = false }
            case UInt8(ascii: ","):
                if depth == 1 {
                    all.append(member(upTo: lastOfValue))
                    isName = true
                }
            case 0x20, 0x09, 0x0A, 0x0D:
                break
            default:
                lastOfValue = index + 1
            }
        }
    }
}
