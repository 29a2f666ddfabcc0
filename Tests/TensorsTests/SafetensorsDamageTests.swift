import Tensors
import TestSupport
import Testing

/// A header that must be refused, and why.
private struct Damage: Sendable, CustomTestStringConvertible {
    let header: String
    var dataBytes = 8
    let fault: SafetensorsError.Fault

    var testDescription: String { header }

    private static func entry(_ name: String, _ type: String, _ shape: String, _ offsets: String) -> String {
        #""\#(name)":{"dtype":"\#(type)","shape":[\#(shape)],"data_offsets":[\#(offsets)]}"#
    }

    static let all: [Damage] = [
        Damage(
            header: "{\(entry("a", "F32", "2", "0,12"))}",
            fault: .outsideFile(name: "a", begin: 0, end: 12, dataBytes: 8)),
        Damage(
            header: "{\(entry("a", "F32", "2", "8,0"))}",
            fault: .outsideFile(name: "a", begin: 8, end: 0, dataBytes: 8)),
        Damage(
            header: "{\(entry("a", "F32", "2", "0,9223372036854775807"))}",
            fault: .outsideFile(name: "a", begin: 0, end: .max, dataBytes: 8)),
        Damage(
            header: "{\(entry("a", "F32", "3", "0,8"))}",
            fault: .sizeMismatch(name: "a", shape: [3], elementType: "F32", bytes: 8)),
        Damage(
            header: "{\(entry("a", "BF16", "2", "0,8"))}",
            fault: .sizeMismatch(name: "a", shape: [2], elementType: "BF16", bytes: 8)),
        Damage(
            header: "{\(entry("a", "F32", "4294967296,4294967296", "0,8"))}", fault: .impossibleShape(name: "a")),
        Damage(
            header: "{\(entry("a", "F32", "0,4294967296,4294967296", "0,0"))}", fault: .impossibleShape(name: "a")),
        Damage(
            header: "{\(entry("a", "F32", "9223372036854775807", "0,8"))}", fault: .impossibleShape(name: "a")),
        Damage(
            header: "{\(entry("a", "F16", "2", "0,4")),\(entry("b", "F16", "3", "2,8"))}", fault: .overlap("a", "b")),
        Damage(
            header: "{\(entry("a", "F32", "2", "0,8")),\(entry("b", "F32", "2", "0,8"))}", fault: .overlap("a", "b")),
        Damage(
            header: "{\(entry("a", "F16", "1", "0,2")),\(entry("b", "F16", "2", "4,8"))}",
            fault: .unusedBytes(begin: 2, end: 4)),
        Damage(header: "{\(entry("a", "F32", "1", "4,8"))}", fault: .unusedBytes(begin: 0, end: 4)),
        Damage(header: "{\(entry("a", "F32", "1", "0,4"))}", fault: .unusedBytes(begin: 4, end: 8)),
        Damage(header: "{}", fault: .unusedBytes(begin: 0, end: 8)),
        Damage(
            header: "{\(entry("a", "F16", "2", "0,4")),\(entry("a", "F16", "2", "4,8"))}", fault: .duplicateName("a")),
        Damage(
            header: #"{"a":{"dtype":"F32","dtype":"I32","shape":[2],"data_offsets":[0,8]}}"#,
            fault: .duplicateName("a.dtype")),
        Damage(header: #"{"__metadata__":{"k":"1","k":"2"}}"#, fault: .duplicateName("k")),
        Damage(header: #"{"__metadata__":{},"__metadata__":{}}"#, fault: .duplicateName("__metadata__")),
    ]
}

@Suite struct SafetensorsDamageTests {
    @Test(arguments: Damage.all)
    private func headerThatLiesIsRefused(_ damage: Damage) {
        #expect(throws: SafetensorsError(path: "test.safetensors", fault: damage.fault)) {
            try safetensors(safetensorsBytes(damage.header, dataBytes: damage.dataBytes))
        }
    }

    @Test(arguments: [
        "", " ", "[]", "null", "{", "}", "{}}", "{} x", "{\"a\"}", "{\"a\":}", "{\"a\":1}", "{\"a\":{}}", "{\"a\":[]}",
        "{a:{}}", "{,}", "{\"a\":{},}", "{\"\\u12\":{}}", "{\"\\ud800\":{}}", "{\"\\udc00\":{}}", "{\"\\x\":{}}",
        "{\"a\u{1}\":{}}", "{\"a", "{\"a\\", "{\"__metadata__\":{\"a\":1}}", "{\"__metadata__\":\"a\"}",
        "{\"__metadata__\":null}",
        #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,0]}}"#,
        #"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,0]}}"#,
        #"{"a":{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}}"#,
        #"{"a":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}"#,
        #"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}"#,
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#,
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}"#,
        #"{"a":{"dtype":32,"shape":[1],"data_offsets":[0,4]}}"#,
        #"{"a":{"shape":[1],"data_offsets":[0,4]}}"#,
        #"{"a":{"dtype":"F32","shape":[1,],"data_offsets":[0,4]}}"#,
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":nan}}"#,
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":inf}}"#,
    ])
    func headerThatIsNotTheFormatsIsMalformed(_ header: String) throws {
        let error = try #require(throws: SafetensorsError.self) { try safetensors(safetensorsBytes(header)) }
        guard case .malformedHeader(let offset, _) = error.fault else {
            Issue.record("\(error)")
            return
        }
        #expect((0...header.utf8.count).contains(offset))
    }

