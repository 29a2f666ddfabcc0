import Graphs
import Tensors
import Testing

@Suite struct SafetensorsParameterTests {
    private static func file(_ bytes: [UInt8]) throws -> SafetensorsFile {
        let storage = bytes.withUnsafeBytes { source in
            OwnedStorage(byteCount: source.count) { $0.copyMemory(from: source) }
        }
        return try SafetensorsFile(storage, path: "weights.safetensors")
    }

    private static func graph() throws -> Graph {
        var builder = GraphBuilder()
        builder.output("y", try builder.linear(builder.input("x", [1, 2]), "fc", outputs: 1, hasBias: false))
        return builder.graph
    }

    @Test func weightsComeOutOfTheFileInAnyPrecision() throws {
        for type in [ElementType.float32, .bfloat16, .float16] {
            let weight = Tensor([1, 2], rounding: [0.5, -2], to: type)
            let file = try SafetensorsParameterTests.file(SafetensorsWriter.encode(["fc.weight": weight]))
            let program = try ReferenceBackend().compile(SafetensorsParameterTests.graph(), parameters: file)
            #expect(try program.run(["x": Tensor([1, 2], [4, 1] as [Float])])["y"]?.floats() == [0])
        }
    }

    @Test func parameterErrorNamesTheFileAndTheStoredType() throws {
        let header = #"{"fc.weight":{"dtype":"F8_E4M3","shape":[1,2],"data_offsets":[0,2]}}"#
        let bytes = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) } + header.utf8 + [0, 0]
        let file = try SafetensorsParameterTests.file(bytes)
        #expect(
            throws: ParameterError(
                name: "fc.weight", origin: "weights.safetensors", expected: [1, 2], found: nil,
                unreadableType: "F8_E4M3")
        ) { try ReferenceBackend().compile(SafetensorsParameterTests.graph(), parameters: file) }
    }
}
