import Graphs
import Tensors
import TestSupport
import Testing

@Suite struct FusionPassTests {
    /// A small model to fuse, with inputs that most patterns need.
    private struct Sketch {
        var builder = GraphBuilder()
        let x: ValueID  // [2, 3, 4]
        let picture: ValueID  // [1, 4, 4, 4]

        init() {
            x = builder.input("x", [2, 3, 4])
            picture = builder.input("picture", [1, 4, 4, 4])
        }

        /// What is left of the nodes after fusion, and a check that they still compute the same.
        mutating func fused(_ result: ValueID) throws -> [String] {
            builder.output("result", result)
            let graph = FusionPass().apply(to: builder.graph)
            try expectSame(builder.graph, graph)
            return graph.nodes.map(\.operation.description)
        }
    }

    // MARK: What is joined

    @Test func linearTakesItsActivation() throws {
        var sketch = Sketch()
        let y = try sketch.builder.linear(sketch.x, "fc", outputs: 5)
        let result = try sketch.builder.activation(y, .geluTanh)
        #expect(try sketch.fused(result) == ["linear+geluTanh"])
    }

    @Test(arguments: [true, false])
    func linearTakesAResidualInEitherOrder(_ residualFirst: Bool) throws {
        var sketch = Sketch()
        let y = try sketch.builder.linear(sketch.x, "fc", outputs: 4)
        let result = try residualFirst ? sketch.builder.add(sketch.x, y) : sketch.builder.add(y, sketch.x)
        #expect(try sketch.fused(result) == ["linear+residual"])
    }

    @Test func activationStaysInsideTheResidual() throws {
        var sketch = Sketch()
        let y = try sketch.builder.activation(sketch.builder.linear(sketch.x, "fc", outputs: 4), .silu)
        #expect(try sketch.fused(sketch.builder.add(sketch.x, y)) == ["linear+silu+residual"])
    }

    @Test func residualMadeAfterTheLinearIsThereInTime() throws {
        var sketch = Sketch()
        let y = try sketch.builder.linear(sketch.x, "fc", outputs: 4)
        let late = try sketch.builder.activation(sketch.x, .silu)
        #expect(try sketch.fused(sketch.builder.add(late, y)) == ["silu", "linear+residual"])
    }

    @Test(arguments: ["slice", "sliceAndReshapes", "reshape"])
    func linearTakesAGateHoweverItIsViewed(_ view: String) throws {
        var sketch = Sketch()
        let gate: ValueID
        switch view {
        case "reshape":
            gate = try sketch.builder.reshape(sketch.builder.input("gate", [2, 4]), [2, 1, 4])
        default:
            let table = sketch.builder.input("table", [2, 6, 4])
            let slice = try sketch.builder.slice(table, axis: 1, start: 2, count: 1)
            let rows = try view == "slice" ? slice : sketch.builder.reshape(slice, [2, 4])
            gate = try view == "slice" ? slice : sketch.builder.reshape(rows, [2, 1, 4])
        }
        let y = try sketch.builder.linear(sketch.x, "proj", outputs: 4)
        let result = try sketch.builder.add(sketch.x, sketch.builder.multiply(y, gate))
        let nodes = try sketch.fused(result)
        #expect(nodes.last == "linear+gatedResidual")
        #expect(nodes.count == (view == "reshape" ? 1 : 3), "slice, reshape to rows, linear")
    }

    @Test func gateOfOneTokenIsFoundInEitherOrder() throws {
        var sketch = Sketch()
        let x = sketch.builder.input("one", [2, 1, 4])
        let gate = try sketch.builder.reshape(sketch.builder.input("gate", [2, 4]), [2, 1, 4])
        let y = try sketch.builder.linear(x, "proj", outputs: 4)
        let result = try sketch.builder.add(sketch.builder.multiply(gate, y), x)
        #expect(try sketch.fused(result) == ["linear+gatedResidual"])
    }

    @Test func normsTakeModulationAndActivations() throws {
        var sketch = Sketch()
        let (shift, scale) = (sketch.builder.input("shift", [2, 4]), sketch.builder.input("scale", [2, 4]))
        let norm = try sketch.builder.layerNorm(sketch.x, epsilon: 1e-6)
        let modulated = try sketch.builder.modulate(norm, shift: shift, scale: scale)
        let rms = try sketch.builder.activation(sketch.builder.rmsNorm(modulated, "rms", epsilon: 1e-6), .silu)
        #expect(try sketch.fused(rms) == ["layerNorm+modulation", "rmsNorm+silu"])
    }

    @Test func convolutionTakesActivationThenResidual() throws {
        var sketch = Sketch()
        let norm = try sketch.builder.groupNorm(sketch.picture, "norm", groupCount: 2, epsilon: 1e-5)
        let active = try sketch.builder.activation(norm, .silu)
        let y = try sketch.builder.convolution2D(active, "conv", outputs: 4, kernel: 3, padding: 1)
        let result = try sketch.builder.add(sketch.picture, sketch.builder.activation(y, .silu))
        #expect(try sketch.fused(result) == ["groupNorm[2 groups]+silu", "convolution2D+silu+residual"])
    }

    @Test func onlyOneOfTwoBranchesIsTheResidual() throws {
        var sketch = Sketch()
        let a = try sketch.builder.linear(sketch.x, "a", outputs: 4)
        let b = try sketch.builder.linear(sketch.x, "b", outputs: 4)
        #expect(try sketch.fused(sketch.builder.add(a, b)) == ["linear", "linear+residual"])
    }

