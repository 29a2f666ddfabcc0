import SwiftProtobuf

/// Protobuf bytes of a message. Typed, so that no protobuf error gets out of this module.
func serialize(_ message: some Message) throws(WireError) -> [UInt8] {
    do {
        return try message.serializedBytes()
    } catch {
        throw WireError(.malformed, "the message cannot be serialized: \(error)")
    }
}

func parse<M: Message>(_ bytes: [UInt8]) throws(WireError) -> M {
    do {
        return try M(serializedBytes: bytes)
    } catch {
        throw WireError(.malformed, "the frame's content is no \(M.protoMessageName) message")
    }
}
