import Tensors
import TestSupport
import Testing

@Suite struct TensorTests {
    @Test func shapeKnowsItsStrides() {
        let shape: Shape = [2, 3, 4]
        #expect(shape.strides == [12, 4, 1])
        #expect(shape.elementCount == 24)
        #expect(shape[-1] == 4 && shape[0] == 2)
        #expect(shape.replacing(axis: -2, with: 7) == [2, 7, 4])
        #expect(Shape([]).elementCount == 1 && Shape([]).strides == [])
        #expect("\(shape)" == "[2, 3, 4]")
    }

    @Test func elementsComeBackAsTheyWent() {
        #expect(Tensor([2, 2], [1, -2, 0.5, .infinity] as [Float]).floats() == [1, -2, 0.5, .infinity])
        #expect(Tensor([3], [Int32.min, 0, .max]).int32s() == [.min, 0, .max])
        #expect(Tensor([3], [Int32(-7), 0, 7]).floats() == [-7, 0, 7])
        #expect(Tensor([0], [Float]()).floats() == [])
    }

    @Test func tensorMayStartAnywhereInItsStorage() {
        let values: [Float] = [1, 2, 3]
        let storage = OwnedStorage(byteCount: 13) { target in
            values.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: target[1...]).copyMemory(from: $0) }
        }
        let tensor = Tensor(shape: [2], elementType: .float32, storage: storage, byteOffset: 5)
        #expect(tensor.floats() == [2, 3])
        let half = Tensor(shape: [3], elementType: .bfloat16, storage: storage, byteOffset: 3)
        #expect(half.floats()[2] == 2, "the upper half of a float is a bfloat16")
    }

    /// Bits from the format: 1 sign, 8 exponent, 7 fraction; ties go to even.
    @Test(
        arguments: [
            (1, 0x3F80), (-2, 0xC000), (0, 0), (Float(bitPattern: 0x3F80_8000), 0x3F80),
            (Float(bitPattern: 0x3F81_8000), 0x3F82), (Float(bitPattern: 0x3F80_8001), 0x3F81),
            (.greatestFiniteMagnitude, 0x7F80), (.infinity, 0x7F80), (Float(bitPattern: 0x7F80_0001), 0x7FC0),
        ] as [(Float, UInt16)])
    func bfloat16IsRoundedToNearestEven(_ value: Float, _ bits: UInt16) {
        let stored = Tensor([1], rounding: [value], to: .bfloat16).withBytes { $0.loadUnaligned(as: UInt16.self) }
        #expect(stored == bits)
    }

    @Test func float16RoundsAndOverflowsAsTheFormatSays() {
        let tensor = Tensor([4], rounding: [1 + 0x1p-11, 1 + 0x1.8p-10, 65_504, 70_000], to: .float16)
        #expect(tensor.floats() == [1, 1 + 0x1p-9, 65_504, .infinity])
    }

    @Test func int32IsRoundedAndClamped() {
        let tensor = Tensor([5], rounding: [1.5, -2.5, 3e9, -3e9, .nan], to: .int32)
        #expect(tensor.int32s() == [2, -2, .max, .min, 0])
    }
}