    @Test func joinedNodeKeepsTheLayersName() throws {
        var builder = GraphBuilder()
        let y = try builder.linear(builder.input("x", [1, 4]), "blocks.0.fc1", outputs: 4)
        builder.output("y", try builder.activation(y, .silu))
        #expect(FusionPass().apply(to: builder.graph).nodes.map(\.name) == ["blocks.0.fc1"])
    }

    // MARK: What is not

    @Test func valueReadTwiceStays() throws {
        var sketch = Sketch()
        let y = try sketch.builder.linear(sketch.x, "fc", outputs: 4)
        let result = try sketch.builder.add(sketch.builder.activation(y, .silu), y)
        #expect(try sketch.fused(result) == ["linear", "silu", "add"])
    }

    @Test func valueAddedToItselfStays() throws {
        var sketch = Sketch()
        let y = try sketch.builder.linear(sketch.x, "fc", outputs: 4)
        #expect(try sketch.fused(sketch.builder.add(y, y)) == ["linear", "add"])
    }

    @Test func valueThatIsAnOutputStays() throws {
        var sketch = Sketch()
        let y = try sketch.builder.linear(sketch.x, "fc", outputs: 4)
        sketch.builder.output("between", y)
        #expect(try sketch.fused(sketch.builder.activation(y, .silu)) == ["linear", "silu"])
    }

    @Test func broadcastSumIsNoResidual() throws {
        var sketch = Sketch()
        let table = try sketch.builder.parameter("table", [3, 4])
        let wide = try sketch.builder.linear(sketch.x, "wide", outputs: 4)
        let first = try sketch.builder.add(wide, table)
        // Nor is a narrow linear a branch of a wide sum.
        let narrow = try sketch.builder.linear(sketch.builder.input("row", [4]), "narrow", outputs: 4)
        let result = try sketch.builder.add(first, narrow)
        #expect(try sketch.fused(result) == ["linear", "add", "linear", "add"])
    }

    @Test func gateForEachTokenStays() throws {
        var sketch = Sketch()
        let y = try sketch.builder.linear(sketch.x, "proj", outputs: 4)
        let gate = sketch.builder.input("gate", [2, 3, 4])
        let result = try sketch.builder.add(sketch.x, sketch.builder.multiply(y, gate))
        #expect(try sketch.fused(result) == ["linear", "multiply", "add"])
    }

    /// [T, D] has as many elements as [B, D] when there are as many tokens as pictures, and means another thing.
    @Test func gateOfTokensIsNotTakenForOneOfPictures() throws {
        var sketch = Sketch()
        let x = sketch.builder.input("square", [3, 3, 4])
        let y = try sketch.builder.linear(x, "proj", outputs: 4)
        let gate = sketch.builder.input("gate", [3, 4])
        let result = try sketch.builder.add(x, sketch.builder.multiply(y, gate))
        #expect(try sketch.fused(result) == ["linear", "multiply", "add"])
    }

    @Test func secondActivationStays() throws {
        var sketch = Sketch()
        let y = try sketch.builder.linear(sketch.x, "fc", outputs: 4)
        let result = try sketch.builder.activation(sketch.builder.activation(y, .silu), .gelu)
        #expect(try sketch.fused(result) == ["linear+silu", "gelu"])
    }

    /// The norm has its own activation before the rotation.
    @Test func activationBehindARotationStays() throws {
        var sketch = Sketch()
        let heads = sketch.builder.input("heads", [2, 3, 1, 4])
        let weight = try sketch.builder.parameter("weight", [4])
        let (cosine, sine) = (sketch.builder.input("cosine", [3, 2]), sketch.builder.input("sine", [3, 2]))
        let turned = try sketch.builder.node(
            .rmsNorm(RMSNorm(epsilon: 1e-6, rotaryAxisCount: 1)), [heads, weight, cosine, sine])
        let result = try sketch.builder.activation(turned, .silu)
        #expect(try sketch.fused(result) == ["rmsNorm+rotary[1 axes]", "silu"])
    }

    @Test func activationOfASumStays() throws {
        var sketch = Sketch()
        let y = try sketch.builder.linear(sketch.x, "fc", outputs: 4)
        let result = try sketch.builder.activation(sketch.builder.add(sketch.x, y), .silu)
        #expect(try sketch.fused(result) == ["linear+residual", "silu"])
    }

    @Test func secondResidualStays() throws {
        var sketch = Sketch()
        let y = try sketch.builder.convolution2D(sketch.picture, "conv", outputs: 4, kernel: 1, padding: 0)
        let once = try sketch.builder.add(sketch.picture, y)
        #expect(try sketch.fused(sketch.builder.add(sketch.picture, once)) == ["convolution2D+residual", "add"])
    }

    // MARK: Anything

    @Test(arguments: UInt64(100)..<140)
    func randomGraphComputesTheSame(_ seed: UInt64) throws {
        let graphCase = try RandomGraph.make(seed: seed, steps: 10)
        let fused = FusionPass().apply(to: graphCase.graph)
        try fused.validate()
        #expect(fused.nodes.count < graphCase.graph.nodes.count)
        #expect(FusionPass().apply(to: fused).nodes == fused.nodes, "nothing is left to join")
        try expectSame(graphCase.graph, fused)
    }
}
