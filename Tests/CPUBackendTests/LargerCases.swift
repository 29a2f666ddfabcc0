import Graphs
import Tensors
import TestSupport

/// Sizes at which the libraries take other ways than on small ones: packed blocks, Winograd, several threads,
/// several blocks of queries.
enum LargerCases {
    static func all() throws -> [GraphCase] {
        [
            try make("winograd with activation and residual, two pictures") { builder in
                let x = builder.input("x", [2, 9, 7, 48])
                let y = try builder.convolution2D(x, "convolution", outputs: 48, kernel: 3, padding: 1)
                return try builder.add(x, builder.activation(y, .silu))
            },
            try make("winograd of 64 to 32 channels") { builder in
                let x = builder.input("x", [1, 12, 12, 64])
                return try builder.convolution2D(x, "convolution", outputs: 32, kernel: 3, padding: 1)
            },
            try make("winograd of a wide picture") { builder in
                let x = builder.input("x", [1, 8, 64, 32])
                return try builder.convolution2D(x, "convolution", outputs: 32, kernel: 3, padding: 1)
            },
            try make("strided convolution") { builder in
                let x = builder.input("x", [2, 16, 16, 16])
                return try builder.convolution2D(x, "convolution", outputs: 40, kernel: 3, stride: 2, padding: 1)
            },
            try make("linear with gelu, gate and residual") { builder in
                let x = builder.input("x", [2, 40, 64])
                let hidden = try builder.activation(builder.linear(x, "fc1", outputs: 256), .geluTanh)
                let y = try builder.linear(hidden, "fc2", outputs: 64)
                return try builder.add(x, builder.multiply(y, builder.input("gate", [2, 1, 64])))
            },
            try make("attention over parts of one product, 150 queries") { builder in
                let x = builder.input("x", [2, 150, 64])
                let parts = try builder.split(builder.linear(x, "qkv", outputs: 192), axis: 2, parts: 3)
                return try builder.attention(parts[0], parts[1], parts[2], headCount: 2)
            },
            try make("a layer of many inputs, with bias, residual and rows in threes") { builder in
                let x = builder.input("x", [3, 11, 320])
                let y = try builder.linear(x, "one", outputs: 96)
                return try builder.add(builder.linear(builder.activation(y, .silu), "two", outputs: 320), x)
            },
            try make("attention of heads of 40, 200 queries") { builder in
                let (q, k, v) = (
                    builder.input("q", [2, 200, 80]), builder.input("k", [2, 72, 80]), builder.input("v", [2, 72, 80])
                )
                return try builder.linear(builder.attention(q, k, v, headCount: 2), "proj", outputs: 48)
            },
            try make("a norm that products and others read") { builder in
                let x = try builder.layerNorm(builder.input("x", [60, 64]), epsilon: 1e-6)
                let y = try builder.linear(builder.linear(x, "one", outputs: 96), "two", outputs: 64)
                let z = try builder.linear(builder.reshape(y, [2, 30, 64]), "three", outputs: 64)
                return try builder.add(x, builder.reshape(z, [60, 64]))
            },
            try make("normalised heads of a product, joined with others") { builder in
                let x = builder.input("x", [2, 20, 64])
                let parts = try builder.split(builder.linear(x, "kv", outputs: 128), axis: 2, parts: 2)
                let heads = try builder.reshape(parts[0], [2, 20, 4, 16])
                let k = try builder.reshape(
                    builder.rmsNorm(heads, "norm", epsilon: 1e-6), [2, 20, 64])
                let more = builder.input("more", [2, 5, 64])
                return try builder.attention(
                    x, builder.concatenate([k, more], axis: 1), builder.concatenate([more, parts[1]], axis: 1),
                    headCount: 4)
            },
            try make("weights that every run gives") { builder in
                let x = builder.input("x", [1, 8, 8, 32])
                let kernel = builder.input("kernel", [32, 32, 3, 3])
                let y = try builder.node(
                    .convolution2D(Convolution2D(padding: 1, hasBias: false)), [x, kernel])
                let rows = try builder.reshape(y, [64, 32])
                return try builder.node(
                    .linear(Linear(hasBias: false)), [rows, builder.input("matrix", [24, 32])])
            },
            try make("one weight read twice, and as it is") { builder in
                let weight = try builder.parameter("weight", [32, 32])
                let linear = Operation.linear(Linear(hasBias: false))
                let once = try builder.node(linear, [builder.input("x", [5, 32]), weight])
                return try builder.add(
                    weight, builder.slice(builder.node(linear, [once, weight]), axis: 0, start: 0, count: 1))
            },
        ]
    }

    private static func make(
        _ label: String, _ build: (inout GraphBuilder) throws -> ValueID
    ) throws -> GraphCase {
        try GraphCase.make(label, bound: 1e-10, build)
    }
}
