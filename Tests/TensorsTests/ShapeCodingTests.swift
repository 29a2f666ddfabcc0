import Foundation
import Tensors
import Testing

@Suite struct ShapeCodingTests {
    @Test func shapeIsAListOfExtents() throws {
        let encoded = try JSONEncoder().encode(Shape([1, 8, 8, 4]))
        #expect(String(decoding: encoded, as: UTF8.self) == "[1,8,8,4]")
        #expect(try JSONDecoder().decode(Shape.self, from: encoded) == [1, 8, 8, 4])
    }

    @Test func negativeExtentIsAnErrorNotATrap() {
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(Shape.self, from: Data("[2,-1]".utf8)) }
    }
}
