import Graphs
import Tensors
import TestSupport

/// Sizes at which kernels take other ways than on small ones: several tiles, blocks of keys, parts of a group.
enum LargerCases {
    static func all() throws -> [GraphCase] {
        [
            try make("a product of several tiles") { builder in
                let x = builder.input("x", [1, 70, 67])
                return try builder.activation(builder.linear(x, "fc", outputs: 131), .geluTanh)
            },
            try make("a convolution of several tiles") { builder in
                let x = builder.input("x", [2, 9, 7, 40])
                return try builder.convolution2D(x, "convolution", outputs: 70, kernel: 3, padding: 1)
            },
            try make("attention of heads wider than a workgroup") { builder in
                let (q, k) = (builder.input("q", [2, 35, 150]), builder.input("k", [2, 35, 150]))
                return try builder.attention(q, k, builder.input("v", [2, 35, 150]), headCount: 1)
            },
            try make("attention with heads of forty channels, three blocks of keys") { builder in
                let (q, k) = (builder.input("q", [1, 33, 80]), builder.input("k", [1, 90, 80]))
                return try builder.attention(q, k, builder.input("v", [1, 90, 80]), headCount: 2)
            },
            try make("a group norm in several parts") { builder in
                try builder.groupNorm(
                    builder.input("x", [2, 33, 31, 6]), "norm", groupCount: 2, epsilon: 1e-5)
            },
            try make("rows longer than a workgroup") { builder in
                try builder.layerNorm(builder.input("x", [1, 3, 700]), "norm", epsilon: 1e-5)
            },
            try make("parts of a joint product") { builder in
                let x = builder.input("x", [2, 20, 64])
                let parts = try builder.split(builder.linear(x, "qkv", outputs: 192), axis: 2, parts: 3)
                let heads = try builder.reshape(parts[0], [2, 20, 4, 16])
                let q = try builder.reshape(builder.rmsNorm(heads, "norm", epsilon: 1e-6), [2, 20, 64])
                let more = builder.input("more", [2, 5, 64])
                let k = try builder.concatenate([parts[1], more], axis: 1)
                let v = try builder.concatenate([more, parts[2]], axis: 1)
                return try builder.linear(builder.attention(q, k, v, headCount: 4), "out", outputs: 64)
            },
            try make("a part that several read") { builder in
                let x = builder.input("x", [2, 6, 48])
                let part = try builder.slice(x, axis: 2, start: 8, count: 24)
                let y = try builder.linear(part, "fc", outputs: 24)
                return try builder.add(builder.activation(part, .silu), y)
            },
            try make("a sum of twelve thousand terms") { builder in
                try builder.linear(builder.input("x", [1, 3, 12_000]), "fc", outputs: 5)
            },
            try make("weights that every run gives") { builder in
                let x = builder.input("x", [1, 8, 8, 12])
                let y = try builder.node(
                    .convolution2D(Convolution2D(padding: 1, hasBias: false)),
                    [x, builder.input("kernel", [20, 12, 3, 3])])
                let rows = try builder.reshape(y, [64, 20])
                return try builder.node(.linear(Linear(hasBias: false)), [rows, builder.input("matrix", [24, 20])])
            },
        ]
    }

    static func make(
        _ label: String, _ build: (inout GraphBuilder) throws -> ValueID
    ) throws -> GraphCase {
        try GraphCase.make(label, bound: Float32Bound.network, build)
    }
}
