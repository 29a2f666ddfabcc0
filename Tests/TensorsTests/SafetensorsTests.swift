import Foundation
import Tensors
import TestSupport
import Testing

/// A file's bytes from its header's text and as many zeros.
func safetensorsBytes(_ header: String, dataBytes: Int = 0) -> [UInt8] {
    let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
    return length + Array(header.utf8) + [UInt8](repeating: 0, count: dataBytes)
}

func safetensors(_ bytes: [UInt8]) throws(SafetensorsError) -> SafetensorsFile {
    let storage = bytes.withUnsafeBytes { source in
        OwnedStorage(byteCount: source.count) { $0.copyMemory(from: source) }
    }
    return try SafetensorsFile(storage, path: "test.safetensors")
}

@Suite struct SafetensorsTests {
    private static let tensors = [
        "b.weight": Tensor([2, 3], [1, 2, 3, 4, 5, 6] as [Float]),
        "a.half": Tensor([3], rounding: [1, -2, 0.25], to: .bfloat16),
        "ids": Tensor([2], [Int32(7), -1]),
        "half": Tensor([1], rounding: [0.5], to: .float16),
        "scalar": Tensor([], [2.5 as Float]),
        "empty": Tensor([0, 4], [Float]()),
    ]

    @Test func whatWasWrittenIsRead() throws {
        try withTemporaryFile("model.safetensors") { path in
            try SafetensorsWriter.write(
                SafetensorsTests.tensors, metadata: ["note": "tab\t\"quoted\" \\ ü"], to: path)
            let file = try SafetensorsFile(path: path)
            #expect(file.metadata == ["note": "tab\t\"quoted\" \\ ü"])
            #expect(Set(file.names) == Set(SafetensorsTests.tensors.keys))
            for (name, expected) in SafetensorsTests.tensors {
                let found = try file.tensor(name)
                #expect(found.shape == expected.shape && found.elementType == expected.elementType)
                #expect(found.floats() == expected.floats())
                #expect(file.shape(of: name) == expected.shape)
            }
            let encoded = SafetensorsWriter.encode(SafetensorsTests.tensors, metadata: file.metadata)
            #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == encoded)
        }
    }

    @Test func fileHasTheFormatsBytes() {
        let tensors = ["b": Tensor([1], rounding: [1], to: .bfloat16), "w": Tensor([1], [Int32(258)])]
        let header =
            #"{"w":{"dtype":"I32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"BF16","shape":[1],"data_offsets":[4,6]}}"#
        #expect(header.utf8.count == 108)
        let expected = [112, 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8) + Array("    ".utf8) + [2, 1, 0, 0, 0x80, 0x3F]
        #expect(SafetensorsWriter.encode(tensors) == expected)
    }

    @Test func writingLeavesNoPartBehind() throws {
        try withTemporaryFile("model.safetensors") { path in
            for _ in 0..<2 { try SafetensorsWriter.write(SafetensorsTests.tensors, to: path) }
            let folder = (path as NSString).deletingLastPathComponent
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["model.safetensors"])
            let error = try #require(throws: FileError.self) {
                try SafetensorsWriter.write([:], to: "\(folder)/missing/model.safetensors")
            }
            #expect(error.operation == .open)
        }
    }

    @Test func headerMayHaveSpaceEscapesAndMore() throws {
        let header = """
            { "__metadata__" : { "a" : "\\u00fc\\ud83d\\ude00\\n\\/" } , "\\u0061\\"" : {
              "note": [1, -2.5e3, true, null, {"deep": []}], "shape": [ ], "dtype": "F32", "data_offsets": [0, 4] } }
            """
        let file = try safetensors(safetensorsBytes(header, dataBytes: 4))
        #expect(file.names == ["a\""])
        #expect(file.metadata == ["a": "ü😀\n/"])
        #expect(try file.tensor("a\"").floats() == [0])
    }

    @Test func fileWithoutTensorsIsFine() throws {
        #expect(try safetensors(safetensorsBytes("{}")).names == [])
    }

    @Test func unknownTypeIsAnErrorOnlyWhenAskedFor() throws {
        let header =
            #"{"old":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"new":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}"#
        let file = try safetensors(safetensorsBytes(header, dataBytes: 12))
        #expect(try file.tensor("new").floats() == [0])
        #expect(file.storedType(of: "old") == "F64")
        #expect(
            throws: SafetensorsError(
                path: "test.safetensors", fault: .unsupportedType(name: "old", elementType: "F64"))
        ) { try file.tensor("old") }
        #expect(throws: SafetensorsError(path: "test.safetensors", fault: .noSuchTensor(name: "none"))) {
            try file.tensor("none")
        }
    }

    @Test func pytorchsFilesAreRead() throws {
        let file = try Fixtures.load("ops")
        #expect(file.metadata == ["format": "pt"])
        #expect(try file.tensor("linear.weight").shape == [7, 12])
        #expect(file.names.allSatisfy { (try? file.tensor($0))?.floats().allSatisfy(\.isFinite) == true })
    }
}