    @Test func headerThatIsNotUTF8IsMalformed() throws {
        var bytes = safetensorsBytes(#"{"a":{}}"#)
        bytes[10] = 0xFF
        let error = try #require(throws: SafetensorsError.self) { try safetensors(bytes) }
        #expect(error.fault == .malformedHeader(offset: 4, problem: "the string is not UTF-8"))
    }

    @Test func deepNestingIsRefusedNotRecursedInto() throws {
        let deep = String(repeating: "[", count: 1_000_000)
        let error = try #require(throws: SafetensorsError.self) {
            try safetensors(safetensorsBytes("{\"a\":{\"b\":\(deep)"))
        }
        guard case .malformedHeader(_, "too deeply nested") = error.fault else {
            Issue.record("\(error)")
            return
        }
    }

    @Test func everyTruncationIsATypedError() throws {
        let whole = SafetensorsWriter.encode(
            ["a": Tensor([2], [1, 2] as [Float]), "b": Tensor([3], rounding: [1, 2, 3], to: .float16)],
            metadata: ["format": "pt"])
        for count in 0..<whole.count {
            let error = try #require(throws: SafetensorsError.self) { try safetensors(Array(whole[..<count])) }
            switch (count, error.fault) {
            case (..<8, .noHeader(count)), (8..., .truncatedHeader), (8..., .outsideFile): break
            default: Issue.record("\(count) bytes: \(error)")
            }
        }
        _ = try safetensors(whole)
    }

    @Test(arguments: [UInt64(100_000_001), .max, 1 << 63, UInt64(Int64.max)])
    func hugeHeaderIsRefused(_ length: UInt64) {
        let bytes = withUnsafeBytes(of: length.littleEndian) { Array($0) } + Array("{}".utf8)
        #expect(throws: SafetensorsError(path: "test.safetensors", fault: .hugeHeader(headerBytes: length))) {
            try safetensors(bytes)
        }
    }

    /// Whatever the bytes: a typed error, or a file all of whose tensors can be read.
    @Test func mutatedFilesNeverTrap() throws {
        let whole = SafetensorsWriter.encode(
            [
                "a": Tensor([2, 1], [1, 2] as [Float]), "b": Tensor([3], rounding: [1, 2, 3], to: .bfloat16),
                "i": Tensor([1], [Int32(5)]),
            ], metadata: ["format": "pt"])
        let interesting = Array("{}[]\",:0123456789\\uE-+. FI".utf8)
        var generator = SeededGenerator(seed: 2026)
        var (refused, accepted) = (0, 0)
        for _ in 0..<10_000 {
            var bytes = whole
            for _ in 0...generator.integer(in: 0...3) {
                let place = generator.integer(in: 0...bytes.count - 1)
                switch generator.integer(in: 0...3) {
                case 0: bytes[place] ^= 1 << UInt8(generator.integer(in: 0...7))
                case 1: bytes[place] = interesting[generator.integer(in: 0...interesting.count - 1)]
                case 2: bytes.remove(at: place)
                default: bytes.insert(interesting[generator.integer(in: 0...interesting.count - 1)], at: place)
                }
            }
            do {
                let file = try safetensors(bytes)
                for name in file.names { _ = try? file.tensor(name).floats() }
                accepted += 1
            } catch {
                #expect(!error.description.isEmpty)
                refused += 1
            }
        }
        #expect(refused > 5_000 && accepted > 100, "both ways must have been taken")
    }

    @Test func errorNamesTheFileAndWhatToDo() throws {
        let error = SafetensorsError(
            path: "verifier.safetensors", fault: .outsideFile(name: "a", begin: 0, end: 12, dataBytes: 8))
        #expect(
            error.description
                == "verifier.safetensors: 'a' lies at 0..12 of 8 data bytes; "
                + "the file is damaged or of another format: fetch it again")
        try withTemporaryFile { path in
            let missing = try #require(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
            guard case .unreadable(let fault) = missing.fault else {
                Issue.record("\(missing)")
                return
            }
            #expect(fault.operation == .open)
            #expect(missing.description.hasSuffix("check that the model is installed there"))
        }
    }
}
